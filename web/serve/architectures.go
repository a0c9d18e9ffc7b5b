package serve

import (
	"runtime"
	"sync"
)

// The I/O architectures.
const (
	Single        = "single"
	Threads       = "threads"
	Events        = "events"
	EventsPerCore = "events-per-core"
	Pool          = "pool"
)

// Architectures lists them in the order from the simplest to the default.
var Architectures = []string{Single, Threads, Pool, Events, EventsPerCore}

// Default is the architecture that serves best on this system: a loop for each core where the system shares connections
// out among several listeners and announces readiness for many at once, and threads elsewhere.
func Default() string {
	if runtime.GOOS == "linux" {
		return EventsPerCore
	}
	return Threads
}

// LoopsOf is how many loops an architecture has, and so how many queues a network must have whose connections live on
// their loop. configured is what events-per-core was told, 0: one for each processor that Go uses.
func LoopsOf(architecture string, configured int) int {
	switch {
	case architecture != EventsPerCore:
		return 1
	case configured > 0:
		return configured
	}
	return runtime.GOMAXPROCS(0)
}

// shared reports whether turns run away from the loop's goroutine.
func (e *Engine) shared() bool { return e.o.Architecture == Threads || e.o.Architecture == Pool }

// settle publishes what the loop must know after a turn. It returns whether the loop must look.
func (c *Conn) settle() bool {
	due := c.due()
	c.timer.due.Store(due)
	if c.phase == dead {
		c.over.Store(true)
		return true
	}
	at := c.timer.at.Load()
	return due != 0 && (at == 0 || due/tick+1 < at)
}

// inline runs turns on the loop itself: events, events-per-core and single.
type inline struct{}

func (inline) run(l *loop, c *Conn, what uint32) {
	if c.phase == dead {
		return
	}
	l.turns++
	c.turn(l.worker, what)
	if c.settle() {
		l.after(c)
	}
	if c.pend.Load()&againBit != 0 && c.phase != dead {
		c.pend.And(^uint32(againBit))
		if !c.requeued { // an event may give it a turn while it waits for the next
			c.requeued = true
			l.again = append(l.again, c)
		}
	}
}

func (inline) close() {}

// turns runs a connection's turn, and ends the runner's hold on it when nobody has asked for another one. Otherwise it
// returns true, and the runner still holds the connection: others come first, since a client that sends without end
// asks without end.
func (c *Conn) turns(w *Worker) (again bool) {
	for {
		if what := c.pend.Swap(0); what != 0 && c.phase != dead {
			w.look()
			c.turn(w, what)
			if c.settle() {
				c.loop.post(c, 0) // the loop brings its books up to date
			}
			if c.pend.Load() != 0 && c.phase != dead {
				return true
			}
			continue
		}
		c.busy.Store(false)
		// Whoever asked before busy was cleared relies on us.
		if c.pend.Load() == 0 || !c.busy.CompareAndSwap(false, true) {
			return false
		}
	}
}

// workers is the pool architecture: a fixed number of goroutines run the turns of all connections.
type workers struct {
	mu     sync.Mutex
	cond   sync.Cond
	queue  []*Conn // queue[head:] wait
	head   int
	closed bool
}

func newPool(e *Engine, n int) *workers {
	p := &workers{}
	p.cond.L = &p.mu
	for range n {
		go p.work(newLocalWorker(e))
	}
	return p
}

func (p *workers) run(l *loop, c *Conn, what uint32) {
	l.turns++
	c.pend.Or(what)
	if !c.busy.CompareAndSwap(false, true) {
		return // its present worker will see it
	}
	p.put(c)
}

func (p *workers) put(c *Conn) {
	p.mu.Lock()
	if p.head > 64 && p.head > len(p.queue)/2 { // it has not been empty for long: move up, rather than grow
		n := copy(p.queue, p.queue[p.head:])
		clear(p.queue[n:])
		p.queue, p.head = p.queue[:n], 0
	}
	p.queue = append(p.queue, c)
	p.mu.Unlock()
	p.cond.Signal()
}

func (p *workers) work(w *Worker) {
	for {
		p.mu.Lock()
		for len(p.queue) == 0 && !p.closed {
			p.cond.Wait()
		}
		if len(p.queue) == 0 {
			p.mu.Unlock()
			return
		}
		c := p.queue[p.head]
		p.queue[p.head] = nil
		if p.head++; p.head == len(p.queue) {
			p.queue, p.head = p.queue[:0], 0
		}
		p.mu.Unlock()
		if c.turns(w) {
			p.put(c) // behind those that have waited meanwhile
		}
	}
}

func (p *workers) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cond.Broadcast()
}

// threads is the architecture in which each connection has a goroutine of its own, which sleeps until the poller
// has something for it. The buffers are lent for a turn: a sleeping goroutine holds only its stack.
type threads struct{}

func (threads) run(l *loop, c *Conn, what uint32) {
	l.turns++
	c.pend.Or(what)
	if c.kick == nil {
		c.kick = make(chan struct{}, 1)
		go c.live()
	}
	if c.busy.CompareAndSwap(false, true) {
		c.kick <- struct{}{}
	}
}

func (threads) close() {}

// live is the life of a connection's goroutine.
func (c *Conn) live() {
	pool := &c.loop.engine.lent
	for range c.kick {
		w := pool.Get().(*Worker)
		for c.turns(w) {
			runtime.Gosched()
		}
		pool.Put(w)
		if c.over.Load() {
			return
		}
	}
}
