package recovery

// dupThresh is how many segments acknowledged out of order mean a loss, on a path that was not seen to reorder.
const dupThresh = 3

// Recoveries without duplicate reports after which the reordering window is narrow again (RFC 8985 §6.2 step 4).
const reoPersist = 16

// recent takes in which transmission was delivered that left last, and whether the path reorders (RFC 8985 §6.2 steps
// 1 to 3).
func (s *Sender) recent(now int64, d *delivery, r *Result) {
	b := s.board
	if d.newest != 0 && after(d.newest, d.newestEnd, b.newest, b.newestEnd) {
		b.newest, b.newestEnd = d.newest, d.newestEnd
		b.rtt = now - d.newest
	}
	if d.bytes > 0 {
		b.fack = b.fack.Max(d.highest)
	}
	if d.reordered {
		s.reorders(r)
	}
}

func (s *Sender) reorders(r *Result) {
	if !s.reordering {
		s.reordering = true
		r.because(reasonReordering.Reach())
	}
}

// adaptReordering widens the reordering window once in each round trip in which the peer reports duplicates, since then
// something was sent again too early (RFC 8985 §6.2 step 4).
func (s *Sender) adaptReordering(dup duplicates, r *Result) {
	if s.inDSACKRound && s.dsackRound.LessEq(s.una) {
		s.inDSACKRound = false
	}
	if dup.ok && !dup.probe && !s.inDSACKRound {
		s.inDSACKRound, s.dsackRound = true, s.nxt
		s.reoSteps = min(s.reoSteps+1, 200)
		s.reoPersist = reoPersist
		r.because(reasonReorderingWider.Reach())
	}
}

// recovered counts recoveries after which the window is narrow again.
func (s *Sender) recovered() {
	if s.reoPersist > 0 {
		s.reoPersist--
		if s.reoPersist == 0 {
			s.reoSteps = 1
		}
	}
}

// reorderingWindow is how much later than others a segment may arrive before it is taken for lost.
func (s *Sender) reorderingWindow() int64 {
	if !s.reordering && (s.state != open || s.board.score.segs >= dupThresh) {
		return 0
	}
	return min(int64(s.reoSteps)*s.minRTT/4, s.srtt)
}

// detect takes for lost what was sent before something that was delivered, and longer ago than a round trip and the
// reordering window (RFC 8985 §6.2 step 5). Retransmissions are no exception. For the rest the reordering timer is set.
// It reports whether anything was lost.
func (s *Sender) detect(now int64, advanced bool, r *Result) bool {
	if !s.sack {
		return s.detectDuplicates(advanced, r)
	}
	b := s.board
	b.reorderAt = 0
	if b.newest == 0 || b.score.sacked == 0 && b.repeated.LessEq(s.una) {
		return false // what was delivered was sent before everything that is in flight
	}
	patience := b.rtt + s.reorderingWindow()
	found, foundAgain := false, false
	var wait int64
	all := b.score.all()
	for i := range all {
		rec := &all[i]
		if rec.flags&sacked != 0 || rec.pending() {
			continue
		}
		if !after(b.newest, b.newestEnd, rec.sent, rec.end) {
			if rec.flags&ever == 0 && b.repeated.LessEq(rec.start) {
				break // from here on the order is that of sending
			}
			continue
		}
		if remaining := rec.sent + patience - now; remaining > 0 {
			wait = max(wait, remaining)
			continue
		}
		foundAgain = foundAgain || rec.flags&again != 0 && rec.flags&lost != 0
		s.lose(i)
		found = true
	}
	if wait > 0 {
		b.reorderAt = now + wait
	}
	if foundAgain {
		r.Reason = reasonRetransmissionLost.Reach()
	}
	return found
}

func (s *Sender) lose(i int) {
	b := s.board
	b.score.lose(i)
	b.hint = b.hint.Min(b.score.at(i).start)
}
