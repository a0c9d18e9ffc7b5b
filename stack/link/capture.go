package link

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// CaptureOptions of Capture; the zero value has no comments.
type CaptureOptions struct {
	// Comment is the packet comment of a frame, such as the id of the journey that it belongs to; empty: none. It is asked
	// on the queue's goroutine when the batch with the frame has been handled, so that what the frame led to is known; the
	// queue's number says to whom the state belongs that may be looked at there.
	Comment func(queue int, frame []byte) string
	// Clock gives nanoseconds since 1970; nil: the system's.
	Clock func() int64
}

// Capturer is an adapter that writes what passes it to pcapng files, as many at a time as are wanted. While there is none, a
// batch costs it one look at a pointer. Its own methods may be called from any goroutine.
type Capturer struct {
	Adapter
	info   Info
	o      CaptureOptions
	queues []*captureQueue
	mu     sync.Mutex // guards changes of on
	on     atomic.Pointer[[]*Recording]
}

// Capture wraps an adapter, from which nobody but the wrapper takes frames then.
func Capture(a Adapter, o CaptureOptions) *Capturer {
	if o.Clock == nil {
		o.Clock = func() int64 { return time.Now().UnixNano() }
	}
	c := &Capturer{Adapter: a, info: a.Info(), o: o}
	for i := range c.info.Queues {
		c.queues = append(c.queues, &captureQueue{Queue: a.Queue(i), index: i, c: c})
	}
	return c
}

// Queue is the wrapped queue.
func (c *Capturer) Queue(i int) Queue { return c.queues[i] }

// Start begins a recording to w.
func (c *Capturer) Start(w io.Writer, o RecordingOptions) *Recording {
	if o.Buffer <= 0 {
		o.Buffer = 4 << 20
	}
	snap := o.Snap
	if snap <= 0 {
		snap = 1 << 18 // as other programs say that they do not cut
	}
	r := &Recording{c: c, w: w, o: o, wake: make(chan struct{}, 1), done: make(chan struct{})}
	r.buf = appendSection(nil, c.info, snap)
	r.signal()
	go r.write()
	c.change(func(all []*Recording) []*Recording { return append(all, r) })
	return r
}

// Stop ends all recordings, and returns the first error of their writers.
func (c *Capturer) Stop() (err error) {
	if all := c.on.Load(); all != nil {
		for _, r := range *all {
			if e := r.Stop(); err == nil {
				err = e
			}
		}
	}
	return err
}

// Close ends all recordings and closes the adapter.
func (c *Capturer) Close() error {
	err := c.Stop()
	if e := c.Adapter.Close(); e != nil {
		err = e
	}
	return err
}

func (c *Capturer) remove(r *Recording) {
	c.change(func(all []*Recording) []*Recording {
		return slices.DeleteFunc(all, func(x *Recording) bool { return x == r })
	})
}

func (c *Capturer) change(f func([]*Recording) []*Recording) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []*Recording
	if old := c.on.Load(); old != nil {
		all = slices.Clone(*old)
	}
	if all = f(all); len(all) == 0 {
		c.on.Store(nil)
		return
	}
	c.on.Store(&all)
}

// captureQueue keeps copies of the frames of a batch until it has been handled.
type captureQueue struct {
	Queue
	index    int
	c        *Capturer
	reserved []byte
	batch    []captured
	copies   []byte
}

type captured struct {
	nanos         int64
	from, to      int // in copies
	pieces, piece int
	out           bool
}

// batchCopies bounds what waits for its comment; beyond it a batch is recorded in parts.
const batchCopies = 1 << 20

func (q *captureQueue) Receive(frames []Frame) (int, error) {
	if len(q.batch) > 0 {
		q.settle()
	}
	n, err := q.Queue.Receive(frames)
	if n > 0 && q.c.on.Load() != nil {
		now := q.c.o.Clock()
		for _, f := range frames[:n] {
			q.keep(now, f.Data, f.Meta, false)
		}
	}
	return n, err
}

func (q *captureQueue) Reserve(n int) []byte {
	q.reserved = q.Queue.Reserve(n)
	return q.reserved
}

func (q *captureQueue) Commit(n int, m Meta) {
	if q.c.on.Load() != nil {
		q.keep(q.c.o.Clock(), q.reserved[:n], m, true)
	}
	q.Queue.Commit(n, m)
}

func (q *captureQueue) Flush() error {
	err := q.Queue.Flush()
	if len(q.batch) > 0 {
		q.settle()
	}
	return err
}

func (q *captureQueue) Wait(until, now int64) error {
	if len(q.batch) > 0 {
		q.settle()
	}
	return q.Queue.Wait(until, now)
}

func (q *captureQueue) keep(nanos int64, b []byte, m Meta, out bool) {
	if len(q.copies)+len(b) > batchCopies {
		q.settle()
	}
	f := captured{nanos: nanos, from: len(q.copies), to: len(q.copies) + len(b), out: out, pieces: m.Segments(len(b)), piece: int(m.SegmentSize)}
	q.copies = append(q.copies, b...)
	q.batch = append(q.batch, f)
}

// settle asks for the comments of a batch and hands it to the recordings.
func (q *captureQueue) settle() {
	if all := q.c.on.Load(); all != nil {
		for _, f := range q.batch {
			b := q.copies[f.from:f.to]
			comment, mark := "", ""
			if q.c.o.Comment != nil {
				comment = tidyComment(q.c.o.Comment(q.index, b))
			}
			if f.pieces > 1 {
				mark = fmt.Sprintf("Super-segment: %d segments of up to %d bytes, which the adapter cuts or has put together.", f.pieces, f.piece)
			}
			for _, r := range *all {
				r.add(f.nanos, b, len(b), f.out, comment, mark)
			}
		}
	}
	q.batch, q.copies = q.batch[:0], q.copies[:0]
}
