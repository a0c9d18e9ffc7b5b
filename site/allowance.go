package site

import (
	"sync"
	"time"
)

// allowance bounds how many bytes may be told in a second: as many as come in one second may come at once. It is safe for
// concurrent use. Its zero value allows nothing.
type allowance struct {
	perSecond int64

	mu     sync.Mutex
	left   int64
	since  time.Time // left is as of then; zero: nobody has asked
	missed int64     // bytes that were not allowed, since some were
}

// take asks for n bytes. When they are allowed, missed is how many were not, since some were. Not a byte is to be had where
// what was left is used up, so that whoever asks for 0 learns that.
func (a *allowance) take(n int, now time.Time) (ok bool, missed int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch passed := now.Sub(a.since); {
	case a.since.IsZero() || passed >= time.Second:
		a.left, a.since = a.perSecond, now
	default:
		if more := int64(float64(a.perSecond) * passed.Seconds()); more > 0 {
			a.left, a.since = min(a.left+more, a.perSecond), now
		}
	}
	if a.left <= 0 || int64(n) > a.left {
		a.missed += int64(n)
		return false, 0
	}
	a.left -= int64(n)
	if n == 0 {
		return true, 0
	}
	missed, a.missed = a.missed, 0
	return true, missed
}
