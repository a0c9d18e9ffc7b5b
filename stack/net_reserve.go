package stack

import (
	"context"
	"net/netip"

	"vitrine/stack/tcp/recovery"
)

// Reservation is a TCP port that somebody has who does not listen there, or not yet: what bind(2) takes.
type Reservation struct {
	s    *Stack
	addr netip.AddrPort
}

// Reserve takes a TCP port as Listen does, but nobody listens: connections to it are refused. Connect may use the port.
// It may be called from any goroutine.
func (s *Stack) Reserve(addr netip.AddrPort, o ListenOptions) (*Reservation, error) {
	r := &Reservation{s: s}
	addr, err := s.bindings.bind(s, addr, binding{reservation: r, reuse: o.ReusePort, dual: o.Dual})
	if err != nil {
		return nil, err
	}
	r.addr = addr
	return r, nil
}

// Addr is the address with the port.
func (r *Reservation) Addr() netip.AddrPort { return r.addr }

// Release gives the port up. A second call does nothing.
func (r *Reservation) Release() {
	r.s.bindings.unbind(r.addr.Port(), func(b *binding) bool { return b.reservation == r })
}

// SourceFor is the own address that packets to dst come from, or why none can be sent there. It asks a shard, and may be
// called from any goroutine but the shards' owners.
func (s *Stack) SourceFor(ctx context.Context, dst netip.Addr) (src netip.Addr, err error) {
	type answer struct {
		src netip.Addr
		err error
	}
	found := make(chan answer, 1)
	h := s.Shard(0)
	if err := h.do(ctx, func() {
		src, err := h.sourceFor(dst.Unmap())
		found <- answer{src, err}
	}); err != nil {
		return src, err
	}
	a := <-found
	return a.src, a.err
}

// IsBroadcast reports whether a datagram to the address would be for everybody on an own network.
func (s *Stack) IsBroadcast(a netip.Addr) bool { return s.Shard(0).isBroadcast(a) }

// Congestion is the algorithm that connections use unless they are told otherwise.
func (s *Stack) Congestion() string {
	if name := s.cfg.TCP.Recovery.Congestion; name != "" {
		return name
	}
	return recovery.Cubic
}

// KnownCongestion reports whether there is a congestion control of that name.
func KnownCongestion(name string) bool { return name == recovery.Cubic || name == recovery.Reno }
