package socket

import (
	"errors"
	"net"

	"vitrine/stack"
)

// sharedEndpoint is a connection of the own stack that is used away from its shard. Between the two lie bounded queues;
// see stack.Remote. Its Tag is the Remote's own.
type sharedEndpoint struct {
	*stack.Remote
	p      *stackPoller
	token  Token
	ready  Ready // noted and not yet delivered; guarded by p.mu
	queued bool  // in the poller's queue of these; guarded by p.mu
}

// note is called on the shard, and by Add on whichever goroutine calls that.
func (e *sharedEndpoint) note(r stack.Ready) {
	e.p.mu.Lock()
	e.ready |= conditions(r)
	if !e.queued {
		e.queued = true
		e.p.shared = append(e.p.shared, e)
	}
	e.p.mu.Unlock()
}

func (e *sharedEndpoint) Read(p []byte) (int, error) {
	n, err := e.Remote.Read(p)
	return n, blocked(err)
}

func (e *sharedEndpoint) Write(p []byte, more bool) (int, error) {
	n, err := e.Remote.Write(p, more)
	return n, blocked(err)
}

func (e *sharedEndpoint) Writev(a, b []byte) (int, error) {
	n, err := e.Remote.Writev(a, b)
	return n, blocked(err)
}

// SendFile reads the file here and now, in the goroutine that the endpoint belongs to, which may wait for the disk.
func (e *sharedEndpoint) SendFile(f *File, off int64, n int) (int, error) {
	n, err := e.Remote.WriteFile(f.F, off, n)
	return n, blocked(err)
}

func (e *sharedEndpoint) Close() error { return once(e.Remote.Close()) }

func (e *sharedEndpoint) Abort() error { return once(e.Remote.Abort()) }

// once makes closing what is closed no error.
func once(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
