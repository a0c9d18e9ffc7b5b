package serve

import (
	"sync"
	"sync/atomic"
)

// handlers is the bounded pool of goroutines for what may block.
type handlers struct {
	mu      sync.Mutex
	cond    sync.Cond
	queue   []func()
	idle    int // goroutines that wait and were not promised a job
	running int // goroutines but for those that are paused
	paused  int // goroutines whose jobs wait for their clients
	max     int
	closed  bool
	active  atomic.Int64 // jobs that run or wait: loops give way while there are any
}

// waiting is how many jobs may wait for each goroutine that the pool may have, and how many more goroutines there may be
// that are paused.
const waiting = 16

func newHandlers(max int) *handlers {
	h := &handlers{max: max}
	h.cond.L = &h.mu
	return h
}

func (h *handlers) resize(max int) {
	h.mu.Lock()
	h.max = max
	for len(h.queue) > 0 && h.idle == 0 && h.running < max { // those that wait need not wait any more
		h.running++
		go h.work(h.next())
	}
	h.mu.Unlock()
}

// next takes the job that has waited longest. The lock is held.
func (h *handlers) next() func() {
	f := h.queue[0]
	h.queue[0] = nil
	if h.queue = h.queue[1:]; len(h.queue) == 0 {
		h.queue = nil
	}
	return f
}

// close lets the goroutines end once there is nothing left to do.
func (h *handlers) close() {
	h.mu.Lock()
	h.closed, h.idle = true, 0
	h.cond.Broadcast()
	h.mu.Unlock()
}

// run hands f to a goroutine of the pool, or lets it wait for one. It returns false when too many wait.
func (h *handlers) run(f func()) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.idle > 0:
		h.idle--
		h.queue = append(h.queue, f)
		h.cond.Signal()
	case h.running < h.max:
		h.running++
		go h.work(f)
	case len(h.queue) < waiting*h.max:
		h.queue = append(h.queue, f)
	default:
		return false
	}
	h.active.Add(1)
	return true
}

// pause lets another job run in the place of one that waits for its client. It returns false when as many do as may. A job
// that is counted elsewhere, such as one that waits for a program, is not counted here, and may always.
func (h *handlers) pause(elsewhere bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !elsewhere {
		if h.paused >= waiting*h.max {
			return false
		}
		h.paused++
	}
	h.running--
	h.active.Add(-1)
	if len(h.queue) > 0 && h.idle == 0 && h.running < h.max {
		h.running++
		go h.work(h.next())
	}
	return true
}

// unpause counts a job again that waits no longer. It does not wait: for a moment there may be more than max, of which the
// next to end is not followed by another.
func (h *handlers) unpause(elsewhere bool) {
	h.mu.Lock()
	if !elsewhere {
		h.paused--
	}
	h.running++
	h.mu.Unlock()
	h.active.Add(1)
}

// keepIdle is how many goroutines stay when there is nothing to do, with their grown stacks.
const keepIdle = 16

func (h *handlers) work(f func()) {
	for {
		f()
		h.active.Add(-1)
		h.mu.Lock()
		for len(h.queue) == 0 || h.running > h.max && h.idle == 0 {
			if h.closed || h.idle >= keepIdle || h.running > h.max {
				h.running--
				h.mu.Unlock()
				return
			}
			h.idle++
			h.cond.Wait() // who signals has lowered idle
		}
		f = h.next()
		h.mu.Unlock()
	}
}
