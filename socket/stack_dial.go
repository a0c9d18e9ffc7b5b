package socket

import (
	"net"
	"net/netip"

	"vitrine/stack"
)

// kernels reports whether an address is reached through the kernel although the network is the own stack: Unix sockets are,
// and the loopback interface, which no stack but the kernel's has.
func (a Address) kernels() bool { return a.Path != "" || a.Addr.Addr().Unmap().IsLoopback() }

// Dial begins a connection: from this shard, or through the kernel to what only the kernel reaches.
func (p *stackPoller) Dial(to Address, shared bool) (Endpoint, error) {
	switch {
	case to.kernels():
		return p.place.dial(to)
	case shared:
		r := stack.ConnectRemote(p.shard, netip.AddrPort{}, to.Addr, stack.ConnectOptions{NoDelay: true})
		return &sharedEndpoint{Remote: r}, nil
	}
	e := &stackEndpoint{}
	c, err := p.shard.Connect(netip.AddrPort{}, to.Addr, stack.ConnectOptions{NoDelay: true}, e)
	if err != nil {
		return nil, err
	}
	e.c = c
	return e, nil
}

// Connected tells how far a connection that was dialled is.
func (e *stackEndpoint) Connected() error {
	if e.c == nil {
		return net.ErrClosed
	}
	return blocked(e.c.Connected())
}

// Connected tells how far a connection that was dialled is.
func (e *sharedEndpoint) Connected() error { return blocked(e.Remote.Connected()) }
