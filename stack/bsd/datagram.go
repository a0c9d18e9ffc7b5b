package bsd

import (
	"context"
	"net/netip"
	"syscall"

	"vitrine/stack"
)

// bindDatagram takes a UDP port. The lock is held.
func (s *sock) bindDatagram(addr netip.AddrPort) error {
	d, err := s.t.s.BindUDP(addr)
	if err != nil {
		return errnoOf(err)
	}
	s.dgram, s.local = stack.NewRemoteDatagram(s.t.shard(), d), d.Addr()
	s.dgram.Notify(func(stack.Ready) { s.changed() })
	return nil
}

// anyDatagram gives the socket a free port if it has none. The lock is held.
func (s *sock) anyDatagram() error {
	if s.dgram != nil {
		return nil
	}
	return s.bindDatagram(netip.AddrPortFrom(s.anywhere(), 0))
}

// connectDatagram makes addr the only peer; an invalid one takes that back. The lock is held.
func (s *sock) connectDatagram(addr netip.AddrPort) error {
	if !addr.Addr().IsValid() {
		if s.dgram != nil {
			s.dgram.Connect(netip.AddrPort{})
			s.local = s.dgram.Addr()
		}
		return nil
	}
	addr, err := s.fits(addr)
	if err != nil {
		return err
	}
	from, err := s.t.s.SourceFor(context.Background(), addr.Addr())
	if err != nil {
		return errnoOf(err)
	}
	if err := s.anyDatagram(); err != nil {
		return err
	}
	s.dgram.Connect(addr)
	if s.dgram.Addr().Addr().IsUnspecified() {
		s.local = netip.AddrPortFrom(from, s.dgram.Addr().Port())
	}
	return nil
}

// shutDatagram shuts a datagram socket. The lock is held.
func (s *sock) shutDatagram(how int) error {
	s.noRead = s.noRead || how != SHUT_WR
	s.noSend = s.noSend || how != SHUT_RD
	if s.dgram == nil || !s.dgram.Peer().IsValid() {
		return syscall.ENOTCONN
	}
	return nil
}

// receiveDatagram waits for a datagram.
func (s *sock) receiveDatagram(p []byte, flags int) (n int, from netip.AddrPort, err error) {
	for {
		s.mu.Lock()
		d, block, limit, shut := s.dgram, !s.nonblock && flags&MSG_DONTWAIT == 0, s.o.receiveTimeout, s.noRead
		s.mu.Unlock()
		size := 0
		err = stack.ErrWouldBlock
		switch {
		case d == nil:
		case flags&MSG_PEEK != 0:
			n, size, from, err = d.Peek(p)
		default:
			n, size, from, err = d.ReadFrom(p)
		}
		switch {
		case err == nil:
			if flags&MSG_TRUNC != 0 {
				n = size
			}
			return n, s.shown(from), nil
		case err != stack.ErrWouldBlock:
			return 0, from, errnoOf(err)
		case shut:
			return 0, from, nil
		case !block:
			return 0, from, syscall.EAGAIN
		}
		err = s.wait(limit, func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.noRead || s.dgram != nil && s.dgram.State(stack.Readable)&stack.Readable != 0
		})
		if err != nil {
			return 0, from, err
		}
	}
}

// sendDatagram sends one datagram.
func (s *sock) sendDatagram(p []byte, flags int, to netip.AddrPort) (int, error) {
	s.mu.Lock()
	var err error
	if to.IsValid() {
		to, err = s.fits(to)
		switch {
		case err != nil:
		case to.Port() == 0:
			err = syscall.EINVAL
		case !s.o.broadcast && s.t.s.IsBroadcast(to.Addr()):
			err = syscall.EACCES
		}
	} else if s.dgram == nil || !s.dgram.Peer().IsValid() {
		err = syscall.EDESTADDRREQ
	}
	if err == nil && s.noSend {
		err = syscall.EPIPE
	}
	if err == nil {
		err = s.anyDatagram()
	}
	d, block, limit := s.dgram, !s.nonblock && flags&MSG_DONTWAIT == 0, s.o.sendTimeout
	s.mu.Unlock()
	for err == nil {
		err = d.WriteTo(p, to)
		switch {
		case err == nil:
			return len(p), nil
		case err != stack.ErrWouldBlock || !block:
			err = errnoOf(err)
		default:
			err = s.wait(limit, func() bool { return d.State(stack.Writable)&stack.Writable != 0 })
		}
	}
	return 0, err
}
