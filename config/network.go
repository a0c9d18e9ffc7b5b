package config

import (
	"fmt"
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

// Change is one difference between two networks.
type Change struct {
	Name     string         // of the setting, such as "network.tcp.congestion"; "network" for the block itself
	From, To string         // as written in a file; empty: there is none
	Pos      trace.Position // where the new one says it; of a block that was removed, where it was
}

// String says the difference in words.
func (c Change) String() string {
	switch {
	case c.From == "":
		return fmt.Sprintf("there is a network block now, %s", c.To)
	case c.To == "":
		return fmt.Sprintf("the network block %s is gone", c.From)
	}
	return fmt.Sprintf("%s is %s now, and was %s", c.Name, c.To, c.From)
}

// Changes is what is different in another network, setting by setting. Either may be nil: the kernel's sockets.
func (n *Network) Changes(next *Network) []Change {
	switch {
	case n == nil && next == nil:
		return nil
	case n == nil:
		return []Change{{"network", "", literal(next.Adapter.V), next.Pos}}
	case next == nil:
		return []Change{{"network", literal(n.Adapter.V), "", n.Pos}}
	}
	var all []Change
	if n.Adapter.V != next.Adapter.V {
		all = append(all, Change{"network.adapter", literal(n.Adapter.V), literal(next.Adapter.V), next.Adapter.Pos})
	}
	var compare func(name string, t *blockType, old, new any)
	compare = func(name string, t *blockType, old, new any) {
		for _, s := range t.settings {
			if s.name == t.labels.instead {
				continue
			}
			was, is := entries(s.kind, s.field(old)), entries(s.kind, s.field(new))
			from, to := render(s.kind, was), render(s.kind, is)
			if from == to {
				continue
			}
			pos := next.Pos
			if len(is) > 0 && place(is[0].pos) != "" {
				pos = is[0].pos
			}
			all = append(all, Change{name + "." + s.name, from, to, pos})
		}
		for _, inner := range t.blocks {
			compare(name+"."+inner.name, inner, inner.each(old)[0], inner.each(new)[0])
		}
	}
	compare("network", networkBlock, n, next)
	return all
}
