package serve

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"vitrine/socket"
	"vitrine/trace"
)

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

// Listening is how many addresses are listened on.
func (e *Engine) Listening() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.listeners)
}

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
