package recovery

import "time"

const (
	// handshakeRTO is the time-out after a handshake whose SYN was lost and gave no sample (RFC 6298 §5.7).
	handshakeRTO = int64(3 * time.Second)
	// minRTTAge is how long a smallest round trip is believed: paths change (RFC 8985 §6.2 step 1).
	minRTTAge = int64(300 * time.Second)
	// granule is how finely timers are kept.
	granule = int64(time.Millisecond)
)

// sample takes in a measured round trip of share bytes in a flight of the given size. RFC 6298 §2.3 wants one sample a
// round trip; as every acknowledgement gives one here, each counts only for its share, so that a long flight does not
// forget its history within one round trip (RFC 7323 appendix G).
func (s *Sender) sample(rtt int64, share, flight int) {
	rtt = max(rtt, 1)
	if s.srtt == 0 {
		s.srtt, s.rttvar = rtt, rtt/2 // RFC 6298 §2.2
		return
	}
	n := int64(1)
	if share > 0 {
		n = min(int64(flight/share), int64(flight)/int64(2*s.mss))
		n = max(n, 1)
	}
	s.rttvar += (max(rtt-s.srtt, s.srtt-rtt) - s.rttvar) / (4 * n)
	s.srtt = max(s.srtt+(rtt-s.srtt)/(8*n), 1)
}

// smallest keeps the smallest round trip of the last minutes. rtt holds no delay of the peer's where that is avoidable.
func (s *Sender) smallest(now, rtt int64) {
	if s.minRTT == 0 || rtt <= s.minRTT || now-s.minAt > minRTTAge {
		s.minRTT, s.minAt = max(rtt, 1), now
	}
}

// RTO is the present retransmission time-out in nanoseconds, with its back-off.
//
// Deviation: RFC 6298 §2.4 asks for at least a second. As in Linux the minimum is 200 ms and is one of the variance, so
// that a peer which delays its acknowledgement as long as others do never causes a time-out.
func (s *Sender) RTO() int64 {
	rto := s.cfg.InitialRTO
	switch {
	case s.srtt != 0:
		rto = s.srtt + max(granule, 4*s.rttvar, s.cfg.MinRTO) // RFC 6298 §2.3
	case s.slowHandshake:
		rto = max(rto, handshakeRTO)
	}
	// RFC 6298 §5.5. The shift is bounded, so it cannot overflow.
	return min(min(rto, s.cfg.MaxRTO)<<min(s.backoff, 20), s.cfg.MaxRTO)
}

// echo is the round trip that the echoed timestamp tells, in nanoseconds, or 0 when it tells none.
func echo(now int64, a *Ack) int64 {
	if !a.HasTS || a.TSEcr == 0 {
		return 0
	}
	ticks := int32(Timestamp(now) - a.TSEcr)
	if ticks < 0 || int64(ticks) > now/1e6 {
		return 0 // an echo of what was never sent
	}
	return max(int64(ticks), 1) * 1e6
}

// echoLimit is the last moment at which the segment whose timestamp is echoed may have been sent.
func echoLimit(now int64, a *Ack) int64 {
	if echo(now, a) == 0 {
		return now
	}
	ticks := int64(int32(Timestamp(now) - a.TSEcr))
	return (now/1e6-ticks+1)*1e6 - 1
}
