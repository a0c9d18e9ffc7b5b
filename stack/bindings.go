package stack

import (
	"net/netip"
	"sync"
	"syscall"
)

// binding is who has a port at an address: a listener or a UDP endpoint.
type binding struct {
	addr     netip.Addr // unspecified: all of its family
	dual     bool       // the IPv6 unspecified address means IPv4 too
	reuse    bool
	listener *Listener
	datagram *Datagram

	reservation *Reservation // a TCP port without a listener
}

func (b *binding) tcp() bool { return b.datagram == nil }

// every reports whether the binding is for all own addresses.
func (b *binding) every() bool { return b.addr.IsUnspecified() }

// takes says how well a binding fits a packet for addr: 0 not at all, otherwise the more the better.
func (b *binding) takes(addr netip.Addr) int {
	switch {
	case b.addr == addr:
		return 3
	case b.every() && b.addr.Is4() == addr.Is4():
		return 2
	case b.every() && b.dual && b.addr.Is6():
		return 1
	}
	return 0
}

// clashes reports whether two bindings of a port cannot be at the same time.
func (b *binding) clashes(o *binding) bool {
	if b.tcp() != o.tcp() || b.reuse && o.reuse {
		return false
	}
	if b.addr == o.addr {
		return true
	}
	if !b.every() && !o.every() {
		return false
	}
	// As on Linux: a port on all addresses belongs to nobody else on any of them.
	return b.addr.Is4() == o.addr.Is4() || b.every() && b.dual || o.every() && o.dual
}

// bindings are the stack's ports that somebody waits at. They are read when a connection begins, not for its segments.
type bindings struct {
	mu    sync.RWMutex
	ports map[uint16][]binding
}

// bind takes a port; 0 is a free one. It returns the address with the port.
func (b *bindings) bind(s *Stack, addr netip.AddrPort, want binding) (netip.AddrPort, error) {
	ip := addr.Addr().WithZone("").Unmap()
	if !ip.IsValid() {
		ip = netip.IPv6Unspecified()
		want.dual = true
	}
	if !ip.IsUnspecified() && !s.owns(ip) {
		return addr, syscall.EADDRNOTAVAIL
	}
	want.addr = ip
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ports == nil {
		b.ports = make(map[uint16][]binding)
	}
	port := addr.Port()
	if port != 0 {
		if b.taken(port, &want) {
			return addr, syscall.EADDRINUSE
		}
	} else {
		// RFC 6056 §3.3.1: from a random place on.
		first, n := s.ports.first, s.ports.count
		start := s.ports.random() % n
		for i := range n {
			if p := first + uint16((start+i)%n); len(b.ports[p]) == 0 || !b.taken(p, &want) && !want.reuse {
				port = p
				break
			}
		}
		if port == 0 {
			return addr, syscall.EADDRINUSE
		}
	}
	b.ports[port] = append(b.ports[port], want)
	return netip.AddrPortFrom(ip, port), nil
}

func (b *bindings) taken(port uint16, want *binding) bool {
	for i := range b.ports[port] {
		if b.ports[port][i].clashes(want) {
			return true
		}
	}
	return false
}

func (b *bindings) unbind(port uint16, which func(*binding) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.ports[port]
	var left []binding
	for i := range list {
		if !which(&list[i]) {
			left = append(left, list[i])
		}
	}
	if len(left) == 0 {
		delete(b.ports, port)
	} else {
		b.ports[port] = left
	}
}

// listener finds who listens for addr and port: the best fit, and among equals one on the shard, else one by hash.
func (b *bindings) listener(addr netip.Addr, port uint16, h *Shard, hash uint32) *Listener {
	b.mu.RLock()
	defer b.mu.RUnlock()
	best, equals := 0, 0
	var found *Listener
	list := b.ports[port]
	for i := range list {
		l := list[i].listener
		if l == nil {
			continue
		}
		fit := list[i].takes(addr)
		if fit == 0 || fit < best {
			continue
		}
		if fit > best {
			best, equals, found = fit, 1, l
			continue
		}
		equals++
		here, before := l.shard.Load() == h, found.shard.Load() == h
		switch {
		case here != before:
			if here {
				found = l
			}
		case l.shard.Load() == nil:
		case found.shard.Load() == nil, hash>>8%uint32(equals) == 0:
			found = l
		}
	}
	return found
}

// datagram finds who takes UDP for addr and port.
func (b *bindings) datagram(addr netip.Addr, port uint16) *Datagram {
	b.mu.RLock()
	defer b.mu.RUnlock()
	best := 0
	var found *Datagram
	list := b.ports[port]
	for i := range list {
		if d := list[i].datagram; d != nil {
			if fit := list[i].takes(addr); fit > best {
				best, found = fit, d
			}
		}
	}
	return found
}

// bound reports whether a TCP listener, or a reservation, has the port at an address, so that it is no ephemeral port.
func (b *bindings) bound(addr netip.Addr, port uint16) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	list := b.ports[port]
	for i := range list {
		if list[i].tcp() && list[i].takes(addr) > 0 {
			return true
		}
	}
	return false
}

func (s *Stack) owns(a netip.Addr) bool {
	for _, p := range s.cfg.Addresses {
		if p.Addr() == a {
			return true
		}
	}
	return false
}

// anyDatagram finds who takes UDP that is for everybody: an endpoint on all addresses, or on one of the family.
func (b *bindings) anyDatagram(addr netip.Addr, port uint16) *Datagram {
	b.mu.RLock()
	defer b.mu.RUnlock()
	list := b.ports[port]
	for i := range list {
		if d := list[i].datagram; d != nil && (list[i].addr.Is4() == addr.Is4() || list[i].dual) {
			return d
		}
	}
	return nil
}

// each calls f for every binding. f must not bind or unbind.
func (b *bindings) each(f func(*binding)) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, list := range b.ports {
		for i := range list {
			f(&list[i])
		}
	}
}
