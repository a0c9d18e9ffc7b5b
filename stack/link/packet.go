package link

// PacketOptions of OpenPacket; the zero value is one queue with all offloads and the interface's own address.
type PacketOptions struct {
	Queues int // 0: 1. Flows are spread over more by their hash (PACKET_FANOUT_HASH)
	// MAC is ours. Zero: the interface's own; then the kernel must have no IP address on the interface, or it would
	// answer beside us. Another one makes the interface promiscuous while the adapter is open.
	MAC MAC
	// Wire turns the offloads of what we send off. What we receive may still come in super-segments and with unfinished
	// checksums, which are a matter of the interface's other end (`ethtool -K … gro off tso off tx off`).
	Wire bool
	// Ring is how many frames the receive ring of a queue holds; 0: 240. Each takes 68 KiB of the kernel's memory, since
	// each may be a super-segment.
	Ring int
}
