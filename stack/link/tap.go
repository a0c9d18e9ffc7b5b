package link

// TAPOptions of OpenTAP; the zero value is one queue with all offloads.
type TAPOptions struct {
	Queues int // 0: 1. More than one needs an interface that was made for it (`ip tuntap add … multi_queue`)
	// MAC is ours, as a station on the cable whose other end the interface is. It must differ from the interface's own.
	// Zero: one that is made from the interface's name and address, and so stays the same for as long as it exists.
	MAC MAC
	// Wire turns all offloads off: every frame is one that a cable could carry, with complete checksums.
	Wire bool
	// Ring is how many bytes of frames are taken in one Receive; 0: 256 KiB. A super-segment takes up to 64 KiB of it.
	Ring int
}
