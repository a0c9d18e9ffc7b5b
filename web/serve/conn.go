package serve

import (
	"io"
	"math"
	"net/netip"
	"sync/atomic"
	"time"

	"vitrine/socket"
	"vitrine/trace"
)

// Driver speaks a protocol on one connection. Its methods are called in turns, never concurrently, and must not
// block. They append what is to be sent to Worker.Out or use Conn.Send; the engine writes it at the end of the turn.
type Driver interface {
	// Receive is given the bytes that are there, those left over from before first, and returns how many it used.
	// What it leaves is kept and given again with the next bytes, or at once after Conn.Again.
	Receive(w *Worker, c *Conn, in []byte) int
	// EOF says that the client has ended its direction. left is how many bytes were left over.
	EOF(w *Worker, c *Conn, left int)
	// HalfShut says that the client has ended its direction while the connection is paused: what it sent before that
	// may be unread, and EOF follows when it was read.
	HalfShut(w *Worker, c *Conn)
	// Woken follows a Conn.Wake. Several wakes may be one call.
	Woken(w *Worker, c *Conn)
	// Sent says that everything given to the connection has been handed to the transport, after Pending was true.
	Sent(w *Worker, c *Conn)
	// Expired says that the deadline set by SetDeadline has passed.
	Expired(w *Worker, c *Conn)
	// Drain says that the server is about to stop, or no longer listens where the connection came in: the connection
	// should end as soon as nothing is owed on it.
	Drain(w *Worker, c *Conn)
	// Gone is the last call: the connection has ended, for the reason. Nothing can be sent any more.
	Gone(w *Worker, c *Conn, why *trace.Reason)
}

type phase uint8

const (
	open      phase = iota
	finishing       // the driver has ended the connection: what is queued is still sent
	lingering       // our direction is closed: what the client still sends is read and dropped
	dead
)

// Conn is one connection. Its methods may be called only within a turn, unless they say otherwise.
type Conn struct {
	ep       socket.Endpoint
	driver   Driver
	loop     *loop
	listener *Listener
	remote   netip.AddrPort
	local    netip.AddrPort
	id       uint64
	opened   int64 // when it was accepted, nanoseconds since 1970

	slot     uint32 // in loop.conns
	ready    socket.Ready
	phase    phase
	paused   bool // the driver wants no bytes now
	eof      bool // the client's end was read
	told     bool // and the driver was told
	again    bool // Receive is to be called once more with what is left
	polled   bool // the endpoint is in the poller
	linger   bool // finish by lingering
	owing    bool // the driver waits for Sent
	failed   bool // the transport takes nothing any more
	counted  bool // in the per-client table
	shutting bool // our direction is to be closed when nothing is queued
	shut     bool // it was
	requeued bool // in loop.again; the loop's
	tags     bool // ep is a socket.Tagger

	in  []byte // left over, in a pooled buffer; nil when there is nothing
	out queue

	deadline int64 // the driver's, engine time; 0: none
	stall    int64 // when queued output must have moved, engine time; 0: nothing queued
	sent     int64
	paceAt   int64         // when the queue began to be taken, for the minimum rate
	paceFrom int64         // what the client had taken then
	paceSeen int64         // and when the stall was looked at last
	lingered int64         // bytes dropped while lingering
	patience time.Duration // the longest that lingering may take, besides Settings.Linger
	ending   *trace.Reason
	link     *outgoing // we have made the connection; nil: a client has
	pace     *pace     // limits how fast output leaves; nil: nothing does

	timer  timer
	pend   atomic.Uint32 // what the next turn must look at
	busy   atomic.Bool   // a turn is running or scheduled (threads, pool)
	over   atomic.Bool   // dead, for the loop to see
	posted atomic.Bool   // in loop.posts
	kick   chan struct{} // wakes the connection's goroutine (threads)
}

// What a turn must look at besides readiness, in the same word.
const (
	wakeBit    = 1 << (8 + iota) // Conn.Wake was called
	againBit                     // the last turn used up its budget
	expiredBit                   // the timer fired
	drainBit                     // the server drains, or the listener is gone
	abortBit                     // the server ends everything
)

// Remote is the client's address.
func (c *Conn) Remote() netip.AddrPort { return c.remote }

// Local is the address that the client connected to.
func (c *Conn) Local() netip.AddrPort { return c.local }

// ID is the connection's number since the program started.
func (c *Conn) ID() uint64 { return c.id }

// Opened is when the connection was accepted, in nanoseconds since 1970.
func (c *Conn) Opened() int64 { return c.opened }

// Loop is the index of the loop that the connection belongs to.
func (c *Conn) Loop() int { return c.loop.index }

// Transport tells what the transport knows of the connection, nil where nothing is known. It is asked within a turn.
func (c *Conn) Transport() socket.Informer {
	t, _ := c.ep.(socket.Informer)
	return t
}

// Driver is what speaks the protocol on the connection.
func (c *Conn) Driver() Driver { return c.driver }

// Listener is what Engine.Listen was given as the listener's tag.
func (c *Conn) Listener() any { return c.listener.tag.Load().(holder).v }

// Source is the listener that the connection came in on.
func (c *Conn) Source() *Listener { return c.listener }

// Tag tells the transport which journey its bytes are on from now, where it wants to know.
func (c *Conn) Tag(id trace.ID) {
	if c.tags {
		c.ep.(socket.Tagger).Tag(id)
	}
}

// Given is how many bytes were given to the connection so far: handed to the transport, queued or gathered in the present turn.
func (c *Conn) Given(w *Worker) int64 { return c.sent + c.out.bytes() + int64(len(w.Out)) }

// Broken reports whether the transport takes nothing any more: what was given to the connection last may not have been sent,
// and the connection ends with this turn.
func (c *Conn) Broken() bool { return c.failed }

// Taken is how many bytes the client has taken, as far as the transport knows; where it does not, how many were handed to it.
func (c *Conn) Taken() int64 { return c.taken() }

// Settings are the engine's present settings.
func (c *Conn) Settings() *Settings { return c.loop.engine.settings.Load() }

// Draining reports whether the server is about to stop, or no longer listens where the connection came in.
func (c *Conn) Draining() bool {
	return c.loop.engine.draining.Load() || c.listener != nil && c.listener.closed.Load()
}

// Spawn runs f on a goroutine of the engine's bounded pool. It returns false when too many wait already.
// It may be called from any goroutine.
func (c *Conn) Spawn(f func()) bool { return c.loop.engine.handlers.run(f) }

// Wake schedules a turn that calls Driver.Woken. It may be called from any goroutine, at any time, and never blocks;
// after the connection's end it does nothing.
func (c *Conn) Wake() { c.loop.post(c, wakeBit) }

// SetDeadline sets when Driver.Expired is due, in engine time (Worker.Now); 0 removes it. There is one deadline.
func (c *Conn) SetDeadline(at int64) { c.deadline = at }

// Pause stops reading from the client until Resume. The client's loss is still noticed, its end is not.
func (c *Conn) Pause() { c.paused = true }

// Resume goes on reading.
func (c *Conn) Resume() { c.paused = false }

// Paused reports whether reading is stopped.
func (c *Conn) Paused() bool { return c.paused }

// Again asks for Receive to be called once more with what is left over, although nothing new has come.
func (c *Conn) Again() { c.again = true }

// Unread reports whether the client has sent bytes that no turn has read yet: a connection that looks idle is not.
func (c *Conn) Unread() bool { return c.ready&socket.Readable != 0 || c.ep.Unread() }

// Waiting reports whether bytes that the client has sent wait to be read; its end is none.
func (c *Conn) Waiting() bool { return c.ep.Unread() }

// Left is how many received bytes the driver has not used.
func (c *Conn) Left() int { return len(c.in) }

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

// Leave counts an exchange that goes off the loop, and Return one that has come back: while there are any, the loop
// leaves them the processor whenever it can.
func (c *Conn) Leave() { c.loop.engine.away.Add(1) }

// Return undoes Leave.
func (c *Conn) Return() { c.loop.engine.away.Add(-1) }

// GiveWay lets another handler run in the place of one that waits for its client, and TakeBack counts it again. Both may be
// called from any goroutine.
func (c *Conn) GiveWay() bool { return c.loop.engine.handlers.pause() }

// TakeBack undoes GiveWay.
func (c *Conn) TakeBack() { c.loop.engine.handlers.unpause() }

// Hold counts an exchange that waits without a goroutine, unless as many do as may, and Unhold one that waits no longer. Both
// may be called from any goroutine.
func (c *Conn) Hold() bool {
	most := int64(c.Settings().Suspended)
	if n := c.loop.engine.held.Add(1); most > 0 && n > most {
		c.Unhold()
		return false
	}
	return true
}

// Unhold undoes Hold.
func (c *Conn) Unhold() { c.loop.engine.held.Add(-1) }

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

// die ends the connection at once. It is the only place where an endpoint is closed.
func (c *Conn) die(w *Worker, why *trace.Reason, abort bool) {
	c.phase = dead
	c.ending = why
	c.deadline, c.stall = 0, 0
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
