package socket

import (
	"os"
	"sync"
	"sync/atomic"
	"time"

	"vitrine/stack"
)

// stackPoller is a shard of the own stack with the connections on it. A Wait sends what was written since the last one,
// takes frames in, and delivers what became ready; the goroutine that calls it is the shard's owner.
type stackPoller struct {
	network   *Stack
	shard     *stack.Shard
	place     parker
	queue     []*stackEndpoint // with something to deliver
	listeners []*stackListener // on which connections may wait
	kernels   atomic.Bool      // something of the kernel's was added
	slept     int64            // nanoseconds in which nobody needed it
	looked    int64            // when the kernel's was looked at last
	woken     atomic.Bool      // a Wake that no Wait has answered
	closed    atomic.Bool

	mu     sync.Mutex
	shared []*sharedEndpoint // with something to deliver
	spare  []*sharedEndpoint
}

// parker is where a shard's poller waits when there is nothing to do.
type parker interface {
	// park returns when the adapter, something of the kernel's or an interrupt wants the poller, or at the time given
	// (0: never). It may also return too early.
	park(now, until int64) error
	// look asks the kernel without waiting.
	look()
	// take moves events of the kernel's to their reader.
	take(events []Event) int
	// interrupt ends the present or the next park. It may be called from any goroutine.
	interrupt()
	// add, addListener and remove watch what is the kernel's. add may be called from any goroutine.
	add(ep Endpoint, t Token) error
	addListener(l Listener, t Token) error
	remove(l Listener) error
	// dial begins a connection of the kernel's.
	dial(to Address) (Endpoint, error)
	close() error
}

func newStackPoller(n *Stack, shard int) (*stackPoller, error) {
	p := &stackPoller{network: n, shard: n.stack.Shard(shard)}
	if fd := p.shard.Descriptor(); fd < 0 {
		p.place = &waiting{shard: p.shard}
		return p, nil
	}
	var err error
	p.place, err = newDescriptorParker(p.shard)
	if err != nil {
		return nil, err
	}
	p.shard.SetWake(p.place.interrupt)
	return p, nil
}

// began is where the time of the shards that are driven here begins.
var began = time.Now().Add(-time.Second)

// clock is the shards' time.
func clock() int64 { return int64(time.Since(began)) }

func (p *stackPoller) Add(ep Endpoint, t Token) error {
	switch e := ep.(type) {
	case *stackEndpoint:
		if e.c == nil {
			return os.ErrClosed
		}
		e.p, e.token = p, t
		e.c.SetOwner(e, uint64(t))
		e.note(conditions(e.c.State()))
		return nil
	case *sharedEndpoint:
		e.p, e.token = p, t
		e.Notify(e.note)
		e.note(e.State(stack.Readable | stack.Writable))
		p.place.interrupt() // this may be another goroutine, and there may be something to tell
		return nil
	}
	p.kernels.Store(true)
	return p.place.add(ep, t)
}

func (p *stackPoller) AddListener(l Listener, t Token) error {
	if l, ok := l.(*stackListener); ok {
		if l.closed {
			return os.ErrClosed
		}
		l.watch(p, t)
		return nil
	}
	p.kernels.Store(true)
	return p.place.addListener(l, t)
}

func (p *stackPoller) Remove(l Listener) error {
	if l, ok := l.(*stackListener); ok {
		l.unwatch()
		return nil
	}
	return p.place.remove(l)
}

// How long a busy poller goes on by itself before its owner, or the kernel, gets a turn.
const (
	rounds = 16                            // batches of frames that made nothing ready
	glance = 100 * int64(time.Microsecond) // between two looks at the kernel's endpoints
)

// Wait sends, receives and delivers. Without room for events it only moves frames. Under load it asks nobody but the
// adapter: it parks when a batch of frames was not full and made nothing ready.
func (p *stackPoller) Wait(events []Event, deadline time.Time) (int, error) {
	if p.closed.Load() {
		return 0, os.ErrClosed
	}
	var until int64
	if !deadline.IsZero() {
		until = max(int64(deadline.Sub(began)), 1)
	}
	now := clock()
	if err := p.shard.Flush(now); err != nil {
		return 0, err
	}
	// On a TAP interface the kernel has answered before the write returns: with the same time, the answer would have
	// taken none, and whoever estimates round trips would believe it.
	now = clock()
	for round := 1; ; round++ {
		woken := p.woken.Swap(false) // before Poll, so that whatever had arrived before the Wake is seen with it
		more, err := p.shard.Poll(now)
		if err == nil && !p.pending() {
			// Nobody is about to write, so nothing can be sent with it; and what others have written becomes ready here.
			err = p.shard.Flush(now)
		}
		if err != nil {
			return 0, err
		}
		if p.kernels.Load() && now-p.looked >= glance {
			p.looked = now
			p.place.look()
		}
		if n := p.deliver(events); n > 0 || woken || until != 0 && now >= until || more && round >= rounds || p.pending() {
			return n, nil
		}
		if !more {
			if err := p.sleep(now, until); err != nil {
				return 0, err
			}
		}
		now = clock()
	}
}

// sleep parks until something may be ready, or does not where the adapter is to be asked again.
func (p *stackPoller) sleep(now, until int64) error {
	if due := p.shard.Deadline(); due != 0 && (until == 0 || due < until) {
		until = due
	}
	if until != 0 && until <= now {
		return nil
	}
	p.looked = now
	slept := clock() // the frames of this round have taken a while
	err := p.place.park(now, until)
	p.slept += clock() - slept
	return err
}

// Idle is how long Waits have slept. It makes the poller an Idler.
func (p *stackPoller) Idle() int64 { return p.slept }

// pending reports whether somebody on this goroutine is to be told of something.
func (p *stackPoller) pending() bool { return len(p.queue) > 0 || len(p.listeners) > 0 }

// deliver fills events: new connections first, so that no crowd of others keeps them out.
func (p *stackPoller) deliver(events []Event) int {
	n := p.deliverListeners(events)
	n += p.place.take(events[n:])
	n += p.deliverShared(events[n:])
	i := 0
	for ; i < len(p.queue) && n < len(events); i++ {
		e := p.queue[i]
		p.queue[i] = nil
		e.queued = false
		if e.c != nil {
			events[n] = Event{e.token, e.ready}
			n++
		}
		e.ready = 0
	}
	if i > 0 {
		p.queue = p.queue[:copy(p.queue, p.queue[i:])]
	}
	return n
}

// deliverListeners announces listeners as long as connections wait.
func (p *stackPoller) deliverListeners(events []Event) (n int) {
	keep := p.listeners[:0]
	for _, l := range p.listeners {
		switch {
		case l.p != p:
			l.noted = false
			continue
		case l.l.Waiting() == 0:
			l.noted = false
			l.l.Accept() // finds nothing, and so has the next one announced
			continue
		case n < len(events):
			events[n] = Event{l.token, Readable}
			n++
		}
		keep = append(keep, l)
	}
	clear(p.listeners[len(keep):])
	p.listeners = keep
	return n
}

func (p *stackPoller) deliverShared(events []Event) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n < len(events) && n < len(p.shared) {
		e := p.shared[n]
		p.shared[n] = nil
		events[n] = Event{e.token, e.ready}
		e.ready, e.queued = 0, false
		n++
	}
	if n > 0 {
		p.shared = p.shared[:copy(p.shared, p.shared[n:])]
	}
	return n
}

func (p *stackPoller) Wake() {
	if !p.woken.Swap(true) {
		p.place.interrupt()
	}
}

// lastWords is how long what was written before its connection was closed may take to reach the peer, once nobody drives
// the shard any more.
const lastWords = time.Second

// Close gives the shard back, after it has sent what is left of connections that were closed, for a moment. Connections
// that were not stay as they are, and nothing moves on them.
func (p *stackPoller) Close() error {
	if p.closed.Swap(true) {
		return nil
	}
	p.finish()
	p.shard.SetWake(nil)
	err := p.place.close()
	p.network.release(p.shard.Index())
	return err
}

func (p *stackPoller) finish() {
	for now, end := clock(), clock()+int64(lastWords); ; now = clock() {
		more, err := p.shard.Poll(now)
		if err == nil {
			err = p.shard.Flush(now)
		}
		if err != nil || now >= end || !p.shard.Unfinished() {
			return
		}
		if !more && p.sleep(now, end) != nil {
			return
		}
	}
}
