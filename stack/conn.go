package stack

import (
	"errors"
	"io"
	"net/netip"
	"strings"
	"syscall"
	"time"

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
		reasonTimeWaitFull.Reach()
		old := h.waits.at(h.waits.oldest).tuple
		h.waits.remove(h.waits.oldest)
		h.stack.directory.release(&old)
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
	if len(h.starved) > 0 && h.memory.lent < h.memory.limit-h.memory.limit/8 {
		h.feed()
	}
}

// feed tells those that waited for memory.
func (h *Shard) feed() {
	for i, c := range h.starved {
		h.starved[i] = nil
		c.starved = false
		if c.owner != nil && !c.gone {
			c.owner.Ready(c, Writable)
		}
	}
	h.starved = h.starved[:0]
}

// Shard is where the connection lives.
func (c *Conn) Shard() *Shard { return c.h }

// SetOwner says who is told of events, and the owner's name for the connection. What is ready already is not told.
func (c *Conn) SetOwner(o Owner, token uint64) { c.owner, c.token = o, token }

// Token is what SetOwner was given.
func (c *Conn) Token() uint64 { return c.token }

// Local is the address of our end.
func (c *Conn) Local() netip.AddrPort { return c.tuple.local() }

// Remote is the address of the peer.
func (c *Conn) Remote() netip.AddrPort { return c.tuple.remote() }

// Read reads what is there, up to len(p). It returns ErrWouldBlock when nothing is, io.EOF at the peer's end. After the
// connection's loss it still gives what was received before.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if n := c.tcp.Read(c.h.now, p); n > 0 {
		if !c.gone && c.tcp.Pending() {
			c.h.touch(c) // the window may have to be announced
		}
		return n, nil
	}
	switch {
	case c.failed:
		return 0, c.Err()
	case c.tcp.PeerClosed():
		return 0, io.EOF
	case c.ended():
		return 0, c.Err()
	}
	return 0, ErrWouldBlock
}

// ended reports whether the connection is over.
func (c *Conn) ended() bool { return c.gone || c.tcp.State() == tcp.StateClosed }

// writable is why nothing can be written now; nil: it can.
func (c *Conn) writable() error {
	switch c.tcp.State() {
	case tcp.StateEstablished, tcp.StateCloseWait:
		if c.gone {
			return c.Err()
		}
		return nil
	case tcp.StateSynSent, tcp.StateSynReceived:
		return ErrWouldBlock
	case tcp.StateClosed:
		return c.Err()
	}
	return syscall.EPIPE
}

// Write takes what it can. more says that further bytes follow at once, so that a segment need not leave yet. A short
// count without an error means that the next Write would block. It returns EPIPE after CloseWrite, and why the connection
// ended when it has.
func (c *Conn) Write(p []byte, more bool) (int, error) { return c.write(p, nil, more) }

// Writev takes what it can of two pieces in order, as if they were one.
func (c *Conn) Writev(a, b []byte) (int, error) { return c.write(a, b, false) }

func (c *Conn) write(a, b []byte, more bool) (int, error) {
	if err := c.writable(); err != nil {
		return 0, err
	}
	if len(a)+len(b) == 0 {
		return 0, nil
	}
	h := c.h
	room := c.tcp.Room()
	if room <= 0 {
		return 0, ErrWouldBlock
	}
	if c.queue == nil {
		c.queue = h.memory.queue()
	}
	position := c.tcp.Position()
	a2 := a[:min(len(a), room)]
	n := c.queue.write(&h.memory, position, a2)
	want := len(a2)
	if n == len(a) && len(b) > 0 {
		b2 := b[:min(len(b), room-n)]
		want += len(b2)
		n += c.queue.write(&h.memory, position+uint64(n), b2)
	}
	if n < want {
		c.starve()
	}
	if n == 0 {
		return 0, ErrWouldBlock
	}
	c.tcp.Wrote(h.now, n, more)
	h.touch(c)
	if n == want && n < len(a)+len(b) {
		// The queue grows while it fills. A short count promises that the owner will be told of room, and the machine
		// promises that only once it was asked for room and had none.
		if n < len(a) {
			a = a[n:]
		} else {
			a, b = b[n-len(a):], nil
		}
		m, _ := c.write(a, b, more)
		n += m
	}
	return n, nil
}

// starve waits for memory of the shard's.
func (c *Conn) starve() {
	reasonSendMemory.Reach()
	if !c.starved {
		c.starved = true
		c.h.starved = append(c.h.starved, c)
	}
}

// WriteFile takes up to n bytes of the file from offset off, as many as the send queue has room for. The bytes are read
// when a segment is built. When the file turns out to be shorter, the connection is reset, so that the peer cannot take
// what it has for the whole. FileSource.Done is called in any case, at once when nothing was taken.
func (c *Conn) WriteFile(f FileSource, off int64, n int) (int, error) {
	n, err := c.writeFile(&f, off, n)
	if n == 0 && f.Done != nil {
		f.Done()
	}
	return n, err
}

func (c *Conn) writeFile(f *FileSource, off int64, n int) (int, error) {
	if err := c.writable(); err != nil {
		return 0, err
	}
	if n <= 0 {
		return 0, nil
	}
	h := c.h
	if n = min(n, c.tcp.Room()); n <= 0 {
		return 0, ErrWouldBlock
	}
	if c.queue == nil {
		c.queue = h.memory.queue()
	}
	if !c.queue.extend(f, off, n) {
		source, err := openFile(f)
		if err != nil {
			return 0, err
		}
		c.queue.writeFile(c.tcp.Position(), source, off, n)
	}
	c.tcp.Wrote(h.now, n, false)
	h.touch(c)
	return n, nil
}

// CloseWrite ends the sending direction once everything written was sent (FIN); reading goes on.
func (c *Conn) CloseWrite() error {
	if c.ended() {
		return c.Err()
	}
	c.tcp.CloseWrite(c.h.now)
	c.h.touch(c)
	return nil
}

// Close ends both directions. Bytes that were written are still delivered, unless bytes received were left unread: then the
// peer gets a reset (RFC 2525 §2.17). The connection must not be used afterwards.
func (c *Conn) Close() error {
	h := c.h
	c.owner = nil
	c.held = false
	if c.gone {
		h.release(c)
		return nil
	}
	if c.orphan {
		return nil
	}
	c.orphan = true
	h.orphans++
	if h.orphans > h.limits.Orphans {
		c.why = reasonOrphans.Reach()
		c.failed = true
		c.tcp.Abort(h.now)
	} else {
		c.tcp.Close(h.now)
	}
	h.touch(c)
	return nil
}

// Abort ends the connection with a reset and drops what was not delivered. The connection must not be used afterwards.
func (c *Conn) Abort() error {
	c.owner = nil
	c.held = false
	if c.gone {
		c.h.release(c)
		return nil
	}
	c.h.abort(c, reasonAborted.Reach(), syscall.ECONNABORTED)
	return nil
}

// Unread reports whether received bytes wait to be read.
func (c *Conn) Unread() bool { return c.tcp.Readable() > 0 }

// Readable is how many received bytes wait to be read.
func (c *Conn) Readable() int { return c.tcp.Readable() }

// PeerClosed reports whether the peer's end was received; what it sent before that may be unread.
func (c *Conn) PeerClosed() bool { return c.tcp.PeerClosed() }

// Unsent is how many bytes were written and not yet acknowledged by the peer.
func (c *Conn) Unsent() int {
	if c.queue == nil {
		return 0
	}
	return int(c.tcp.Position() - c.tcp.Acked())
}

// Room is how many bytes Write would take now.
func (c *Conn) Room() int {
	if c.writable() != nil {
		return 0
	}
	return max(0, c.tcp.Room())
}

// Tag names the journey that the connection is on; 0: none.
func (c *Conn) Tag(id trace.ID) { c.tag = id }

// Why is the Reason of the connection's end, or of the last unusual thing that happened to it; nil: there was none.
func (c *Conn) Why() *trace.Reason {
	if c.failed || !c.ended() {
		return c.why
	}
	return c.tcp.Why()
}

// Err is why the connection ended: ECONNRESET, ETIMEDOUT, ECONNREFUSED, EHOSTUNREACH, …; nil while it has not. Why tells
// more.
func (c *Conn) Err() error {
	if !c.ended() {
		return nil
	}
	if c.failed {
		if c.err != nil {
			return c.err
		}
		return syscall.ECONNABORTED
	}
	why := c.tcp.Why()
	if why == nil {
		return syscall.ECONNRESET
	}
	switch {
	case strings.HasPrefix(why.ID, "stack.") && c.err != nil:
		return c.err // what the network said last
	case why.ID == "tcp.refused":
		return syscall.ECONNREFUSED
	case why.ID == "tcp.icmp.hard":
		if c.err != nil {
			return c.err
		}
		return syscall.EHOSTUNREACH
	case strings.HasPrefix(why.ID, "tcp.timeout"):
		if c.err != nil {
			return c.err // what the network said last
		}
		return syscall.ETIMEDOUT
	case why.Kind == trace.Close && strings.HasPrefix(why.ID, "tcp.close"):
		return syscall.EPIPE
	}
	return syscall.ECONNRESET
}

// SetNoDelay turns Nagle's algorithm off (RFC 1122 §4.2.3.4).
func (c *Conn) SetNoDelay(on bool) {
	c.tcp.SetNoDelay(on)
	c.again()
}

// SetCork holds back segments that are not full.
func (c *Conn) SetCork(on bool) {
	c.tcp.SetCork(c.h.now, on)
	c.again()
}

// SetKeepAlive probes an idle connection. Zero values are the configuration's.
func (c *Conn) SetKeepAlive(on bool, idle, interval time.Duration, count int) {
	c.tcp.SetKeepAlive(c.h.now, on, int64(idle), int64(interval), count)
	c.again()
}

// SetUserTimeout bounds how long sent bytes may stay unacknowledged (RFC 5482); 0: as configured.
func (c *Conn) SetUserTimeout(d time.Duration) {
	c.tcp.SetUserTimeout(int64(d))
	c.again()
}

// again has the connection looked at, since its timers may have changed.
func (c *Conn) again() {
	if !c.gone {
		c.h.touch(c)
	}
}
