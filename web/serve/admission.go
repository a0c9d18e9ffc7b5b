package serve

import (
	"net/netip"

	"vitrine/trace"
)

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
