package journey

import "sync/atomic"

// pace bounds how many a second are recorded, over all loops: a bucket of as many tokens as a second has, so that what
// comes at once after a quiet second is recorded whole, and of a flood the same number in each part of a second. The bucket
// is one number, the moment until which its tokens are spent (the generic cell rate algorithm).
type pace struct{ spent atomic.Int64 }

// take takes a token, if there is one at a moment in nanoseconds.
func (p *pace) take(now int64, most int) bool {
	const second = 1e9
	each := second / int64(most)
	for {
		spent := p.spent.Load()
		from := max(spent, now-second)
		if spent > now+second { // the clock was set back
			from = now - second
		}
		if from+each > now {
			return false
		}
		if p.spent.CompareAndSwap(spent, from+each) {
			return true
		}
	}
}
