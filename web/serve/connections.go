package serve

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"time"

	"vitrine/socket"
	"vitrine/trace"
)

// ConnInfo is one connection, for those who show it.
type ConnInfo struct {
	ID            uint64
	Remote, Local netip.AddrPort
	Loop          int
	Opened        time.Time
	// Doing is what it does, such as "awaiting a request". Under threads and pool it may be "in a turn", elsewhere at this
	// moment: then nothing of what follows is known.
	Doing   string
	Serial  uint32   // requests so far
	Journey trace.ID // of the last one; 0: there was none
	// RecvQueue is bytes that were read and not used yet, SendQueue bytes that the transport has not taken or the client has not
	// acknowledged.
	RecvQueue, SendQueue int
	Transport            socket.Info
	Known                bool // Transport is
}

// Doer is a Driver that says what it is doing, the number of its last request and that one's journey. It is asked between
// two turns.
type Doer interface {
	Doing() (what string, serial uint32, journey trace.ID)
}

// Bounds of Connections.
const (
	mostListed = 20000 // connections in all
	listStep   = 128   // that a loop describes before it goes on with its work
)

// InTurn is what a connection does of which nothing else can be known at the moment.
const InTurn = "in a turn"

// Connections are those that are open, by number, up to twenty thousand. Each loop is asked, a few connections at a time
// between its other work; it may be called from any goroutine but a loop's. The error is the context's.
func (e *Engine) Connections(ctx context.Context) ([]ConnInfo, error) {
	e.mu.Lock()
	running := e.started && !e.closed
	e.mu.Unlock()
	if !running {
		return nil, nil
	}
	parts := make(chan []ConnInfo, len(e.loops)) // room for all, should nobody wait any more
	for _, l := range e.loops {
		var part []ConnInfo
		var step func()
		from := 0
		step = func() {
			part, from = l.list(part, from, mostListed/len(e.loops))
			if from < 0 || ctx.Err() != nil {
				parts <- part
				return
			}
			l.do(step)
		}
		l.do(step)
	}
	var all []ConnInfo
	for range e.loops {
		select {
		case part := <-parts:
			all = append(all, part...)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	slices.SortFunc(all, func(a, b ConnInfo) int { return cmp.Compare(a.ID, b.ID) })
	return all, nil
}

// list describes some of the loop's connections, from a slot on. It returns the slot to go on with, -1: there is none.
func (l *loop) list(to []ConnInfo, from, most int) ([]ConnInfo, int) {
	for n := 0; from < len(l.conns) && len(to) < most; from++ {
		c := l.conns[from]
		if c == nil || c.link != nil {
			continue
		}
		if n == listStep {
			return to, from
		}
		n++
		i := ConnInfo{ID: c.id, Remote: c.remote, Local: c.local, Loop: l.index, Opened: time.Unix(0, c.opened), Doing: InTurn}
		switch {
		case !l.engine.shared():
			c.describe(&i)
		case c.busy.CompareAndSwap(false, true): // the turn is ours, for the moment
			c.describe(&i)
			c.busy.Store(false)
			if c.pend.Load() != 0 { // whoever asked meanwhile relies on us
				l.exec.run(l, c, 0)
			}
		}
		if i.Doing != "" {
			to = append(to, i)
		}
	}
	return to, -1
}

// describe fills in what only a turn may know. A connection that has ended does nothing.
func (c *Conn) describe(i *ConnInfo) {
	i.Doing = "open"
	if d, ok := c.driver.(Doer); ok {
		i.Doing, i.Serial, i.Journey = d.Doing()
	}
	switch c.phase {
	case finishing:
		i.Doing = "sending the last of the response"
	case lingering:
		i.Doing = "lingering"
	case dead:
		i.Doing = ""
		return
	}
	i.RecvQueue = len(c.in)
	i.SendQueue = int(c.out.bytes()) + max(c.ep.Unsent(), 0)
	if t := c.Transport(); t != nil {
		i.Known = t.Info(&i.Transport)
	}
}
