package tcp

import (
	"vitrine/stack/tcp/segment"
	"vitrine/trace"
)

// Receive takes a segment in. It follows RFC 9293 §3.10.7.4 step by step: nothing of a segment counts before its
// sequence number and its acknowledgement were found acceptable. Nil means an ordinary segment; a Reason tells what was
// special about it, whether it was dropped or not. The segment and its payload are not retained.
//
// The checksum and the addresses are the caller's to verify. What is to be answered comes out of Next.
func (c *Conn) Receive(now int64, s *segment.Segment) *trace.Reason {
	c.segmentsIn++
	c.flags |= flagPending
	switch c.state {
	case StateClosed:
		return reasonClosed.Reach()
	case StateSynSent:
		return c.receiveSynSent(now, s)
	case StateTimeWait:
		return c.receiveTimeWait(now, s)
	}
	seq := s.Seq
	if c.state == StateSynReceived && s.Flags&(segment.SYN|segment.RST) == segment.SYN && s.Seq == c.irs {
		if s.Flags&segment.ACK == 0 {
			c.flags |= flagSynAgain
			return reasonSynAgain.Reach()
		}
		seq++ // the other half of a simultaneous open (RFC 9293 §3.5): behind its SYN it is an ordinary segment
	} else {
		if why := c.checkTimestamp(now, s); why != nil {
			return why
		}
		if why := c.checkSequence(now, s); why != nil { // first
			return why
		}
		if s.Flags&segment.RST != 0 { // second
			return c.receiveReset(now, s)
		}
		// Third, security labels: not done. Fourth: RFC 5961 §4.2, a SYN on a live connection changes nothing.
		if s.Flags&segment.SYN != 0 {
			return c.challenge(now, reasonBlindSyn)
		}
	}
	if s.Flags&segment.ACK == 0 { // fifth
		return reasonNoAck.Reach()
	}
	if c.state == StateSynReceived && !c.completes(now, s) {
		return reasonAckHandshake.Reach()
	}
	c.lastReceive = now
	why, drop := c.receiveAck(now, s, seq)
	if drop || c.state == StateClosed {
		return why
	}
	// Sixth, urgent data: in its place in the stream (package comment). Seventh and eighth: data, FIN.
	if len(s.Payload) > 0 || s.Flags&segment.FIN != 0 {
		if w := c.receiveData(now, seq, s); w != nil {
			why = w
		}
	}
	return why
}

// checkTimestamp is PAWS (RFC 7323 §5.3 R1) and the rule that timestamps, once agreed on, are on every segment (§3.2).
// A reset needs neither.
func (c *Conn) checkTimestamp(now int64, s *segment.Segment) *trace.Reason {
	if !c.has(flagTimestamps) || s.Flags&segment.RST != 0 {
		return nil
	}
	if s.Flags&segment.SYN != 0 {
		return nil // what a SYN says is no part of this connection; it is challenged below
	}
	if !s.Timestamps {
		return reasonNoTimestamp.Reach()
	}
	if int32(s.TSVal-c.tsRecent) >= 0 {
		return nil
	}
	if now-c.tsRecentAt > 24*24*3600e9 { // RFC 7323 §5.5: after 24 days the remembered one says nothing
		c.tsRecent = s.TSVal
		return nil
	}
	return c.answer(now, s, reasonPAWS)
}

// checkSequence asks whether the segment lies in the window (RFC 9293 §3.10.7.4, first). Two liberties, both Linux's: the
// window begins at the last acknowledgement that the peer can know, not at what was taken since, so that the
// acknowledgement of a segment that was overtaken still counts; and it includes its right edge, so that a segment that
// touches a closed window is acceptable for its ACK, RST and FIN.
func (c *Conn) checkSequence(now int64, s *segment.Segment) *trace.Reason {
	early, late := s.End().Less(c.ackSent), c.adv.Less(s.Seq)
	if !early && !late {
		return nil
	}
	if s.Flags&segment.RST != 0 {
		return reasonResetOutside.Reach()
	}
	if s.Flags&segment.SYN != 0 {
		return c.challenge(now, reasonBlindSyn)
	}
	if late {
		return c.answer(now, s, reasonBeyond)
	}
	if c.has(flagSACK) && len(s.Payload) > 0 {
		c.dsack = segment.Range{Start: s.Seq, End: s.Seq.Add(len(s.Payload))}
	}
	return c.answer(now, s, reasonOld)
}

// answer owes an acknowledgement for a segment that is dropped. Segments with data are answered each time, since the
// peer waits for it; others only now and then, so that two ends that disagree do not answer each other for ever.
func (c *Conn) answer(now int64, s *segment.Segment, why *trace.Reason) *trace.Reason {
	if len(s.Payload) == 0 {
		if c.challengedLately(now) {
			return reasonChallengeLimited.Reach()
		}
		c.challengedAt = now
	}
	c.owe()
	return why.Reach()
}

// challengedLately: what two ends that disagree send each other comes once in a round trip. The space between answers is
// longer than that, or each answer would bring the next for ever.
func (c *Conn) challengedLately(now int64) bool {
	return c.challengedAt != 0 && now-c.challengedAt < max(c.h.Config.ChallengeSpacing, 2*c.snd.SRTT())
}

// challenge owes a challenge ACK (RFC 5961), within the limits of connection and Host.
func (c *Conn) challenge(now int64, why *trace.Reason) *trace.Reason {
	if c.challengedLately(now) || !c.h.mayChallenge(now) {
		return reasonChallengeLimited.Reach()
	}
	c.challengedAt = now
	c.flags |= flagChallenge
	return why.Reach()
}

// receiveReset takes a reset whose sequence number lies in the window: only the very next number is believed
// (RFC 5961 §3.2).
func (c *Conn) receiveReset(now int64, s *segment.Segment) *trace.Reason {
	if s.Seq != c.nxt {
		return c.challenge(now, reasonBlindReset)
	}
	if c.state == StateSynReceived && c.has(flagActive) {
		return c.fail(now, reasonRefused)
	}
	return c.fail(now, reasonReset)
}

// completes takes the ACK that the handshake waits for; false when it is another one, and a RST is owed.
func (c *Conn) completes(now int64, s *segment.Segment) bool {
	if !c.iss.Less(s.Ack) || c.snd.Nxt().Less(s.Ack) {
		c.rst = s.Ack
		c.flags |= flagReset
		return false
	}
	c.wnd = uint32(s.Window)
	if s.Flags&segment.SYN == 0 {
		c.wnd <<= c.sndScale
	}
	c.wndMax = max(c.wndMax, c.wnd)
	c.wl1, c.wl2 = s.Seq, s.Ack
	c.established(now)
	return true
}

// established enters ESTABLISHED, or what the application has asked for meanwhile.
func (c *Conn) established(now int64) {
	c.progress = now
	c.setState(now, StateEstablished, reasonEstablished)
	if c.has(flagFin) {
		c.setState(now, StateFinWait1, reasonCloseWrite)
	}
}

// receiveSynSent is RFC 9293 §3.10.7.3: the answer to our SYN, or the peer's own.
func (c *Conn) receiveSynSent(now int64, s *segment.Segment) *trace.Reason {
	acks := s.Flags&segment.ACK != 0
	if acks && (s.Ack.LessEq(c.iss) || c.snd.Nxt().Less(s.Ack)) { // first
		if s.Flags&segment.RST != 0 {
			return reasonSynSentReset.Reach()
		}
		c.rst = s.Ack
		c.flags |= flagReset
		return reasonAckHandshake.Reach()
	}
	if s.Flags&segment.RST != 0 { // second
		if !acks {
			return reasonSynSentReset.Reach()
		}
		return c.fail(now, reasonRefused)
	}
	if s.Flags&segment.SYN == 0 { // fourth
		return reasonNoSyn.Reach()
	}
	c.lastReceive = now
	c.takeSyn(now, s)
	c.adv = c.nxt.Add(int(min(c.limit, maxUnscale))) // what our SYN offered
	c.snd.Negotiated(int(c.mss), c.has(flagSACK), c.has(flagTimestamps))
	if !acks {
		c.flags |= flagSynAgain
		return c.setState(now, StateSynReceived, reasonSimultaneous)
	}
	c.established(now)
	why, drop := c.receiveAck(now, s, s.Seq+1)
	c.oweOne() // the third step of the handshake, which data may carry
	if !drop && (len(s.Payload) > 0 || s.Flags&segment.FIN != 0) {
		if w := c.receiveData(now, s.Seq+1, s); w != nil {
			why = w
		}
	}
	return why
}
