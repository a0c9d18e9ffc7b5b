package serve

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"vitrine/socket"
)

// loop waits for connections and runs their turns, or has them run, by the architecture. It is run by one goroutine.
type loop struct {
	engine *Engine
	index  int
	poller socket.Poller
	worker *Worker
	exec   executor
	events [256]socket.Event
	wheel  wheel
	conns  []*Conn // by slot; nil: free
	free   []uint32
	live   int
	linked int // of them, links
	links  links
	again  []*Conn // used up their budget
	wake   time.Time
	wakeAt int64 // engine time of wake
	// gaveWay is when other goroutines last had their chance, engine time.
	gaveWay int64

	listeners []*accepting // by token

	blind atomic.Bool   // the network is lost: bell wakes, not the poller
	bell  chan struct{} // one place

	attends atomic.Bool // the present round will look at posts and tasks: nobody needs to wake the loop for them

	mu      sync.Mutex
	posts   []*Conn
	tasks   []func()
	spare   []*Conn
	stopped bool

	turns uint64 // for the numbers
	load  load
}

// executor runs a connection's turn, now or elsewhere.
type executor interface {
	run(l *loop, c *Conn, what uint32)
	close()
}

func newLoop(e *Engine, index int) (*loop, error) {
	p, err := e.o.Network.NewPoller()
	if err != nil {
		return nil, err
	}
	l := &loop{engine: e, index: index, poller: p, worker: newLocalWorker(e), bell: make(chan struct{}, 1)}
	l.load.idler, _ = p.(socket.Idler)
	l.worker.look()
	l.wheel.last = l.worker.Now / tick
	switch e.o.Architecture {
	case Threads:
		l.exec = threads{}
	case Pool:
		n := e.o.Workers
		if n <= 0 {
			n = 4 * runtime.GOMAXPROCS(0)
		}
		l.exec = newPool(e, n)
	default:
		l.exec = inline{}
	}
	return l, nil
}

func newLocalWorker(e *Engine) *Worker {
	w := newWorker()
	if e.o.NewLocal != nil {
		w.Local = e.o.NewLocal()
	}
	return w
}

// run is the loop. Everything that happens to its connections begins here.
func (l *loop) run() {
	for {
		l.measure()
		if len(l.again) > 0 {
			l.poller.Wake() // look, and do not sleep
		}
		// Wait gives the processor up at once when nothing is ready. Holding it for a moment would wake the loop for every
		// single event, and what is lost with the batches costs more than parking: measured, 1.18 instead of 0.96 times
		// nginx's CPU for short connections.
		n, err := l.poller.Wait(l.events[:], l.deadline())
		if err != nil {
			l.engine.failed(err)
			l.outlive()
			return
		}
		l.attends.Store(true)
		l.worker.look()
		for i := range n {
			ev := &l.events[i]
			if ev.Token&listening != 0 {
				if a := l.listeners[uint32(ev.Token)]; a != nil {
					l.accept(a)
				}
				continue
			}
			// The upper half of the token is the connection's number: an event of a slot's last tenant is not its own.
			if c := l.conns[uint32(ev.Token)]; c != nil && uint32(c.id)&0x7fffffff == uint32(ev.Token>>32) {
				l.exec.run(l, c, uint32(ev.Ready))
			}
		}
		l.rerun()
		if l.posted() {
			return
		}
		l.wheel.advance(l.worker.Now, l.expire)
		// At one processor nobody else would run while events keep coming: not the handlers, and not those whom nobody
		// counts, such as the writer of a log.
		if l.engine.busy() || l.worker.Now-l.gaveWay > int64(time.Millisecond) {
			l.gaveWay = l.worker.Now
			runtime.Gosched()
		}
	}
}

// outlive goes on without a network, which was lost: every connection ends, and what others ask of the loop is still done,
// so that nobody waits for it in vain.
func (l *loop) outlive() {
	l.blind.Store(true)
	l.worker.look()
	l.tell(abortBit, nil)
	for !l.posted() {
		<-l.bell
		l.worker.look()
	}
}

// rouse has the loop look at what others have for it.
func (l *loop) rouse() {
	l.poller.Wake()
	if l.blind.Load() {
		select {
		case l.bell <- struct{}{}:
		default: // it rings already
		}
	}
}

// deadline is when the wheel must be looked at, as Wait takes it.
func (l *loop) deadline() time.Time {
	at := l.wheel.deadline()
	if at == 0 {
		return time.Time{}
	}
	if at != l.wakeAt {
		l.wakeAt, l.wake = at, epoch.Add(time.Duration(at))
	}
	return l.wake
}

func (l *loop) expire(c *Conn) { l.exec.run(l, c, expiredBit) }

// rerun gives those another turn that had used up their budget.
func (l *loop) rerun() {
	if len(l.again) == 0 {
		return
	}
	round := l.again
	l.again = nil
	for _, c := range round {
		c.requeued = false
		if c.phase != dead {
			l.exec.run(l, c, c.pend.Swap(0))
		}
	}
}

// post schedules a turn from any goroutine.
func (l *loop) post(c *Conn, what uint32) {
	c.pend.Or(what)
	if !c.posted.Swap(true) {
		l.enlist(c)
	}
}

// enlist has the loop look at a connection that is marked as posted.
func (l *loop) enlist(c *Conn) {
	l.mu.Lock()
	l.posts = append(l.posts, c)
	attends := l.attends.Load()
	l.mu.Unlock()
	if !attends {
		l.rouse()
	}
}

// do runs f on the loop, soon.
func (l *loop) do(f func()) {
	l.mu.Lock()
	l.tasks = append(l.tasks, f)
	attends := l.attends.Load()
	l.mu.Unlock()
	if !attends {
		l.rouse()
	}
}

func (l *loop) stop() {
	l.mu.Lock()
	l.stopped = true
	l.mu.Unlock()
	l.rouse()
}

// chained is how often a round looks once more at what its own turns have asked for: a client's turn wakes a link's, which may
// have the answer at once.
const chained = 4

// posted runs what other goroutines have asked for, and turns of the loop's own. It returns true when the loop is to end.
func (l *loop) posted() bool {
	for n := 1; ; n++ {
		l.mu.Lock()
		posts, tasks := l.posts, l.tasks
		l.posts, l.tasks = l.spare[:0], nil
		last := n == chained || len(posts)+len(tasks) == 0
		if last {
			l.attends.Store(false)
		}
		stop := l.stopped
		l.mu.Unlock()
		l.carry(posts, tasks)
		if last {
			return stop && l.live == 0
		}
	}
}

// carry runs turns and tasks that were asked for.
func (l *loop) carry(posts []*Conn, tasks []func()) {
	for _, c := range posts {
		c.posted.Store(false)
		what := c.pend.Swap(0)
		if c.slot == unborn {
			l.launch(c, what)
			continue
		}
		l.after(c) // a turn that ran elsewhere may have moved the deadline, or ended the connection
		if what != 0 && c.slot != gone {
			l.exec.run(l, c, what)
		}
	}
	clear(posts)
	l.spare = posts[:0]
	for _, f := range tasks {
		f()
	}
}

// gone is the slot of a connection that the loop has forgotten.
const gone = ^uint32(0)

// after brings the loop's books up to date after a turn.
func (l *loop) after(c *Conn) {
	if c.slot == gone {
		return
	}
	if c.over.Load() {
		l.forget(c)
		return
	}
	l.wheel.schedule(c)
}

// add makes a place for a new connection.
func (l *loop) add(c *Conn) {
	if n := len(l.free); n > 0 {
		c.slot = l.free[n-1]
		l.free = l.free[:n-1]
		l.conns[c.slot] = c
	} else {
		c.slot = uint32(len(l.conns))
		l.conns = append(l.conns, c)
	}
	l.live++
}

func (l *loop) forget(c *Conn) {
	l.wheel.remove(c)
	l.conns[c.slot] = nil
	l.free = append(l.free, c.slot)
	c.slot = gone
	l.live--
	if c.link != nil {
		l.linked--
		return
	}
	l.engine.left(c)
	l.engine.vacancy(l)
}

// tell gives every connection of the loop a turn, or of a listener when one is named.
func (l *loop) tell(what uint32, of *Listener) {
	for _, c := range l.conns {
		if c != nil && (of == nil || c.listener == of) {
			l.exec.run(l, c, what)
		}
	}
}
