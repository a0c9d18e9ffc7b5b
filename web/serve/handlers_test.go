//go:build unix

package serve

import (
	"bytes"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

func TestHandlersRunAndWaitWithinBounds(t *testing.T) {
	h := newHandlers(3)
	defer h.close()
	gate, done := make(chan struct{}), make(chan struct{}, 1000)
	var running, most atomic.Int32
	job := func() {
		n := running.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		<-gate
		running.Add(-1)
		done <- struct{}{}
	}
	taken := 0
	for h.run(job) {
		taken++
	}
	if want := 3 + 3*waiting; taken != want {
		t.Errorf("%d jobs were taken, want %d", taken, want)
	}
	if n := h.active.Load(); n != int64(taken) {
		t.Errorf("%d are active of %d", n, taken)
	}
	close(gate)
	for range taken {
		await(t, "job", done)
	}
	if m := most.Load(); m > 3 {
		t.Errorf("%d ran at once", m)
	}
	if !h.run(job) {
		t.Error("no room after all have ended")
	}
	await(t, "job", done)
	until(t, func() bool { return h.active.Load() == 0 })
}

func TestOthersRunInThePlaceOfWhoeverWaitsForAClient(t *testing.T) {
	h := newHandlers(2)
	defer h.close()
	taken, done := make(chan struct{}, 1000), make(chan struct{}, 1000)
	slow := make(chan struct{})
	var running, most atomic.Int32
	for range 20 {
		if !h.run(func() {
			if !h.pause(false) {
				t.Error("20 may be paused")
			}
			taken <- struct{}{}
			<-slow
			h.unpause(false)
			done <- struct{}{}
		}) {
			t.Fatal("there is room")
		}
		await(t, "job that waits for its client", taken)
	}
	for range 30 {
		h.run(func() {
			n := running.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			runtime.Gosched()
			running.Add(-1)
			done <- struct{}{}
		})
	}
	for range 30 {
		await(t, "job of others", done)
	}
	if m := most.Load(); m > 2 {
		t.Errorf("%d ran at once", m)
	}
	close(slow)
	for range 20 {
		await(t, "job whose client has moved", done)
	}
	until(t, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.running <= 2 && h.paused == 0 && h.active.Load() == 0
	})
	for range 2 * waiting {
		h.mu.Lock()
		h.running++ // as if it ran
		h.mu.Unlock()
		if !h.pause(false) {
			t.Fatal("there is room")
		}
	}
	if h.pause(false) {
		t.Error("more are paused than may be")
	}
	for range 2 * waiting {
		h.unpause(false)
	}
	h.mu.Lock()
	h.running -= 2 * waiting
	h.mu.Unlock()
}

func TestHandlersAreUsedAgain(t *testing.T) {
	h := newHandlers(100)
	defer h.close()
	done := make(chan struct{})
	for range 1000 {
		h.run(func() { done <- struct{}{} })
		await(t, "job", done)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running > keepIdle+1 {
		t.Errorf("%d goroutines for jobs one after the other", h.running)
	}
}

func TestIdleHandlersAreFew(t *testing.T) {
	h := newHandlers(200)
	defer h.close()
	gate := make(chan struct{})
	var all sync.WaitGroup
	for range 200 {
		all.Add(1)
		h.run(func() { defer all.Done(); <-gate })
	}
	close(gate)
	all.Wait()
	until(t, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.running <= keepIdle && h.running == h.idle
	})
}

func TestARaisedBoundLetsThoseRunThatWait(t *testing.T) {
	h := newHandlers(1)
	defer h.close()
	gate, begun := make(chan struct{}), make(chan struct{}, 10)
	for range 4 {
		h.run(func() { begun <- struct{}{}; <-gate })
	}
	await(t, "first job", begun)
	h.resize(4)
	for range 3 {
		await(t, "further job", begun)
	}
	h.resize(1)
	close(gate)
	until(t, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.running <= 1
	})
}

func TestClosedHandlersEnd(t *testing.T) {
	before := runtime.NumGoroutine()
	h := newHandlers(10)
	done := make(chan struct{}, 30)
	gate := make(chan struct{})
	for range 30 {
		h.run(func() { <-gate; done <- struct{}{} })
	}
	h.close()
	close(gate)
	for range 30 { // what was taken is done
		await(t, "job", done)
	}
	until(t, func() bool { return runtime.NumGoroutine() <= before })
}

func TestBuffersHoldWhatIsAsked(t *testing.T) {
	for _, n := range []int{0, 1, small, small + 1, medium, medium + 1, bigger, bigger + 1, large, large + 1, 1 << 20} {
		b := acquire(n)
		if len(b) != 0 || cap(b) < n {
			t.Errorf("for %d bytes: %d of %d", n, len(b), cap(b))
		}
		b = append(b, bytes.Repeat([]byte("x"), n)...)
		give(b)
	}
	b := acquire(10)
	b = append(b, "content"...)
	for range 8 {
		was := string(b)
		if b = grow(b); string(b) != was || cap(b)-len(b) < cap(b)/4 {
			t.Fatalf("%d of %d after growing, was %d bytes", len(b), cap(b), len(was))
		}
		b = append(b, bytes.Repeat([]byte("y"), cap(b)-len(b)-1)...)
	}
	give(b)
}

func TestAQueueReleasesEachPieceOnce(t *testing.T) {
	var q queue
	var r count
	if !q.empty() {
		t.Error("a new queue is not empty")
	}
	q.pushCopy(nil)
	if !q.empty() {
		t.Error("nothing was queued")
	}
	for range 5 {
		q.push(piece{b: []byte("x"), release: &r})
	}
	q.push(piece{b: []byte("without release")})
	original := []byte("copied")
	q.pushCopy(original)
	clear(original)
	q.pop()
	q.pop()
	if n := r.n.Load(); n != 2 {
		t.Errorf("%d releases of 2", n)
	}
	if last := q.pieces[len(q.pieces)-1]; string(last.b) != "copied" {
		t.Errorf("a copy shows what became of the original: %q", last.b)
	}
	q.drop()
	if n := r.n.Load(); n != 5 || !q.empty() {
		t.Errorf("%d releases of 5", n)
	}
	q.drop()
}
