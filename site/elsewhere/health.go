package elsewhere

import "sync/atomic"

// Health is whether one server is well, by its answers so far: Fall bad ones in a row make it unwell, Rise good ones well again.
// It begins well. Told is called by one goroutine at a time, Well by any.
type Health struct {
	Rise, Fall int
	row        int // answers in a row that speak against the present state
	unwell     atomic.Bool
}

// Well reports whether the server is well.
func (h *Health) Well() bool { return !h.unwell.Load() }

// Told takes an answer into account, and reports whether the state has changed by it.
func (h *Health) Told(good bool) (changed bool) {
	unwell := h.unwell.Load()
	if good != unwell { // as it is
		h.row = 0
		return false
	}
	h.row++
	if !unwell && h.row >= h.Fall || unwell && h.row >= h.Rise {
		h.row = 0
		h.unwell.Store(!unwell)
		return true
	}
	return false
}
