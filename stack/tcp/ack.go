package tcp

import (
	"vitrine/stack/tcp/recovery"
	"vitrine/stack/tcp/segment"
	"vitrine/trace"
)

// receiveAck is the fifth step of RFC 9293 §3.10.7.4 for a synchronized connection: what the segment says about our data
// and about the peer's window. seq is the segment's sequence number behind a SYN. drop: the rest of the segment does not
// count.
func (c *Conn) receiveAck(now int64, s *segment.Segment, seq segment.Number) (why *trace.Reason, drop bool) {
	una, nxt := c.snd.Una(), c.snd.Nxt()
	if nxt.Less(s.Ack) {
		return c.challenge(now, reasonAckUnsent), true
	}
	// RFC 5961 §5.2: older than the largest window that was ever in flight means that nobody who sees us sent it.
	if s.Ack.Less(una.Add(-int(c.wndMax))) {
		return c.challenge(now, reasonAckOld), true
	}
	if c.has(flagTimestamps) && s.Timestamps && seq.LessEq(c.ackSent) && int32(s.TSVal-c.tsRecent) >= 0 {
		// RFC 7323 §4.3 (2): of the segments that are not acknowledged yet the earliest is echoed.
		c.tsRecent, c.tsRecentAt = s.TSVal, now
	}
	c.probes = 0 // the peer lives
	c.measure(now, s)

	// RFC 9293 §3.10.7.4: a window counts only from a segment that is not older than the one that set the present one. As
	// in Linux progress proves that as well: a segment that was sent again begins early, but its window is the latest.
	wnd := c.wnd
	if una.Less(s.Ack) || una == s.Ack && (c.wl1.Less(seq) || c.wl1 == seq && c.wl2.LessEq(s.Ack)) {
		wnd = uint32(s.Window)
		if s.Flags&segment.SYN == 0 {
			wnd <<= c.sndScale
		}
		c.wl1, c.wl2 = c.wl1.Max(seq), s.Ack
	}
	changed := wnd != c.wnd
	if changed {
		c.wnd, c.wndMax = wnd, max(c.wndMax, wnd)
		c.snd.Offered(int(c.wnd), int(c.wndMax))
		if !c.has(flagCorked) {
			c.holdAt = 0 // Next decides anew whether the window is too small
		}
	}
	if una == nxt && s.NSACK == 0 {
		return nil, false // nothing is in flight, so there is nothing to learn
	}
	a := recovery.Ack{
		Una: s.Ack,
		// RFC 5681 §2: a duplicate says nothing but that a segment arrived.
		Dup:    s.Ack == una && una != nxt && !changed && s.Len() == 0,
		HasTS:  c.has(flagTimestamps) && s.Timestamps,
		TSEcr:  s.TSEcr - c.tsOffset,
		Window: int(wnd),
	}
	if c.has(flagSACK) {
		a.SACK = s.Blocks()
	}
	res := c.snd.Acked(now, &a)
	if res.Acked > 0 {
		c.acknowledged(now)
	}
	return res.Reason, false
}

// acknowledged moves on what depends on how much the peer has acknowledged.
func (c *Conn) acknowledged(now int64) {
	c.acked = c.positionOf(c.snd.Una())
	c.progress = now
	c.soft = nil
	if c.snd.Una() == c.snd.Nxt() {
		c.holdBackoff = 0
	}
	if c.has(flagWantRoom) && c.room() >= int(c.sendBuffer/3) {
		// A third of the queue at once, so that the writer is not woken for crumbs.
		c.flags &^= flagWantRoom
		c.events |= EventWritable
	}
	if !c.finAcked() {
		return
	}
	switch c.state {
	case StateFinWait1:
		c.setState(now, StateFinWait2, reasonFinAcked)
	case StateClosing:
		c.setState(now, StateTimeWait, reasonFinAcked)
	case StateLastAck:
		c.setState(now, StateClosed, reasonFinAcked)
	}
}
