package exchange

import (
	"errors"
	"io"
	"os"
	"sync"

	"vitrine/trace"
	"vitrine/web/message"
)

// GoneError says that the exchange was given up by its carrier, and why: the client went away, a time-out passed,
// the request's body was malformed.
type GoneError struct{ Reason *trace.Reason }

func (e *GoneError) Error() string { return "exchange given up: " + e.Reason.Clause() }

// ErrNotDetached is returned when a blocking method is called on the loop.
var ErrNotDetached = errors.New("exchange: reading and writing need Go")

// body is the request's body between the carrier, which feeds it, and the handler, which reads it.
// All fields are guarded by Exchange.mu.
type body struct {
	buf     []byte // buf[r:] is unread
	r       int
	eof     bool
	err     error
	wanted  bool // the handler has asked to read: 100 (Continue) is due
	starved bool // the carrier was refused credit and waits to be told
	closed  bool // the handler reads no more
	expired bool // the read deadline has passed
	trailer *message.Header
}

var buffers = sync.Pool{New: func() any { return new([16 << 10]byte) }}

func (b *body) reset() {
	if cap(b.buf) == 16<<10 {
		buffers.Put((*[16 << 10]byte)(b.buf[:16<<10]))
	}
	*b = body{}
}

// Body is the request's body. Read blocks until bytes, the end or an error is there, and so is for use off the loop.
// It may be used, and closed, by another goroutine than the handler's function, and beyond its end: then it fails.
func (x *Exchange) Body() io.ReadCloser {
	x.mu.Lock()
	x.lent = true
	x.mu.Unlock()
	return (*reader)(x)
}

type reader Exchange

func (r *reader) Read(p []byte) (int, error) { return (*Exchange)(r).read(p) }

// Close says that the handler reads no more; what still comes is discarded within bounds.
func (r *reader) Close() error {
	x := (*Exchange)(r)
	x.mu.Lock()
	x.body.closed = true
	tell := x.body.starved
	x.cond.Broadcast() // another goroutine may be within Read
	x.mu.Unlock()
	if tell {
		x.wake()
	}
	return nil
}

func (x *Exchange) read(p []byte) (int, error) {
	if !x.detached {
		return 0, ErrNotDetached
	}
	if len(p) == 0 {
		return 0, nil
	}
	x.mu.Lock()
	b := &x.body
	for len(b.buf) == b.r {
		switch {
		case b.closed:
			x.mu.Unlock()
			return 0, errors.New("exchange: read of a closed body")
		case b.err != nil:
			err := b.err
			x.mu.Unlock()
			return 0, err
		case b.eof:
			x.mu.Unlock()
			return 0, io.EOF
		case x.gone != nil:
			err := x.gone
			x.mu.Unlock()
			return 0, err
		case b.expired:
			x.mu.Unlock()
			return 0, os.ErrDeadlineExceeded
		}
		if !b.wanted || b.starved {
			b.wanted = true
			x.mu.Unlock()
			x.wake()
			x.mu.Lock()
			if len(b.buf) > b.r || b.eof || b.err != nil || x.gone != nil || b.expired || b.closed {
				continue
			}
		}
		x.wait()
	}
	n, tell := x.unload(p)
	x.mu.Unlock()
	if tell {
		x.wake()
	}
	return n, nil
}

// unload moves bytes of the body that are there to their reader, and says whether the carrier is to be told: half the credit is
// worth a wake, less would wake for every read, all of it would let the connection run dry. The lock is held.
func (x *Exchange) unload(p []byte) (n int, tell bool) {
	b := &x.body
	n = copy(p, b.buf[b.r:])
	b.r += n
	if b.r == len(b.buf) {
		b.buf, b.r = b.buf[:0], 0
	}
	return n, b.starved && len(b.buf)-b.r <= x.limits.Input/2
}

// Trailer is the request's trailer section, nil when there is none. It is known once Body has returned io.EOF.
func (x *Exchange) Trailer() *message.Header {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.body.trailer
}

// Feed takes body bytes from the carrier and returns how many, which is fewer when the credit is used up: then a
// Wake follows when there is credit again. After the handler has closed the body or returned, everything is taken
// and dropped.
func (x *Exchange) Feed(p []byte) int {
	x.mu.Lock()
	n := x.feed(p)
	var tell Partner
	if n > 0 {
		tell = x.arrived()
	}
	x.mu.Unlock()
	if tell != nil {
		tell.Stir()
	}
	return n
}

// feed is Feed with the lock held.
func (x *Exchange) feed(p []byte) int {
	b := &x.body
	if b.closed || (x.returned && !x.out.tunnel) {
		b.starved = false
		return len(p)
	}
	n := min(len(p), x.limits.Input-(len(b.buf)-b.r))
	b.starved = n < len(p)
	if n <= 0 {
		return 0
	}
	if b.buf == nil {
		b.buf = buffers.Get().(*[16 << 10]byte)[:0]
	}
	if b.r > 0 && len(b.buf)+n > cap(b.buf) {
		b.buf = append(b.buf[:0], b.buf[b.r:]...)
		b.r = 0
	}
	if len(b.buf)+n > cap(b.buf) && cap(b.buf) == 16<<10 {
		grown := make([]byte, len(b.buf), x.limits.Input+1) // its capacity never equals a pooled buffer's
		copy(grown, b.buf)
		buffers.Put((*[16 << 10]byte)(b.buf[:16<<10]))
		b.buf = grown
	}
	b.buf = append(b.buf, p[:n]...)
	x.cond.Broadcast()
	return n
}

// Credit is how many body bytes Feed would take now. When it is none, a Wake follows when there is some.
func (x *Exchange) Credit() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.body.closed || x.returned && !x.out.tunnel {
		return x.limits.Input
	}
	n := x.limits.Input - (len(x.body.buf) - x.body.r)
	x.body.starved = n <= 0
	return max(n, 0)
}

// FeedEnd says that the body is complete, with its trailer section or nil. A request without a body needs no FeedEnd.
func (x *Exchange) FeedEnd(trailer *message.Header) {
	x.mu.Lock()
	x.body.eof, x.body.trailer = true, trailer
	x.cond.Broadcast()
	tell := x.arrived()
	x.mu.Unlock()
	if tell != nil {
		tell.Stir()
	}
}

// FeedError says that no more of the body will come, since it is malformed or too large. The handler can still answer.
func (x *Exchange) FeedError(err error) {
	x.mu.Lock()
	x.body.err = err
	x.cond.Broadcast()
	tell := x.arrived()
	x.mu.Unlock()
	if tell != nil {
		tell.Stir()
	}
}
