package bsd

import (
	"context"
	"syscall"
	"time"

	"vitrine/stack"
)

// options are a socket's settings. They are kept while there is no connection, given to it when there is one, and copied
// from a listening socket to those that accept yields.
type options struct {
	reuseAddr, reusePort, broadcast, v6only bool

	noDelay, cork, keepAlive bool
	keepIdle, keepInterval   int // seconds
	keepCount                int
	userTimeout              int // milliseconds; 0: the stack's
	maxSegment               int // 0: what the path allows
	sendBuffer, recvBuffer   int
	linger                   int    // seconds; -1: off
	congestion               string // "": the stack's

	receiveTimeout, sendTimeout time.Duration // 0: none
}

// defaultBuffer is the size of the queues between a caller and the stack as long as nobody sets it.
const defaultBuffer = 128 << 10

func defaultOptions() options {
	return options{keepIdle: 7200, keepInterval: 75, keepCount: 9, sendBuffer: defaultBuffer, recvBuffer: defaultBuffer, linger: -1}
}

// apply gives a connection the settings.
func (o options) apply(r *stack.Remote) {
	r.SetBuffers(o.recvBuffer, o.sendBuffer)
	r.SetLinger(o.linger)
	r.Call(func(c *stack.Conn) {
		c.SetNoDelay(o.noDelay)
		c.SetCork(o.cork)
		c.SetKeepAlive(o.keepAlive, seconds(o.keepIdle), seconds(o.keepInterval), o.keepCount)
		c.SetUserTimeout(time.Duration(o.userTimeout) * time.Millisecond)
		if o.maxSegment > 0 {
			c.SetMaxSegment(o.maxSegment)
		}
		if o.congestion != "" {
			c.SetCongestion(o.congestion)
		}
	})
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// SetsockoptInt sets an option whose value is a number or, other than 0, "on". ENOPROTOOPT: the socket has no such option.
// EINVAL: it cannot have that value.
func (t *Table) SetsockoptInt(fd, level, name, value int) error {
	s, err := t.get(fd)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case level == SOL_SOCKET:
		err = s.setSocket(name, value)
	case level == IPPROTO_TCP && !s.datagram:
		err = s.setTCP(name, value)
	case level == IPPROTO_IPV6 && name == IPV6_V6ONLY && s.domain == AF_INET6:
		if s.hasPort() {
			return syscall.EINVAL
		}
		s.o.v6only = value != 0
	default:
		err = syscall.ENOPROTOOPT
	}
	if err == nil && s.remote != nil {
		s.o.apply(s.remote)
	}
	return err
}

func (s *sock) setSocket(name, value int) error {
	on := value != 0
	switch name {
	case SO_REUSEADDR:
		s.o.reuseAddr = on
	case SO_REUSEPORT:
		s.o.reusePort = on
	case SO_BROADCAST:
		s.o.broadcast = on
	case SO_KEEPALIVE:
		s.o.keepAlive = on
	case SO_SNDBUF:
		s.o.sendBuffer = max(value, leastBuffer)
	case SO_RCVBUF:
		s.o.recvBuffer = max(value, leastBuffer)
	default:
		return syscall.ENOPROTOOPT
	}
	return nil
}

// leastBuffer keeps a buffer useful, whatever is asked for.
const leastBuffer = 2304

func (s *sock) setTCP(name, value int) error {
	on := value != 0
	switch name {
	case TCP_NODELAY:
		s.o.noDelay = on
	case TCP_CORK:
		s.o.cork = on
	case TCP_KEEPIDLE:
		return within(&s.o.keepIdle, value, 1, 32767)
	case TCP_KEEPINTVL:
		return within(&s.o.keepInterval, value, 1, 32767)
	case TCP_KEEPCNT:
		return within(&s.o.keepCount, value, 1, 127)
	case TCP_USER_TIMEOUT:
		return within(&s.o.userTimeout, value, 0, 1<<31-1)
	case TCP_MAXSEG:
		if value == 0 {
			s.o.maxSegment = 0
			return nil
		}
		return within(&s.o.maxSegment, value, 88, 32767)
	default:
		return syscall.ENOPROTOOPT
	}
	return nil
}

// within sets a number that has bounds.
func within(n *int, value, least, most int) error {
	if value < least || value > most {
		return syscall.EINVAL
	}
	*n = value
	return nil
}

// GetsockoptInt is an option's value. SO_ERROR is why the connection failed, told once, 0 when it has not.
func (t *Table) GetsockoptInt(fd, level, name int) (int, error) {
	s, err := t.get(fd)
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case level == SOL_SOCKET:
		return s.getSocket(name)
	case level == IPPROTO_TCP && !s.datagram:
		return s.getTCP(name)
	case level == IPPROTO_IPV6 && name == IPV6_V6ONLY && s.domain == AF_INET6:
		return number(s.o.v6only), nil
	}
	return 0, syscall.ENOPROTOOPT
}

func (s *sock) getSocket(name int) (int, error) {
	switch name {
	case SO_ERROR:
		errno, _ := s.takeFailure().(syscall.Errno)
		return int(errno), nil
	case SO_TYPE:
		if s.datagram {
			return SOCK_DGRAM, nil
		}
		return SOCK_STREAM, nil
	case SO_PROTOCOL:
		if s.datagram {
			return IPPROTO_UDP, nil
		}
		return IPPROTO_TCP, nil
	case SO_DOMAIN:
		return s.domain, nil
	case SO_ACCEPTCONN:
		return number(s.listener != nil), nil
	case SO_REUSEADDR:
		return number(s.o.reuseAddr), nil
	case SO_REUSEPORT:
		return number(s.o.reusePort), nil
	case SO_BROADCAST:
		return number(s.o.broadcast), nil
	case SO_KEEPALIVE:
		return number(s.o.keepAlive), nil
	case SO_SNDBUF:
		return s.o.sendBuffer, nil
	case SO_RCVBUF:
		return s.o.recvBuffer, nil
	}
	return 0, syscall.ENOPROTOOPT
}

func (s *sock) getTCP(name int) (int, error) {
	switch name {
	case TCP_NODELAY:
		return number(s.o.noDelay), nil
	case TCP_CORK:
		return number(s.o.cork), nil
	case TCP_KEEPIDLE:
		return s.o.keepIdle, nil
	case TCP_KEEPINTVL:
		return s.o.keepInterval, nil
	case TCP_KEEPCNT:
		return s.o.keepCount, nil
	case TCP_USER_TIMEOUT:
		return s.o.userTimeout, nil
	case TCP_MAXSEG:
		if s.remote != nil && s.established() && !s.over() {
			if info, err := s.remote.Info(context.Background()); err == nil && info.TCP != nil {
				return info.TCP.MSS, nil
			}
		}
		if s.o.maxSegment > 0 {
			return s.o.maxSegment, nil
		}
		return 536, nil // RFC 9293 §3.7.1: what holds as long as nothing is known
	}
	return 0, syscall.ENOPROTOOPT
}

func number(on bool) int {
	if on {
		return 1
	}
	return 0
}

// SetsockoptLinger is SO_LINGER: off, Close delivers what was written in the background; on with 0 seconds, it drops it
// and resets the connection; on with more, it gives up after that time. Close itself never waits.
func (t *Table) SetsockoptLinger(fd int, on bool, seconds int) error {
	s, err := t.get(fd)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.o.linger = -1
	if on {
		s.o.linger = max(seconds, 0)
	}
	if s.remote != nil {
		s.remote.SetLinger(s.o.linger)
	}
	return nil
}

// GetsockoptLinger is SO_LINGER.
func (t *Table) GetsockoptLinger(fd int) (on bool, seconds int, err error) {
	s, err := t.get(fd)
	if err != nil {
		return false, 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.o.linger >= 0, max(s.o.linger, 0), nil
}

// SetsockoptTimeout is SO_RCVTIMEO or SO_SNDTIMEO: how long a call blocks before it returns EAGAIN (of Connect
// EINPROGRESS); 0: for ever.
func (t *Table) SetsockoptTimeout(fd, name int, limit time.Duration) error {
	s, err := t.get(fd)
	if err != nil {
		return err
	}
	if limit < 0 {
		return syscall.EDOM
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch name {
	case SO_RCVTIMEO:
		s.o.receiveTimeout = limit
	case SO_SNDTIMEO:
		s.o.sendTimeout = limit
	default:
		return syscall.ENOPROTOOPT
	}
	return nil
}

// SetsockoptString is TCP_CONGESTION: how the sending rate is controlled, "cubic" or "reno". ENOENT: nobody knows it.
func (t *Table) SetsockoptString(fd, level, name int, value string) error {
	s, err := t.get(fd)
	if err != nil {
		return err
	}
	if level != IPPROTO_TCP || name != TCP_CONGESTION || s.datagram {
		return syscall.ENOPROTOOPT
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !stack.KnownCongestion(value) {
		return syscall.ENOENT
	}
	s.o.congestion = value
	if s.remote != nil {
		s.o.apply(s.remote)
	}
	return nil
}

// GetsockoptString is TCP_CONGESTION.
func (t *Table) GetsockoptString(fd, level, name int) (string, error) {
	s, err := t.get(fd)
	if err != nil {
		return "", err
	}
	if level != IPPROTO_TCP || name != TCP_CONGESTION || s.datagram {
		return "", syscall.ENOPROTOOPT
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.o.congestion != "" {
		return s.o.congestion, nil
	}
	return t.s.Congestion(), nil
}

// TCPInfo is TCP_INFO: everything that the stack knows about a connection, as Stack.Sockets gives it. ENOTCONN: there is
// no connection.
func (t *Table) TCPInfo(fd int) (stack.SocketInfo, error) {
	s, err := t.get(fd)
	if err != nil {
		return stack.SocketInfo{}, err
	}
	if s.datagram {
		return stack.SocketInfo{}, syscall.ENOPROTOOPT
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.remote == nil || s.over() {
		return stack.SocketInfo{}, syscall.ENOTCONN
	}
	info, err := s.remote.Info(context.Background())
	if err != nil {
		return info, syscall.ENOTCONN
	}
	return info, nil
}
