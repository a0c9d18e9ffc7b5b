package recovery

// countDuplicates keeps the scoreboard of a peer without SACK: each duplicate acknowledgement is a segment that arrived
// somewhere (RFC 6582 §3.2). It returns how many bytes were delivered (RFC 9937 §5).
func (s *Sender) countDuplicates(a *Ack, advanced bool, acked int) int {
	b := s.board
	if advanced {
		delivered := max(acked-int(b.dups*s.mss), min(acked, int(s.mss)))
		// One segment of it filled the hole, the others had been counted.
		b.dups = max(b.dups-max(int32(acked)/s.mss-1, 0), 0)
		if b.hold && b.high.Less(s.una) {
			b.hold = false
		}
		if s.state == open {
			b.dups = 0
		}
		return delivered
	}
	// RFC 6582 §4.1: duplicates of what ended the last recovery are echoes of needless retransmissions.
	if !a.Dup || b.hold && s.una == b.high || b.dups >= s.outstanding()/s.mss {
		return 0
	}
	b.dups++
	return int(s.mss)
}

// detectDuplicates takes the first segment for lost: after three duplicates, or because the one before it was repaired
// and it is still missing.
func (s *Sender) detectDuplicates(advanced bool, r *Result) bool {
	b := s.board
	first := b.score.at(0)
	switch {
	case first.flags&(lost|again) != 0:
		return false
	case s.state == open && b.dups >= dupThresh:
	case s.state == recovery && advanced:
		r.because(reasonPartial.Reach())
	default:
		return false
	}
	if end := s.una.Add(int(s.mss)); end.Less(first.end) && b.score.n < b.score.limit {
		b.score.split(s.pool, 0, end)
	}
	s.lose(0)
	return true
}
