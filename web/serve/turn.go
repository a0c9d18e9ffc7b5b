package serve

import (
	"io"

	"vitrine/socket"
)

// What a turn must look at besides readiness, in the same word.
const (
	wakeBit    = 1 << (8 + iota) // Conn.Wake was called
	againBit                     // the last turn used up its budget
	expiredBit                   // the timer fired
	drainBit                     // the server drains, or the listener is gone
	abortBit                     // the server ends everything
)

// turn looks at everything that happened to the connection and runs until nothing more can be done at the moment,
// or its budget is used up.
func (c *Conn) turn(w *Worker, what uint32) {
	half := c.ready&socket.HalfShut == 0 && what&uint32(socket.HalfShut) != 0
	c.ready |= socket.Ready(what)
	w.conn = c
	w.Out = w.Out[:0]
	if c.link != nil && c.link.connecting {
		if c.connect(w, what); c.phase == dead || c.link.connecting {
			w.conn = nil
			return
		}
		what = 0
	}
	if what&^0xff != 0 {
		c.asked(w, what)
	}
	if c.ready&socket.Hangup != 0 && c.phase != dead {
		c.hangup(w)
	}
	c.work(w)
	if half && c.paused && c.phase == open {
		c.driver.HalfShut(w, c)
	}
	if what&expiredBit != 0 && c.phase != dead { // only now: what has arrived meanwhile may have moved the deadline
		c.expired(w)
		c.work(w)
	}
	if c.phase != dead && !c.polled {
		c.watch(w)
	}
	w.conn = nil
}

// work moves bytes both ways and has the driver act on them, until nothing more can be done or the budget is used up.
func (c *Conn) work(w *Worker) {
	for budget := w.budget; c.phase != dead; {
		if !c.flush(w) && (c.link == nil || c.phase != open) { // what a link has to send keeps nobody from reading it
			break
		}
		waits := c.link != nil && !c.out.empty()
		if c.shutting && !waits {
			c.shutting, c.shut = false, true
			c.ep.CloseWrite()
		}
		if c.phase != open {
			if c.phase == finishing {
				c.finish(w)
			}
			if c.phase == lingering {
				c.drop(w)
			}
			break
		}
		if c.owing && !waits {
			c.owing = false
			c.driver.Sent(w, c)
			continue
		}
		if c.again && !c.paused {
			c.again = false
			if len(c.in) > 0 {
				c.offer(w)
				continue
			}
		}
		if c.eof && !c.told && !c.paused {
			c.told = true
			c.driver.EOF(w, c, len(c.in))
			continue
		}
		if c.paused || c.eof || c.ready&socket.Readable == 0 {
			break
		}
		if budget <= 0 {
			c.pend.Or(againBit)
			break
		}
		n := c.read(w)
		if n == 0 {
			continue
		}
		budget -= n
	}
}

// asked handles what others want of the connection.
func (c *Conn) asked(w *Worker, what uint32) {
	if what&abortBit != 0 && c.phase != dead {
		c.die(w, c.because(CloseForced, LinkForced), true)
		return
	}
	if what&wakeBit != 0 {
		c.driver.Woken(w, c)
	}
	if what&drainBit != 0 && c.phase == open {
		c.driver.Drain(w, c)
	}
}

// read takes what the client sent and offers it to the driver. It returns how many bytes there were.
func (c *Conn) read(w *Worker) int {
	buf := w.in
	if c.in != nil {
		most := c.Settings().Left
		if most <= 0 {
			most = 1 << 20
		}
		if len(c.in) >= most { // the driver has bounds of its own; this one holds when it is wrong about them
			c.die(w, c.because(CloseUnused, LinkUnused), true)
			return 0
		}
		c.in = grow(c.in)
		buf = c.in[len(c.in):cap(c.in)]
	}
	n, err := c.ep.Read(buf)
	switch {
	case err == socket.ErrWouldBlock:
		c.ready &^= socket.Readable
		return 0
	case err == io.EOF:
		c.eof = true
		c.ready &^= socket.Readable
		return 0
	case err != nil && c.link != nil:
		c.lost(w, err)
		return 0
	case err != nil:
		c.die(w, CloseReset.Reach(), false)
		return 0
	}
	// A read that did not fill the buffer has emptied the socket; asking again would only cost a call. Unless the
	// client's end was announced: then it is still to be read.
	if n < len(buf) && c.ready&socket.HalfShut == 0 {
		c.ready &^= socket.Readable
	}
	if c.in != nil {
		c.in = c.in[:len(c.in)+n]
		c.offer(w)
		return n
	}
	used := c.driver.Receive(w, c, buf[:n])
	if used < n && c.phase == open {
		c.in = append(acquire(n-used), buf[used:n]...)
	}
	return n
}

// offer gives the driver what is left over.
func (c *Conn) offer(w *Worker) {
	used := c.driver.Receive(w, c, c.in)
	switch {
	case used == 0:
	case used == len(c.in) || c.phase != open:
		c.release()
	default:
		c.in = c.in[:copy(c.in, c.in[used:])]
	}
}

func (c *Conn) release() {
	if c.in != nil {
		give(c.in)
		c.in = nil
	}
}

// expired handles the timer: the driver's deadline, or output that does not move.
func (c *Conn) expired(w *Worker) {
	if c.stall != 0 && w.Now >= c.stall {
		c.stalled(w)
		if c.phase == dead {
			return
		}
	}
	if c.deadline != 0 && w.Now >= c.deadline {
		c.deadline = 0
		if c.phase == lingering {
			if c.patience < c.Settings().Linger { // nothing was owed: the client need not say anything
				c.die(w, c.ending, false)
			} else {
				c.die(w, CloseLingered.Reach(), false)
			}
			return
		}
		if c.phase == open {
			c.driver.Expired(w, c)
		}
	}
}

// due is when the timer must fire next, 0 for never.
func (c *Conn) due() int64 {
	if c.pace != nil && c.pace.until != 0 && !c.out.empty() && (c.deadline == 0 || c.pace.until < c.deadline) {
		return c.pace.until // flush goes on, and nothing else waits for the client then
	}
	if c.stall != 0 && (c.deadline == 0 || c.stall < c.deadline) {
		return c.stall
	}
	return c.deadline
}

// watch puts the endpoint into the poller. A connection that ended within its first turn never gets there.
func (c *Conn) watch(w *Worker) {
	if err := c.loop.poller.Add(c.ep, socket.Token(c.slot)|socket.Token(uint32(c.id)&0x7fffffff)<<32); err != nil {
		c.die(w, c.because(CloseInternal, LinkInternal), true)
		return
	}
	c.polled = true
}
