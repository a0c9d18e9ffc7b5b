package tcp

import (
	"vitrine/stack/tcp/recovery"
	"vitrine/stack/tcp/segment"
	"vitrine/trace"
)

const (
	defaultMSS = 536   // what every host takes when its SYN has no MSS option (RFC 9293 §3.7.1)
	leastMSS   = 64    // peers that ask for less get this, else an option could make us send headers only
	leastPath  = 512   // a path that is said to carry less is not believed: an MTU of 552, as Linux
	maxUnscale = 65535 // the largest window without scaling
)

// flags are a connection's yes-or-no facts.
type flags uint32

const (
	flagTimestamps  flags = 1 << iota // both ends use timestamps
	flagSACK                          // both ends understand SACK
	flagScale                         // both ends scale their windows
	flagActive                        // we opened the connection
	flagNoDelay                       // Nagle's algorithm is off
	flagCork                          // partial segments wait
	flagMore                          // the last write said that another follows
	flagForce                         // one partial segment may leave whatever holds it
	flagFin                           // our FIN follows what is queued
	flagOrphan                        // the application has closed: nobody reads any more
	flagPeerFin                       // the peer's FIN is known, at Conn.fin
	flagPeerClosed                    // the peer's FIN was taken in, in its order
	flagSynAgain                      // a SYN-ACK is owed
	flagReset                         // a RST is owed: <SEQ=rst>
	flagResetAck                      // … with <ACK=nxt><CTL=RST,ACK>
	flagChallenge                     // an ACK is owed before anything else
	flagProbe                         // a window probe or a keep-alive probe is owed
	flagWantRoom                      // the application waits for room in the send queue
	flagKeepAlive                     // probe a quiet peer
	flagInteractive                   // our data carries the acknowledgements: they need not hurry
	flagCorked                        // holdAt is for a cork, not for the peer's window
	flagAppLimited                    // what the Sender was told last
	flagPending                       // Next might have something
)

// Conn is one end of a connection. Accept, Connect or Resume makes it ready; Release gives its memory back. It must not
// be copied.
type Conn struct {
	h    *Host
	snd  recovery.Sender
	why  *trace.Reason // of the last change of state
	soft *trace.Reason // what the network reported last; nil once data is acknowledged again

	// Stream positions: 0 is the byte after the SYN.
	acked uint64 // ≤ end: what the peer acknowledged
	end   uint64 // of the send queue
	taken uint64 // bytes received in order

	queue chain       // received in order and not read yet
	ooo   *outOfOrder // received beyond a gap; nil when nothing was

	// Moments; 0: none.
	ackAt        int64 // the delayed acknowledgement
	holdAt       int64 // the peer's window is probed, or a held partial segment leaves
	closeAt      int64 // the end of FIN_WAIT_2, of TIME_WAIT, or of an orphan that makes no progress
	lastReceive  int64
	lastSend     int64
	progress     int64 // when the peer last acknowledged something new, or sending began after everything was acknowledged
	probedAt     int64 // the last keep-alive probe
	tsRecentAt   int64
	challengedAt int64 // the last answer to a segment outside the window
	spaceAt      int64 // auto-tuning: when the present round trip began
	rttAt        int64 // auto-tuning without timestamps: when the window up to rttSeq was offered

	iss, irs    segment.Number
	nxt         segment.Number // RCV.NXT; after iss < adv
	adv         segment.Number // the right edge of the window that was offered; never moves left
	ackSent     segment.Number // the last acknowledgement that was sent; ≤ nxt
	fin         segment.Number // the sequence number of the peer's FIN
	wl1, wl2    segment.Number // the segment that last updated wnd (RFC 9293 §3.10.7.4)
	small       segment.Number // the end of the last partial segment that was sent
	rst         segment.Number
	rttSeq      segment.Number
	dsack       segment.Range // a duplicate to report once; empty: none
	wnd, wndMax uint32        // the peer's window, and the largest it ever offered
	limit       uint32        // bytes of received data that may wait to be read
	sendBuffer  uint32        // bytes that may be queued for sending
	tsRecent    uint32
	tsOffset    uint32
	userTimeout uint32 // milliseconds; 0: as configured
	rtt         uint32 // microseconds: auto-tuning's measure; 0: unknown
	copied      uint32 // bytes read in the present round trip
	space       uint32 // the most that was read in one
	answered    uint32 // taken, as it was when data was last sent; the low bits
	super       int32
	flags       flags
	segmentsIn  uint32
	segmentsOut uint32
	acksOut     uint32 // pure ones
	mss         uint16 // payload of a full segment
	pathMSS     uint16
	firstMSS    uint16 // of the path, when the connection began
	peerMSS     uint16
	rcvMSS      uint16 // the largest segment that the peer was seen to send
	keepIdle    uint16 // seconds; 0: as configured
	keepEvery   uint16 // seconds; 0: as configured
	state       State
	events      Event
	owed        uint8 // acknowledgements to send at once
	quick       uint8 // segments that are still acknowledged at once
	probes      uint8 // unanswered ones
	holdBackoff uint8
	keepProbes  uint8 // 0: as configured
	sndScale    uint8 // of the peer's windows
	rcvScale    uint8 // of ours
	waiting     waiting
}

// setState is the only place where the state changes.
func (c *Conn) setState(now int64, to State, why *trace.Reason) *trace.Reason {
	from := c.state
	c.state, c.why = to, why.Reach()
	switch to {
	case StateEstablished, StateFinWait1, StateCloseWait:
		if !from.synchronized() {
			c.events |= EventConnected | EventWritable
		}
	case StateFinWait2:
		c.armLinger(now)
	case StateTimeWait:
		// RFC 9293 §3.6.1: 2 MSL. The record that the owner takes counts on its own; this serves who keeps the Conn.
		c.ackAt, c.holdAt, c.closeAt = 0, 0, now+c.h.Config.TimeWait
		c.events |= EventTimeWait
		c.dropOutOfOrder()
	case StateClosed:
		c.ackAt, c.holdAt, c.closeAt, c.owed = 0, 0, 0, 0
		c.flags &^= flagChallenge | flagProbe | flagSynAgain
		c.events |= EventClosed
		c.dropOutOfOrder()
	}
	if c.h.Changed != nil {
		c.h.Changed(c, from, to, why)
	}
	return why
}

// fail destroys the connection without a word to the peer.
func (c *Conn) fail(now int64, why *trace.Reason) *trace.Reason {
	c.events |= EventReset
	return c.setState(now, StateClosed, why)
}

func (c *Conn) has(f flags) bool { return c.flags&f != 0 }

// owe asks for one more acknowledgement at once, for a segment that brought nothing in its order: the sender counts
// them.
func (c *Conn) owe() {
	if c.owed < 255 {
		c.owed++
	}
}

// oweOne asks for an acknowledgement at once, for progress: one says it all.
func (c *Conn) oweOne() { c.owed = max(c.owed, 1) }

// Release gives all memory back: received data that was not read, and the memory of what is in flight. Whoever forgets
// a Conn calls it.
func (c *Conn) Release() {
	if c.h == nil {
		return
	}
	c.dropOutOfOrder()
	c.queue.free(c.h)
	c.snd.Release()
}

func (c *Conn) dropOutOfOrder() {
	if c.ooo != nil {
		c.h.giveBack(c.ooo)
		c.ooo = nil
	}
}

// seqAt is the sequence number of a stream position that lies in the send queue.
func (c *Conn) seqAt(position uint64) segment.Number {
	return c.iss + 1 + segment.Number(uint32(position))
}

// positionOf is the stream position of a sequence number between the first unacknowledged byte and the end of the
// queue; the SYN counts as the byte behind it, the FIN as the one before.
func (c *Conn) positionOf(n segment.Number) uint64 {
	ahead := n.Sub(c.seqAt(c.acked))
	if ahead < 0 {
		return c.acked
	}
	return min(c.acked+uint64(ahead), c.end)
}

// finSent reports whether our FIN was sent, finAcked whether it was acknowledged.
func (c *Conn) finSent() bool  { return c.has(flagFin) && c.seqAt(c.end).Less(c.snd.Nxt()) }
func (c *Conn) finAcked() bool { return c.has(flagFin) && c.seqAt(c.end).Less(c.snd.Una()) }

// State is the present state.
func (c *Conn) State() State { return c.state }

// Why is the Reason of the last change of state.
func (c *Conn) Why() *trace.Reason { return c.why }

// Orphan reports whether the application has closed the connection while it still has something to do.
func (c *Conn) Orphan() bool { return c.has(flagOrphan) && c.state != StateClosed }

// Events is what happened since it was last asked.
func (c *Conn) Events() Event {
	e := c.events
	c.events = 0
	return e
}

// Pending reports whether Next might return true. It is cheap.
func (c *Conn) Pending() bool { return c.has(flagPending) }

// Position is the stream position of the end of the send queue.
func (c *Conn) Position() uint64 { return c.end }

// Acked is the stream position of the first byte that is not acknowledged; what lies before may be forgotten.
func (c *Conn) Acked() uint64 { return c.acked }
