package link

// Forwarder is a cable between two adapters, with a bad path in each direction: what comes to one leaves by the other.
// Both must carry the FCS, or neither. It is used step by step, under any clock, or with Run.
type Forwarder struct {
	a, b   forwarderEnd
	frames [64]Frame
}

// forwarderEnd is an adapter's queue, and the path that leads to it.
type forwarderEnd struct {
	q       Queue
	partial bool // takes unfinished checksums
	path    *Impairer
	waiting Frame // left the path, and the queue had no room for it yet
}

// NewForwarder connects the first queues of two adapters; ab is what happens to frames from a to b.
func NewForwarder(a, b Adapter, ab, ba Impairment) *Forwarder {
	end := func(x Adapter, im Impairment) forwarderEnd {
		return forwarderEnd{q: x.Queue(0), partial: x.Info().Offloads.TxChecksum, path: NewImpairer(im)}
	}
	return &Forwarder{a: end(a, ba), b: end(b, ab)}
}

// Counters of the two directions.
func (f *Forwarder) Counters() (ab, ba ImpairerCounters) {
	return f.b.path.Counters(), f.a.path.Counters()
}

// Step takes what has come and sends what is due. It says when it wants to be called next at the latest (0: when a
// frame comes), and whether there is more to do at once. ErrDown is passed over, since the interface may come back.
func (f *Forwarder) Step(now int64) (next int64, more bool, err error) {
	for _, way := range [2][2]*forwarderEnd{{&f.a, &f.b}, {&f.b, &f.a}} {
		from, to := way[0], way[1]
		if to.waiting.Data == nil { // else its memory is still in use, and there is no use in taking more
			n, e := from.q.Receive(f.frames[:])
			more = more || n == len(f.frames) || e == ErrMore
			if e != nil && e != ErrMore && e != ErrDown {
				err = e
			}
			for _, frame := range f.frames[:n] {
				if !to.partial {
					frame.Meta.finish(frame.Data)
				}
				to.path.Add(now, frame)
			}
		}
		if e := to.send(now); e != nil && e != ErrDown {
			err = e
		}
		if d := to.path.Deadline(); d != 0 && to.waiting.Data == nil && (next == 0 || d < next) {
			next = d
		}
	}
	return next, more, err
}

func (e *forwarderEnd) send(now int64) error {
	for {
		if e.waiting.Data == nil {
			f, ok := e.path.Due(now)
			if !ok {
				break
			}
			e.waiting = f
		}
		b := e.q.Reserve(len(e.waiting.Data))
		if b == nil {
			break
		}
		e.q.Commit(copy(b, e.waiting.Data), e.waiting.Meta)
		e.waiting = Frame{}
	}
	return e.q.Flush()
}
