package recovery

import (
	"time"

	"vitrine/stack/tcp/segment"
)

// duplicates is the peer's report that it received a range twice (RFC 2883).
type duplicates struct {
	segment.Range
	ok    bool
	probe bool // it was the loss probe
}

// duplicateReport finds such a report: the first block, if it is acknowledged cumulatively or lies within the second
// (RFC 2883 §4). A report is believed as long as no more is reported than was sent again, since the network duplicates
// too (RFC 3708 §3), and a peer may lie.
func (s *Sender) duplicateReport(a *Ack, r *Result) (d duplicates) {
	if !s.sack || len(a.SACK) == 0 {
		return d
	}
	first := a.SACK[0]
	below := first.End.LessEq(a.Una)
	if first.Empty() || !below && (len(a.SACK) < 2 || !a.SACK[1].Contains(first)) {
		return d
	}
	n := uint64(first.Len())
	if s.nxt.Less(first.End) || s.reported+n > s.retransmitted {
		r.because(reasonDSACKOutside.Reach())
		return d
	}
	s.reported += n
	if s.undo && s.undoFrom.LessEq(first.Start) && first.End.LessEq(s.undoTo) {
		s.undoBytes -= int32(n)
	}
	return duplicates{Range: first, ok: true, probe: s.probing && s.probeAgain && first.End == s.probeEnd}
}

// selective takes the blocks in. One that is not above the acknowledgement and within what was sent is ignored: the peer
// errs, or somebody guesses (RFC 2018 §4).
func (s *Sender) selective(a *Ack, skipFirst bool, d *delivery, r *Result) {
	b := s.board
	// As many pieces as there are segments, each with a hole behind it, is what an honest peer can need; records that
	// the connection itself made by sending less do not count against it.
	limit := min(b.score.limit, max(64+2*int(s.outstanding()/s.mss), b.score.limit/64))
	for i, block := range a.SACK {
		if i == 0 && skipFirst {
			continue
		}
		if block.Empty() || s.nxt.Less(block.End) || block.Start.LessEq(a.Una) && s.una.Less(block.End) {
			r.because(reasonSACKOutside.Reach())
			continue
		}
		if block.End.LessEq(s.una) {
			continue // an old report, overtaken by a newer acknowledgement
		}
		if !b.score.acknowledgeRange(s.pool, block.Start.Max(s.una), block.End, limit, d) {
			r.because(reasonSACKCrumbs.Reach())
		}
	}
}

// watchReneging looks whether the first range that is not acknowledged cumulatively is acknowledged selectively: then
// the peer should have acknowledged it, and has thrown it away. As in Linux it gets a moment to correct itself.
func (s *Sender) watchReneging(now int64, r *Result) {
	b := s.board
	if b.score.n == 0 || b.score.at(0).flags&sacked == 0 {
		b.renegeAt = 0
		return
	}
	r.Reneged = true
	if b.renegeAt == 0 {
		b.renegeAt = now + max(s.srtt/2, int64(10*time.Millisecond))
	}
}
