package recovery

import (
	"time"

	"vitrine/stack/tcp/segment"
)

// probeSlack is added to the probe's time-out, as much as timers are late (RFC 8985 §7.2).
const probeSlack = int64(2 * time.Millisecond)

// scheduleProbe sets the loss probe's timer: two round trips from now, plus what the peer may delay an acknowledgement, and
// not later than the retransmission timer (RFC 8985 §7.2). There is none while the reordering timer runs.
//
// Beyond RFC 8985, which has one probe and none in recovery: in recovery one is sent too when nothing else is going to bring
// an answer, with what is lost and waits for room. A lost retransmission of a small flight is then found by RACK instead of
// by the retransmission timer. And when the probe's answer is lost as well, another one follows, each after twice the time,
// as long as the retransmission timer is not due (RFC 9002 §6.2.1): on a path of less than a millisecond that timer is
// hundreds of round trips away. After a time-out there is none until something is acknowledged, so that the back-off is one.
func (s *Sender) scheduleProbe(now int64) {
	b := s.board
	if b == nil || !s.sack || s.handshake || b.reorderAt != 0 || s.forward != forwardOff || s.probeDue || s.retries > 0 {
		return
	}
	at := now + s.probeTimeout()<<min(s.probes, 20)
	if s.probing {
		if at < s.timeoutAt() {
			b.probeAt = at
		}
		return
	}
	b.probeAt = min(at, s.timeoutAt())
}

// probeTimeout is PTO. A lone segment is acknowledged late, and so is any when the peer's window fills up: RFC 9293
// §3.8.6.3 asks to acknowledge every second segment, but Linux does so only as long as its window moves on.
func (s *Sender) probeTimeout() int64 {
	if s.srtt == 0 {
		return s.cfg.InitialRTO
	}
	pto := 2*s.srtt + probeSlack
	if flight := s.outstanding(); flight <= s.mss || flight+s.mss > s.squeeze {
		pto += s.cfg.DelayedACK
	}
	return pto
}

func (s *Sender) cancelProbe() {
	s.probeDue = false
	if s.board != nil {
		s.board.probeAt = 0
	}
}

// probeRange is the last segment in flight. What was acknowledged selectively is not: its duplicate would tell nothing, while
// in recovery the last one that is missing may have been lost once more.
func (s *Sender) probeRange(limit int) segment.Range {
	i := s.board.score.n - 1
	for i > 0 && s.board.score.at(i).flags&sacked != 0 {
		i--
	}
	last := s.board.score.at(i)
	size, full := int(last.len()), min(int(s.mss), limit)
	if size > full {
		if size %= int(s.mss); size == 0 || size > full {
			size = full
		}
	}
	return segment.Range{Start: last.end.Add(-size), End: last.end}
}

// probeSent notes the probe, whichever it was. The retransmission timer leaves it time to be answered.
func (s *Sender) probeSent(now int64, again bool) {
	b := s.board
	s.probeDue = false
	again = again && s.state == open // in recovery the window was reduced already, whatever the probe meets
	if s.probing && s.probeAgain {
		s.probeTwice = true
	} else {
		s.probing, s.probeAgain, s.probeEnd = true, again, s.nxt
	}
	s.probes++
	b.probeAt = 0
	b.floor = max(b.floor, now+s.srtt+max(4*s.rttvar, s.srtt/4, int64(20*time.Millisecond)))
}

// judgeProbe finds out what the probe met (RFC 8985 §7.4): when it was a retransmission and the peer does not report it
// as a duplicate, it repaired a loss that nobody else noticed, and the window is reduced as for any other loss. Of two
// probes with the same segment one is always a duplicate, which proves nothing.
func (s *Sender) judgeProbe(a *Ack, progress bool, dup duplicates, r *Result) {
	if !s.probing || a.Una.Less(s.probeEnd) {
		return
	}
	switch {
	case !s.probeAgain: // new data that arrived
	case !s.probeTwice && (dup.probe || a.Una == s.probeEnd && !progress):
		r.because(reasonProbeDuplicate.Reach())
	case s.probeEnd.Less(a.Una):
		if s.state == open {
			s.reduce()
			s.undo = false
			s.cwnd = max(s.ssthresh, s.mss)
			r.Reason = reasonProbeRepaired.Reach()
		}
	default:
		return // acknowledged by whichever came: the next acknowledgement tells
	}
	s.probed()
}

// probed: nobody waits for a probe's answer any more.
func (s *Sender) probed() { s.probing, s.probeTwice, s.probes = false, false, 0 }
