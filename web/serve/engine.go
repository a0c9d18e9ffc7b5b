package serve

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"vitrine/socket"
	"vitrine/trace"
)

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
	held     crowd        // exchanges that wait without a goroutine
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

// Accepted is how many connections were accepted since the start.
func (e *Engine) Accepted() uint64 { return e.accepted.Load() }

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

// busy reports whether anything runs, or is about to, that needs a processor besides the loops.
func (e *Engine) busy() bool { return e.handlers.active.Load() > 0 || e.away.Load() > 0 }
