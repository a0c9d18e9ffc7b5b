package journey

import "sync/atomic"

// pace bounds how many a second are recorded, over all loops: a bucket of as many tokens as a second has, so that what
// comes at once after a quiet second is recorded whole, and of a flood the same number in each part of a second. The bucket
// is one number, the moment until which its tokens are spent (the generic cell rate algorithm).
type pace struct {
	spent atomic.Int64
	_     [56]byte // every loop looks at it, and few write it
}

// take takes a token, if there is one at a moment in nanoseconds.
func (p *pace) take(now int64, most int) bool {
	for {
		spent := p.spent.Load()
		next := after(spent, now, most)
		if next > now {
			return false
		}
		if p.spent.CompareAndSwap(spent, next) {
			return true
		}
	}
}

// after is until when tokens are spent once another one is.
func after(spent, now int64, most int) int64 {
	const second = 1e9
	if spent < now-second || spent > now+second { // nothing came for a second, or the clock was set back
		spent = now - second
	}
	return spent + second/int64(most)
}
