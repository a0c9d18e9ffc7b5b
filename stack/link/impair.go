package link

import "time"

// ImpairOptions of Impair.
type ImpairOptions struct {
	Receive, Transmit Impairment
	// Now is the clock, in nanoseconds from any origin, never 0; nil: the system's monotonic one.
	Now func() int64
}

// Impaired is an adapter behind a bad path.
type Impaired struct {
	Adapter
	queues []*impairedQueue
}

// Impair puts a bad path between an adapter and its owner. Offloads of sending are off, so that a loss is one packet; so
// should they be at the other end (TAPOptions.Wire). Each queue is a path of its own. There is no Descriptor: Wait knows when
// a delayed frame is due.
func Impair(a Adapter, o ImpairOptions) *Impaired {
	if o.Now == nil {
		start := time.Now()
		o.Now = func() int64 { return int64(time.Since(start)) + 1 }
	}
	i := &Impaired{Adapter: a}
	for n := range a.Info().Queues {
		path := func(im Impairment) *Impairer {
			im.RepairFCS = im.RepairFCS && a.Info().FCS
			im.Seed += uint64(n)
			return NewImpairer(im)
		}
		i.queues = append(i.queues, &impairedQueue{Queue: a.Queue(n), now: o.Now, in: path(o.Receive), out: path(o.Transmit)})
	}
	return i
}

// Info is the adapter's, without offloads of sending.
func (i *Impaired) Info() Info {
	info := i.Adapter.Info()
	info.Offloads = Offloads{RxChecksum: info.Offloads.RxChecksum}
	return info
}

// Queue is the wrapped queue.
func (i *Impaired) Queue(n int) Queue { return i.queues[n] }

// Impairers are the two directions of a queue, for their counters. They belong to the queue's goroutine.
func (i *Impaired) Impairers(n int) (receive, transmit *Impairer) {
	return i.queues[n].in, i.queues[n].out
}

type impairedQueue struct {
	Queue
	now      func() int64
	in, out  *Impairer
	taken    [64]Frame
	reserved []byte
	waiting  Frame // left the path, and the adapter had no room for it yet
}

func (q *impairedQueue) Receive(frames []Frame) (int, error) {
	now := q.now()
	n, err := q.Queue.Receive(q.taken[:])
	for _, f := range q.taken[:n] {
		q.in.Add(now, f)
	}
	if e := q.pump(now); err == nil || err == ErrMore {
		if e != nil {
			err = e
		}
	}
	if n == len(q.taken) && err == nil {
		err = ErrMore
	}
	for n = 0; n < len(frames); n++ {
		f, ok := q.in.Due(now)
		if !ok {
			break
		}
		frames[n] = f
	}
	return n, err
}

func (q *impairedQueue) Reserve(n int) []byte {
	if q.waiting.Data != nil {
		q.pump(q.now())
		if q.waiting.Data != nil {
			return nil
		}
	}
	if cap(q.reserved) < n {
		q.reserved = make([]byte, n)
	}
	return q.reserved[:n]
}

func (q *impairedQueue) Commit(n int, m Meta) {
	q.out.Add(q.now(), Frame{q.reserved[:n], m})
}

func (q *impairedQueue) Flush() error { return q.pump(q.now()) }

// pump sends what has come to the end of the path.
func (q *impairedQueue) pump(now int64) error {
	for {
		if q.waiting.Data == nil {
			f, ok := q.out.Due(now)
			if !ok {
				return q.Queue.Flush()
			}
			q.waiting = f
		}
		b := q.Queue.Reserve(len(q.waiting.Data))
		if b == nil {
			return q.Queue.Flush()
		}
		q.Queue.Commit(copy(b, q.waiting.Data), q.waiting.Meta)
		q.waiting = Frame{}
	}
}

func (q *impairedQueue) Descriptor() int { return -1 }

// Wait ends also when a frame is due on either path.
func (q *impairedQueue) Wait(until, now int64) error {
	mine := q.now()
	if err := q.pump(mine); err != nil {
		return err
	}
	for _, d := range [2]int64{q.in.Deadline(), q.out.Deadline()} {
		if d == 0 {
			continue
		}
		if d = now + max(d-mine, 0); until == 0 || d < until {
			until = max(d, 1)
		}
	}
	return q.Queue.Wait(until, now)
}
