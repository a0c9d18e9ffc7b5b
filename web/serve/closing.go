package serve

import (
	"math"
	"time"

	"vitrine/socket"
	"vitrine/trace"
)

// phase is how far a connection is on its way to its end.
type phase uint8

const (
	open      phase = iota
	finishing       // the driver has ended the connection: what is queued is still sent
	lingering       // our direction is closed: what the client still sends is read and dropped
	dead
)

// Finish ends the connection once everything queued is sent. With linger it first closes only our direction and
// drops what the client still sends, within bounds, so that no reset destroys what the client has not read yet
// (RFC 9112 §9.6). The first reason stays.
func (c *Conn) Finish(why *trace.Reason, linger bool) {
	if c.phase == open {
		c.phase, c.linger, c.ending = finishing, linger, why
		c.patience = math.MaxInt64
	}
}

// FinishIdle ends a connection on which nothing is owed and nothing is on its way as far as anybody knows. It lingers
// too, but only for so long.
func (c *Conn) FinishIdle(why *trace.Reason, patience time.Duration) {
	if c.phase == open {
		c.Finish(why, true)
		c.patience = patience
	}
}

// Abort ends the connection with a reset at once: the client must not take what it has for the whole. The driver's
// Gone is called within.
func (c *Conn) Abort(w *Worker, why *trace.Reason) {
	if c.phase != dead {
		c.die(w, why, true)
	}
}

// Shut closes our direction once everything gathered and queued is sent; reading goes on.
func (c *Conn) Shut(w *Worker) { c.shutting = true }

// HalfShut reports whether the client is known to have ended its direction, although what it sent before may be unread.
func (c *Conn) HalfShut() bool { return c.ready&socket.HalfShut != 0 }

// Finishing reports whether the driver has ended the connection.
func (c *Conn) Finishing() bool { return c.phase != open }

// hangup handles a connection that is gone in both directions, or in error.
func (c *Conn) hangup(w *Worker) {
	if c.phase == lingering { // our own close was answered by the client's
		c.die(w, c.ending, false)
		return
	}
	if c.shut || c.link != nil { // we closed our direction and the client has closed its own; what it sent before is still to be read. Of a link it is in any case
		c.ready = c.ready&^socket.Hangup | socket.HalfShut | socket.Readable
		return
	}
	c.die(w, CloseReset.Reach(), false)
}

// finish carries out what Finish asked for, now that nothing is queued.
func (c *Conn) finish(w *Worker) {
	// Even where nobody would linger, closing with bytes unread would reset the connection and destroy the response.
	if c.eof || !c.linger && c.ready&socket.Readable == 0 {
		c.die(w, c.ending, false)
		return
	}
	c.release()
	if err := c.ep.CloseWrite(); err != nil {
		c.die(w, c.ending, false)
		return
	}
	c.phase = lingering
	c.deadline = w.Now + int64(min(c.patience, c.Settings().Linger))
	c.ready |= socket.Readable
}

// lingerBytes bounds what is read and dropped after our close; a client that sends more has no interest in the answer.
const lingerBytes = 16 << 20

// drop reads and forgets what the client sends while we linger.
func (c *Conn) drop(w *Worker) {
	for budget := w.budget; c.ready&socket.Readable != 0; {
		n, err := c.ep.Read(w.in)
		switch {
		case err == socket.ErrWouldBlock:
			c.ready &^= socket.Readable
			return
		case err != nil: // the client's end, or its reset: both end the wait
			c.die(w, c.ending, false)
			return
		}
		c.lingered += int64(n)
		if c.lingered > lingerBytes {
			c.die(w, CloseLingered.Reach(), false)
			return
		}
		if budget -= n; budget <= 0 {
			c.pend.Or(againBit)
			return
		}
	}
}

// die ends the connection at once. It is the only place where an endpoint is closed.
func (c *Conn) die(w *Worker, why *trace.Reason, abort bool) {
	c.phase = dead
	c.ending = why
	c.deadline, c.stall = 0, 0
	if c.pace != nil {
		c.pace.end()
	}
	c.out.drop()
	c.release()
	w.Out = w.Out[:0]
	if c.link != nil {
		c.loop.links.closed(c)
	}
	c.driver.Gone(w, c, why)
	if ended := c.loop.engine.o.Ended; ended != nil && c.link == nil { // before it is closed: the transport still knows something then
		ended(c, why)
	}
	switch {
	case c.ep == nil: // it could not be made
	case abort:
		c.ep.Abort()
	default:
		c.ep.Close()
	}
}

// because is why the connection ends, as it is called for a client's or for a link.
func (c *Conn) because(client, link *trace.Reason) *trace.Reason {
	if c.link != nil {
		return link.Reach()
	}
	return client.Reach()
}
