package web

import (
	"runtime/debug"
	"time"

	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/serve"
)

// upstream joins a connection of ours to the driver that speaks on it for an exchange at the moment. It is what the engine calls,
// and what that driver uses. One lives as long as its connection, and serves one exchange after the other.
type upstream struct {
	srv     *Server
	conn    *serve.Conn
	worker  *serve.Worker // of the present turn
	driver  exchange.LinkDriver
	reused  bool
	journey trace.ID // of the exchange
	rests   bool     // the driver is done with it, and others may use it
	ends    bool     // the driver has closed it
}

// linkOptions are exchange's as the engine wants them.
func linkOptions(o *exchange.LinkOptions) serve.LinkOptions {
	s := serve.LinkOptions{Key: serve.LinkKey{To: o.Address, Protocol: o.Protocol}, Connect: o.Connect, Write: o.Write, Idle: o.Idle,
		IdleTime: o.IdleTime, Most: o.Most}
	if s.Connect <= 0 {
		s.Connect = 5 * time.Second
	}
	if s.Write <= 0 {
		s.Write = time.Minute
	}
	if s.IdleTime <= 0 {
		s.IdleTime = time.Minute
	}
	return s
}

// Dial makes or finds a link on the connection's loop for an exchange. It makes http1Conn an exchange.Dialer, and may be called
// from any goroutine: of the connection it uses only what never changes.
func (h *http1Conn) Dial(x *exchange.Exchange, o *exchange.LinkOptions, fresh bool) error {
	if !fresh && h.conn.Reuse(serve.LinkKey{To: o.Address, Protocol: o.Protocol}, x) != nil {
		return nil
	}
	s := linkOptions(o)
	c := h.conn.Link(&s, func(c *serve.Conn) serve.LinkDriver {
		l := &upstream{srv: h.srv, conn: c, driver: x.LinkDriver(), journey: x.Journey}
		x.Follow(l)
		return l
	})
	if c == nil {
		return exchange.ErrBusy
	}
	return nil
}

// turn begins a call of the driver's: it finds out whom the link serves. Without anybody it is false.
func (l *upstream) turn(w *serve.Worker) bool {
	l.worker = w
	if l.driver != nil {
		return true
	}
	x, ok := l.conn.Handed().(*exchange.Exchange)
	if !ok {
		return false
	}
	l.driver, l.reused = x.LinkDriver(), true
	l.conn.SetDeadline(0)
	x.Follow(l)
	l.journey = x.Journey
	return true
}

// adopted is turn for calls that follow Connected. Who was given the link meanwhile is told Connected first; begun says so.
func (l *upstream) adopted(w *serve.Worker) (ok, begun bool) {
	served := l.driver != nil
	if !l.turn(w) {
		return false, false
	}
	if !served {
		l.Connected(w, l.conn)
	}
	return l.driver != nil, !served
}

// idle ends a link that is at rest: something has come that nobody has asked for, its end, or the end of its time. Who is handed
// it at this very moment is told that it is gone.
func (l *upstream) idle(w *serve.Worker) { l.conn.Close(w, LinkIdle.Reach()) }

// over ends a call of a driver's: what it has wished for is done now that it has returned. A driver that panics costs its
// exchange and its link, and no other its server.
func (l *upstream) over() {
	if v := recover(); v != nil {
		l.panicked(v)
	}
	if l.rests {
		l.rests = false
		if !l.ends && l.conn.Rest(l.worker) {
			return
		}
		l.ends = true
	}
	if l.ends {
		l.conn.Close(l.worker, LinkDone.Reach())
	}
}

// panicked reports a panic of the driver, which is told that it has lost its link if it still had it: so that its exchange ends.
func (l *upstream) panicked(v any) {
	err := &panicError{v, debug.Stack()}
	l.srv.failed(err)
	l.ends = true
	if d := l.driver; d != nil {
		l.driver = nil
		defer func() {
			if v := recover(); v != nil {
				l.srv.failed(&panicError{v, debug.Stack()})
			}
		}()
		d.Gone(l, serve.LinkInternal.Reach(), err)
	}
}

func (l *upstream) Connected(w *serve.Worker, c *serve.Conn) {
	l.turn(w)
	l.conn.Tag(l.journey)
	defer l.over()
	l.driver.Connected(l)
}

func (l *upstream) Receive(w *serve.Worker, c *serve.Conn, in []byte) (used int) {
	if ok, _ := l.adopted(w); !ok {
		l.idle(w)
		return len(in)
	}
	defer l.over()
	used = l.driver.Receive(l, in)
	if l.rests && used < len(in) { // what is that?
		l.ends = true
	}
	return used
}

func (l *upstream) EOF(w *serve.Worker, c *serve.Conn, _ int) {
	if ok, _ := l.adopted(w); !ok {
		l.idle(w)
		return
	}
	defer l.over()
	l.driver.EOF(l)
}

func (l *upstream) Woken(w *serve.Worker, c *serve.Conn) {
	if ok, begun := l.adopted(w); ok && !begun {
		defer l.over()
		l.driver.Woken(l)
	}
}

func (l *upstream) Sent(w *serve.Worker, c *serve.Conn) {
	if ok, begun := l.adopted(w); ok && !begun {
		defer l.over()
		l.driver.Sent(l)
	}
}

func (l *upstream) Expired(w *serve.Worker, c *serve.Conn) {
	ok, begun := l.adopted(w)
	switch {
	case !ok:
		l.idle(w)
	case !begun: // the time was that of being idle
		defer l.over()
		l.driver.Expired(l)
	}
}

// HalfShut is for those who wait for it; a link's end is read.
func (l *upstream) HalfShut(w *serve.Worker, c *serve.Conn) {}

// Drain ends a link that nobody uses. One that is used ends when it is to rest.
func (l *upstream) Drain(w *serve.Worker, c *serve.Conn) {
	if ok, _ := l.adopted(w); !ok {
		l.idle(w)
	}
}

func (l *upstream) Gone(w *serve.Worker, c *serve.Conn, why *trace.Reason) {
	if l.ends || !l.turn(w) {
		return
	}
	d := l.driver
	l.driver, l.ends = nil, true
	defer func() {
		if v := recover(); v != nil {
			l.srv.failed(&panicError{v, debug.Stack()})
		}
	}()
	d.Gone(l, why, c.LinkError())
}

// What follows makes it an exchange.Link, and a Partner of the exchange that it serves.

func (l *upstream) Wake() { l.conn.Wake() }
func (l *upstream) Stir() { l.conn.Wake() }

func (l *upstream) Reused() bool { return l.reused }

func (l *upstream) Send(p []byte) {
	w := l.worker
	for len(p) > 0 {
		n := min(len(p), cap(w.Out)-len(w.Out))
		w.Out = append(w.Out, p[:n]...)
		p = p[n:]
		l.conn.Flush(w)
	}
}

func (l *upstream) Queued() int {
	n := l.conn.Queued(l.worker)
	if n > 0 {
		l.conn.Owe()
	}
	return int(n)
}

func (l *upstream) Pause() { l.conn.Pause() }

func (l *upstream) Resume() {
	if l.conn.Paused() {
		l.conn.Resume()
		l.conn.Again()
	}
}

func (l *upstream) SetTimeout(d time.Duration) {
	if d <= 0 {
		l.conn.SetDeadline(0)
		return
	}
	l.conn.SetDeadline(l.worker.Now + int64(d))
}

func (l *upstream) Shut() { l.conn.Shut(l.worker) }

func (l *upstream) Rest() { l.driver, l.rests = nil, true }

func (l *upstream) Close() { l.driver, l.ends = nil, true }

var _ interface {
	serve.LinkDriver
	exchange.Link
	exchange.Partner
} = (*upstream)(nil)
