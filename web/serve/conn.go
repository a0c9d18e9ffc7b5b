package serve

import (
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

// Leave counts an exchange that goes off the loop, and Return one that has come back: while there are any, the loop
// leaves them the processor whenever it can.
func (c *Conn) Leave() { c.loop.engine.away.Add(1) }

// Return undoes Leave.
func (c *Conn) Return() { c.loop.engine.away.Add(-1) }

// GiveWay lets another handler run in the place of one that waits, and TakeBack counts it again. Those that wait for their
// clients are bounded; counted says that somebody else bounds how many wait for what this one does. Both may be called from
// any goroutine.
func (c *Conn) GiveWay(counted bool) bool { return c.loop.engine.handlers.pause(counted) }

// TakeBack undoes GiveWay.
func (c *Conn) TakeBack(counted bool) { c.loop.engine.handlers.unpause(counted) }

// Hold counts an exchange that waits without a goroutine, unless as many do as may, or half as many of the client's network, and
// Unhold one of the same client that waits no longer. Both may be called from any goroutine.
func (c *Conn) Hold(client netip.Addr) bool {
	return c.loop.engine.held.enter(client, c.Settings().Suspended)
}

// Held is how many exchanges wait without a goroutine at the moment.
func (e *Engine) Held() int { return e.held.size() }

// Unhold undoes Hold.
func (c *Conn) Unhold(client netip.Addr) { c.loop.engine.held.leave(client) }
