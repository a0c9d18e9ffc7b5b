package socket

import (
	"net/netip"
	"time"

	"vitrine/stack"
)

// stackListener is a listening port of the own stack. Its methods belong to the poller's goroutine once a poller has
// watched it.
type stackListener struct {
	l      *stack.Listener
	shared bool
	closed bool
	p      *stackPoller // that watches it; nil: none
	token  Token
	noted  bool // in the poller's list of those on which connections may wait
}

func (l *stackListener) Addr() netip.AddrPort { return l.l.Addr() }

// A peer that vanished without a word is noticed after two minutes, as on the kernel's sockets.
const (
	keepIdle     = time.Minute
	keepInterval = 15 * time.Second
	keepCount    = 4
)

func (l *stackListener) Accept() (Accepted, error) {
	if l.closed {
		return Accepted{}, ErrWouldBlock
	}
	c, ok := l.l.Accept()
	if !ok {
		return Accepted{}, ErrWouldBlock
	}
	c.SetKeepAlive(true, keepIdle, keepInterval, keepCount)
	a := Accepted{Remote: c.Remote(), Local: c.Local()}
	if l.shared {
		a.Endpoint = &sharedEndpoint{Remote: stack.NewRemote(c)}
	} else {
		a.Endpoint = &stackEndpoint{c: c}
	}
	return a, nil
}

func (l *stackListener) Close() error {
	if l.closed {
		return nil
	}
	l.closed = true
	l.unwatch()
	return l.l.Close()
}

// watch has the poller announce the listener, as long as connections wait.
func (l *stackListener) watch(p *stackPoller, t Token) {
	l.p, l.token = p, t
	l.l.Attach(p.shard, l.note)
}

// unwatch ends it. Connections go on being queued.
func (l *stackListener) unwatch() {
	if l.p != nil {
		l.p = nil
		l.l.Detach()
	}
}

// note puts the listener on its poller's list. It is called on the shard.
func (l *stackListener) note() {
	if l.p != nil && !l.noted {
		l.noted = true
		l.p.listeners = append(l.p.listeners, l)
	}
}
