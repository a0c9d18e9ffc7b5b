package stack

import (
	"errors"

	"vitrine/stack/ip"
	"vitrine/stack/ipv4"
	"vitrine/stack/ipv6"
	"vitrine/stack/tcp"
	"vitrine/stack/tcp/segment"
	"vitrine/trace"
)

// ErrWouldBlock is returned by an operation that cannot make progress now. The owner is told when it can.
var ErrWouldBlock = errors.New("stack: operation would block")

// ErrTooMany is Connect's error when the shard has as many connections as it may (Limits.Connections).
var ErrTooMany = errors.New("stack: the shard has as many connections as it may")

// Conn is one connection on its shard. Its methods belong to the shard's owner. After Close or Abort it must not be used.
type Conn struct {
	tcp tcp.Conn

	h      *Shard
	owner  Owner
	token  uint64
	tag    trace.ID
	hop    *hop
	queue  *sendQueue   // nil: nothing is to be sent or waits for its acknowledgement
	stall  *segment.Out // waits for a file
	via    *Listener    // until the application has it
	why    *trace.Reason
	err    error
	began  int64
	before *Conn // in the wheel
	after  *Conn
	armed  int64 // the tick that the wheel has it for; 0: none

	tuple  tuple
	hash   uint32
	pseudo uint32 // sum of the pseudo-header without the length, the same in both directions

	slot     uint8 // in the wheel
	dirty    bool  // in Shard.dirty
	gone     bool  // the stack has forgotten it; what was received may still be read
	held     bool  // an application, or a listener's queue, has it
	opening  bool  // its handshake is counted in halfOpen
	orphan   bool  // counted in Shard.orphans
	failed   bool  // it was aborted
	waits    bool  // a TIME_WAIT record is to take its place
	starved  bool  // in Shard.starved
	released bool
}

// newConn makes a connection without its machine.
func (h *Shard) newConn(t *tuple, hash uint32) (*Conn, error) {
	remote := t.remoteAddr()
	via, err := h.nextHop(remote)
	if err != nil {
		return nil, err
	}
	c := &Conn{h: h, tuple: *t, hash: hash, began: h.now, hop: h.hopTo(via)}
	c.pseudo = ip.PseudoHeader(t.localAddr(), remote, ip.TCP, 0)
	return c, nil
}

// enter makes a connection known. It is false when another shard has its four-tuple.
func (h *Shard) enter(c *Conn) bool {
	if !h.stack.directory.claim(&c.tuple, h.index) {
		return false
	}
	h.conns.add(c)
	c.hop.uses++
	h.counters.Opened++
	return true
}

// path is what is known about the way to a peer.
func (h *Shard) path(t *tuple) tcp.Path {
	remote := t.remoteAddr()
	mtu := h.pathMTU(remote)
	p := tcp.Path{MSS: mtu - ipv4.HeaderLen - segment.HeaderLen, TimestampOffset: h.host.TimestampOffset(t.local(), t.remote())}
	super := h.super - ipv4.HeaderLen
	if !t.is4() {
		p.MSS = mtu - ipv6.HeaderLen - segment.HeaderLen
		super = h.super6 - ipv6.HeaderLen
	}
	p.Super = max(0, super-segment.MaxHeaderLen)
	return p
}

// events tells the owner what happened.
func (h *Shard) events(c *Conn) {
	e := c.tcp.Events()
	if e == 0 || c.gone {
		return
	}
	var r Ready
	if e&tcp.EventReadable != 0 {
		r |= Readable
	}
	if e&(tcp.EventWritable|tcp.EventConnected) != 0 {
		r |= Writable
	}
	if e&tcp.EventPeerClosed != 0 {
		r |= Readable | HalfShut
	}
	if e&(tcp.EventReset|tcp.EventClosed) != 0 {
		r |= Readable | Writable | HalfShut | Hangup
	}
	if e&tcp.EventTimeWait != 0 {
		c.waits = true
	}
	if r != 0 && c.owner != nil {
		c.owner.Ready(c, r)
	}
}

// finish looks after a connection that has nothing to send.
func (h *Shard) finish(c *Conn) {
	h.events(c)
	switch {
	case c.gone:
	case c.tcp.State() == tcp.StateClosed:
		h.forget(c)
	case c.waits:
		wait := c.tcp.TimeWait(h.now)
		t, hash := c.tuple, c.hash
		h.drop(c)
		h.rest(&t, hash, wait)
	default:
		if d := c.tcp.Deadline(); d != 0 {
			h.wheel.arm(c, d)
		}
	}
}

// rest keeps a TIME_WAIT record in the place of a connection.
func (h *Shard) rest(t *tuple, hash uint32, wait tcp.TimeWait) {
	for h.waits.used >= h.limits.TimeWait {
		old := h.waits.at(h.waits.oldest).tuple
		h.waits.remove(h.waits.oldest)
		h.erased(&old, reasonTimeWaitFull.Reach())
	}
	h.waits.add(t, hash, wait)
	h.stack.directory.waits(t, h.index)
}

// forget ends a connection for the stack: its four-tuple is free.
func (h *Shard) forget(c *Conn) {
	h.drop(c)
	h.stack.directory.release(&c.tuple)
}

// drop takes a connection out of everything but the directory. What was received stays as long as an application has it.
func (h *Shard) drop(c *Conn) {
	if c.gone {
		return
	}
	c.gone = true
	h.conns.remove(c)
	h.wheel.remove(c)
	if h.last == c {
		h.last = nil
	}
	c.hop.uses--
	h.dropStall(c)
	if c.queue != nil {
		c.queue.clear(h)
		h.memory.putQueue(c.queue)
		c.queue = nil
		h.feed()
	}
	if c.opening {
		h.opened(c)
		c.via = nil
	}
	if c.orphan {
		c.orphan = false
		h.orphans--
	}
	h.counters.Closed++
	if !c.held {
		h.release(c)
	}
}

// release gives the last memory of a connection back.
func (h *Shard) release(c *Conn) {
	if !c.released {
		c.released = true
		c.tcp.Release()
	}
}

// abort destroys a connection for a reason of the stack's.
func (h *Shard) abort(c *Conn, why *trace.Reason, err error) {
	if c.gone || c.tcp.State() == tcp.StateClosed {
		return
	}
	c.why, c.err, c.failed = why, err, true
	c.tcp.Abort(h.now)
	h.touch(c)
}

// note remembers the last unusual thing.
func (h *Shard) note(c *Conn, why *trace.Reason) {
	if why != nil {
		c.why = why
	}
}

// deliver gives a connection a segment.
func (h *Shard) deliver(c *Conn, s *segment.Segment) {
	h.counters.SegmentsIn++
	if c.opening && s.Flags&(segment.ACK|segment.RST) == segment.ACK && c.via.full() {
		// As Linux does: the client sends again, and meanwhile the application may take those that wait.
		c.why = reasonAcceptFull.Reach()
		return
	}
	why := c.tcp.Receive(h.now, s)
	h.touch(c)
	if c.opening && c.tcp.State() > tcp.StateSynReceived {
		h.accepted(c) // now, so that the next one finds the queue as long as it is
	}
	if why != nil {
		c.why = why
	} else if p := c.hop; h.now-p.confirmed > hopCheck && p.known {
		p.confirmed = h.now
		h.neighbors.Confirm(h.now, p.addr)
	}
	if c.queue != nil {
		h.trim(c)
	}
}

// trim forgets what the peer has acknowledged.
func (h *Shard) trim(c *Conn) {
	if c.queue.forget(h, c.tcp.Acked()) {
		h.memory.putQueue(c.queue)
		c.queue = nil
	}
	h.feed()
}

// feed tells those that waited for memory, once there is some.
func (h *Shard) feed() {
	if len(h.starved) == 0 || h.memory.lent >= h.memory.limit-h.memory.limit/8 {
		return
	}
	for i, c := range h.starved {
		h.starved[i] = nil
		c.starved = false
		if c.owner != nil && !c.gone {
			c.owner.Ready(c, Writable)
		}
	}
	h.starved = h.starved[:0]
}
