package bsd

import (
	"context"
	"io"
	"net/netip"
	"syscall"

	"vitrine/stack"
)

// Listen marks the socket as one that waits for connections; backlog is how many may wait to be accepted. A socket that
// has no port gets a free one. EINVAL: the socket is connected, or has tried to be. EOPNOTSUPP: it is no stream.
func (t *Table) Listen(fd, backlog int) error {
	s, err := t.get(fd)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.datagram:
		return syscall.EOPNOTSUPP
	case s.listener != nil: // the backlog changes, and nothing else
		return nil
	case s.remote != nil:
		return syscall.EINVAL
	case s.port == nil:
		if err := s.reserve(netip.AddrPortFrom(s.anywhere(), 0)); err != nil {
			return err
		}
	}
	lc := stack.ListenConfig{Stack: t.s, Delay: !s.o.noDelay, KeepAlive: -1,
		ListenOptions: stack.ListenOptions{Backlog: max(backlog, 1), ReusePort: s.o.reusePort, Dual: s.dual(s.local), MaxSegment: s.o.maxSegment}}
	s.port.Release()
	l, err := lc.ListenAddrPort(s.local)
	if err != nil { // somebody was faster
		s.port, s.bound = nil, false
		return errnoOf(err)
	}
	s.port, s.listener = nil, l
	s.noRead, s.noSend = false, false
	l.Notify(s.changed)
	return nil
}

// Accept waits for a connection and yields a socket for it, a copy of the listening one, and the peer's address. EINVAL:
// the socket does not listen. EAGAIN: no connection waits, and the socket does not block.
func (t *Table) Accept(fd int) (int, netip.AddrPort, error) { return t.Accept4(fd, 0) }

// Accept4 is Accept; with SOCK_NONBLOCK the new socket does not block. It does not inherit that.
func (t *Table) Accept4(fd, flags int) (int, netip.AddrPort, error) {
	none := netip.AddrPort{}
	s, err := t.get(fd)
	if err != nil {
		return -1, none, err
	}
	if flags&^SOCK_NONBLOCK != 0 {
		return -1, none, syscall.EINVAL
	}
	if s.datagram {
		return -1, none, syscall.EOPNOTSUPP
	}
	n := &sock{t: t, domain: s.domain, nonblock: flags&SOCK_NONBLOCK != 0}
	for {
		s.mu.Lock()
		l, nonblock, limit := s.listener, s.nonblock, s.o.receiveTimeout
		n.o = s.o
		s.mu.Unlock()
		if l == nil {
			return -1, none, syscall.EINVAL
		}
		newfd, err := t.install(n) // the descriptor first: a connection that finds no room goes on waiting
		if err != nil {
			return -1, none, err
		}
		r, err := l.TryAccept()
		if err == nil {
			n.connected(r)
			return newfd, n.shown(r.Remote()), nil
		}
		t.remove(newfd)
		if err != stack.ErrWouldBlock {
			return -1, none, syscall.EINVAL // it stopped listening
		}
		if nonblock {
			return -1, none, syscall.EAGAIN
		}
		if err := s.wait(limit, func() bool { return l.Waiting() || !s.listens(l) }); err != nil {
			return -1, none, err
		}
	}
}

func (s *sock) listens(l *stack.TCPListener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.listener == l
}

// connected makes r the socket's connection.
func (s *sock) connected(r *stack.Remote) {
	s.mu.Lock()
	s.remote, s.local, s.told = r, r.Local(), false
	o := s.o
	s.mu.Unlock()
	o.apply(r)
	r.Notify(func(stack.Ready) { s.changed() })
}

// Connect connects a stream, or gives a datagram socket its peer. A stream that does not block returns EINPROGRESS:
// it becomes writable when it is connected or connecting has failed, and SO_ERROR or another Connect tells which.
// EALREADY: that is not decided yet. EISCONN: the socket is connected or listens. EADDRNOTAVAIL: no local port is left.
func (t *Table) Connect(fd int, addr netip.AddrPort) error {
	s, err := t.get(fd)
	if err != nil {
		return err
	}
	s.mu.Lock()
	if s.datagram {
		defer s.mu.Unlock()
		return s.connectDatagram(addr)
	}
	addr, err = s.fits(addr)
	if err == nil && s.listener != nil {
		err = syscall.EISCONN
	}
	if err != nil {
		s.mu.Unlock()
		return err
	}
	already := false
	switch {
	case s.remote == nil:
		if err := s.beginConnect(addr); err != nil {
			s.mu.Unlock()
			return err
		}
	case s.connecting:
		already = true
	default:
		s.mu.Unlock()
		return syscall.EISCONN
	}
	r, nonblock, limit := s.remote, s.nonblock, s.o.sendTimeout
	decided := func() bool { return r.State(stack.Writable)&stack.Hangup != 0 || r.Opened() }
	s.mu.Unlock()
	late := syscall.EINPROGRESS
	if already {
		late = syscall.EALREADY
	}
	if nonblock && !already { // as Linux, however fast the peer is
		return late
	}
	if !decided() {
		if nonblock {
			return late
		}
		switch err := s.wait(limit, decided); err {
		case nil:
		case syscall.EAGAIN:
			return late
		default:
			return err
		}
	}
	return s.endConnect(r)
}

// beginConnect begins to connect. The lock is held.
func (s *sock) beginConnect(addr netip.AddrPort) error {
	local := netip.AddrPort{}
	if s.port != nil {
		local = s.local
	}
	r := stack.ConnectRemote(s.t.shard(), local, addr, stack.ConnectOptions{NoDelay: s.o.noDelay})
	s.o.apply(r)
	if err := r.Begun(context.Background()); err != nil {
		r.Close()
		return errnoOf(err)
	}
	s.remote, s.connecting, s.told = r, true, false
	s.noRead, s.noSend = false, false
	if !s.bound {
		s.local = r.Local()
	}
	r.Notify(func(stack.Ready) { s.changed() })
	return nil
}

// endConnect tells how connecting ended. After a failure the socket is what it was before.
func (s *sock) endConnect(r *stack.Remote) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.remote != r || !s.connecting { // another Connect told it
		return syscall.EISCONN
	}
	s.connecting = false
	if s.remote.State(0)&stack.Hangup == 0 {
		return nil
	}
	err := s.takeFailure()
	if err == nil {
		err = syscall.ECONNABORTED // it was told already
	}
	s.disconnect()
	return err
}

// disconnect makes the socket what it was before it listened or connected. The lock is held.
func (s *sock) disconnect() {
	if s.remote != nil {
		s.remote.Abort()
	}
	if s.listener != nil {
		s.listener.Close()
		if s.bound && s.reserve(s.local) != nil {
			s.bound = false // somebody was faster
		}
	}
	s.remote, s.listener, s.connecting, s.told = nil, nil, false, false
	s.noRead, s.noSend = false, false
	if !s.bound {
		s.local = netip.AddrPort{}
	}
}

// Shutdown ends receiving, sending or both. On a socket that listens or is being connected, ending the receiving
// direction or any takes that back. ENOTCONN: the socket is not connected; its directions are shut all the same.
func (t *Table) Shutdown(fd, how int) error {
	s, err := t.get(fd)
	if err != nil {
		return err
	}
	if how < SHUT_RD || how > SHUT_RDWR {
		return syscall.EINVAL
	}
	s.mu.Lock()
	defer s.changed()
	defer s.mu.Unlock()
	switch {
	case s.datagram:
		return s.shutDatagram(how)
	case s.listener != nil:
		if how != SHUT_WR {
			s.disconnect()
		}
		return nil
	case s.remote != nil && !s.established() && !s.over():
		s.disconnect()
		return nil
	}
	s.noRead = s.noRead || how != SHUT_WR
	s.noSend = s.noSend || how != SHUT_RD
	if s.remote == nil || s.over() {
		return syscall.ENOTCONN
	}
	if how != SHUT_WR {
		s.remote.CloseRead()
	}
	if how != SHUT_RD {
		s.remote.CloseWrite()
	}
	return nil
}

// stream is the connection to read from or write to, and whether the call may block.
func (s *sock) stream(flags int) (r *stack.Remote, block bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.remote, !s.nonblock && flags&MSG_DONTWAIT == 0
}

// receiveStream reads from a connection.
func (s *sock) receiveStream(p []byte, flags int) (n int, err error) {
	s.reading.Lock()
	defer s.reading.Unlock()
	r, block := s.stream(flags)
	if r == nil {
		return 0, s.unconnectedRead()
	}
	if len(p) == 0 {
		return 0, nil
	}
	for {
		k := 0
		if flags&MSG_PEEK != 0 {
			k, err = r.Peek(p)
		} else {
			k, err = r.Read(p[n:])
		}
		n += k
		switch {
		case err == nil && (n == len(p) || flags&MSG_WAITALL == 0 || flags&MSG_PEEK != 0):
			return n, nil
		case err == nil || err == stack.ErrWouldBlock:
			if !block {
				if n > 0 {
					return n, nil
				}
				return 0, syscall.EAGAIN
			}
			s.mu.Lock()
			limit := s.o.receiveTimeout
			s.mu.Unlock()
			if err := s.wait(limit, func() bool { return r.State(stack.Readable)&(stack.Readable|stack.Hangup) != 0 }); err != nil {
				if n > 0 {
					return n, nil
				}
				return 0, err
			}
		case n > 0: // the end is told by the next call
			return n, nil
		case err == io.EOF:
			return 0, nil
		default:
			return 0, s.failedOnce(err, nil)
		}
	}
}

// unconnectedRead is what reading yields without a connection.
func (s *sock) unconnectedRead() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.takeFailure(); err != nil {
		return err
	}
	if s.noRead && s.listener == nil {
		return nil
	}
	return syscall.ENOTCONN
}

// failedOnce is the connection's error the first time, and something else from then on.
func (s *sock) failedOnce(err, then error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return syscall.EBADF
	}
	if s.told {
		return then
	}
	s.told = true
	return errnoOf(err)
}

// sendStream writes to a connection: all of p when it may block.
func (s *sock) sendStream(p []byte, flags int) (n int, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	r, block := s.stream(flags)
	s.mu.Lock()
	if r == nil || s.noSend {
		err := s.takeFailure()
		s.mu.Unlock()
		if err == nil {
			err = syscall.EPIPE
		}
		return 0, err
	}
	limit := s.o.sendTimeout
	s.mu.Unlock()
	for {
		k, err := r.Write(p[n:], flags&MSG_MORE != 0)
		n += k
		switch {
		case n == len(p) && err == nil:
			return n, nil
		case err != nil && err != stack.ErrWouldBlock:
			if n > 0 {
				return n, nil
			}
			if err == syscall.EPIPE {
				return 0, err
			}
			return 0, s.failedOnce(err, syscall.EPIPE)
		case !block:
			if n > 0 {
				return n, nil
			}
			return 0, syscall.EAGAIN
		}
		if err := s.wait(limit, func() bool { return r.State(stack.Writable)&(stack.Writable|stack.Hangup) != 0 }); err != nil {
			if n > 0 {
				return n, nil
			}
			return 0, err
		}
	}
}
