package site

import (
	"runtime"
	"time"
)

// turns are taken for what keeps a processor busy. With more goroutines that compute than there are processors, a loop would
// wait for all of them each time that something comes for it.
var turns = make(chan struct{}, runtime.GOMAXPROCS(0))

func takeTurn() { turns <- struct{}{} }

// giveTurn gives the turn to others, and the processor to a loop that waits for one.
func giveTurn() {
	busy := len(turns) == cap(turns)
	<-turns
	if busy {
		runtime.Gosched()
	}
}

// turn is that of whoever computes for longer. It is used by one goroutine, which must not wait for anybody while it has it, nor
// do what takes one itself. The zero turn is not taken.
type turn struct {
	taken bool
	since time.Time
}

// longestTurn is after how long a turn is somebody else's. rest is how long it then stays with nobody when all are taken: Go asks
// the network only when a processor has nothing else to do, and then for a millisecond, unless something has come.
const (
	longestTurn = 2 * time.Millisecond
	rest        = 20 * time.Microsecond
)

func (t *turn) take() {
	takeTurn()
	t.taken, t.since = true, time.Now()
}

// give gives it back, and reports whether it was taken.
func (t *turn) give() bool {
	if !t.taken {
		return false
	}
	t.taken = false
	giveTurn()
	return true
}

// breathe lets a loop, and then others, have a turn when it has been taken for long.
func (t *turn) breathe() {
	if t.taken && time.Since(t.since) >= longestTurn {
		if len(turns) == cap(turns) {
			time.Sleep(rest)
		}
		t.give()
		t.take()
	}
}
