package serve

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"vitrine/socket"
	"vitrine/trace"
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

// Settings may change while the engine runs; a connection sees the new ones in its next turn.
type Settings struct {
	Connections          int // in all; 0: no bound
	ConnectionsPerClient int // by IPv4 address or IPv6 /64; 0: no bound
	Handlers             int // goroutines that run handlers at once
	Suspended            int // exchanges that wait without one; 0: no bound
	Write                time.Duration
	Linger               time.Duration
	Left                 int   // bytes that a driver may leave unused before the connection is ended; 0: 1 MiB
	MinRate              int64 // bytes a second; 0: no bound
}

// Options are an engine's fixed properties.
type Options struct {
	Architecture string
	Network      socket.Network
	Loops        int // under events-per-core; 0: one for each processor that Go uses. A socket.Sharded network decides itself
	Workers      int // under pool; 0: four for each processor
	Threads      int // under threads: connections at once; 0: no bound but Settings.Connections
	// NewDriver makes the driver of a new connection.
	NewDriver func(c *Conn) Driver
	// NewLocal makes Worker.Local.
	NewLocal func() any
	// Refused is told of each connection that is not taken. It is called on a loop and must not block.
	Refused func(remote netip.AddrPort, listener any, why *trace.Reason)
	// Ended is told of each connection's end and why; nil: nobody wants to know. It is called within the connection's
	// last turn, when the driver has let it go and just before its endpoint is closed, and must not block.
	Ended func(c *Conn, why *trace.Reason)
	// Failed is told of errors of the engine itself. It may be called from any goroutine.
	Failed func(err error)
}

// Engine accepts connections and runs their turns.
type Engine struct {
	o        Options
	loops    []*loop
	handlers *handlers
	settings atomic.Pointer[Settings]
	draining atomic.Bool
	closing  atomic.Bool // no link is made any more
	lastID   atomic.Uint64
	open     atomic.Int64
	away     atomic.Int64 // exchanges that are off the loops, tunnels among them
	held     atomic.Int64 // exchanges that wait without a goroutine
	accepted atomic.Uint64
	paused   atomic.Int64 // listeners that wait for room
	lent     sync.Pool    // Workers of the threads architecture

	mu        sync.Mutex
	clients   map[netip.Addr]int32
	listeners map[*Listener]bool
	started   bool
	closed    bool
	running   sync.WaitGroup
	idle      chan struct{} // closed and replaced when the last connection has ended
}

// Listener is a listening address of an engine.
type Listener struct {
	tag     atomic.Value // holder: what connections report as theirs
	admit   atomic.Pointer[func(netip.Addr) *trace.Reason]
	sockets []socket.Listener
	closed  atomic.Bool
	open    atomic.Int64  // connections that came in here
	left    chan struct{} // one of them has ended since somebody looked
	accepts bool          // Accept was called
	unheard bool          // closed before any loop accepted
	addr    netip.AddrPort
}

type holder struct{ v any }

// Addr is the address with the port that was bound.
func (l *Listener) Addr() netip.AddrPort { return l.addr }

// Closed reports whether Unlisten was called: what comes on its connections now is the last that does.
func (l *Listener) Closed() bool { return l.closed.Load() }

// Retag changes what new connections and new exchanges of the listener report as their listener, and who may
// connect; connections stay.
func (l *Listener) Retag(tag any, admit func(netip.Addr) *trace.Reason) {
	l.tag.Store(holder{tag})
	l.admit.Store(&admit)
}

// New makes an engine. Start runs it.
func New(o Options, s Settings) (*Engine, error) {
	e := &Engine{o: o, clients: make(map[netip.Addr]int32), listeners: make(map[*Listener]bool), idle: make(chan struct{})}
	e.handlers = newHandlers(max(s.Handlers, 1))
	e.settings.Store(&s)
	e.lent.New = func() any { return newLocalWorker(e) }
	if !slices.Contains(Architectures, o.Architecture) {
		return nil, fmt.Errorf("serve: no I/O architecture is called %q", o.Architecture)
	}
	n := LoopsOf(o.Architecture, o.Loops)
	if sharded, ok := o.Network.(socket.Sharded); ok {
		has := sharded.Loops()
		if o.Architecture == EventsPerCore {
			n = has
		}
		if n != has {
			return nil, fmt.Errorf("serve: each of the network's %d queues needs a loop, and %s has one: give the adapter one queue, or choose %s",
				has, o.Architecture, EventsPerCore)
		}
	}
	for i := range n {
		l, err := newLoop(e, i)
		if err != nil {
			return nil, errors.Join(err, e.shut())
		}
		e.loops = append(e.loops, l)
	}
	return e, nil
}

// Configure changes the settings of a running engine.
func (e *Engine) Configure(s Settings) {
	e.handlers.resize(max(s.Handlers, 1))
	e.settings.Store(&s)
	for _, l := range e.loops {
		l.do(l.resume) // a raised limit lets paused listeners go on
	}
}

// Architecture is the engine's I/O architecture.
func (e *Engine) Architecture() string { return e.o.Architecture }

// Loops is how many event loops the engine has.
func (e *Engine) Loops() int { return len(e.loops) }

// Open is how many connections are open.
func (e *Engine) Open() int { return int(e.open.Load()) }

// Away is how many exchanges are off the loops: they wait for a disk, a handler or another server.
func (e *Engine) Away() int { return int(e.away.Load()) }

// Listening is how many addresses are listened on.
func (e *Engine) Listening() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.listeners)
}

// Accepted is how many connections were accepted since the start.
func (e *Engine) Accepted() uint64 { return e.accepted.Load() }

// Listen opens a listening address on every loop and begins to accept: Bind and Accept in one.
func (e *Engine) Listen(addr netip.AddrPort, dual bool, backlog int, tag any, admit func(netip.Addr) *trace.Reason) (*Listener, error) {
	ln, err := e.Bind(addr, dual, backlog, tag, admit)
	if err == nil {
		e.Accept(ln)
	}
	return ln, err
}

// Bind opens a listening address for every loop. Clients can connect and wait until Accept. tag is what connections
// report as their listener; admit decides about a client's address before anything is read, and returns nil to allow
// it.
func (e *Engine) Bind(addr netip.AddrPort, dual bool, backlog int, tag any, admit func(netip.Addr) *trace.Reason) (*Listener, error) {
	ln := &Listener{left: make(chan struct{}, 1)}
	ln.Retag(tag, admit)
	for range e.loops {
		s, err := e.o.Network.Listen(addr, dual, socket.ListenOptions{Backlog: backlog, ReusePort: len(e.loops) > 1, Shared: e.shared()})
		if err != nil {
			for _, s := range ln.sockets {
				s.Close()
			}
			return nil, err
		}
		ln.sockets = append(ln.sockets, s)
		ln.addr = s.Addr()
		addr = ln.addr // the further sockets share the port that the first one got
	}
	e.mu.Lock()
	e.listeners[ln] = true
	e.mu.Unlock()
	return ln, nil
}

// Accept begins to accept on a bound address. It is called once.
func (e *Engine) Accept(ln *Listener) {
	e.mu.Lock()
	ln.accepts = true
	e.mu.Unlock()
	for i, l := range e.loops {
		l.do(func() { l.listen(ln, ln.sockets[i]) })
	}
}

// Retire stops accepting on addresses, as Unlisten does, and waits until the connections that came in there have ended,
// or for the context's end.
func (e *Engine) Retire(ctx context.Context, lns ...*Listener) error {
	for _, ln := range lns {
		e.Unlisten(ln)
	}
	for _, ln := range lns {
		for ln.open.Load() > 0 {
			select {
			case <-ln.left: // one has ended
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
	return nil
}

// Unlisten stops accepting on an address. Connections that wait to be accepted are accepted first. All of its
// connections end as soon as nothing is owed on them.
func (e *Engine) Unlisten(ln *Listener) {
	e.mu.Lock()
	known, running := e.listeners[ln], e.started && !e.closed && ln.accepts
	delete(e.listeners, ln)
	if known && !running {
		ln.unheard = true // a loop that runs later will see it; one that runs now never heard of the listener
	}
	e.mu.Unlock()
	if !known {
		return
	}
	ln.closed.Store(true)
	if !running {
		for _, s := range ln.sockets {
			s.Close()
		}
		return
	}
	var done sync.WaitGroup
	for _, l := range e.loops {
		done.Add(1)
		l.do(func() {
			l.unlisten(ln)
			l.tell(drainBit, ln)
			done.Done()
		})
	}
	done.Wait()
}

// unlistenAll stops accepting everywhere.
func (e *Engine) unlistenAll() {
	e.mu.Lock()
	all := slices.Collect(maps.Keys(e.listeners))
	e.mu.Unlock()
	for _, ln := range all {
		e.Unlisten(ln)
	}
}

// Start runs the loops. It returns at once.
func (e *Engine) Start() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.started || e.closed {
		return
	}
	e.started = true
	for _, l := range e.loops {
		e.running.Add(1)
		go func() {
			defer e.running.Done()
			l.run()
		}()
	}
}

// Drain stops accepting and asks every connection to end as soon as nothing is owed on it. It returns when none is
// open any more, or with the context's error while some still are.
func (e *Engine) Drain(ctx context.Context) error {
	e.unlistenAll()
	e.draining.Store(true)
	for _, l := range e.loops {
		l.do(func() { l.tell(drainBit, nil) })
	}
	for {
		e.mu.Lock()
		idle := e.idle
		e.mu.Unlock()
		if e.open.Load() == 0 {
			return nil
		}
		select {
		case <-idle:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Close ends every connection at once and stops the loops.
func (e *Engine) Close() error {
	e.unlistenAll()
	e.mu.Lock()
	started, again := e.started, e.closed
	e.closed = true
	e.mu.Unlock()
	switch {
	case again:
		return nil
	case !started:
		return e.shut()
	}
	e.closing.Store(true)
	for _, l := range e.loops {
		l.do(func() { l.tell(abortBit, nil) })
		l.stop()
	}
	e.running.Wait()
	return e.shut()
}

func (e *Engine) shut() error {
	var err error
	e.handlers.close()
	for _, l := range e.loops {
		l.exec.close()
		err = errors.Join(err, l.poller.Close())
	}
	return err
}

func (e *Engine) failed(err error) {
	if e.o.Failed != nil {
		e.o.Failed(err)
	}
}

// client is whom a connection counts for: an IPv4 address, or the /64 that one IPv6 subscriber usually has.
func client(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if a.Is6() {
		p, _ := a.WithZone("").Prefix(64)
		return p.Addr()
	}
	return a
}

// take counts a new connection, or returns why it may not be.
func (e *Engine) take(remote netip.AddrPort, ln *Listener, s *Settings) *trace.Reason {
	if admit := *ln.admit.Load(); admit != nil {
		if why := admit(remote.Addr()); why != nil {
			return why
		}
	}
	if s.ConnectionsPerClient > 0 {
		who := client(remote.Addr())
		e.mu.Lock()
		defer e.mu.Unlock()
		n := e.clients[who]
		if int(n) >= s.ConnectionsPerClient {
			return ReasonPerClient.Reach()
		}
		e.clients[who] = n + 1
	}
	ReasonAccepted.Reach()
	return nil
}

// most is how many connections may be open, 0 for any number.
func (e *Engine) most(s *Settings) int {
	switch t := e.o.Threads; {
	case e.o.Architecture == Single:
		return 1
	case e.o.Architecture == Threads && t > 0 && (s.Connections <= 0 || t < s.Connections):
		return t
	}
	return max(s.Connections, 0)
}

// full reports whether no further connection may be taken now.
func (e *Engine) full(s *Settings) bool {
	most := e.most(s)
	return most > 0 && int(e.open.Load()) >= most
}

// reserve counts a connection that is about to be accepted, unless as many are open as may be. Loops share the count.
func (e *Engine) reserve(s *Settings) bool {
	most := int64(e.most(s))
	for {
		n := e.open.Load()
		if most > 0 && n >= most {
			return false
		}
		if e.open.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// vacate undoes reserve.
func (e *Engine) vacate() {
	if e.open.Add(-1) == 0 && e.draining.Load() {
		e.mu.Lock()
		close(e.idle)
		e.idle = make(chan struct{})
		e.mu.Unlock()
	}
}

// vacancy lets the listeners that wait for room go on, those of other loops too.
func (e *Engine) vacancy(here *loop) {
	if e.paused.Load() == 0 {
		return
	}
	for _, l := range e.loops {
		if l == here {
			l.resume()
		} else {
			l.do(l.resume)
		}
	}
}

// left undoes take and reserve.
func (e *Engine) left(c *Conn) {
	c.listener.open.Add(-1)
	select {
	case c.listener.left <- struct{}{}:
	default:
	}
	if c.counted {
		e.mu.Lock()
		who := client(c.remote.Addr())
		if n := e.clients[who]; n > 1 {
			e.clients[who] = n - 1
		} else {
			delete(e.clients, who)
		}
		e.mu.Unlock()
	}
	e.vacate()
}

// busy reports whether anything runs, or is about to, that needs a processor besides the loops.
func (e *Engine) busy() bool { return e.handlers.active.Load() > 0 || e.away.Load() > 0 }
