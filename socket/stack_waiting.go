package socket

import (
	"os"
	"sync"
	"time"

	"vitrine/stack"
)

// waiting is the place to park of an adapter without a descriptor, a wire in memory: the shard waits by itself. What is the
// kernel's is waited for by a poller and a goroutine of their own, which are made when they are needed first.
type waiting struct {
	shard *stack.Shard

	mu     sync.Mutex
	side   Poller  // nil: nothing of the kernel's was asked for
	found  []Event // of side, not yet taken
	closed bool
}

// longestPark bounds how long nobody looks. Once, under the race detector, a loop on a wire in memory slept through a Wake, and
// how is not known yet: whoever waits for such a loop waits for this long at most.
const longestPark = int64(time.Second)

func (w *waiting) park(now, until int64) error {
	if most := now + longestPark; until == 0 || until > most {
		until = most
	}
	return w.shard.Wait(until)
}

func (w *waiting) look()      {}
func (w *waiting) interrupt() { w.shard.Post(nothing) }

func nothing() {}

// kernel is the poller of what is the kernel's.
func (w *waiting) kernel() (Poller, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return nil, os.ErrClosed
	case w.side == nil:
		side, err := Kernel{}.NewPoller()
		if err != nil {
			return nil, err
		}
		w.side = side
		go w.attend(side)
	}
	return w.side, nil
}

// attend notes what the kernel tells until the poller is closed.
func (w *waiting) attend(side Poller) {
	var events [64]Event
	for {
		n, err := side.Wait(events[:], time.Time{})
		if err != nil {
			return
		}
		w.mu.Lock()
		w.found = append(w.found, events[:n]...)
		closed := w.closed
		w.mu.Unlock()
		if closed {
			return
		}
		w.interrupt()
	}
}

func (w *waiting) take(events []Event) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := copy(events, w.found)
	w.found = w.found[:copy(w.found, w.found[n:])]
	return n
}

func (w *waiting) add(ep Endpoint, t Token) error {
	side, err := w.kernel()
	if err != nil {
		return err
	}
	return side.Add(ep, t)
}

func (w *waiting) addListener(l Listener, t Token) error {
	side, err := w.kernel()
	if err != nil {
		return err
	}
	return side.AddListener(l, t)
}

func (w *waiting) remove(l Listener) error {
	side, err := w.kernel()
	if err != nil {
		return err
	}
	return side.Remove(l)
}

func (w *waiting) dial(to Address) (Endpoint, error) {
	side, err := w.kernel()
	if err != nil {
		return nil, err
	}
	return side.(Dialer).Dial(to, false)
}

func (w *waiting) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.side == nil {
		return nil
	}
	return w.side.Close()
}
