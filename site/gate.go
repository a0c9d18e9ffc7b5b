package site

import (
	"sync"
	"time"

	"vitrine/web/exchange"
)

// gate bounds how many exchanges do something at once. The next ones wait, without a goroutine, in the order in which they
// came, for a bounded time. It is safe for concurrent use.
type gate struct {
	most     int
	queue    int
	patience time.Duration

	mu     sync.Mutex
	inside int
	line   []*waiter
}

// waiter is an exchange that stands in a gate's line.
type waiter struct {
	g     *gate
	x     *exchange.Exchange
	goOn  func(x *exchange.Exchange, in bool)
	full  func(x *exchange.Exchange) // when nobody is there to go on
	timer *time.Timer
	over  bool // it has left the line; guarded by gate.mu
}

// try enters at once, when there is room and nobody waits.
func (g *gate) try() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside >= g.most {
		return false
	}
	g.inside++
	return true
}

// wait stands in the line, and returns at once. It returns false, and nothing has changed, when the line is as long as it may
// be. goOn is called later, off the loops, with whether the gate was entered; full is called in its place when no goroutine
// can be had: it must not block, and ends the exchange.
func (g *gate) wait(x *exchange.Exchange, goOn func(x *exchange.Exchange, in bool), full func(x *exchange.Exchange)) bool {
	w := &waiter{g: g, x: x, goOn: goOn, full: full}
	g.mu.Lock()
	if len(g.line) >= g.queue {
		g.mu.Unlock()
		return false
	}
	g.mu.Unlock()
	if !x.Suspend(w) {
		return false
	}
	g.stand(w)
	return true
}

// stand puts a waiter in the line, unless its turn has come meanwhile, or its client has gone.
func (g *gate) stand(w *waiter) {
	g.mu.Lock()
	if w.over {
		g.mu.Unlock()
		return
	}
	if g.inside < g.most {
		g.inside++
		w.over = true
		g.mu.Unlock()
		w.resume(true)
		return
	}
	g.line = append(g.line, w)
	w.timer = time.AfterFunc(g.patience, w.giveUp)
	g.mu.Unlock()
}

// leave makes room for the next.
func (g *gate) leave() {
	g.mu.Lock()
	if len(g.line) == 0 {
		g.inside--
		g.mu.Unlock()
		return
	}
	w := g.line[0]
	g.line[0] = nil
	g.line = g.line[1:]
	w.over = true
	w.timer.Stop()
	g.mu.Unlock()
	w.resume(true)
}

// Stir is told when the client has gone: somebody else looks after the line, for this may be within a lock.
func (w *waiter) Stir() { go w.giveUp() }

// giveUp leaves the line without having entered.
func (w *waiter) giveUp() {
	g := w.g
	g.mu.Lock()
	if w.over {
		g.mu.Unlock()
		return
	}
	w.over = true
	for i := range g.line {
		if g.line[i] == w {
			g.line = append(g.line[:i], g.line[i+1:]...)
			break
		}
	}
	if w.timer != nil {
		w.timer.Stop()
	}
	g.mu.Unlock()
	w.resume(false)
}

func (w *waiter) resume(in bool) {
	if w.x.Resume(func(x *exchange.Exchange) { w.goOn(x, in) }) {
		return
	}
	if in {
		w.g.leave()
	}
	w.full(w.x)
}
