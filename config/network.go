package config

import (
	"net/netip"
	"time"

	"vitrine/trace"
)

// Network is the network block: the adapter and the addresses of the own TCP/IP stack.
type Network struct {
	Adapter     Value[string] // "tap:NAME" or "packet:NAME"
	Address     []Value[netip.Prefix]
	Gateway     []Value[netip.Addr] // one for each family at most
	MTU         Value[int]          // 0: the interface's
	MAC         Value[string]       // empty: the adapter chooses
	Wire        Value[bool]         // no offloads
	Promiscuous Value[bool]
	Moderation  Value[time.Duration] // 0: none
	BusyPoll    Value[time.Duration] // 0: none
	Queues      Value[int]           // 0: as many as loops
	TCP         TCP
	IP          IP
	Pos         trace.Position // of the block
}

// TCP is how the own stack's connections behave.
type TCP struct {
	Congestion    Value[string] // "cubic" or "reno"
	InitialWindow Value[int]    // segments
	ReceiveBuffer Value[int64]  // of one connection, at most
	SendBuffer    Value[int64]  // of one connection, at most
	Buffers       Value[int64]  // of all connections
	TimeWait      Value[time.Duration]
	TimeWaits     Value[int] // connections in TIME_WAIT
	HalfOpen      Value[int] // connections in their handshake
}

// IP is the bounds of the own stack below its connections.
type IP struct {
	ReassemblyBytes Value[int64]
	Neighbors       Value[int]
	ICMPRate        Value[int] // errors a second
}

// Control is the socket by which other commands ask a running server.
type Control struct {
	Off    Value[bool]
	Socket Value[string] // empty: the usual place
}

// Kind is the adapter's kind, "tap" or "packet".
func (n *Network) Kind() string { kind, _ := cutAdapter(n.Adapter.V); return kind }

// Interface is the name of the adapter's interface.
func (n *Network) Interface() string { _, name := cutAdapter(n.Adapter.V); return name }

// Has reports whether the address is one of the network's own.
func (n *Network) Has(a netip.Addr) bool {
	for _, own := range n.Address {
		if own.V.Addr() == a {
			return true
		}
	}
	return false
}
