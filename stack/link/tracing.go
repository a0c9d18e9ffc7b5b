package link

// Event is a frame that passed an adapter wrapped by Trace.
type Event struct {
	Queue int
	Out   bool // we send it
	First bool // of those that were received at once, or that are sent at once: who keeps the time reads the clock here
	Frame Frame
}

// Trace wraps an adapter and tells see of each frame, on the queue's goroutine. The frame is valid during the call, in
// which its bytes may be changed.
func Trace(a Adapter, see func(Event)) Adapter {
	t := &tracer{Adapter: a}
	for i := range a.Info().Queues {
		t.queues = append(t.queues, &traceQueue{Queue: a.Queue(i), index: i, see: see})
	}
	return t
}

type tracer struct {
	Adapter
	queues []*traceQueue
}

func (t *tracer) Queue(i int) Queue { return t.queues[i] }

type traceQueue struct {
	Queue
	index    int
	see      func(Event)
	reserved []byte
	sending  bool // something was committed since the last Receive or Flush
}

func (q *traceQueue) Receive(frames []Frame) (int, error) {
	n, err := q.Queue.Receive(frames)
	for i, f := range frames[:n] {
		q.see(Event{Queue: q.index, First: i == 0, Frame: f})
	}
	q.sending = false
	return n, err
}

func (q *traceQueue) Reserve(n int) []byte {
	q.reserved = q.Queue.Reserve(n)
	return q.reserved
}

func (q *traceQueue) Commit(n int, m Meta) {
	q.see(Event{Queue: q.index, Out: true, First: !q.sending, Frame: Frame{q.reserved[:n], m}})
	q.sending = true
	q.Queue.Commit(n, m)
}

func (q *traceQueue) Flush() error {
	q.sending = false
	return q.Queue.Flush()
}
