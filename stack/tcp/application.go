package tcp

import "vitrine/trace"

// What the application does, by way of the stack.

// Wrote says that n bytes were appended to the send queue, which the caller keeps. more: others follow soon, so that a
// partial segment may wait for them (MSG_MORE), no longer than Config.CorkLimit. The caller asks Room first.
func (c *Conn) Wrote(now int64, n int, more bool) {
	if c.acked == c.end {
		c.progress = now
	}
	c.end += uint64(n)
	c.flags |= flagPending
	if more {
		c.flags |= flagMore
	} else {
		c.flags &^= flagMore
	}
	if c.room() <= 0 {
		c.flags |= flagWantRoom
	}
}

// Room is how many bytes may be appended to the send queue now; 0 when the application may not write at all. After a zero,
// or after Wrote has filled the room, EventWritable tells when there is some again.
func (c *Conn) Room() int {
	if !c.state.maySend() || c.has(flagFin) {
		return 0
	}
	room := c.room()
	if room <= 0 {
		c.flags |= flagWantRoom
		return 0
	}
	return room
}

// room is the space in the send queue, which grows to twice the congestion window: one in flight, one to follow.
func (c *Conn) room() int {
	held := int(c.end - c.acked)
	if held >= int(c.sendBuffer)/2 && int(c.sendBuffer) < c.h.Config.SendBufferMax {
		if want := min(2*c.snd.Window(), c.h.Config.SendBufferMax); want > int(c.sendBuffer) {
			c.sendBuffer = uint32(want)
		}
	}
	return int(c.sendBuffer) - held
}

// Read takes received bytes out, in their order, and returns how many. After a reset what came before it can still be read.
func (c *Conn) Read(now int64, p []byte) int {
	if len(p) == 0 || c.queue.n == 0 {
		return 0
	}
	n := c.queue.pop(c.h, p, len(p))
	c.tune(now, n)
	if c.updateDue() {
		c.oweOne()
		c.flags |= flagPending
	}
	return n
}

// Readable is how many bytes Read would give.
func (c *Conn) Readable() int { return c.queue.n }

// PeerClosed reports whether the peer's FIN was taken in: behind what is readable nothing follows.
func (c *Conn) PeerClosed() bool { return c.has(flagPeerClosed) }

// CloseWrite ends our direction: a FIN follows what is queued. Reading goes on.
func (c *Conn) CloseWrite(now int64) {
	if c.has(flagFin) || !c.state.maySend() {
		return
	}
	c.flags |= flagFin | flagPending
	switch c.state {
	case StateEstablished:
		c.setState(now, StateFinWait1, reasonCloseWrite)
	case StateCloseWait:
		c.setState(now, StateLastAck, reasonCloseWrite)
	}
}

// Close ends both directions for an application that will neither read nor write any more; what is queued is still
// sent. Data that was received and not read is thrown away, and then the peer gets a reset instead of a FIN
// (RFC 9293 §3.6.1, RFC 2525 §2.17). The Reason tells when the connection ended at once.
func (c *Conn) Close(now int64) *trace.Reason {
	switch c.state {
	case StateClosed:
		return nil
	case StateSynSent:
		return c.setState(now, StateClosed, reasonDiscarded) // RFC 9293 §3.10.4
	case StateSynReceived:
		c.resetPeer()
		return c.setState(now, StateClosed, reasonDiscarded)
	}
	if c.queue.n > 0 && c.state != StateTimeWait {
		c.resetPeer()
		c.queue.free(c.h)
		return c.setState(now, StateClosed, reasonUnread)
	}
	c.flags |= flagOrphan
	c.CloseWrite(now)
	if c.state != StateTimeWait {
		c.armLinger(now)
	}
	return nil
}

// Abort destroys the connection; the peer gets a reset (RFC 9293 §3.10.5). Pull Next once more to send it.
func (c *Conn) Abort(now int64) *trace.Reason {
	switch c.state {
	case StateClosed:
		return nil
	case StateSynSent, StateTimeWait: // the peer has nothing that a reset could end
	default:
		c.resetPeer()
	}
	return c.setState(now, StateClosed, reasonAbort)
}

// resetPeer owes the peer a reset that it believes: at the very number that it expects if everything sent arrives.
func (c *Conn) resetPeer() {
	c.rst = c.snd.Nxt()
	c.flags |= flagReset | flagResetAck | flagPending
}

// SetNoDelay turns Nagle's algorithm off or on again (RFC 9293 §3.7.4).
func (c *Conn) SetNoDelay(on bool) {
	c.set(flagNoDelay, on)
	c.flags |= flagPending
}

// SetCork holds partial segments back, for Config.CorkLimit at most each, or lets them go.
func (c *Conn) SetCork(now int64, on bool) {
	c.set(flagCork, on)
	if !on && c.has(flagCorked) {
		c.flags &^= flagCorked
		c.holdAt = 0
	}
	c.flags |= flagPending
}

// SetKeepAlive turns probing of a quiet peer on or off (RFC 9293 §3.8.4). idle is the quiet time before the first probe,
// every the time between probes, both in nanoseconds, rounded up to seconds; probes is how many may stay unanswered. Zeros
// mean as configured.
func (c *Conn) SetKeepAlive(now int64, on bool, idle, every int64, probes int) {
	c.set(flagKeepAlive, on)
	seconds := func(d int64) uint16 { return uint16(min((d+1e9-1)/1e9, 0xffff)) }
	c.keepIdle, c.keepEvery, c.keepProbes = seconds(idle), seconds(every), uint8(min(probes, 255))
}

// SetUserTimeout sets for how long data may stay unacknowledged, in nanoseconds (RFC 5482, TCP_USER_TIMEOUT); 0: as
// configured. It is kept in milliseconds.
func (c *Conn) SetUserTimeout(d int64) { c.userTimeout = uint32(min((d+1e6-1)/1e6, 1<<32-1)) }

func (c *Conn) set(f flags, on bool) {
	if on {
		c.flags |= f
	} else {
		c.flags &^= f
	}
}

// SetPathMTU says that the path carries segments of mss bytes, without options, from now on: what a validated ICMP message
// told (RFC 1191, RFC 8201), or the size tried again later. What is in flight is cut anew when it must be sent again. More
// than the connection began with is not believed, and neither is less than 512, which no link needs and an attacker
// wants. Nil: nothing changed.
func (c *Conn) SetPathMTU(now int64, mss int) *trace.Reason {
	mss = min(max(mss, leastPath), int(c.firstMSS))
	if c.state == StateClosed || mss == int(c.pathMSS) {
		return nil
	}
	c.pathMSS = uint16(mss)
	before := c.mss
	c.setMSS()
	if c.mss == before {
		return nil
	}
	c.snd.SetMSS(int(c.mss))
	c.flags |= flagPending
	return reasonPathMTU.Reach()
}

// Unreachable takes in a validated ICMP error about a segment of ours. hard: before the connection is open it fails, with
// why as its Reason; otherwise, and always later, the error is only remembered, and explains a failure by time-out
// (RFC 5927 §5.2, RFC 9293 §3.9.2.2). why is declared by whoever read the message; nil leaves the explanation to tcp.
func (c *Conn) Unreachable(now int64, hard bool, why *trace.Reason) *trace.Reason {
	opening := c.state == StateSynSent || c.state == StateSynReceived
	switch {
	case c.state == StateClosed || c.state == StateTimeWait:
		return nil
	case hard && opening:
		if why == nil {
			why = reasonHard
		}
		return c.fail(now, why)
	}
	if why == nil {
		why = reasonSoft
	}
	c.soft = why
	return reasonSoft.Reach()
}
