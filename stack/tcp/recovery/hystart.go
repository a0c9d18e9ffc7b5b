package recovery

import (
	"math"
	"time"

	"vitrine/stack/tcp/segment"
)

// The constants of RFC 9406 §4.3; times are microseconds here.
const (
	hyMinThreshold = uint32(4 * time.Millisecond / time.Microsecond)
	hyMaxThreshold = uint32(16 * time.Millisecond / time.Microsecond)
	hyDivisor      = 8
	hySamples      = 8
	hyGrowth       = 4 // CSS_GROWTH_DIVISOR
	hyRounds       = 5 // CSS_ROUNDS
)

// hystart leaves the first slow start before it overflows the path's queue: when round trips grow longer, it grows
// carefully for some rounds (conservative slow start, CSS) and then ends slow start, unless they become short again.
// The zero value is off.
type hystart struct {
	end              segment.Number // of the present round
	lastMin, nowMin  uint32         // smallest round trip of the last and of the present round; MaxUint32: none
	baseline         uint32         // while in CSS: what made it enter
	samples, careful uint8          // of the present round; rounds spent in CSS, 0: not in it
	on               bool
}

func (h *hystart) start(nxt segment.Number) {
	*h = hystart{on: true, end: nxt, lastMin: math.MaxUint32, nowMin: math.MaxUint32}
}

// sample takes in a round trip; it reports true when slow start is over (RFC 9406 §4.2).
func (h *hystart) sample(rtt int64, una, nxt segment.Number) bool {
	if h.end.LessEq(una) { // a round has ended
		h.lastMin, h.nowMin, h.samples = h.nowMin, math.MaxUint32, 0
		h.end = nxt
		if h.careful > 0 {
			h.careful++
			if h.careful > hyRounds {
				h.on = false
				return true
			}
		}
	}
	if rtt <= 0 {
		return false
	}
	h.nowMin = min(h.nowMin, uint32(min(rtt/1000, math.MaxUint32-1)))
	if h.samples < hySamples {
		h.samples++
	}
	if h.samples < hySamples {
		return false
	}
	if h.careful > 0 {
		if h.nowMin < h.baseline { // it was a passing delay: back to slow start
			h.careful = 0
		}
	} else if h.lastMin != math.MaxUint32 {
		threshold := min(max(h.lastMin/hyDivisor, hyMinThreshold), hyMaxThreshold)
		if h.nowMin >= h.lastMin+threshold {
			h.baseline, h.careful = h.nowMin, 1
		}
	}
	return false
}
