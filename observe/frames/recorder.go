package frames

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"vitrine/stack/link"
	"vitrine/stack/tcp"
	"vitrine/trace"
)

// Recorder remembers the frames of one adapter. See and Changed belong to the goroutines of the adapter's queues, each to
// its own; all other methods may be called from any goroutine.
type Recorder struct {
	on    atomic.Pointer[Settings] // complete; nil: nothing is kept
	rings []*ring
	clock func() int64 // nanoseconds since 1970

	search  sync.Mutex // held by Find: one connection may be all that is kept, and takes ten times as much while it is decoded
	mu      sync.Mutex // guards changes of on, and adapter
	adapter link.Info
}

// New makes a recorder for an adapter with so many queues.
func New(queues int, s Settings) *Recorder {
	r := &Recorder{clock: func() int64 { return time.Now().UnixNano() }}
	for range max(queues, 1) {
		r.rings = append(r.rings, new(ring))
	}
	r.Configure(s)
	return r
}

// Configure changes what is kept from now on. What was kept stays, as far as it fits; with Bytes 0 it is forgotten.
func (r *Recorder) Configure(s Settings) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.Bytes <= 0 {
		r.on.Store(nil)
		for _, q := range r.rings {
			q.forget()
		}
		return
	}
	s.complete(len(r.rings))
	r.on.Store(&s)
	for _, q := range r.rings {
		q.shrink(&s)
	}
}

// Wrap is the adapter, seen by the recorder: the stack is made on what it returns.
func (r *Recorder) Wrap(a link.Adapter) link.Adapter {
	r.mu.Lock()
	r.adapter = a.Info()
	r.mu.Unlock()
	return link.Trace(a, r.See)
}

// See is told of each frame, on its queue's goroutine: it is what link.Trace wants. While nothing is kept it costs one look
// at a pointer.
func (r *Recorder) See(e link.Event) {
	s := r.on.Load()
	if s == nil {
		return
	}
	q := r.rings[e.Queue]
	if e.First || q.now == 0 {
		q.now = r.clock()
	}
	q.frame(s, &e)
}

// Changed is told of each change of a connection's state, on its queue's goroutine: it is what stack.Config.Changed wants.
func (r *Recorder) Changed(queue int, local, remote netip.AddrPort, from, to tcp.State, why *trace.Reason) {
	s := r.on.Load()
	if s == nil {
		return
	}
	q := r.rings[queue]
	q.now = r.clock() // many changes are a timer's, and not a frame's
	q.change(s, local, remote, from, to, why)
}

// Stats is how much is kept.
type Stats struct {
	Frames  int       // and changes of state
	Bytes   int64     // of memory
	LeftOut uint64    // since the beginning, because there were more in a second than are to be kept
	Oldest  time.Time // of what is kept; zero: nothing is
}

// Stats is how much is kept at the moment.
func (r *Recorder) Stats() (s Stats) {
	for _, q := range r.rings {
		q.stats(&s)
	}
	return s
}
