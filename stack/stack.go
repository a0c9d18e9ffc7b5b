// Package stack is a TCP/IP stack of its own: from the frame that a LAN adapter receives to the connection that an
// application reads, and back to the frame that leaves.
//
// A Stack is made of Shards, one for each queue of its adapter. A shard is everything that happens to the connections
// of its queue: frames in, IP, TCP, timers, frames out. It has no goroutine of its own: its owner, an event loop, calls
// Poll, lets the application run, and calls Flush, so that a request can go from frame to response and back without a
// goroutine switch. Start does that for programs without a loop.
//
// Nothing of a connection is locked. What arrives on the wrong queue goes to the shard that owns it by a bounded queue.
package stack

import (
	"net/netip"

	"vitrine/stack/link"
)

// Info is what a stack is made of.
type Info struct {
	Adapter   link.Info
	Addresses []netip.Prefix // own addresses with their networks, link-local ones included
	Gateways  []netip.Addr
	Shards    int
}
