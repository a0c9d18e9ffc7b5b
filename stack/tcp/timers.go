package tcp

import "vitrine/trace"

// Deadline is when Advance is to be called: the earliest of all timers; 0: never.
func (c *Conn) Deadline() int64 {
	if c.state == StateClosed {
		return 0
	}
	d := c.closeAt
	if c.state == StateTimeWait {
		return d
	}
	for _, at := range [...]int64{c.snd.Deadline(), c.ackAt, c.holdAt, c.keepAliveAt(), c.userTimeoutAt()} {
		if at != 0 && (d == 0 || at < d) {
			d = at
		}
	}
	return d
}

// Advance runs the timers that are due. What they want to send comes out of Next. Nil: nothing worth telling.
func (c *Conn) Advance(now int64) *trace.Reason {
	if c.state == StateClosed {
		return nil
	}
	due := func(at int64) bool { return at != 0 && at <= now }
	if due(c.closeAt) {
		c.closeAt = 0
		return c.lingered(now)
	}
	if c.state == StateTimeWait {
		return nil
	}
	if due(c.userTimeoutAt()) {
		return c.fail(now, c.blame(reasonUserTimeout))
	}
	var why *trace.Reason
	if due(c.ackAt) { // RFC 9293 §3.8.6.3
		c.ackAt = 0
		c.oweOne()
		c.flags = c.flags&^flagInteractive | flagPending
	}
	if due(c.snd.Deadline()) {
		if why = c.expired(now); c.state == StateClosed {
			return why
		}
	}
	if due(c.holdAt) {
		if why = c.unhold(now); c.state == StateClosed {
			return why
		}
	}
	if due(c.keepAliveAt()) {
		why = c.keepAlive(now)
	}
	return why
}

// expired runs the Sender's timer, and gives the connection up after too many time-outs in a row (RFC 9293 §3.8.3).
func (c *Conn) expired(now int64) *trace.Reason {
	c.flags |= flagPending
	why := c.snd.Expire(now)
	cfg := &c.h.Config
	tries, verdict := cfg.Retries, reasonTimeout
	switch {
	case c.state == StateSynSent:
		tries, verdict = cfg.SynRetries, reasonConnectTimeout
	case c.state == StateSynReceived:
		tries, verdict = cfg.SynAckRetries, reasonAcceptTimeout
	case c.has(flagOrphan):
		tries = cfg.OrphanRetries
	}
	if c.snd.Backoff() > tries {
		if c.wnd == 0 && c.state.synchronized() && !c.has(flagOrphan) && now-c.lastReceive < 2*cfg.Recovery.MaxRTO {
			return why // it took its window back and lives: what is sent again only probes (RFC 9293 §3.8.6.1)
		}
		return c.fail(now, c.blame(verdict))
	}
	return why
}

// unhold is the end of patience with a held segment: the cork's limit, a window that stayed too small, or one that is
// closed and must be probed (RFC 9293 §3.8.6.1), ever more slowly. A peer that answers probes may keep its window closed
// for as long as it likes; only an orphan is not waited for like this.
func (c *Conn) unhold(now int64) *trace.Reason {
	c.holdAt = 0
	c.flags |= flagPending
	if c.has(flagCorked) {
		c.flags = c.flags&^flagCorked | flagForce
		return reasonCorkLimit.Reach()
	}
	cfg := &c.h.Config
	tries := cfg.Retries
	if c.has(flagOrphan) {
		tries = cfg.OrphanRetries
	}
	if int(c.probes) >= tries {
		return c.fail(now, c.blame(reasonWindowTimeout))
	}
	c.probes++
	if c.holdBackoff < 16 {
		c.holdBackoff++
	}
	if c.wnd > 0 {
		c.flags |= flagForce
		return reasonWindowOverride.Reach()
	}
	c.flags |= flagProbe
	return reasonWindowProbe.Reach()
}

// keepAliveAt is when a quiet peer is probed next; 0: never. Only a connection that waits for nothing else is probed.
func (c *Conn) keepAliveAt() int64 {
	if !c.has(flagKeepAlive) || !c.state.synchronized() || c.snd.Una() != c.snd.Nxt() || c.holdAt != 0 {
		return 0
	}
	cfg := &c.h.Config
	idle, every := cfg.KeepAliveIdle, cfg.KeepAliveEvery
	if c.keepIdle != 0 {
		idle = int64(c.keepIdle) * 1e9
	}
	if c.keepEvery != 0 {
		every = int64(c.keepEvery) * 1e9
	}
	if c.probes > 0 {
		return c.probedAt + every // and not from the silence on, which may be long when probing is turned on
	}
	return max(c.lastReceive, c.lastSend) + idle
}

// keepAlive probes a quiet peer, or gives it up (RFC 9293 §3.8.4).
func (c *Conn) keepAlive(now int64) *trace.Reason {
	tries := c.h.Config.KeepAliveProbes
	if c.keepProbes != 0 {
		tries = int(c.keepProbes)
	}
	if int(c.probes) >= tries {
		return c.fail(now, c.blame(reasonKeepAlive))
	}
	c.probes++
	c.probedAt = now
	c.flags |= flagProbe | flagPending
	return reasonKeepAliveProbe.Reach()
}

// userTimeoutAt is when data has been unacknowledged for too long (RFC 5482 §3); 0: never.
func (c *Conn) userTimeoutAt() int64 {
	limit := c.h.Config.UserTimeout
	if c.userTimeout != 0 {
		limit = int64(c.userTimeout) * 1e6
	}
	if limit == 0 || !c.state.synchronized() || c.snd.Una() == c.snd.Nxt() && c.acked == c.end {
		return 0
	}
	return c.progress + limit
}

// armLinger limits how long a connection that nobody owns any more may last: in FIN_WAIT_2 by that, earlier by how long
// the peer takes nothing of what is left to send.
func (c *Conn) armLinger(now int64) {
	if !c.has(flagOrphan) {
		return
	}
	switch c.state {
	case StateFinWait2:
		c.closeAt = now + c.h.Config.FinWait2
	case StateFinWait1, StateClosing, StateLastAck:
		c.closeAt = now + c.h.Config.OrphanStall
	}
}

// lingered is the end of that patience.
func (c *Conn) lingered(now int64) *trace.Reason {
	switch c.state {
	case StateTimeWait:
		return c.setState(now, StateClosed, reasonTimeWaitOver)
	case StateFinWait2:
		return c.setState(now, StateClosed, reasonFinWait)
	}
	if again := c.progress + c.h.Config.OrphanStall; again > now { // the peer still takes something
		c.closeAt = again
		return nil
	}
	c.resetPeer()
	return c.fail(now, reasonOrphan)
}

// blame is what the network said last, when it said something, else why.
func (c *Conn) blame(why *trace.Reason) *trace.Reason {
	if c.soft != nil {
		return c.soft
	}
	return why
}
