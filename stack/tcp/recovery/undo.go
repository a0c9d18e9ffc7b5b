package recovery

import "vitrine/trace"

// undoMemory is after how many more bytes a reduction is history: reports of duplicates come much earlier, and sequence
// numbers come again.
const undoMemory = 1 << 28

// beginUndo makes the last reduction one that can be taken back.
// fast: it was for a fast retransmit, which more patience would have spared, and not for a time-out.
func (s *Sender) beginUndo(fast bool) {
	s.undo, s.undoFast, s.undoFrom, s.undoTo, s.undoBytes = true, fast, s.una, s.nxt, 0
	s.repaired, s.unrepaired = false, s.board.repeated.LessEq(s.una)
}

// undoByDSACK takes the reduction back when the peer received everything twice that was sent again (RFC 3708 §3).
func (s *Sender) undoByDSACK(r *Result) {
	if s.undo && s.una.Sub(s.undoTo) > undoMemory {
		s.undo = false
	}
	if s.undo && s.repaired && s.undoBytes <= 0 {
		if s.undoFast {
			s.reorders(r)
		}
		s.takeBack(reasonUndoneDSACK, r)
	}
}

// undoByTimestamp takes the reduction back when a range that was sent again is acknowledged by the echo of a timestamp
// from before: its original had arrived (Eifel detection, RFC 3522 §3.2, and response, RFC 4015 §3).
func (s *Sender) undoByTimestamp(a *Ack, d *delivery, r *Result) {
	if !s.undo || !s.repaired || !d.again || !s.timestamps || !a.HasTS || a.TSEcr == 0 || s.state == open {
		return
	}
	if int32(a.TSEcr-s.repairStamp) < 0 {
		if s.undoFast {
			s.reorders(r) // it arrived after something sent later
		}
		s.takeBack(reasonUndoneTimestamp, r)
	}
}

// undoUnrepaired takes the reduction back when everything that was taken for lost has arrived and nothing was sent again: one
// batch of acknowledgements may hold both the reason for a retransmission and, before it leaves, the proof that none is
// needed. A probe that was sent before may have been what arrived.
func (s *Sender) undoUnrepaired(r *Result) {
	if s.undo && s.unrepaired && !s.repaired && s.state != open && s.board.score.pending == 0 {
		if s.undoFast {
			s.reorders(r)
		}
		s.takeBack(reasonUndoneLate, r)
	}
}

// takeBack restores the window as it was before the reduction (RFC 9438 §4.9).
func (s *Sender) takeBack(why *trace.Reason, r *Result) {
	s.cwnd = max(s.cwnd, s.prior.cwnd)
	s.ssthresh = max(s.ssthresh, s.prior.ssthresh)
	s.cubic = s.prior.cubic
	s.undo = false
	s.undone++
	if b := s.board; b != nil {
		b.score.found()
		s.left(r)
	}
	r.Undone = true
	r.Reason = why.Reach()
}
