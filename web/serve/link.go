package serve

import (
	"errors"
	"time"

	"vitrine/socket"
	"vitrine/trace"
)

// LinkDriver speaks a protocol on a link: a connection that we have made. In a turn of a link, reading goes on while output
// waits, so that neither end waits for the other, and what the peer sent before it closed is read before the link's end is
// told.
type LinkDriver interface {
	Driver
	// Connected says that the link is established. Before it, only Woken and Gone may be called.
	Connected(w *Worker, c *Conn)
}

// LinkKey is what links have in common that may be used for one another.
type LinkKey struct {
	To       socket.Address
	Protocol string
}

// LinkOptions are a link's bounds.
type LinkOptions struct {
	Key      LinkKey
	Connect  time.Duration // until it is established
	Write    time.Duration // for which output may wait without any of it being taken
	Idle     int           // kept idle on each loop
	IdleTime time.Duration
	Most     int // open on each loop; 0: no bound
}

// outgoing is what a Conn is besides, when we have made the connection.
type outgoing struct {
	o          *LinkOptions
	connecting bool
	until      int64 // engine time by which it must be established
	err        error // the system's, why it could not be made or ended
	// Guarded by links.mu.
	idle bool
	to   any // whom it was handed to while it was idle
}

// retryConnect is how long we wait before a peer whose backlog is full is asked again.
const retryConnect = tick

// unborn is the slot of a link that its loop has not taken up.
const unborn = gone - 1

// Link makes a connection on the loop of this one and returns at once; nil: as many are open as may be, or the engine stops.
// The driver is told Connected or Gone. It may be called from any goroutine. begin is given the new link, which may be woken from
// then on, before anything can happen to it.
func (c *Conn) Link(o *LinkOptions, begin func(l *Conn) LinkDriver) *Conn {
	l := c.loop
	if l.engine.closing.Load() || !l.links.open(o) {
		return nil
	}
	n := &Conn{loop: l, id: l.engine.lastID.Add(1), opened: time.Now().UnixNano(), slot: unborn,
		remote: o.Key.To.Addr, link: &outgoing{o: o, connecting: true}}
	n.posted.Store(true) // whoever is to wake it may do so at once; nothing happens before it has its driver
	n.driver = begin(n)
	l.enlist(n)
	return n
}

// launch takes a new link up, on its loop; what has been asked of it meanwhile.
func (l *loop) launch(c *Conn, what uint32) {
	l.add(c)
	l.linked++
	c.link.until = l.worker.Now + int64(c.link.o.Connect)
	l.dial(c)
	l.exec.run(l, c, againBit|what) // for the turn
}

var (
	errStopped = errors.New("serve: the server stops")
	errNoDial  = errors.New("serve: the network makes no connections")
)

// dial begins the connection: on the loop, and once more, since a Unix socket's backlog was full, wherever the turn is.
func (l *loop) dial(c *Conn) {
	k := c.link
	d, ok := l.poller.(socket.Dialer)
	switch {
	case l.engine.closing.Load() || l.blind.Load():
		k.err = errStopped
	case !ok:
		k.err = errNoDial
	default:
		if c.ep, k.err = d.Dial(k.o.Key.To, l.engine.shared()); k.err == nil {
			_, c.tags = c.ep.(socket.Tagger)
		}
	}
}

// connect is a turn of a link that is not established yet.
func (c *Conn) connect(w *Worker, what uint32) {
	k := c.link
	if k.err == socket.ErrWouldBlock && what&expiredBit != 0 && w.Now < k.until {
		c.loop.dial(c)
	}
	switch {
	case what&abortBit != 0:
		c.die(w, LinkForced.Reach(), true)
	case w.Now >= k.until:
		c.die(w, LinkTimeout.Reach(), true)
	case k.err == socket.ErrWouldBlock:
		c.deadline = min(w.Now+retryConnect, k.until)
	case k.err != nil:
		c.die(w, LinkRefused.Reach(), true)
	default:
		if !c.polled {
			if c.watch(w); c.phase == dead {
				return
			}
			c.deadline = k.until
		}
		c.ready |= socket.Ready(what)
		switch err := c.ep.(socket.Connector).Connected(); {
		case err == socket.ErrWouldBlock:
		case err != nil:
			k.err = err
			c.die(w, LinkRefused.Reach(), true)
		default:
			k.connecting = false
			c.deadline = 0
			c.ready |= socket.Writable // what there is to read is announced
			c.driver.(LinkDriver).Connected(w, c)
		}
	}
	if what&wakeBit != 0 && c.phase == open {
		c.driver.Woken(w, c)
	}
}

// IsLink reports whether we have made the connection.
func (c *Conn) IsLink() bool { return c.link != nil }

// LinkError is the system's error for which a link ended or could not be made, nil where there was none.
func (c *Conn) LinkError() error { return c.link.err }

// Queued is how many bytes wait for the transport, those of the present turn among them.
func (c *Conn) Queued(w *Worker) int64 { return c.out.bytes() + int64(len(w.Out)) }

// Owe has Driver.Sent called once nothing is queued.
func (c *Conn) Owe() { c.owing = true }

// Close ends the connection at once, in order as far as the transport can. The driver's Gone is called within.
func (c *Conn) Close(w *Worker, why *trace.Reason) {
	if c.phase != dead {
		c.die(w, why, false)
	}
}

// lost is the transport's failure of a link while it was read: what came before was read.
func (c *Conn) lost(w *Worker, err error) {
	c.link.err = err
	c.die(w, LinkReset.Reach(), false)
}

// unanswered drops what a link has to send, since its peer takes nothing any more. What the peer has sent is still read.
func (c *Conn) unanswered(w *Worker) {
	c.out.drop()
	w.Out = w.Out[:0]
	c.stall = 0
}
