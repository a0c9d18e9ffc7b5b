package link

import "math/bits"

// Notice decides when an arrival is looked at: at once, not more often than every Gap (interrupt moderation), or without
// being woken at all, by looking again and again for up to Budget after the last frame (busy polling). Pure; the zero value
// looks at once and never spins.
type Notice struct {
	Gap    int64 // nanoseconds that lie at least between two interrupts; 0: none
	Budget int64 // nanoseconds of looking again after the last frame, before parking; 0: none

	counters  NoticeCounters
	last      int64 // when the last interrupt was handled
	seen      int64 // when a look last found frames
	found     bool  // a look has found frames since the last Park
	announced bool  // the arrival that is put off was counted
}

// NoticeCounters tell how arrivals were noticed. They only grow.
type NoticeCounters struct {
	Interrupts uint64 // wake-ups that were handled
	Moderated  uint64 // wake-ups that were put off because the last one was less than Gap ago
	Polls      uint64 // looks at the receive ring
	Spins      uint64 // looks that were made instead of parking
	Frames     [8]uint64
	// Frames is how many looks found 0, 1, 2–3, 4–7, 8–15, 16–31, 32–63, 64 and more frames.
}

// Counters so far.
func (n *Notice) Counters() NoticeCounters { return n.counters }

// Arrived is called when the adapter wakes its owner because frames are there. handle: look now. Otherwise look at the
// time given.
func (n *Notice) Arrived(now int64) (handle bool, at int64) {
	if at = n.last + n.Gap; n.Gap > 0 && n.last != 0 && now < at {
		if !n.announced {
			n.counters.Moderated++
			n.announced = true
			reasonModerated.Reach()
		}
		return false, at
	}
	n.announced = false
	n.last = now
	n.counters.Interrupts++
	return true, now
}

// Polled counts one look at the ring that found so many frames.
func (n *Notice) Polled(frames int) {
	n.counters.Polls++
	n.counters.Frames[min(bits.Len(uint(frames)), len(n.counters.Frames)-1)]++
	if frames > 0 {
		n.found = true
	}
}

// Park is asked when the owner has nothing to do. False: look again instead, a frame may come.
func (n *Notice) Park(now int64) bool {
	if n.Budget <= 0 {
		return true
	}
	if n.found {
		n.found, n.seen = false, now
	}
	if n.seen == 0 || now-n.seen >= n.Budget {
		return true
	}
	n.counters.Spins++
	return false
}
