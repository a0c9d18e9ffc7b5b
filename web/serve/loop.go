package serve

import (
	"errors"
	"runtime"
	"sync"
	"syscall"
	"time"

	"vitrine/socket"
)

// loop waits for connections and runs their turns, or has them run, by the architecture. It is run by one goroutine.
type loop struct {
	engine *Engine
	poller socket.Poller
	worker *Worker
	exec   executor
	events [256]socket.Event
	wheel  wheel
	conns  []*Conn // by slot; nil: free
	free   []uint32
	live   int
	again  []*Conn // used up their budget
	wake   time.Time
	wakeAt int64 // engine time of wake

	listeners []*accepting // by token

	mu      sync.Mutex
	posts   []*Conn
	tasks   []func()
	spare   []*Conn
	stopped bool
}

// accepting is a listener's socket of this loop.
type accepting struct {
	ln     *Listener
	socket socket.Listener
	paused bool
}

// listening marks tokens of listeners.
const listening socket.Token = 1 << 63

// executor runs a connection's turn, now or elsewhere.
type executor interface {
	run(l *loop, c *Conn, what uint32)
	close()
}

func newLoop(e *Engine) (*loop, error) {
	p, err := e.o.Network.NewPoller()
	if err != nil {
		return nil, err
	}
	l := &loop{engine: e, poller: p, worker: newLocalWorker(e)}
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
	defer l.exec.close()
	for {
		if len(l.again) > 0 {
			l.poller.Wake() // look, and do not sleep
		}
		n, err := l.poller.Wait(l.events[:], l.deadline())
		if err != nil {
			l.engine.failed(err)
			return
		}
		l.worker.look()
		for i := range n {
			ev := &l.events[i]
			if ev.Token&listening != 0 {
				l.accept(l.listeners[uint32(ev.Token)])
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
		if l.engine.handlers.active.Load() > 0 {
			runtime.Gosched() // at one processor nobody else would run while events keep coming
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
		if c.phase != dead {
			l.exec.run(l, c, c.pend.Swap(0))
		}
	}
}

// post schedules a turn from any goroutine.
func (l *loop) post(c *Conn, what uint32) {
	c.pend.Or(what)
	if c.posted.Swap(true) {
		return
	}
	l.mu.Lock()
	l.posts = append(l.posts, c)
	l.mu.Unlock()
	l.poller.Wake()
}

// do runs f on the loop, soon.
func (l *loop) do(f func()) {
	l.mu.Lock()
	l.tasks = append(l.tasks, f)
	l.mu.Unlock()
	l.poller.Wake()
}

func (l *loop) stop() {
	l.mu.Lock()
	l.stopped = true
	l.mu.Unlock()
	l.poller.Wake()
}

// posted runs what other goroutines have asked for. It returns true when the loop is to end.
func (l *loop) posted() bool {
	l.mu.Lock()
	posts, tasks := l.posts, l.tasks
	l.posts, l.tasks = l.spare[:0], nil
	stop := l.stopped
	l.mu.Unlock()
	for _, c := range posts {
		c.posted.Store(false)
		if what := c.pend.Swap(0); what&doneBit != 0 {
			l.after(c)
			what &^= doneBit
			if what != 0 && c.slot != gone {
				l.exec.run(l, c, what)
			}
		} else if c.slot != gone {
			l.exec.run(l, c, what)
		}
	}
	clear(posts)
	l.spare = posts[:0]
	for _, f := range tasks {
		f()
	}
	return stop && l.live == 0
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
	l.engine.left(c)
	l.resume()
}

// tell gives every connection of the loop a turn.
func (l *loop) tell(what uint32) {
	for _, c := range l.conns {
		if c != nil {
			l.exec.run(l, c, what)
		}
	}
}

func (l *loop) listen(ln *Listener, s socket.Listener) {
	a := &accepting{ln: ln, socket: s}
	l.listeners = append(l.listeners, a)
	if err := l.poller.AddListener(s, listening|socket.Token(len(l.listeners)-1)); err != nil {
		l.engine.failed(err)
		return
	}
}

func (l *loop) unlisten(ln *Listener) {
	for _, a := range l.listeners {
		if a.ln == ln && a.socket != nil {
			if a.paused {
				a.paused = false
				l.engine.paused.Add(-1)
			}
			l.accept(a) // those who wait have been promised a connection by their kernel
			l.poller.Remove(a.socket)
			if err := a.socket.Close(); err != nil {
				l.engine.failed(err)
			}
			a.socket = nil
		}
	}
}

// acceptBatch bounds how many connections one event may bring, so that those that are there get their turns.
const acceptBatch = 64

// accept takes connections from a listener until there are none, the batch is full or a limit is reached.
func (l *loop) accept(a *accepting) {
	e := l.engine
	for n := 0; a.socket != nil && !a.paused && (n < acceptBatch || a.ln.closed.Load()); n++ {
		s := e.settings.Load()
		if l.full(s) {
			ReasonFull.Reach()
			l.pause(a)
			return
		}
		in, err := a.socket.Accept()
		if err != nil {
			if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
				ReasonNoDescriptors.Reach()
				e.failed(err)
				l.pause(a) // descriptors may come free without any connection of ours ending
				time.AfterFunc(time.Second, func() { l.do(l.resume) })
			} else if err != socket.ErrWouldBlock {
				e.failed(err)
			}
			return
		}
		if why := e.take(in.Remote, a.ln, s); why != nil {
			in.Endpoint.Close()
			if e.o.Refused != nil {
				e.o.Refused(in.Remote, a.ln.tag.Load().(holder).v, why)
			}
			continue
		}
		e.open.Add(1)
		e.accepted.Add(1)
		c := &Conn{ep: in.Endpoint, loop: l, listener: a.ln, remote: in.Remote, local: in.Local,
			id: e.lastID.Add(1), counted: s.ConnectionsPerClient > 0}
		c.driver = e.o.NewDriver(c)
		l.add(c)
		// A client that has connected usually has sent its request too: look before anything is waited for.
		l.exec.run(l, c, uint32(socket.Readable|socket.Writable))
	}
}

// full reports whether no further connection may be taken now.
func (l *loop) full(s *Settings) bool {
	n := int(l.engine.open.Load())
	switch l.engine.o.Architecture {
	case Single:
		return n >= 1
	case Threads:
		if t := l.engine.o.Threads; t > 0 && n >= t {
			return true
		}
	}
	return s.Connections > 0 && n >= s.Connections
}

// pause leaves new connections in the listen queue.
func (l *loop) pause(a *accepting) {
	if !a.paused {
		a.paused = true
		l.poller.Remove(a.socket)
		l.engine.paused.Add(1)
	}
}

// resume goes on accepting when there is room again.
func (l *loop) resume() {
	if l.engine.paused.Load() == 0 || l.full(l.engine.settings.Load()) {
		return
	}
	for i, a := range l.listeners {
		if a.paused && a.socket != nil {
			a.paused = false
			l.engine.paused.Add(-1)
			if err := l.poller.AddListener(a.socket, listening|socket.Token(i)); err != nil {
				l.engine.failed(err)
			}
		}
	}
}
