package stack

import (
	"context"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// ListenConfig is how to listen, for those whom ListenTCP does not suit.
type ListenConfig struct {
	Stack *Stack
	ListenOptions
	// Delay leaves Nagle's algorithm on; Go programs expect it off.
	Delay bool
	// KeepAlive is of the accepted connections: zero the configuration's times, negative none.
	KeepAlive time.Duration
}

// ListenTCP listens on an address such as "198.18.0.2:80", "[::]:80" or ":80"; port 0 is a free one. Without a host it
// takes connections to all own addresses. The result is a *TCPListener.
func (s *Stack) ListenTCP(address string) (net.Listener, error) {
	return (&ListenConfig{Stack: s}).Listen(context.Background(), "tcp", address)
}

// Listen listens on the network "tcp", "tcp4" or "tcp6". Every shard takes part, so that connections stay where their
// packets arrive.
func (lc *ListenConfig) Listen(_ context.Context, network, address string) (net.Listener, error) {
	addr, dual, err := lc.Stack.listenAddress(network, address)
	if err != nil {
		return nil, opError("listen", network, nil, nil, err)
	}
	with := *lc
	with.Dual = lc.Dual || dual
	l, err := with.ListenAddrPort(addr)
	if err != nil {
		return nil, opError("listen", network, nil, net.TCPAddrFromAddrPort(addr), err)
	}
	return l, nil
}

// ListenAddrPort is Listen for an address that was read already. Its errors are bare.
func (lc *ListenConfig) ListenAddrPort(addr netip.AddrPort) (*TCPListener, error) {
	o := lc.ListenOptions
	o.NoDelay = !lc.Delay
	l := &TCPListener{s: lc.Stack, keepAlive: lc.KeepAlive}
	l.waiting.L = &l.mu
	n := lc.Stack.Shards()
	o.ReusePort = o.ReusePort || n > 1
	if o.Backlog == 0 {
		o.Backlog = defaultBacklog
	}
	l.most = max(1, o.Backlog/n)
	for i := range n {
		sl, err := lc.Stack.Listen(addr, o)
		if err != nil {
			for _, p := range l.parts {
				p.l.Close()
			}
			return nil, err
		}
		addr = sl.Addr()
		l.parts = append(l.parts, &listenerPart{listener: l, h: lc.Stack.Shard(i), l: sl})
	}
	l.addr = net.TCPAddrFromAddrPort(addr)
	for _, p := range l.parts {
		// The shard sees this before any of our connections, and nobody was attached before: so it may be done from here,
		// and a SYN that comes this moment is answered.
		p.l.ready = p.look
		p.l.shard.Store(p.h)
		p.h.Post(p.attach)
	}
	return l, nil
}

// defaultBacklog is how many connections may wait to be accepted by programs that do not say, as in Linux.
const defaultBacklog = 4096

// TCPListener is a net.Listener of the stack. All methods may be called concurrently.
type TCPListener struct {
	s         *Stack
	addr      *net.TCPAddr
	parts     []*listenerPart
	most      int // connections that wait here for Accept, of each part
	keepAlive time.Duration

	mu      sync.Mutex
	waiting sync.Cond
	ready   []*Remote
	first   int // of ready
	by      deadline
	err     error // why nothing more is accepted
	notify  func()
}

// listenerPart is the listener on one shard. What has no comment is the shard's.
type listenerPart struct {
	listener *TCPListener
	h        *Shard
	l        *Listener
	due      bool
	closed   bool

	asked bool // take was posted because there is room again; guarded by listener.mu
	full  bool // connections wait on the shard; guarded by listener.mu
}

// attach has the listener closed when the shard stops.
func (p *listenerPart) attach() {
	if p.closed {
		return
	}
	p.h.remotes.onEnd(p, func(err error) {
		p.listener.stop(err)
		p.close()
	})
}

// look has take called at the end of the batch.
func (p *listenerPart) look() {
	if !p.due {
		p.due = true
		p.h.remotes.later(p.take)
	}
}

// take moves connections that wait on the shard to those who call Accept.
func (p *listenerPart) take() {
	p.due = false
	if p.closed {
		return
	}
	l := p.listener
	for {
		l.mu.Lock()
		p.asked = false
		p.full = len(l.ready)-l.first >= l.most
		stop := p.full || l.err != nil
		l.mu.Unlock()
		if stop {
			return
		}
		c, ok := p.l.Accept()
		if !ok {
			return
		}
		if l.keepAlive >= 0 {
			c.SetKeepAlive(true, l.keepAlive, l.keepAlive, 0)
		}
		r := NewRemote(c)
		l.mu.Lock()
		l.ready = append(l.ready, r)
		l.waiting.Signal()
		notify := l.notify
		l.mu.Unlock()
		p.h.remotes.told = true
		if notify != nil {
			notify()
		}
	}
}

// close ends the listening on the shard.
func (p *listenerPart) close() {
	if p.closed {
		return
	}
	p.closed = true
	p.h.remotes.onEnd(p, nil)
	p.l.Close()
}

// Accept waits for a connection and yields it as a *TCPConn.
func (l *TCPListener) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	return c, nil
}

// AcceptTCP is Accept with the type that it has.
func (l *TCPListener) AcceptTCP() (*TCPConn, error) {
	r, err := l.AcceptRemote()
	if err != nil {
		return nil, opError("accept", "tcp", nil, l.addr, err)
	}
	return NewTCPConn(r), nil
}

// AcceptRemote is Accept for those who want to use the connection without blocking. Its errors are bare.
func (l *TCPListener) AcceptRemote() (*Remote, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		switch {
		case l.err != nil:
			return nil, l.err
		case l.by.passed:
			return nil, os.ErrDeadlineExceeded
		case len(l.ready) > l.first:
			return l.pop(), nil
		}
		l.waiting.Wait()
	}
}

// TryAccept yields a connection that waits, or ErrWouldBlock.
func (l *TCPListener) TryAccept() (*Remote, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return nil, l.err
	}
	if len(l.ready) == l.first {
		return nil, ErrWouldBlock
	}
	return l.pop(), nil
}

// Notify sets who is told of every connection that comes to wait, on its shard. f must not block.
func (l *TCPListener) Notify(f func()) {
	l.mu.Lock()
	l.notify = f
	l.mu.Unlock()
}

// Waiting reports whether a connection waits to be accepted.
func (l *TCPListener) Waiting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.ready) > l.first
}

// pop takes the first, and asks shards that hold connections back when there is room for half of them.
func (l *TCPListener) pop() *Remote {
	r := l.ready[l.first]
	l.ready[l.first] = nil
	if l.first++; l.first == len(l.ready) {
		l.ready, l.first = l.ready[:0], 0
	} else if l.first >= 64 && l.first*2 >= len(l.ready) {
		l.ready = append(l.ready[:0], l.ready[l.first:]...)
		l.first = 0
	}
	if len(l.ready)-l.first <= l.most/2 {
		for _, p := range l.parts {
			if p.full && !p.asked {
				p.full, p.asked = false, true
				p.h.Post(p.look)
			}
		}
	}
	return r
}

// stop has nobody accept any more and resets those who wait.
func (l *TCPListener) stop(err error) bool {
	l.mu.Lock()
	if l.err != nil {
		l.mu.Unlock()
		return false
	}
	l.err = err
	waiting, notify := l.ready[l.first:], l.notify
	l.ready, l.first = nil, 0
	l.by.stop()
	l.waiting.Broadcast()
	l.mu.Unlock()
	for _, r := range waiting {
		r.Abort()
	}
	if notify != nil {
		notify()
	}
	return true
}

// Close stops listening. Connections that wait to be accepted are reset; accepted ones live on.
func (l *TCPListener) Close() error {
	if !l.stop(net.ErrClosed) {
		return opError("close", "tcp", nil, l.addr, net.ErrClosed)
	}
	for _, p := range l.parts { // the port is free when Close returns, unless the stack does not run
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		p.h.do(ctx, p.close)
		cancel()
	}
	return nil
}

// Addr is a *net.TCPAddr.
func (l *TCPListener) Addr() net.Addr { return l.addr }

// AddrPort is the same as a value.
func (l *TCPListener) AddrPort() netip.AddrPort { return l.addr.AddrPort() }

// SetDeadline sets when Accept gives up; the zero time means never.
func (l *TCPListener) SetDeadline(t time.Time) error {
	l.mu.Lock()
	err := l.err
	l.mu.Unlock()
	if err != nil {
		return opError("set", "tcp", nil, l.addr, err)
	}
	l.by.set(&l.mu, &l.waiting, t)
	return nil
}
