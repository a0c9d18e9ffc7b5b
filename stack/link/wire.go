package link

import (
	"fmt"
	"sync"
	"time"
)

// WireOptions of a wire in memory; the zero value is a cable of 1500 bytes' MTU that carries the FCS.
type WireOptions struct {
	MTU    int // 0: 1500
	Queues int // of each end; 0: 1. What leaves by queue i arrives on queue i, unless Steer says otherwise
	Ring   int // frames in each direction of each queue; 0: 256
	A, B   MAC // of the two ends; zero: 02:00:c6:12:00:0a and …:0b
	// Offloads makes the wire carry no FCS, super-segments whole and checksums unfinished, as between a TAP interface
	// and its kernel.
	Offloads bool
	// Lossy makes a full receive ring lose frames, and count them, as a card's does whose driver is late. Otherwise the
	// sender waits.
	Lossy bool
	// Steer chooses the queue at which a frame arrives.
	Steer func(frame []byte, queues int) int
	// Notify is called, on the sender's goroutine in Flush, when frames have come to a queue of an end (0: a, 1: b), for
	// owners that wait elsewhere than in Wait. It must not block.
	Notify func(end, queue int)
}

// NewWire makes a wire with an adapter at each end. The ends may be used by one goroutine, step by step, or by one each.
func NewWire(o WireOptions) (a, b Adapter) {
	if o.MTU == 0 {
		o.MTU = 1500
	}
	o.Queues = max(o.Queues, 1)
	if o.Ring <= 0 {
		o.Ring = 256
	}
	if o.A == (MAC{}) {
		o.A = MAC{0x02, 0x00, 0xc6, 0x12, 0x00, 0x0a}
	}
	if o.B == (MAC{}) {
		o.B = MAC{0x02, 0x00, 0xc6, 0x12, 0x00, 0x0b}
	}
	ends := [2]*wireEnd{newWireEnd(0, o), newWireEnd(1, o)}
	for i, e := range ends {
		for _, q := range e.queues {
			q.peer = ends[1-i]
		}
	}
	return ends[0], ends[1]
}

// wireEnd is one end of a wire.
type wireEnd struct {
	info   Info
	queues []*wireQueue
}

func newWireEnd(end int, o WireOptions) *wireEnd {
	e := &wireEnd{info: Info{Name: fmt.Sprintf("wire-%c", 'a'+end), Kind: "wire", MAC: [2]MAC{o.A, o.B}[end],
		MTU: o.MTU, Queues: o.Queues, FCS: !o.Offloads}}
	if o.Offloads {
		e.info.Offloads = Offloads{TxChecksum: true, RxChecksum: true, TSO4: true, TSO6: true, MaxSegment: maxSuper}
	}
	for i := range o.Queues {
		q := &wireQueue{end: end, index: i, o: o, wake: make(chan struct{}, 1)}
		// Other queues may commit to a ring between our look at its room and our commit: one more each.
		q.in.frames = make([]Frame, o.Ring+2*o.Queues)
		e.queues = append(e.queues, q)
	}
	return e
}

func (e *wireEnd) Info() Info        { return e.info }
func (e *wireEnd) Queue(i int) Queue { return e.queues[i] }
func (e *wireEnd) Close() error      { return nil }

// wireRing holds the frames on their way to one queue. Memory goes round: a sender swaps its buffer for a used one.
type wireRing struct {
	sync.Mutex
	frames   []Frame
	head     int // the oldest frame that the receiver holds or has not seen
	held     int // frames from head on that the last Receive gave out
	count    int // frames from head on
	overruns uint64
	waiting  []*wireQueue // senders that found the ring full
}

// wireQueue is one queue at one end: in is what comes to it.
type wireQueue struct {
	end, index int
	o          WireOptions
	peer       *wireEnd
	in         wireRing
	wake       chan struct{}
	timer      *time.Timer
	buffer     []byte // what Reserve gave
	arrived    uint64 // bit i: frames were sent to the peer's queue i since the last Flush
	c          Counters
}

func (q *wireQueue) Receive(frames []Frame) (int, error) {
	r := &q.in
	r.Lock()
	q.release()
	n := min(len(frames), r.count)
	r.held = n
	for i := range n {
		frames[i] = r.frames[(r.head+i)%len(r.frames)]
		q.c.ReceivedBytes += uint64(len(frames[i].Data))
	}
	q.c.ReceivedFrames += uint64(n)
	r.Unlock()
	return n, nil
}

// release gives the frames of the last Receive back to the ring, and tells senders that found it full. The ring is locked.
func (q *wireQueue) release() {
	r := &q.in
	r.head = (r.head + r.held) % len(r.frames)
	r.count -= r.held
	r.held = 0
	if len(r.waiting) > 0 && r.count < q.o.Ring {
		for _, w := range r.waiting {
			w.signal()
		}
		r.waiting = r.waiting[:0]
	}
}

// room reports whether every ring that a frame may go to has room; where one has none, the sender will be woken.
func (q *wireQueue) room() bool {
	if q.o.Lossy {
		return true
	}
	if q.o.Steer == nil {
		return q.peer.queues[q.index].in.room(q)
	}
	for _, p := range q.peer.queues {
		if !p.in.room(q) {
			return false
		}
	}
	return true
}

func (r *wireRing) room(sender *wireQueue) bool {
	r.Lock()
	defer r.Unlock()
	if r.count < cap(r.frames)-2*sender.o.Queues {
		return true
	}
	for _, w := range r.waiting {
		if w == sender {
			return false
		}
	}
	r.waiting = append(r.waiting, sender)
	return false
}

func (q *wireQueue) Reserve(n int) []byte {
	if !q.room() {
		q.c.TransmitFull++
		reasonFull.Reach()
		return nil
	}
	if cap(q.buffer) < n {
		q.buffer = make([]byte, max(n, 2048))
	}
	return q.buffer[:n]
}

func (q *wireQueue) Commit(n int, m Meta) {
	to := q.index
	if q.o.Steer != nil {
		to = q.o.Steer(q.buffer[:n], q.o.Queues)
	}
	r := &q.peer.queues[to].in
	r.Lock()
	if r.count == len(r.frames) || q.o.Lossy && r.count >= q.o.Ring {
		r.overruns++
		r.Unlock()
		reasonOverrun.Reach()
		return
	}
	slot := &r.frames[(r.head+r.count)%len(r.frames)]
	used := slot.Data
	*slot = Frame{q.buffer[:n], m}
	q.buffer = used[:cap(used)]
	r.count++
	r.Unlock()
	q.c.SentFrames++
	q.c.SentBytes += uint64(n)
	q.arrived |= 1 << (to & 63)
}

func (q *wireQueue) Flush() error {
	for i := 0; q.arrived != 0; i++ {
		if q.arrived&(1<<i) == 0 {
			continue
		}
		q.arrived &^= 1 << i
		q.peer.queues[i].signal()
		if q.o.Notify != nil {
			q.o.Notify(1-q.end, i)
		}
	}
	return nil
}

func (q *wireQueue) Descriptor() int { return -1 }
func (q *wireQueue) Interrupt()      { q.signal() }

func (q *wireQueue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *wireQueue) Wait(until, now int64) error {
	q.in.Lock()
	q.release() // who waits is done with them, and a sender may wait for the room they take
	fresh := q.in.count > 0
	q.in.Unlock()
	switch {
	case fresh || until != 0 && until <= now:
		select { // a signal that came with these frames is not to end the next wait too
		case <-q.wake:
		default:
		}
	case until == 0:
		<-q.wake
	default:
		if q.timer == nil {
			q.timer = time.NewTimer(time.Duration(until - now))
		} else {
			q.timer.Reset(time.Duration(until - now))
		}
		select {
		case <-q.wake:
			q.timer.Stop()
		case <-q.timer.C:
		}
	}
	return nil
}

func (q *wireQueue) Counters() Counters {
	c := q.c
	q.in.Lock()
	c.Overruns = q.in.overruns
	q.in.Unlock()
	return c
}
