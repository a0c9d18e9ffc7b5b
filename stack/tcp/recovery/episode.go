package recovery

// enter begins fast recovery; undelivered is what had not been delivered before this acknowledgement (RFC 9937 §6).
func (s *Sender) enter(undelivered int32, r *Result) {
	b := s.board
	s.reduce()
	s.beginUndo(true)
	s.state, s.forward = recovery, forwardOff
	s.probed() // the recovery reduces the window already
	s.cancelProbe()
	b.high, b.hold = s.nxt, false
	b.prrDelivered, b.prrOut, b.prrFlight = 0, 0, int64(max(undelivered, 1))
	r.Entered = true
	if r.Reason == nil || r.Reason == reasonReordering {
		if s.sack {
			r.Reason = reasonEntered.Reach()
		} else {
			r.Reason = reasonDuplicates.Reach()
		}
	}
}

// leave ends recovery when everything up to the recovery point is acknowledged.
func (s *Sender) leave(r *Result) {
	b := s.board
	if s.state == open || s.una.Less(b.high) {
		return
	}
	if s.state == recovery {
		s.cwnd = max(s.ssthresh, s.mss) // RFC 9937 §6
	}
	s.left(r)
	r.because(reasonLeft.Reach())
}

// left ends recovery in whatever way.
func (s *Sender) left(r *Result) {
	if s.state == open {
		return
	}
	s.state, s.forward = open, forwardOff
	s.board.dups, s.board.hold = 0, !s.sack
	s.recovered()
	r.Left = true
}

// reduceProportionally sets the window to what is in flight and what PRR lets go now, so that the flight shrinks to the
// threshold evenly over one round trip, or grows back to it when much was lost (RFC 9937 §6). safe: the acknowledgement
// made progress and told of no further loss.
func (s *Sender) reduceProportionally(delivered int, safe bool) {
	b := s.board
	if delivered <= 0 && b.prrOut > 0 {
		return
	}
	b.prrDelivered += int64(delivered)
	flight, threshold, mss := int64(s.inFlight()), int64(s.ssthresh), int64(s.mss)
	var send int64
	if flight > threshold {
		send = (b.prrDelivered*threshold+b.prrFlight-1)/b.prrFlight - b.prrOut
	} else {
		send = max(b.prrDelivered-b.prrOut, int64(delivered)) // conservative reduction bound, PRR-CRB
		if safe {
			send += mss // slow-start reduction bound, PRR-SSRB
		}
		send = min(threshold-flight, send)
	}
	if b.prrOut == 0 {
		send = max(send, mss) // the fast retransmit itself
	}
	s.cwnd = int32(min(max(flight+max(send, 0), mss), int64(s.most())))
}
