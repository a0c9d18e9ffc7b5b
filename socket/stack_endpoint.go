package socket

import (
	"io"
	"net"

	"vitrine/stack"
	"vitrine/trace"
)

// stackEndpoint is a connection of the own stack, used on its shard: the goroutine of the poller.
type stackEndpoint struct {
	c      *stack.Conn  // nil: closed
	p      *stackPoller // nil: in none
	token  Token
	ready  Ready // noted and not yet delivered
	queued bool  // in the poller's queue
}

// Ready notes what happened; Wait delivers it.
func (e *stackEndpoint) Ready(_ *stack.Conn, r stack.Ready) { e.note(conditions(r)) }

func (e *stackEndpoint) note(r Ready) {
	e.ready |= r
	if !e.queued && e.ready != 0 && e.p != nil {
		e.queued = true
		e.p.queue = append(e.p.queue, e)
	}
}

// conditions are a stack's readiness as a Poller announces it: the end can be read, and who writes to a connection that
// is gone is told so.
func conditions(r stack.Ready) Ready {
	ready := Ready(r)
	if ready&HalfShut != 0 {
		ready |= Readable
	}
	if ready&Hangup != 0 {
		ready |= Readable | Writable
	}
	return ready
}

// blocked translates a stack's error.
func blocked(err error) error {
	if err == stack.ErrWouldBlock {
		return ErrWouldBlock
	}
	return err
}

func (e *stackEndpoint) Read(p []byte) (int, error) {
	if e.c == nil {
		return 0, net.ErrClosed
	}
	n, err := e.c.Read(p)
	return n, blocked(err)
}

func (e *stackEndpoint) Write(p []byte, more bool) (int, error) {
	if e.c == nil {
		return 0, net.ErrClosed
	}
	n, err := e.c.Write(p, more)
	return n, blocked(err)
}

func (e *stackEndpoint) Writev(a, b []byte) (int, error) {
	if e.c == nil {
		return 0, net.ErrClosed
	}
	n, err := e.c.Writev(a, b)
	return n, blocked(err)
}

// SendFile has the stack read the file when a segment is built, and again for one that is sent again. What the file lacks
// by then ends the connection with a reset; what it lacks now is said here, as the kernel's sockets do.
func (e *stackEndpoint) SendFile(f *File, off int64, n int) (int, error) {
	if e.c == nil {
		return 0, net.ErrClosed
	}
	size, err := f.size()
	if err != nil {
		return 0, err
	}
	if n > 0 && off >= size {
		return 0, io.ErrUnexpectedEOF
	}
	source := stack.FileSource{ReaderAt: f.F, FD: f.FD}
	if f.Hold != nil && f.Hold() {
		source.Done = f.Done
	}
	n, err = e.c.WriteFile(source, off, int(min(int64(n), size-off)))
	return n, blocked(err)
}

func (e *stackEndpoint) CloseWrite() error {
	if e.c == nil {
		return net.ErrClosed
	}
	return e.c.CloseWrite()
}

func (e *stackEndpoint) Close() error { return e.end((*stack.Conn).Close) }

func (e *stackEndpoint) Abort() error { return e.end((*stack.Conn).Abort) }

func (e *stackEndpoint) end(how func(*stack.Conn) error) error {
	if e.c == nil {
		return nil
	}
	c := e.c
	e.c = nil
	return how(c)
}

func (e *stackEndpoint) Unread() bool { return e.c != nil && e.c.Unread() }

func (e *stackEndpoint) Unsent() int {
	if e.c == nil {
		return 0
	}
	return e.c.Unsent()
}

// Tag names the journey that the connection is on, for captures.
func (e *stackEndpoint) Tag(id trace.ID) {
	if e.c != nil {
		e.c.Tag(id)
	}
}
