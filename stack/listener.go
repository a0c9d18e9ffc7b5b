package stack

import (
	"net/netip"
	"sync/atomic"
	"syscall"

	"vitrine/stack/tcp"
	"vitrine/stack/tcp/segment"
)

// ListenOptions are a listener's settings.
type ListenOptions struct {
	Backlog   int  // connections that may wait to be accepted; 0: 128
	ReusePort bool // several listeners on one address share its connections
	Dual      bool // on the IPv6 unspecified address: take IPv4 too
	NoDelay   bool // of the accepted connections

	MaxSegment int // bytes of a segment that peers are told to send at most; 0: what the link carries
}

// Listener waits for connections to one address. It is on one shard at a time, and so are its connections: a SYN that
// arrives on another queue is handed over. Several listeners with ReusePort, one on each shard, take the connections of
// all queues where they arrive.
type Listener struct {
	stack    *Stack
	addr     netip.AddrPort
	o        ListenOptions
	shard    atomic.Pointer[Shard] // nil: on none yet
	ready    func()
	told     bool
	halfOpen int
	queue    []*Conn // wait to be accepted, from first on
	first    int
	closed   bool
}

// Listen takes the port: EADDRINUSE when somebody has it, EADDRNOTAVAIL when the address is not ours. Port 0 is a free
// one. Until the listener is attached, connections are not answered.
func (s *Stack) Listen(addr netip.AddrPort, o ListenOptions) (*Listener, error) {
	if o.Backlog <= 0 {
		o.Backlog = 128
	}
	o.Backlog = min(o.Backlog, s.cfg.Limits.Backlog)
	l := &Listener{stack: s, o: o}
	addr, err := s.bindings.bind(s, addr, binding{listener: l, reuse: o.ReusePort, dual: o.Dual})
	if err != nil {
		return nil, err
	}
	l.addr = addr
	return l, nil
}

// Addr is the address that the listener has.
func (l *Listener) Addr() netip.AddrPort { return l.addr }

// Attach puts the listener on a shard, whose owner calls it. ready is called on the shard when connections wait; after
// that, not again before Accept has returned false. A listener that was attached to another shard before must not have
// connections there any more.
func (l *Listener) Attach(h *Shard, ready func()) {
	l.ready = ready
	l.told = false
	l.shard.Store(h)
	l.tell()
}

// Detach ends the calls of ready. Connections go on being queued on the shard, up to the backlog, until Attach or Close.
func (l *Listener) Detach() { l.ready = nil }

func (l *Listener) tell() {
	if l.Waiting() > 0 && !l.told && l.ready != nil {
		l.told = true
		l.ready()
	}
}

// Accept yields a connection that waits. It is called on the shard.
func (l *Listener) Accept() (*Conn, bool) {
	if l.Waiting() == 0 {
		l.told = false
		return nil, false
	}
	c := l.queue[l.first]
	l.queue[l.first] = nil
	if l.first++; l.first == len(l.queue) {
		l.queue, l.first = l.queue[:0], 0
	}
	c.via = nil
	return c, true
}

// Waiting is how many connections wait to be accepted. It is called on the shard.
func (l *Listener) Waiting() int { return len(l.queue) - l.first }

// Close stops listening and resets the connections that wait. It is called on the shard when the listener was attached;
// by anybody when it never was. A second Close does nothing.
func (l *Listener) Close() error {
	if l.closed {
		return nil
	}
	l.closed = true
	l.ready = nil
	l.stack.bindings.unbind(l.addr.Port(), func(b *binding) bool { return b.listener == l })
	h := l.shard.Load()
	if h == nil {
		return nil
	}
	for _, c := range l.queue[l.first:] {
		c.via = nil
		c.held = false
		if c.gone {
			h.release(c)
			continue
		}
		h.abort(c, reasonClosedListener.Reach(), syscall.ECONNABORTED)
	}
	l.queue, l.first = nil, 0
	if l.halfOpen > 0 {
		h.conns.each(func(c *Conn) {
			if c.via == l {
				h.abort(c, reasonClosedListener.Reach(), syscall.ECONNABORTED)
			}
		})
	}
	return nil
}

// full reports whether the accept queue takes no more.
func (l *Listener) full() bool { return l.Waiting() >= l.o.Backlog }

// syn is offered a SYN that belongs to no connection: a listening port answers it. The SYN came in p; wait is the TIME_WAIT
// record that it may take the place of, 0: there is none.
func (h *Shard) syn(t *tuple, hash uint32, s *segment.Segment, p *handed, wait uint32) {
	l := h.stack.bindings.listener(t.localAddr(), t.localPort(), h, hash)
	if l == nil {
		reasonNoListener.Reach()
		h.reject(t, s)
		return
	}
	home := l.shard.Load()
	switch {
	case home == nil:
		reasonDetached.Reach()
		return
	case home != h:
		h.reopen(t, wait) // or the other shard would send it back
		reasonHanded.Reach()
		h.send(home.index, *p)
		return
	case l.full():
		// RFC 4987 §3.1 and Linux: a cookie would not help, since there is no room at its return either.
		reasonAcceptFull.Reach()
		h.counters.AcceptOverflows++
		return
	case h.conns.used >= h.limits.Connections:
		reasonConnections.Reach()
		return
	}
	after := h.reopen(t, wait)
	local, remote := t.local(), t.remote()
	path := h.path(t)
	if h.halfOpen >= h.limits.HalfOpen || l.halfOpen >= max(l.o.Backlog, 16) {
		reasonCookie.Reach()
		h.counters.CookiesSent++
		h.stack.cookieAt.Store(h.now)
		h.host.MakeCookie(h.now, local, remote, s, path, &h.out)
		h.reply(t, &h.out)
		return
	}
	c, err := h.newConn(t, hash)
	if err != nil || !h.enter(c) {
		return // there is no way back, or another shard was faster
	}
	iss := h.host.ISN(h.now, local, remote)
	if wait != 0 {
		iss = after.ISN(iss)
	}
	c.via = l
	c.opening = true
	h.halfOpen++
	l.halfOpen++
	c.tcp.Accept(h.host, h.now, iss, s, path)
	if l.o.MaxSegment > 0 {
		c.tcp.SetMaxSegment(l.o.MaxSegment)
	}
	if l.o.NoDelay {
		c.tcp.SetNoDelay(true)
	}
	h.touch(c)
}

// reopen gives the place of a TIME_WAIT record to a new connection (RFC 9293 §3.10.7.4, RFC 6191).
func (h *Shard) reopen(t *tuple, wait uint32) (old tcp.TimeWait) {
	if wait != 0 {
		old = h.waits.at(wait).wait
		h.waits.remove(wait)
		h.erased(t, reasonReopened.Reach())
	}
	return old
}

// opened takes a connection out of the count of open handshakes.
func (h *Shard) opened(c *Conn) {
	c.opening = false
	h.halfOpen--
	c.via.halfOpen--
}

// accepted puts a connection whose handshake is complete into its listener's queue.
func (h *Shard) accepted(c *Conn) {
	l := c.via
	h.opened(c)
	h.counters.Accepted++
	if l.closed {
		h.abort(c, reasonClosedListener.Reach(), syscall.ECONNABORTED)
		return
	}
	c.held = true
	if len(l.queue) == cap(l.queue) && l.first > 0 {
		n := copy(l.queue, l.queue[l.first:])
		clear(l.queue[n:])
		l.queue, l.first = l.queue[:n], 0
	}
	l.queue = append(l.queue, c)
	l.tell()
}

// cookieLife is for how long after the last cookie an acknowledgement may bring one back, in nanoseconds.
const cookieLife = 180e9

// cookie is offered an ACK that belongs to no connection, and reports whether it became one.
func (h *Shard) cookie(t *tuple, hash uint32, s *segment.Segment, p *handed) bool {
	if h.stack.cookieAt.Load() == 0 || h.now-h.stack.cookieAt.Load() > cookieLife {
		return false
	}
	l := h.stack.bindings.listener(t.localAddr(), t.localPort(), h, hash)
	if l == nil {
		return false
	}
	home := l.shard.Load()
	switch {
	case home == nil:
		return false
	case home != h:
		reasonHanded.Reach()
		h.send(home.index, *p)
		return true
	}
	k, good := h.host.CheckCookie(h.now, t.local(), t.remote(), s)
	if !good {
		return false
	}
	if l.full() || h.conns.used >= h.limits.Connections {
		reasonAcceptFull.Reach()
		h.counters.AcceptOverflows++
		return true // the client sends its request again, and the cookie with it
	}
	c, err := h.newConn(t, hash)
	if err != nil || !h.enter(c) {
		return true
	}
	reasonCookieGood.Reach()
	h.counters.CookiesGood++
	c.via = l
	c.opening = true
	h.halfOpen++
	l.halfOpen++
	c.tcp.Resume(h.host, h.now, s, k, h.path(t))
	if l.o.NoDelay {
		c.tcp.SetNoDelay(true)
	}
	h.accepted(c)
	h.deliver(c, s)
	return true
}
