package names

import (
	"context"
	"sync"
	"time"
)

// asker finds answers to questions, each once for all who want to know it, with a bounded number of goroutines and of questions
// that wait for one. It is safe for concurrent use.
type asker[K comparable, V any] struct {
	known   *cache[K, V]
	find    func(ctx context.Context, key K) (value V, keep time.Duration, err error)
	timeout time.Duration
	workers int // at once
	waiting int // questions

	mu      sync.Mutex
	open    map[K]*question[K, V] // asked, and not answered yet
	queue   []*question[K, V]
	running int
	closed  bool
	ctx     context.Context
	cancel  context.CancelFunc
	done    sync.WaitGroup
}

// question is one that is asked, with those who want to know.
type question[K comparable, V any] struct {
	key  K
	tell []func(V, error)
}

// mostWho bounds those who wait for one answer.
const mostWho = 10000

func newAsker[K comparable, V any](most, workers, waiting int, timeout time.Duration, find func(context.Context, K) (V, time.Duration, error)) *asker[K, V] {
	a := &asker[K, V]{known: newCache[K, V](most), find: find, timeout: timeout, workers: workers, waiting: waiting,
		open: make(map[K]*question[K, V])}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	return a
}

// ask calls tell once with the answer, at once when it is known. It returns false, and never calls tell, when too many wait or
// the asker is closed.
func (a *asker[K, V]) ask(key K, tell func(V, error)) bool {
	if value, ok := a.known.get(key, time.Now()); ok {
		tell(value, nil)
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return false
	}
	if q := a.open[key]; q != nil {
		if len(q.tell) >= mostWho {
			return false
		}
		q.tell = append(q.tell, tell)
		return true
	}
	if len(a.queue) >= a.waiting && a.running >= a.workers {
		return false
	}
	q := &question[K, V]{key: key, tell: []func(V, error){tell}}
	a.open[key] = q
	a.queue = append(a.queue, q)
	if a.running < a.workers {
		a.running++
		a.done.Add(1)
		go a.work()
	}
	return true
}

// work answers questions until none waits.
func (a *asker[K, V]) work() {
	defer a.done.Done()
	for {
		a.mu.Lock()
		if len(a.queue) == 0 {
			a.queue = nil
			a.running--
			a.mu.Unlock()
			return
		}
		q := a.queue[0]
		a.queue[0] = nil
		a.queue = a.queue[1:]
		a.mu.Unlock()

		ctx, cancel := context.WithTimeout(a.ctx, a.timeout)
		value, keep, err := a.find(ctx, q.key)
		cancel()
		if keep > 0 {
			a.known.put(q.key, value, time.Now().Add(keep))
		}
		a.mu.Lock()
		delete(a.open, q.key)
		tell := q.tell
		a.mu.Unlock()
		for _, f := range tell {
			f(value, err)
		}
	}
}

// close ends what is asked, with errors for those who wait, and takes no question any more. It returns when all have been told.
func (a *asker[K, V]) close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.cancel()
	a.done.Wait()
}
