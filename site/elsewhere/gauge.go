package elsewhere

import "sync/atomic"

// Gauge says whether a server is overloaded: from above a measure until it has fallen to another. It is safe for concurrent
// use.
type Gauge struct {
	Above, Below int64
	over         atomic.Bool
}

// Over reports whether the server is overloaded at the measure.
func (g *Gauge) Over(measure int64) bool {
	switch over := g.over.Load(); {
	case !over && measure > g.Above:
		g.over.Store(true)
		return true
	case over && measure <= g.Below:
		g.over.Store(false)
		return false
	default:
		return over
	}
}

// Is reports what Over would, and changes nothing.
func (g *Gauge) Is(measure int64) bool {
	return measure > g.Above || g.over.Load() && measure > g.Below
}
