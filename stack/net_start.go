package stack

import (
	"context"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// running is the goroutines that Start made.
type running struct {
	mu   sync.Mutex
	stop *atomic.Bool // nil: not running
	all  sync.WaitGroup
	die  context.CancelFunc
	life atomic.Pointer[context.Context] // ends when no posted function runs any more
	next atomic.Uint32                   // the shard of the next connection that is dialled
}

// epoch is a little in the past, because 0 means "never" to a shard.
var epoch = time.Now().Add(-time.Second)

func monotonic() int64 { return int64(time.Since(epoch)) }

// Start runs every shard in a goroutine of its own, for programs that have no loop of theirs: what ListenTCP, Dial and
// ListenPacket yield works while it runs. A stack that runs already is left alone.
func (s *Stack) Start() {
	s.running.mu.Lock()
	defer s.running.mu.Unlock()
	if s.running.stop != nil {
		return
	}
	stop := new(atomic.Bool)
	life, die := context.WithCancel(context.Background())
	s.running.stop, s.running.die = stop, die
	s.running.life.Store(&life)
	var left atomic.Int32
	left.Store(int32(s.Shards()))
	for i := range s.Shards() {
		s.running.all.Go(func() {
			s.Shard(i).run(stop)
			if left.Add(-1) == 0 {
				s.running.die()
			}
		})
	}
}

// Stop ends what Start began and returns when it has. Connections that are still open are reset; whoever uses them,
// their listeners or datagram endpoints gets net.ErrClosed. The adapter stays open until Close.
func (s *Stack) Stop() {
	s.running.mu.Lock()
	defer s.running.mu.Unlock()
	if s.running.stop == nil {
		return
	}
	s.running.stop.Store(true)
	for i := range s.Shards() {
		s.Shard(i).Post(func() {})
	}
	s.running.all.Wait()
	s.running.stop = nil
}

// life ends when posted functions run no more. It never does when somebody else drives the shards.
func (s *Stack) life() context.Context {
	if life := s.running.life.Load(); life != nil {
		return *life
	}
	return context.Background()
}

// do has f called on the shard and waits until it was. When it returns an error, f may still be called later.
func (h *Shard) do(ctx context.Context, f func()) error {
	done := make(chan struct{})
	h.Post(func() {
		f()
		close(done)
	})
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-h.Stack().life().Done():
		return net.ErrClosed
	}
}

// run is the loop of a shard that nobody else drives: take in, let the others act, send, wait.
func (h *Shard) run(stop *atomic.Bool) {
	for !stop.Load() {
		more, err := h.Poll(monotonic())
		if err == nil {
			err = h.Flush(monotonic())
		}
		if err != nil { // the adapter is gone: nothing can arrive any more
			h.remotes.end(err)
			return
		}
		if h.remotes.told { // whoever was told may answer at once: then there is no need to sleep in between
			h.remotes.told = false
			runtime.Gosched()
			continue
		}
		if more {
			continue
		}
		if err := h.Wait(h.Deadline()); err != nil {
			h.remotes.end(err)
			return
		}
	}
	h.remotes.end(net.ErrClosed)
	h.Poll(monotonic())
	h.remotes.serve()
	h.remotes.end(net.ErrClosed) // those who came in the meantime
	h.Flush(monotonic())         // and the resets leave
}
