package bsd

import (
	"net/netip"
	"sync"
	"syscall"
	"time"

	"vitrine/stack"
)

// sock is a socket. Exactly one of the endpoints is there at a time, or none while it is fresh or only bound.
type sock struct {
	t        *Table
	domain   int
	datagram bool

	reading sync.Mutex // held through a read of a stream
	writing sync.Mutex // held through a write of a stream

	mu       sync.Mutex
	nonblock bool
	closed   bool
	local    netip.AddrPort // what bind recorded
	bound    bool           // by bind, not by connect
	o        options

	port       *stack.Reservation    // a stream that is bound and does not listen
	listener   *stack.TCPListener    // a stream that listens
	remote     *stack.Remote         // a stream that is connected, being connected, or was
	connecting bool                  // connect has not told how it ended
	dgram      *stack.RemoteDatagram // datagrams, once bound

	told           bool // the connection's error was told
	noRead, noSend bool // shut down

	watching sync.Mutex             // of watchers alone: a shard may hold it, and never waits for mu
	watchers map[chan struct{}]bool // who waits for anything to change
}

// Socket makes a socket: AF_INET or AF_INET6, SOCK_STREAM or SOCK_DGRAM, with SOCK_NONBLOCK or not. The protocol is the
// type's own or 0.
func (t *Table) Socket(domain, typ, protocol int) (int, error) {
	nonblock := typ&SOCK_NONBLOCK != 0
	typ &^= SOCK_NONBLOCK
	if domain != AF_INET && domain != AF_INET6 {
		return -1, syscall.EAFNOSUPPORT
	}
	want := IPPROTO_TCP
	switch typ {
	case SOCK_STREAM:
	case SOCK_DGRAM:
		want = IPPROTO_UDP
	default:
		return -1, syscall.ESOCKTNOSUPPORT
	}
	if protocol != 0 && protocol != want {
		return -1, syscall.EPROTONOSUPPORT
	}
	return t.install(&sock{t: t, domain: domain, datagram: typ == SOCK_DGRAM, nonblock: nonblock, o: defaultOptions()})
}

// SetNonblock is fcntl(F_SETFL, O_NONBLOCK).
func (t *Table) SetNonblock(fd int, on bool) error {
	s, err := t.get(fd)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.nonblock = on
	s.mu.Unlock()
	return nil
}

// fits checks an address against the socket's domain and returns it as the stack wants it.
func (s *sock) fits(addr netip.AddrPort) (netip.AddrPort, error) {
	a := addr.Addr()
	switch {
	case !a.IsValid():
		return addr, syscall.EINVAL
	case s.domain == AF_INET && !a.Is4(), s.domain == AF_INET6 && a.Is4():
		return addr, syscall.EAFNOSUPPORT
	case a.Is4In6() && s.o.v6only:
		return addr, syscall.EINVAL
	}
	return netip.AddrPortFrom(a.Unmap(), addr.Port()), nil
}

// anywhere is the unspecified address of the domain.
func (s *sock) anywhere() netip.Addr {
	if s.domain == AF_INET {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// shown is an address as the socket's domain writes it: an IPv6 socket shows IPv4 addresses mapped.
func (s *sock) shown(a netip.AddrPort) netip.AddrPort {
	if s.domain == AF_INET6 && a.Addr().Is4() {
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr().As16()), a.Port())
	}
	return a
}

// Bind records the address and port and takes the port; 0 is a free one. EINVAL: the socket has a port already.
// EADDRINUSE: somebody else has it. EADDRNOTAVAIL: the address is not the stack's.
func (t *Table) Bind(fd int, addr netip.AddrPort) error {
	s, err := t.get(fd)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	addr, err = s.fits(addr)
	if err != nil {
		return err
	}
	if s.hasPort() {
		return syscall.EINVAL
	}
	if s.datagram {
		err = s.bindDatagram(addr)
	} else {
		err = s.reserve(addr)
	}
	if err == nil {
		s.bound = true
	}
	return err
}

// hasPort reports whether a port belongs to the socket. The lock is held.
func (s *sock) hasPort() bool {
	return s.port != nil || s.listener != nil || s.dgram != nil || s.remote != nil && (s.bound || !s.over())
}

// reserve takes a port for a stream.
func (s *sock) reserve(addr netip.AddrPort) error {
	p, err := s.t.s.Reserve(addr, stack.ListenOptions{ReusePort: s.o.reusePort, Dual: s.dual(addr)})
	if err != nil {
		return errnoOf(err)
	}
	s.port, s.local = p, p.Addr()
	return nil
}

// dual reports whether a socket on the address takes IPv4 too.
func (s *sock) dual(addr netip.AddrPort) bool {
	return s.domain == AF_INET6 && !s.o.v6only && addr.Addr() == netip.IPv6Unspecified()
}

// Getsockname is the socket's own address; before it has one, the unspecified address and port 0.
func (t *Table) Getsockname(fd int) (netip.AddrPort, error) {
	s, err := t.get(fd)
	if err != nil {
		return netip.AddrPort{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	addr := s.local
	if s.remote != nil && !s.over() {
		addr = s.remote.Local()
	}
	if !addr.Addr().IsValid() {
		addr = netip.AddrPortFrom(s.anywhere(), addr.Port())
	}
	return s.shown(addr), nil
}

// Getpeername is the peer's address. ENOTCONN: there is none.
func (t *Table) Getpeername(fd int) (netip.AddrPort, error) {
	s, err := t.get(fd)
	if err != nil {
		return netip.AddrPort{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dgram != nil && s.dgram.Peer().IsValid() {
		return s.shown(s.dgram.Peer()), nil
	}
	if s.remote == nil || !s.established() || s.over() {
		return netip.AddrPort{}, syscall.ENOTCONN
	}
	return s.shown(s.remote.Remote()), nil
}

// Close closes both directions and frees the descriptor. Who is blocked on it gets EBADF.
func (t *Table) Close(fd int) error {
	s, err := t.remove(fd)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.closed = true
	port, listener, remote, dgram := s.port, s.listener, s.remote, s.dgram
	s.mu.Unlock()
	if port != nil {
		port.Release()
	}
	if listener != nil {
		listener.Close()
	}
	if remote != nil {
		remote.Close()
	}
	if dgram != nil {
		dgram.CloseWait()
	}
	s.changed()
	return nil
}

// changed wakes everybody who waits for the socket. It may be called on a shard.
func (s *sock) changed() {
	s.watching.Lock()
	for c := range s.watchers {
		select {
		case c <- struct{}{}:
		default: // it knows
		}
	}
	s.watching.Unlock()
}

// watch has the channel told of changes; unwatch ends it.
func (s *sock) watch(c chan struct{}) {
	s.watching.Lock()
	if s.watchers == nil {
		s.watchers = make(map[chan struct{}]bool)
	}
	s.watchers[c] = true
	s.watching.Unlock()
}

func (s *sock) unwatch(c chan struct{}) {
	s.watching.Lock()
	delete(s.watchers, c)
	s.watching.Unlock()
}

// wait blocks until done reports true: EAGAIN when the time is over (0: there is no limit), EBADF when the descriptor
// was closed.
func (s *sock) wait(limit time.Duration, done func() bool) error {
	c := make(chan struct{}, 1)
	s.watch(c)
	defer s.unwatch(c)
	var late <-chan time.Time
	if limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		late = timer.C
	}
	for {
		s.mu.Lock()
		closed := s.closed
		s.mu.Unlock()
		if closed {
			return syscall.EBADF
		}
		if done() {
			return nil
		}
		select {
		case <-c:
		case <-late:
			return syscall.EAGAIN
		}
	}
}

// takeFailure is the error that waits to be told, told once. The lock is held.
func (s *sock) takeFailure() error {
	if s.remote != nil && !s.told {
		if err := s.remote.Err(); err != nil {
			s.told = true
			return errnoOf(err)
		}
	}
	if s.dgram != nil {
		if err := s.dgram.TakeErr(); err != nil {
			return errnoOf(err)
		}
	}
	return nil
}

// over reports whether the connection has ended in both directions, as Linux's state CLOSE. The lock is held.
func (s *sock) over() bool { return s.remote != nil && s.remote.State(0)&stack.Hangup != 0 }

// established reports whether the connection was made, whatever became of it. The lock is held.
func (s *sock) established() bool { return s.remote != nil && s.remote.Opened() }
