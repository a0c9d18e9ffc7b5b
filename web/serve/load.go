package serve

import (
	"sync/atomic"
	"time"

	"vitrine/socket"
)

// LoopStats is what an event loop has done since the start. Numbers only grow, but for Connections.
type LoopStats struct {
	Index       int
	Connections int
	// Turns are those of connections: that the loop ran, or under threads and pool gave to the goroutines that run them.
	Turns uint64
	Wakes uint64 // times that it had waited and went on
	// Busy is for how long the loop did not sleep, out of Measured. Both stand still while nobody has asked for ten seconds, and
	// while the loop sleeps; then Measured catches up. Under threads and pool it is the loop's own part: accepting,
	// waiting for everybody and handing over. On the own stack moving frames is a part of it.
	Busy, Measured time.Duration
}

// load is a loop's numbers. The loop writes them, once each time that it goes round; nobody else writes into these cache
// lines, but for asked.
type load struct {
	_                     [64]byte
	turns, wakes          atomic.Uint64
	busy, measured, conns atomic.Int64
	mark                  int64 // engine time up to which is measured; 0: nothing is. The loop's
	slept                 int64 // socket.Idler's then
	idler                 socket.Idler
	_                     [64]byte
	asked                 atomic.Int64 // engine time
	_                     [64]byte
}

// interest is for how long the loops read the clock once more each round after somebody has asked.
const interest = int64(10 * time.Second)

// measure brings the loop's numbers up to date. It is called before each wait.
func (l *loop) measure() {
	n := &l.load
	n.wakes.Store(n.wakes.Load() + 1)
	n.turns.Store(l.turns)
	n.conns.Store(int64(l.live - l.linked))
	asked := n.asked.Load()
	if asked == 0 || l.worker.Now-asked > interest {
		n.mark = 0
		return
	}
	now := Now()
	slept := int64(0)
	if n.idler != nil {
		slept = n.idler.Idle()
	}
	if n.mark != 0 {
		took := now - n.mark
		busy := now - l.worker.Now // since the wait
		if n.idler != nil {
			busy = took - (slept - n.slept)
		}
		n.busy.Store(n.busy.Load() + min(max(busy, 0), took))
		n.measured.Store(n.measured.Load() + took)
	}
	n.mark, n.slept = now, slept
}

// LoopStats are the loops' numbers. It asks no loop, and may be called from any goroutine. Busy times are measured while it is
// called now and then.
func (e *Engine) LoopStats() []LoopStats {
	all := make([]LoopStats, len(e.loops))
	now := Now()
	for i, l := range e.loops {
		n := &l.load
		n.asked.Store(now)
		all[i] = LoopStats{Index: i, Connections: int(n.conns.Load()), Turns: n.turns.Load(), Wakes: n.wakes.Load(),
			Measured: time.Duration(n.measured.Load()), Busy: time.Duration(n.busy.Load())}
	}
	return all
}
