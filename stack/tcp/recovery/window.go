package recovery

import "math"

// infinite is the slow-start threshold before the first loss (RFC 5681 §3.1).
const infinite = math.MaxInt32

// freshWindow sets the initial window (RFC 6928 §2). As in Linux a SYN that was lost once is forgiven, one that was lost
// repeatedly is not: then one segment it is.
func (s *Sender) freshWindow() {
	segs := s.cfg.InitialWindow
	if s.timeouts > 1 {
		segs = 1
	}
	s.cwnd = min(int32(segs)*s.mss, s.most())
	s.ssthresh = infinite
}

// most is the largest window allowed.
func (s *Sender) most() int32 {
	return int32(min(max(s.cfg.MaxWindow, int(2*s.mss)), 1<<30))
}

func (s *Sender) slowStart() bool { return s.cwnd < s.ssthresh }

// used notes how much of the window a transmission made use of. Only a window that was filled in the last round trip
// grows, since one that was not says nothing about the path (RFC 9438 §5.8, RFC 7661).
func (s *Sender) used() {
	flight := s.inFlight()
	full := flight+s.mss > s.cwnd
	if full || s.useSeq.LessEq(s.una) || !s.full && flight > s.useMost {
		s.full, s.useMost, s.useSeq = full, flight, s.nxt
	}
}

func (s *Sender) limitedByWindow() bool {
	// In slow start half a window is enough: it doubles.
	return s.full || s.slowStart() && s.cwnd < 2*s.useMost
}

// grow enlarges the window for delivered bytes. Bytes are counted, not acknowledgements, so that a peer which
// acknowledges seldom does not slow us down, and one that splits acknowledgements gains nothing (RFC 3465 §2).
func (s *Sender) grow(now int64, bytes int) {
	if !s.limitedByWindow() {
		s.cubic.freeze(now)
		return
	}
	if s.slowStart() {
		// RFC 3465 §2.2. L is what one super-segment holds, where the RFC has two segments: an acknowledgement for a
		// whole one is ordinary where receive offload is.
		n := int32(min(bytes, s.cfg.GrowthLimit*int(s.mss)))
		if s.hy.careful > 0 {
			n = max(n/hyGrowth, 1) // RFC 9406 §4.2
		}
		room := s.ssthresh - s.cwnd
		if n <= room {
			s.cwnd = min(s.cwnd+n, s.most())
			return
		}
		s.cwnd = min(s.cwnd+room, s.most())
		bytes -= int(room)
	}
	if s.reno {
		// RFC 5681 §3.1 with RFC 3465 §2.1: one segment for each window.
		s.credit += int32(bytes)
		for s.credit >= s.cwnd {
			s.credit -= s.cwnd
			s.cwnd += s.mss
		}
	} else {
		s.cwnd += int32(s.cubic.grow(now, bytes, s.cwnd, s.mss, s.srtt))
	}
	s.cwnd = min(s.cwnd, s.most())
}

// reduce sets the threshold for a congestion event. What there was before is kept, in case it was none.
func (s *Sender) reduce() {
	s.prior = prior{cwnd: s.cwnd, ssthresh: s.ssthresh, cubic: s.cubic}
	s.hy.on, s.hy.careful = false, 0
	s.credit = 0
	if s.reno {
		// RFC 5681 §3.1, equation 4. The window stands for the flight's size, as it only grows while it is used.
		s.ssthresh = max(s.cwnd/2, 2*s.mss)
		return
	}
	s.ssthresh = s.cubic.reduce(s.cwnd, s.mss)
}

// prior is the window as it was before a reduction (RFC 9438 §4.9).
type prior struct {
	cwnd, ssthresh int32
	cubic          cubic
}

// Idle is called before new data is sent when nothing is in flight: a window that was not used for longer than the
// retransmission time-out says less and less about the path (RFC 5681 §4.1). As in Linux it is halved for each time-out
// that passed instead of being forgotten at once (RFC 2861 §3.1), down to the initial window, and the threshold
// remembers three quarters of it.
func (s *Sender) Idle(now int64) {
	rto := s.RTO()
	idle := now - s.lastSent
	if s.board != nil || s.lastSent == 0 || idle <= rto {
		return
	}
	floor := min(int32(s.cfg.InitialWindow)*s.mss, s.cwnd)
	if s.cwnd <= floor {
		return
	}
	s.ssthresh = max(s.ssthresh, s.cwnd/4*3)
	for ; idle > rto && s.cwnd > floor; idle -= rto {
		s.cwnd /= 2
	}
	s.cwnd = max(s.cwnd, floor)
	s.useMost, s.full = 0, false
	reasonRestart.Reach()
}
