package exchange

import (
	"errors"
	"os"
	"runtime/debug"
	"time"

	"vitrine/web/message"
)

// ErrTooLate is returned when a response was already begun.
var ErrTooLate = errors.New("exchange: a response was already begun")

// output is a streamed response between the handler, which writes it, and the carrier, which takes it.
// All fields are guarded by Exchange.mu.
type output struct {
	started bool
	length  int64 // announced; -1: not known
	interim []*message.Block
	chunks  []chunk
	queued  int // bytes in chunks
	flush   bool
	ended   bool
	trailer *message.Header
	panic   any
	stack   []byte
	tunnel  bool // the protocol was left: raw bytes both ways
	shut    bool // the tunnel's sending side is closed
	abort   bool // the connection is to be reset
	last    bool // the connection is to end after the exchange
	expired bool // the write deadline has passed
	full    bool // the partner was told that the window is used up
}

// chunk is a pooled buffer with bytes to send.
type chunk struct {
	buf *[16 << 10]byte
	n   int
}

func (o *output) reset() {
	for i := range o.chunks {
		buffers.Put(o.chunks[i].buf)
	}
	clear(o.chunks)
	chunks := o.chunks[:0]
	*o = output{chunks: chunks}
}

// Inform sends an informational response (1xx) before the final one.
func (x *Exchange) Inform(b *message.Block) error {
	if !x.detached {
		return ErrNotDetached
	}
	x.mu.Lock()
	if x.block != nil {
		x.mu.Unlock()
		return ErrTooLate
	}
	x.out.interim = append(x.out.interim, b)
	x.mu.Unlock()
	x.wake()
	return nil
}

// Stream begins a streamed response. length is the body's, which the head must say too, or -1 when it is not known;
// the carrier then delimits the body as its protocol does. A body that comes out shorter or longer ends the
// connection as an error.
func (x *Exchange) Stream(b *message.Block, length int64) error {
	if !x.detached {
		return ErrNotDetached
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.block != nil {
		return ErrTooLate
	}
	if x.filter != nil {
		length = -1
	}
	x.block = b
	x.out.started, x.out.length = true, length
	return nil
}

// Write appends to a streamed response. It blocks while the window is full, and fails once the client has gone; that of a
// lent exchange takes everything at once (see Lend).
// Bytes are gathered; Flush sends them at once.
func (x *Exchange) Write(p []byte) (int, error) {
	if !x.detached {
		return 0, ErrNotDetached
	}
	if x.filter != nil {
		n := 0
		err := x.filtered(func(f Filter) (err error) { n, err = f.Write(p); return })
		return n, err
	}
	x.mu.Lock()
	o := &x.out
	if !o.started && !o.tunnel {
		x.mu.Unlock()
		return 0, errors.New("exchange: write before Stream")
	}
	written := 0
	for {
		switch {
		case x.gone != nil:
			err := x.gone
			x.mu.Unlock()
			return written, err
		case o.ended || o.shut:
			x.mu.Unlock()
			return written, os.ErrClosed
		case o.expired:
			x.mu.Unlock()
			return written, os.ErrDeadlineExceeded
		}
		if len(p) == 0 {
			break
		}
		if o.queued >= x.limits.Output && !x.driven {
			x.mu.Unlock()
			x.wake()
			x.mu.Lock()
			if o.queued >= x.limits.Output && x.gone == nil && !o.expired && !o.shut && !o.ended {
				x.wait()
			}
			continue
		}
		n := o.append(p)
		p = p[n:]
		written += n
	}
	full := len(o.chunks) > 1 || o.tunnel || o.queued >= x.limits.Output
	x.mu.Unlock()
	if full {
		x.wake()
	}
	return written, nil
}

// append takes what fits into the last chunk, or into a new one.
func (o *output) append(p []byte) int {
	last := len(o.chunks) - 1
	if last < 0 || o.chunks[last].n == len(o.chunks[last].buf) {
		o.chunks = append(o.chunks, chunk{buf: buffers.Get().(*[16 << 10]byte)})
		last++
	}
	c := &o.chunks[last]
	n := copy(c.buf[c.n:], p)
	c.n += n
	o.queued += n
	return n
}

// Flush sends what was written so far, the head included.
func (x *Exchange) Flush() error {
	if !x.detached {
		return ErrNotDetached
	}
	if x.filter != nil {
		return x.filtered(Filter.Flush)
	}
	x.mu.Lock()
	x.out.flush = true
	err := x.gone
	x.mu.Unlock()
	x.wake()
	return err
}

// Abort cuts the exchange off: the connection ends with a reset, so that the client cannot take what it has for the
// whole response.
func (x *Exchange) Abort() {
	x.mu.Lock()
	x.out.abort = true
	x.mu.Unlock()
	x.wake()
}

// CloseAfter asks that the connection end after this exchange, where the protocol has one connection for it. It is
// called before the response is begun.
func (x *Exchange) CloseAfter() {
	x.mu.Lock()
	x.out.last = true
	x.mu.Unlock()
}

// SetReadDeadline makes reading the request's body fail with os.ErrDeadlineExceeded from then on; the zero time
// removes the deadline.
func (x *Exchange) SetReadDeadline(at time.Time) error {
	return x.deadline(&x.timers[0], &x.body.expired, at)
}

// SetWriteDeadline makes writing the response fail with os.ErrDeadlineExceeded from then on; the zero time removes
// the deadline.
func (x *Exchange) SetWriteDeadline(at time.Time) error {
	return x.deadline(&x.timers[1], &x.out.expired, at)
}

func (x *Exchange) deadline(timer **time.Timer, expired *bool, at time.Time) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.returned || x.abandoned {
		return os.ErrClosed
	}
	if *timer != nil {
		(*timer).Stop()
		*timer = nil
	}
	*expired = false
	if at.IsZero() {
		return nil
	}
	var self *time.Timer
	self = time.AfterFunc(max(time.Until(at), 0), func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		if *timer == self { // not stopped or replaced while it was firing
			*expired = true
			x.cond.Broadcast()
		}
	})
	*timer = self
	return nil
}

// SetTrailer gives the trailer section that ends a streamed response of unknown length.
func (x *Exchange) SetTrailer(h *message.Header) {
	x.mu.Lock()
	x.out.trailer = h
	x.mu.Unlock()
}

// failed notes a panic of the handler. It is called from a deferred function.
func (o *output) failed(v any) {
	o.panic, o.stack = v, debug.Stack()
}
