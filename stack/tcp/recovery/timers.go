package recovery

import "vitrine/trace"

// timeoutAt is when the retransmission timer is due.
func (s *Sender) timeoutAt() int64 {
	return max(s.board.restarted+s.RTO(), s.board.floor)
}

// Deadline is when Expire is to be called: the earliest of the retransmission timer, the loss probe's, the reordering
// timer and two short waits. 0: never.
func (s *Sender) Deadline() int64 {
	at, _ := s.timer()
	return at
}

func (s *Sender) timer() (at int64, name string) {
	b := s.board
	if b == nil {
		return 0, "none"
	}
	at, name = s.timeoutAt(), "retransmission"
	if b.probeAt != 0 && b.probeAt <= at {
		at, name = b.probeAt, "probe"
	}
	if b.reorderAt != 0 && b.reorderAt < at {
		at, name = b.reorderAt, "reordering"
	}
	if b.forwardAt != 0 && b.forwardAt < at {
		at, name = b.forwardAt, "new data"
	}
	if b.renegeAt != 0 && b.renegeAt < at {
		at, name = b.renegeAt, "reneging"
	}
	return at, name
}

// Expire runs the timer that is due. Nil: none was, or it only confirmed what was known.
func (s *Sender) Expire(now int64) *trace.Reason {
	b := s.board
	if b == nil {
		return nil
	}
	due := func(at int64) bool { return at != 0 && at <= now }
	switch {
	case due(b.renegeAt):
		return s.timeout(now)
	case due(b.reorderAt):
		return s.reorderingExpired(now)
	case due(b.forwardAt):
		s.forwardExpired()
	case due(b.probeAt):
		b.probeAt = 0
		s.probeDue = true
		// Its answer is worth waiting for, even when both timers were late.
		b.floor = max(b.floor, now+s.srtt)
		return reasonProbe.Reach()
	case due(s.timeoutAt()):
		return s.timeout(now)
	}
	return nil
}

// reorderingExpired: what might have been late is lost now.
func (s *Sender) reorderingExpired(now int64) *trace.Reason {
	b := s.board
	var r Result
	undelivered := s.outstanding() - b.score.sacked
	if !s.detect(now, false, &r) {
		s.scheduleProbe(now)
		return nil
	}
	b.floor = max(b.floor, now+s.RTO()) // it is being repaired: no time-out for it
	if s.state == open || s.state == loss && r.Reason == reasonRetransmissionLost {
		s.enter(undelivered, &r)
	}
	if s.state == recovery {
		s.reduceProportionally(0, false)
		// Without an acknowledgement to pace it the window is at most the threshold, and one segment may always go.
		s.cwnd = max(min(s.cwnd, s.ssthresh), s.inFlight()+s.mss)
	}
	return r.Reason
}

// timeout is the retransmission time-out (RFC 6298 §5.4 to §5.7, RFC 8985 §6.3), also for a peer that reneged.
func (s *Sender) timeout(now int64) *trace.Reason {
	b := s.board
	why := reasonTimeout
	repeated := s.retries > 0
	s.timeouts++
	s.retries = min(s.retries+1, 255-1)
	s.backoff = min(s.backoff+1, 30)
	b.restarted, b.floor, b.reorderAt, b.renegeAt, b.forwardAt = now, 0, 0, 0, 0
	s.cancelProbe()
	s.probed()

	if s.handshake {
		b.score.renege()
		b.hint = s.una
		return reasonTimeoutHandshake.Reach()
	}
	reneged := b.score.at(0).flags&sacked != 0
	// The window is reduced once for what was in flight when the trouble began (RFC 5681 §3.1), also when it began with
	// a fast retransmit.
	if s.state == open || !s.una.Less(b.high) || s.state == loss && !repeated {
		s.reduce()
		s.beginUndo(false)
		s.cubic.flat = true // RFC 9438 §4.8
		if !s.timestamps && !reneged {
			s.forward = forwardArmed
		}
	} else {
		s.forward = forwardOff
	}
	if repeated {
		s.forward = forwardOff
		why = reasonTimeoutAgain
	}
	s.state, b.high, b.dups, b.hold = loss, s.nxt, 0, false
	if reneged {
		b.score.renege()
		b.hint = s.una
		s.undo = false
		why = reasonReneged
	} else {
		s.loseOverdue(now)
	}
	s.cwnd = s.inFlight() + s.mss // RFC 5681 §3.1, the loss window
	return why.Reach()
}

// loseOverdue takes the first range for lost, and everything that was sent long enough ago (RFC 8985 §6.3).
func (s *Sender) loseOverdue(now int64) {
	b := s.board
	rtt := b.rtt
	if rtt == 0 {
		rtt = s.srtt
	}
	patience := rtt + s.reorderingWindow()
	for i := range b.score.all() {
		r := b.score.at(i)
		if r.flags&sacked != 0 {
			continue
		}
		if i == 0 || !s.sack || r.sent+patience <= now {
			s.lose(i)
		}
	}
}
