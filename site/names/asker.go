package names

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// asker finds answers to questions, each once for all who want to know it, with a bounded number of goroutines and of questions
// that wait for one. It is safe for concurrent use.
type asker[K comparable, V any] struct {
	known   *cache[K, V]
	find    func(ctx context.Context, key K) (value V, keep time.Duration, err error)
	timeout time.Duration
	workers int                  // at once
	waiting int                  // questions
	network func(K) netip.Prefix // whose question it is

	mu      sync.Mutex
	open    map[K]*question[K, V] // asked, and not answered yet
	queue   []*question[K, V]
	running int
	of      map[netip.Prefix]load // what each network has of both
	closed  bool
	ctx     context.Context
	cancel  context.CancelFunc
	done    sync.WaitGroup
}

// question is one that is asked, with those who want to know.
type question[K comparable, V any] struct {
	key     K
	network netip.Prefix
	tell    []func(V, error)
}

// load is how many questions about one network are being asked, and how many wait.
type load struct{ running, waiting int }

// half is what one network may have of the places: its owner runs the servers that answer for it, and could have them
// never answer.
func half(places int) int { return (places + 1) / 2 }

// networkOf is what has one owner at least, and with it a reverse zone of its own: a /24 of IPv4 (RFC 1035 §3.5), a /48 of
// IPv6 (RFC 6177 §2).
func networkOf(a netip.Addr) netip.Prefix {
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, _ := a.Prefix(bits)
	return p
}

// mostWho bounds those who wait for one answer.
const mostWho = 10000

func newAsker[K comparable, V any](most, workers, waiting int, timeout time.Duration, network func(K) netip.Prefix,
	find func(context.Context, K) (V, time.Duration, error)) *asker[K, V] {
	a := &asker[K, V]{known: newCache[K, V](most), find: find, timeout: timeout, workers: workers, waiting: waiting, network: network,
		open: make(map[K]*question[K, V]), of: make(map[netip.Prefix]load)}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	return a
}

// ask calls tell once with the answer, at once when it is known. It returns false, and never calls tell, when too many wait, in
// all or of the same network, or the asker is closed.
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
	network := a.network(key)
	of := a.of[network]
	atOnce := a.running < a.workers && of.running < half(a.workers)
	if !atOnce && (len(a.queue) >= a.waiting || of.waiting >= half(a.waiting)) {
		return false
	}
	q := &question[K, V]{key: key, network: network, tell: []func(V, error){tell}}
	a.open[key] = q
	if atOnce {
		of.running++
		a.running++
		a.done.Add(1)
		go a.work(q)
	} else {
		of.waiting++
		a.queue = append(a.queue, q)
	}
	a.of[network] = of
	return true
}

// work answers a question, and those that wait after it until none may be asked.
func (a *asker[K, V]) work(q *question[K, V]) {
	defer a.done.Done()
	for q != nil {
		ctx, cancel := context.WithTimeout(a.ctx, a.timeout)
		value, keep, err := a.find(ctx, q.key)
		cancel()
		if keep > 0 {
			a.known.put(q.key, value, time.Now().Add(keep))
		}
		a.mu.Lock()
		delete(a.open, q.key)
		tell := q.tell
		if of := a.of[q.network]; of == (load{running: 1}) {
			delete(a.of, q.network)
		} else {
			of.running--
			a.of[q.network] = of
		}
		if q = a.next(); q == nil {
			a.running--
		}
		a.mu.Unlock()
		for _, f := range tell {
			f(value, err)
		}
	}
}

// next takes the oldest question of a network that has no more than its half; nil when there is none. Who holds the lock may
// call it.
func (a *asker[K, V]) next() *question[K, V] {
	for i, q := range a.queue {
		of := a.of[q.network]
		if of.running >= half(a.workers) {
			continue
		}
		of.running, of.waiting = of.running+1, of.waiting-1
		a.of[q.network] = of
		if i > 0 {
			a.queue = slices.Delete(a.queue, i, i+1)
		} else {
			a.queue[0] = nil
			a.queue = a.queue[1:]
		}
		return q
	}
	return nil
}

// close ends what is asked, with errors for those who wait, and takes no question any more. It returns when all have been told.
func (a *asker[K, V]) close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.cancel()
	a.done.Wait()
}
