package server

import (
	"errors"
	"sync"

	"vitrine/stack/link"
)

// guarded is an adapter whose troubles are told to the server, once each, and not to the loops that use it: a loop cannot
// do anything about an interface that is down, and has other connections to look after meanwhile. An interface that was
// removed never comes back, and then the server ends.
type guarded struct {
	link.Adapter
	queues []*guardedQueue
	told   func(error)
	once   sync.Once
	lost   chan struct{} // closed when the interface is gone
}

// guard guards an adapter. told may be called from any loop, and must not block.
func guard(a link.Adapter, told func(error)) *guarded {
	g := &guarded{Adapter: a, told: told, lost: make(chan struct{})}
	for i := range a.Info().Queues {
		g.queues = append(g.queues, &guardedQueue{a.Queue(i), g})
	}
	return g
}

func (g *guarded) Queue(i int) link.Queue { return g.queues[i] }

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
		g.once.Do(func() {
			g.told(err)
			close(g.lost)
		})
		return nil
	case errors.Is(err, link.ErrDown):
		g.told(err)
		return nil
	}
	return err
}
