package stack

import (
	"sync"
	"time"
)

// deadline is a point in time after which an operation gives up. It is guarded by the lock of the one who owns it, and
// broadcasts on the condition that the operation waits for.
type deadline struct {
	passed bool
	timer  *time.Timer
	made   uint // deadlines set so far: a timer that fires late is told from the present one by it
}

// set moves the deadline; the zero time means none.
func (d *deadline) set(mu *sync.Mutex, waiting *sync.Cond, t time.Time) {
	mu.Lock()
	defer mu.Unlock()
	d.made++
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.passed = false
	if t.IsZero() {
		return
	}
	wait := time.Until(t)
	if wait <= 0 {
		d.passed = true
		waiting.Broadcast()
		return
	}
	made := d.made
	d.timer = time.AfterFunc(wait, func() {
		mu.Lock()
		if d.made == made {
			d.passed = true
			waiting.Broadcast()
		}
		mu.Unlock()
	})
}

// stop lets go of the timer. The lock is held.
func (d *deadline) stop() {
	d.made++
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
