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
	coming int // on their way into the line, where they have a place
}

// passage is how an exchange has left a gate's line.
type passage uint8

const (
	entered   passage = iota // there was room: leave makes it again
	overdue                  // it has waited for as long as it may
	abandoned                // its client has gone
)

// waiter is an exchange that stands in a gate's line.
type waiter struct {
	g     *gate
	x     *exchange.Exchange
	goOn  func(x *exchange.Exchange, how passage)
	full  func(x *exchange.Exchange) // when nobody is there to go on
	timer *time.Timer
	over  bool // it has left the line; guarded by gate.mu, and so is what follows
	comes bool // it is one of those that are coming
}

// try enters at once, when there is room; then nobody waits.
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
func (g *gate) wait(x *exchange.Exchange, goOn func(x *exchange.Exchange, how passage), full func(x *exchange.Exchange)) bool {
	w := &waiter{g: g, x: x, goOn: goOn, full: full}
	g.mu.Lock()
	if len(g.line)+g.coming >= g.queue {
		g.mu.Unlock()
		return false
	}
	g.coming++
	w.comes = true
	g.mu.Unlock()
	if !x.Suspend(w) {
		g.mu.Lock()
		g.coming--
		g.mu.Unlock()
		return false
	}
	g.stand(w)
	return true
}

// stand puts a waiter in the line, unless its turn has come meanwhile, or its client has gone.
func (g *gate) stand(w *waiter) {
	g.mu.Lock()
	if w.comes {
		w.comes = false
		g.coming--
	}
	if w.over {
		g.mu.Unlock()
		return
	}
	how := entered
	switch s := w.x.Look(); {
	case s.Gone != nil, s.Left: // before anybody could be told
		how = abandoned
	case g.inside < g.most:
		g.inside++
	default:
		g.line = append(g.line, w)
		w.timer = time.AfterFunc(g.patience, func() { w.giveUp(overdue) })
		g.mu.Unlock()
		return
	}
	w.over = true
	g.mu.Unlock()
	w.resume(how)
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
	w.resume(entered)
}

// Stir is told when the client has gone: somebody else looks after the line, for this may be within a lock.
func (w *waiter) Stir() { go w.giveUp(abandoned) }

// giveUp leaves the line without having entered.
func (w *waiter) giveUp(how passage) {
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
	w.resume(how)
}

func (w *waiter) resume(how passage) {
	if w.x.Resume(func(x *exchange.Exchange) { w.goOn(x, how) }) {
		return
	}
	if how == entered {
		w.g.leave()
	}
	w.full(w.x)
}

// count is how many are inside, and how many wait.
func (g *gate) count() (inside, waiting int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inside, len(g.line)
}

// why says for the owner why nobody was let in.
func (g *gate) why(how passage) string {
	if how == abandoned {
		return "the client went away"
	}
	return "it waited for " + g.patience.String()
}

// fullLine is why nobody may even wait.
const fullLine = "as many wait as may"
