package recovery

import (
	"time"

	"vitrine/stack/tcp/segment"
)

// probeSlack is added to the probe's time-out, as much as timers are late (RFC 8985 §7.2).
const probeSlack = int64(2 * time.Millisecond)

// scheduleProbe sets the loss probe's timer: two round trips from now, plus what the peer may delay an acknowledgement
// of a single segment, and not later than the retransmission timer (RFC 8985 §7.2). There is none while something is
// known to be lost, while the reordering timer runs, or while a probe is on its way.
//
// Beyond RFC 8985, which has no probes in recovery: there one is sent too when nothing else is going to bring an answer.
// A lost retransmission of a small flight is then found by RACK instead of by the retransmission timer. After a time-out
// there is none until something is acknowledged, so that the back-off is one.
func (s *Sender) scheduleProbe(now int64) {
	b := s.board
	if b == nil || !s.sack || s.handshake || b.score.pending > 0 || b.reorderAt != 0 || s.forward != forwardOff || s.probing || s.probeDue || s.retries > 0 {
		return
	}
	pto := s.cfg.InitialRTO
	if s.srtt != 0 {
		pto = 2*s.srtt + probeSlack
		if s.outstanding() <= s.mss {
			pto += s.cfg.DelayedACK
		}
	}
	b.probeAt = min(now+pto, s.timeoutAt())
}

func (s *Sender) cancelProbe() {
	s.probeDue = false
	if s.board != nil {
		s.board.probeAt = 0
	}
}

// probeRange is the last segment in flight.
func (s *Sender) probeRange(limit int) segment.Range {
	last := s.board.score.at(s.board.score.n - 1)
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
	s.probing, s.probeEnd = true, s.nxt
	s.probeAgain = again && s.state == open // in recovery the window was reduced already, whatever the probe meets
	b.probeAt = 0
	b.floor = max(b.floor, now+s.srtt+max(4*s.rttvar, s.srtt/4, int64(20*time.Millisecond)))
}

// judgeProbe finds out what the probe met (RFC 8985 §7.4): when it was a retransmission and the peer does not report it
// as a duplicate, it repaired a loss that nobody else noticed, and the window is reduced as for any other loss.
func (s *Sender) judgeProbe(a *Ack, progress bool, dup duplicates, r *Result) {
	if !s.probing || a.Una.Less(s.probeEnd) {
		return
	}
	switch {
	case !s.probeAgain: // new data that arrived
	case dup.probe, a.Una == s.probeEnd && !progress:
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
	s.probing = false
}
