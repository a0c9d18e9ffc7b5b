package stack

import (
	"net/netip"

	"vitrine/stack/link"
	"vitrine/stack/tcp"
)

// Config is what a stack is told once. The zero value of every field but Addresses is a sane default.
type Config struct {
	Addresses []netip.Prefix // own addresses, each with the network that is reached without a gateway
	Gateways  []netip.Addr   // where everything else goes; at most one of each family is used
	MTU       int            // bytes of an IP packet on the link; 0: what the adapter says
	TCP       tcp.Config     // the zero value: tcp.Default()
	Card      link.CardOptions
	Limits    Limits
	// Secret keys initial sequence numbers, SYN cookies and port choice. Zero: drawn at random.
	Secret [32]byte
	// Quiet sends nothing that was not asked for: no announcement of own addresses, no check whether somebody else has
	// them.
	Quiet bool
}

// Limits bound everything that others can make grow. Zero means the default. Those of a shard hold for each.
type Limits struct {
	Connections int // connections of a shard, half-open and closing ones included; default 262144
	HalfOpen    int // connections of a shard whose handshake is not complete; beyond them SYN cookies; default 4096
	Backlog     int // largest accept queue of one listener; default 4096
	TimeWait    int // TIME_WAIT records of a shard; the oldest give way; default 131072
	Orphans     int // connections of a shard that no application holds any more; beyond them closing resets; default 16384

	SendMemory    int // bytes of a shard's send queues; default 256 MiB
	ReceiveMemory int // bytes of a shard's receive buffers; default 256 MiB

	Neighbors         int // addresses of the link that a shard remembers; default 4096
	ReassemblyBytes   int // bytes of unfinished datagrams of a shard; default 4 MiB
	ReassemblyPackets int // unfinished datagrams of a shard; default 1024
	PathMTUs          int // destinations of a shard whose path is known to be narrower than the link; default 4096

	ICMPRate  int // ICMP errors a second and shard; default 1000
	ICMPBurst int // of them at once; default 50
	ResetRate int // RSTs a second and shard for segments without a connection; default 1000

	Inbox       int // packets that wait for a shard because they arrived on another queue; default 4096
	UDPQueue    int // bytes of datagrams that wait in one UDP endpoint; default 212992
	FileReaders int // goroutines of the stack that read files which are not in memory; default 8

	FirstPort, LastPort uint16 // ephemeral ports; default 32768 to 60999
}
