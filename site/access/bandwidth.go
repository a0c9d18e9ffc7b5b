package access

import (
	"sync"
	"time"
)

// Bandwidth is what the responses of a client leave with all together. Each asks for a turn at a time, and turns follow each
// other in the order in which they were asked for: so nobody looks whether there is something to be had, however many wait.
// It is safe for concurrent use, and does not allocate.
type Bandwidth struct {
	rate int64 // bytes a second
	turn int64 // bytes

	mu   sync.Mutex
	next int64 // when the next turn is, in the time of those who ask
}

// Bounds of a turn: at most ten a second where the rate is low, and else about a hundred, without a packet for each.
const (
	leastTurn = 16 << 10
	mostTurn  = 1 << 20
)

// restTime is how much of the rate is kept for whoever has not asked for a while.
const restTime = int64(time.Second / 4)

// NewBandwidth makes one for so many bytes a second.
func NewBandwidth(rate int64) *Bandwidth {
	turn := min(max(rate/100, leastTurn), mostTurn)
	return &Bandwidth{rate: rate, turn: max(min(turn, rate/10), 1)}
}

// Reserve gives n bytes, which may leave from a time on. Times are in nanoseconds. What does not leave is given back with
// Return.
func (b *Bandwidth) Reserve(now int64) (n, from int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	from = max(b.next, now-restTime)
	b.next = from + b.turn*1e9/b.rate
	return b.turn, from
}

// Return gives back bytes that did not leave.
func (b *Bandwidth) Return(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.next -= n * 1e9 / b.rate
}
