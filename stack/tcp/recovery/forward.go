package recovery

import "time"

// forward is F-RTO's progress (RFC 5682): after a time-out new data is sent instead of the next retransmissions, and the
// acknowledgements tell whether the time-out was needed. Timestamps tell it without the detour, so it is for peers
// without them.
type forward uint8

const (
	forwardOff   forward = iota
	forwardArmed         // step 1: the first range was sent again
	forwardNew           // step 2b: up to two segments of new data are to be sent
	forwardWait          // step 3: their acknowledgement decides
)

// forwardPatience is how long new data is awaited before retransmission goes on.
const forwardPatience = int64(2 * time.Millisecond)

// forwardSent notes that new data was sent.
func (s *Sender) forwardSent() {
	if s.forward == forwardNew && s.nxt.Sub(s.board.high) >= 2*s.mss {
		s.forward, s.board.forwardAt = forwardWait, 0
	}
}

// forwardAcked judges an acknowledgement after a time-out.
func (s *Sender) forwardAcked(now int64, d *delivery, advanced bool, r *Result) {
	if s.forward == forwardOff || s.state != loss {
		return
	}
	b := s.board
	switch {
	case s.sack && d.original, !s.sack && s.forward == forwardWait && advanced:
		// RFC 5682 §3.1 step 3b: what was not sent again arrived, so nothing was lost.
		s.takeBack(reasonUndoneFRTO, r)
	case s.forward == forwardArmed && advanced && s.una.Less(b.high):
		s.forward, b.forwardAt = forwardNew, now+forwardPatience
	default: // steps 2a and 3a
		s.forward, b.forwardAt = forwardOff, 0
	}
}

// forwardExpired ends the wait for new data: none came, or less than was allowed.
func (s *Sender) forwardExpired() {
	s.board.forwardAt = 0
	if s.board.high.Less(s.nxt) {
		s.forward = forwardWait
	} else {
		s.forward = forwardOff
	}
}
