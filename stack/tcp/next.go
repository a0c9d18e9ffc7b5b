package tcp

import (
	"vitrine/stack/tcp/segment"
	"vitrine/trace"
)

// waiting is why nothing (more) is sent now.
type waiting uint8

const (
	waitNothing waiting = iota
	waitHandshake
	waitPeerWindow
	waitSillyWindow
	waitCongestion
	waitNagle
	waitCork
	waitAcknowledgement
)

var waitingNames = [...]string{"nothing to send", "handshake", "peer window", "peer window too small", "cwnd", "nagle", "cork",
	"acknowledgement of the FIN"}

func (w waiting) String() string { return waitingNames[w] }

// reason is why something that is to be sent is not sent now; nil: nothing waits.
func (w waiting) reason() *trace.Reason { return waitingReasons[w] }

var waitingReasons = [...]*trace.Reason{nil, reasonWaitHandshake, reasonWaitWindow, reasonWaitSilly, reasonWaitCongestion,
	reasonWaitNagle, reasonWaitCork, reasonWaitFin}

// waitFor remembers why nothing more is sent now.
func (c *Conn) waitFor(why waiting) {
	if c.waiting != why {
		c.waiting = why
		if r := why.reason(); r != nil {
			r.Reach()
		}
	}
}

// Next is the next segment to send now; it is pulled until it returns false, after each batch of input and application
// calls. A segment that Next gave counts as sent. After EventClosed or EventTimeWait Next is pulled as well: a RST or the
// last acknowledgement may be owed.
func (c *Conn) Next(now int64, out *segment.Out) bool {
	if !c.has(flagPending) {
		return false
	}
	*out = segment.Out{Scale: -1}
	if !c.nextReset(out) && !c.nextChallenge(now, out) && !c.nextSending(now, out) && !c.nextAck(now, out) {
		c.flags &^= flagPending
		return false
	}
	c.segmentsOut++
	return true
}

// nextReset gives the RST that is owed (RFC 9293 §3.5.2). It is the only segment that a closed connection sends.
func (c *Conn) nextReset(out *segment.Out) bool {
	if !c.has(flagReset) {
		return false
	}
	out.Flags, out.Seq = segment.RST, c.rst
	if c.has(flagResetAck) {
		out.Flags |= segment.ACK
		out.Ack = c.nxt
	}
	c.flags &^= flagReset | flagResetAck
	return true
}

// nextChallenge gives the challenge ACK that is owed (RFC 5961).
func (c *Conn) nextChallenge(now int64, out *segment.Out) bool {
	if !c.has(flagChallenge) {
		return false
	}
	c.flags &^= flagChallenge
	out.Seq = c.snd.Nxt()
	c.fill(now, out)
	return true
}

// nextSending gives what takes sequence space: the handshake, what must be sent again, new data, the FIN.
func (c *Conn) nextSending(now int64, out *segment.Out) bool {
	switch c.state {
	case StateClosed, StateTimeWait:
		return false
	case StateSynSent, StateSynReceived:
		return c.nextSyn(now, out)
	}
	// RFC 8985 §7.3: a loss probe is new data if there is some.
	if c.snd.Probe() && c.nextData(now, out, true) {
		return true
	}
	return c.nextAgain(now, out) || c.nextData(now, out, false)
}

// nextSyn gives the SYN or SYN-ACK: the first one, one that the Sender wants again, or one that the peer asked for.
func (c *Conn) nextSyn(now int64, out *segment.Out) bool {
	again := c.snd.Nxt() != c.iss
	if again {
		if _, ok := c.snd.Again(1); !ok && !c.has(flagSynAgain) {
			c.waitFor(waitHandshake)
			return false
		}
	}
	c.flags &^= flagSynAgain
	cfg := &c.h.Config
	out.Seq, out.Flags, out.MSS = c.iss, segment.SYN, c.firstMSS
	if c.state == StateSynReceived {
		out.SACKPermitted = c.has(flagSACK)
		if c.has(flagScale) {
			out.Scale = int8(c.rcvScale)
		}
		c.fill(now, out)
		c.owed = 0
	} else {
		out.SACKPermitted = cfg.SACK
		if cfg.WindowScale {
			out.Scale = int8(c.h.scale)
		}
		if out.Timestamps = cfg.Timestamps; out.Timestamps {
			out.TSVal = c.stamp(now)
		}
		out.Window = uint16(min(c.limit, maxUnscale))
	}
	c.snd.Sent(now, c.iss, c.iss+1, again)
	return true
}

// nextAgain gives what the Sender wants sent again, in segments of the present size.
func (c *Conn) nextAgain(now int64, out *segment.Out) bool {
	r, ok := c.snd.Again(int(c.mss) - c.blocksLen())
	if !ok {
		return false
	}
	// The peer may have taken its window back. What lies beyond is not sent again, but for the first segment, which asks.
	if una := c.snd.Una(); r.Start != una && una.Add(int(c.wnd)).Less(r.End) {
		return false
	}
	out.Seq, out.Position, out.Length = r.Start, c.positionOf(r.Start), r.Len()
	if c.has(flagFin) && c.seqAt(c.end).Less(r.End) {
		out.Flags |= segment.FIN
		out.Length--
	}
	if out.Length > 0 && (out.Position+uint64(out.Length) == c.end || c.snd.InFlight() == 0 || c.snd.Probe()) {
		out.Flags |= segment.PSH
	}
	c.snd.Sent(now, r.Start, r.End, true)
	c.carried(now, out)
	return true
}

// nextData gives new data, the FIN on it, or the FIN alone, as far as the peer's window, the congestion window, Nagle's
// algorithm, the cork and silly-window avoidance allow. A loss probe ignores the congestion window.
func (c *Conn) nextData(now int64, out *segment.Out, probe bool) bool {
	una, nxt := c.snd.Una(), c.snd.Nxt()
	if c.finSent() {
		c.waitFor(waitAcknowledgement)
		return false
	}
	position := c.positionOf(nxt)
	available := int(c.end - position)
	if available == 0 && !c.has(flagFin) {
		c.limitedBy(waitNothing)
		return false
	}
	idle := una == nxt
	window := int(c.wnd) - int(nxt.Sub(una))
	if available == 0 { // a bare FIN: it takes a byte of the window, but no congestion window
		if window < 1 {
			c.hold(now, idle, waitPeerWindow)
			return false
		}
		return c.send(now, out, nxt, position, 0, 0, true)
	}
	if idle {
		c.snd.Idle(now)
	}
	mss := int(c.mss) - c.blocksLen()
	allowance := c.snd.Allowance()
	if probe {
		allowance = max(allowance, mss)
	}
	n := min(available, window, allowance)
	if n <= 0 {
		if window <= 0 {
			c.hold(now, idle, waitPeerWindow)
		} else {
			c.limitedBy(waitCongestion)
		}
		return false
	}
	partial := n%mss != 0 && n == available
	mayPartial := waitNothing
	if partial {
		mayPartial = c.holdsPartial(una)
	}
	size, pieces := n, 0
	switch {
	case n > mss && int(c.super) > mss && !probe:
		size = min(n, int(c.super))
		if size != available || mayPartial != waitNothing {
			size -= size % mss
		}
		if size > mss {
			pieces = mss
		}
	case n >= mss:
		size = mss
	case n == available: // all that is left, less than a segment
		if mayPartial != waitNothing {
			c.hold(now, idle, mayPartial)
			return false
		}
	case n == window: // RFC 9293 §3.8.6.2.1: the sender's part in avoiding silly windows
		if n < int(c.wndMax)/2 && !c.has(flagForce) {
			c.hold(now, idle, waitSillyWindow)
			return false
		}
	default: // less than a segment fits the congestion window: it waits to be a whole one
		if !idle {
			c.limitedBy(waitCongestion)
			return false
		}
	}
	// RFC 9293 §3.9.1 leaves it open when else to push. Of a segment that goes alone, or as a loss probe, the answer is
	// waited for: a peer that delays acknowledgements of single segments answers at once when that one is pushed, as Linux
	// does when its application has read everything.
	if probe || idle && size == mss && n < min(2*mss, available) {
		out.Flags |= segment.PSH
	}
	return c.send(now, out, nxt, position, size, pieces, c.has(flagFin) && size == available && window > size)
}

// send fills in a segment of new data and tells the Sender.
func (c *Conn) send(now int64, out *segment.Out, nxt segment.Number, position uint64, size, pieces int, fin bool) bool {
	out.Seq, out.Position, out.Length, out.SegmentSize = nxt, position, size, pieces
	end := nxt.Add(size)
	last := position+uint64(size) == c.end
	if last && size > 0 && !c.has(flagMore) {
		out.Flags |= segment.PSH
	}
	full := int(c.mss) - c.blocksLen()
	if size%full != 0 {
		c.small = end
	}
	if fin {
		out.Flags |= segment.FIN
		end++
	}
	if c.snd.Una() == nxt {
		c.progress = now
	}
	c.snd.Sent(now, nxt, end, false)
	c.lastSend = now
	c.holdAt = 0
	c.flags &^= flagForce | flagCorked
	c.carried(now, out)
	return true
}

// carried puts the acknowledgement on a segment that goes anyway, which settles what was owed. Without SACK a duplicate
// acknowledgement must come alone to count as one, so those stay owed.
func (c *Conn) carried(now int64, out *segment.Out) {
	if answered := uint32(c.taken); answered != c.answered && out.Length > 0 {
		// A prompt answer to data: where one comes, others will, and acknowledgements can wait for them.
		if c.answered = answered; now-c.lastReceive < c.h.Config.DelayedACK {
			c.flags |= flagInteractive
		}
	}
	if c.has(flagSACK) || c.owed <= 1 {
		c.owed = 0
	} else {
		c.owed--
	}
	c.fill(now, out)
}

// holdsPartial is what holds a partial segment at the end of the queue back: the cork, or Nagle's algorithm with
// Minshall's modification (RFC 9293 §3.7.4; only an unacknowledged partial segment holds back the next); waitNothing when
// nothing does. The FIN frees it.
func (c *Conn) holdsPartial(una segment.Number) waiting {
	switch {
	case c.has(flagFin | flagForce):
		return waitNothing
	case c.has(flagCork | flagMore):
		return waitCork
	case c.has(flagNoDelay):
		return waitNothing
	case una.Less(c.small) && c.small.LessEq(c.snd.Nxt()):
		return waitNagle
	}
	return waitNothing
}

// hold remembers why data waits, and when it no longer does: the cork by its limit, a window by being probed when nothing
// is in flight whose acknowledgement could open it.
func (c *Conn) hold(now int64, idle bool, why waiting) {
	c.limitedBy(why)
	switch {
	case c.holdAt != 0:
	case why == waitCork:
		c.holdAt = now + c.h.Config.CorkLimit
		c.flags |= flagCorked
	case idle && (why == waitPeerWindow || why == waitSillyWindow):
		c.holdAt = now + min(c.snd.RTO()<<min(c.holdBackoff, 16), c.h.Config.Recovery.MaxRTO)
	}
}

// limitedBy remembers why nothing is sent, and tells the Sender whether its window was what mattered.
func (c *Conn) limitedBy(why waiting) {
	c.waitFor(why)
	if limited := why != waitCongestion; limited != c.has(flagAppLimited) {
		c.flags ^= flagAppLimited
		c.snd.AppLimited(limited)
	}
}

// nextAck gives a pure acknowledgement, if one is still owed, or a probe.
func (c *Conn) nextAck(now int64, out *segment.Out) bool {
	if c.state == StateClosed || c.state < StateEstablished {
		return false
	}
	out.Seq = c.snd.Nxt()
	switch {
	case c.has(flagProbe):
		// An old sequence number without data: nobody can take it, so everybody must answer, and it is never in flight.
		// RFC 9293 §3.8.6.1 asks for a byte of new data; Linux sends this.
		c.flags &^= flagProbe
		out.Seq = c.snd.Una().Add(-1)
	case c.owed > 0:
		c.acksOut++
		if c.has(flagSACK) && c.owed > 1 {
			c.owed-- // with SACK one for two segments tells enough
		}
		c.owed--
	default:
		return false
	}
	c.fill(now, out)
	return true
}
