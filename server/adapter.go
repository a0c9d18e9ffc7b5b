package server

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"vitrine/stack/link"
	"vitrine/trace"
)

// guarded is an adapter whose troubles are told to the server, once each, and not to the loops that use it: a loop cannot
// do anything about an interface that is down, and has other connections to look after meanwhile. An interface that was
// removed never comes back, and then the server ends.
type guarded struct {
	link.Adapter
	queues []*guardedQueue
	told   func(why *trace.Reason)
	look   func() (there, up bool) // at the interface; nil: nobody can
	down   atomic.Bool             // that it is down was told, and not yet that it is up again
	once   sync.Once
	lost   chan struct{} // closed when the interface is gone
	closed chan struct{}
}

// guard guards an adapter. told may be called from any goroutine, and must not block.
func guard(a link.Adapter, look func() (there, up bool), told func(why *trace.Reason)) *guarded {
	g := &guarded{Adapter: a, told: told, look: look, lost: make(chan struct{}), closed: make(chan struct{})}
	for i := range a.Info().Queues {
		g.queues = append(g.queues, &guardedQueue{a.Queue(i), g})
	}
	return g
}

// lookAt says whether the interface of a name is there, and whether it is up.
func lookAt(name string) func() (there, up bool) {
	return func() (there, up bool) {
		i, err := net.InterfaceByName(name)
		return err == nil, err == nil && i.Flags&net.FlagUp != 0
	}
}

func (g *guarded) Queue(i int) link.Queue { return g.queues[i] }

func (g *guarded) Close() error {
	close(g.closed)
	return g.Adapter.Close()
}

// guardedQueue is one queue of a guarded adapter.
type guardedQueue struct {
	link.Queue
	adapter *guarded
}

func (q *guardedQueue) Receive(frames []link.Frame) (int, error) {
	n, err := q.Queue.Receive(frames)
	if err != nil && q.adapter.judge(err) == nil && !errors.Is(err, link.ErrDown) { // which the stack counts
		err = nil
	}
	return n, err
}

func (q *guardedQueue) Flush() error {
	if err := q.Queue.Flush(); err != nil {
		return q.adapter.judge(err)
	}
	return nil
}

func (q *guardedQueue) Wait(until, now int64) error {
	if err := q.Queue.Wait(until, now); err != nil {
		return q.adapter.judge(err)
	}
	return nil
}

// judge keeps what is the interface's trouble from the loop.
func (g *guarded) judge(err error) error {
	switch {
	case errors.Is(err, link.ErrGone):
		g.lose()
		return nil
	case errors.Is(err, link.ErrDown):
		if g.down.CompareAndSwap(false, true) { // each queue says so
			g.told(NetworkDown.Reach())
			if g.look != nil {
				go g.watch()
			}
		}
		return nil
	}
	return err
}

// lookEvery is how soon is noticed that an interface which was down is up again, or gone.
const lookEvery = 200 * time.Millisecond

// watch looks after an interface that is down, because a packet socket is not told when its interface is removed, and
// somebody who only receives learns nothing from it any more.
func (g *guarded) watch() {
	for ticker := time.NewTicker(lookEvery); ; {
		select {
		case <-ticker.C:
		case <-g.closed:
			ticker.Stop()
			return
		}
		switch there, up := g.look(); {
		case !there:
			g.lose()
		case up:
			g.down.Store(false)
			g.told(NetworkUp.Reach())
		default:
			continue
		}
		ticker.Stop()
		return
	}
}

// lose says that the interface is gone for good.
func (g *guarded) lose() {
	g.once.Do(func() {
		g.told(NetworkLost.Reach())
		close(g.lost)
	})
}
