package tcp

import (
	"bytes"
	"container/heap"
	"fmt"
	"math/rand/v2"
	"testing"

	"vitrine/stack/tcp/segment"
	"vitrine/trace"
)

// Two machines joined by a link that exists only here: seeded loss, duplication and reordering, fake time.

// end is one machine with its application: it writes data, reads everything, and closes in its way.
type end struct {
	name      string
	h         *Host
	c         *Conn
	port      uint16
	write     []byte // what the application sends
	written   int
	queue     []byte // the stack's part: bytes from Acked on
	queued    uint64 // position of queue[0]
	read      []byte
	lazy      int // reads at most so much at a time; 0: all
	pace      int64
	readAt    int64
	closeAll  bool // Close when everything is written and the peer has closed, else CloseWrite first
	shut      bool
	closed    bool
	events    Event
	timeWait  *TimeWait
	segments  int
	lastState State
	last      *trace.Reason
}

type frame struct {
	at    int64
	order int
	to    *end
	b     []byte
}

type frames []frame

func (f frames) Len() int { return len(f) }
func (f frames) Less(i, j int) bool {
	return f[i].at < f[j].at || f[i].at == f[j].at && f[i].order < f[j].order
}
func (f frames) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *frames) Push(x any)   { *f = append(*f, x.(frame)) }
func (f *frames) Pop() any {
	last := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return last
}

// wire is the link with both ends.
type wire struct {
	t         testing.TB
	r         *rand.Rand
	a, b      *end
	now       int64
	order     int
	inFlight  frames
	delay     int64
	loss      float64
	duplicate float64
	reorder   float64
	bandwidth int64 // bytes a second; 0: no limit
	busyUntil [2]int64
	queue     int64 // nanoseconds of the link's queue at most
	mutate    func(b []byte, to *end) [][]byte
	sent      int
	segment   segment.Segment
}

func (w *wire) other(e *end) *end {
	if e == w.a {
		return w.b
	}
	return w.a
}

// push lets e send everything that it wants to send now.
func (w *wire) push(e *end) {
	var out segment.Out
	for e.timeWait == nil && e.c.Next(w.now, &out) {
		e.segments++
		size := out.Length
		if out.SegmentSize > 0 {
			size = out.SegmentSize
		}
		// Super-segments are cut, as an adapter does it.
		for at := 0; at == 0 || at < out.Length; at += max(size, 1) {
			piece := out
			piece.Seq = out.Seq.Add(at)
			piece.Position = out.Position + uint64(at)
			piece.Length = min(size, out.Length-at)
			if at+piece.Length < out.Length {
				piece.Flags &^= segment.FIN | segment.PSH
			}
			w.transmit(e, &piece)
		}
	}
	e.events |= e.c.Events()
	if e.events&EventTimeWait != 0 && e.timeWait == nil {
		tw := e.c.TimeWait(w.now)
		e.timeWait = &tw
	}
}

func (w *wire) transmit(e *end, out *segment.Out) {
	to := w.other(e)
	b := make([]byte, segment.MaxHeaderLen+out.Length)
	n := segment.Put(b, e.port, to.port, out)
	if out.Length > 0 {
		from := int(out.Position - e.queued)
		if out.Position < e.queued || from+out.Length > len(e.queue) {
			w.t.Fatalf("%s sends [%d,+%d) of a queue that holds [%d,+%d)", e.name, out.Position, out.Length, e.queued, len(e.queue))
		}
		copy(b[n:], e.queue[from:])
	}
	if out.Length > int(e.c.mss) {
		w.t.Fatalf("%s sends a segment of %d bytes", e.name, out.Length)
	}
	w.put(to, b[:n+out.Length])
	if w.duplicate > 0 && w.r.Float64() < w.duplicate {
		w.put(to, b[:n+out.Length])
	}
}

func (w *wire) put(to *end, b []byte) {
	w.sent++
	all := [][]byte{b}
	if w.mutate != nil {
		all = w.mutate(b, to)
	}
	for _, b := range all {
		if w.loss > 0 && w.r.Float64() < w.loss {
			continue
		}
		at := w.now
		if w.bandwidth > 0 {
			i := 0
			if to == w.b {
				i = 1
			}
			if w.busyUntil[i] = max(w.busyUntil[i], w.now); w.busyUntil[i]-w.now > w.queue {
				continue
			}
			w.busyUntil[i] += int64(len(b)+54) * 1e9 / w.bandwidth
			at = w.busyUntil[i]
		}
		at += w.delay
		if w.reorder > 0 && w.r.Float64() < w.reorder {
			at += int64(w.r.IntN(int(3e6))) + w.delay/2
		}
		w.order++
		heap.Push(&w.inFlight, frame{at, w.order, to, bytes.Clone(b)})
	}
}

// run is e's application and stack: read, write, close.
func (w *wire) run(e *end) {
	c := e.c
	if c.Readable() > 0 && w.now >= e.readAt {
		n := c.Readable()
		if e.lazy > 0 {
			n = min(n, e.lazy)
			e.readAt = w.now + e.pace
		}
		p := make([]byte, n)
		e.read = append(e.read, p[:c.Read(w.now, p)]...)
	}
	if acked := c.Acked(); acked > e.queued {
		e.queue = e.queue[acked-e.queued:]
		e.queued = acked
	}
	for e.written < len(e.write) {
		n := min(c.Room(), len(e.write)-e.written, 1+w.r.IntN(20000))
		if n == 0 {
			break
		}
		e.queue = append(e.queue, e.write[e.written:e.written+n]...)
		e.written += n
		c.Wrote(w.now, n, w.r.IntN(8) == 0)
	}
	if e.written == len(e.write) && !e.shut && c.State() >= StateEstablished {
		e.shut = true
		c.CloseWrite(w.now)
	}
	if e.shut && !e.closed && c.PeerClosed() && c.Readable() == 0 {
		e.closed = true
		c.Close(w.now)
	}
	w.push(e)
}

// step lets the next thing happen; false when nothing will.
func (w *wire) step() bool {
	next := int64(0)
	at := func(n int64) {
		if n != 0 && (next == 0 || n < next) {
			next = n
		}
	}
	for _, e := range []*end{w.a, w.b} {
		if e.timeWait == nil {
			at(e.c.Deadline())
		}
		if e.c.Readable() > 0 && e.lazy > 0 {
			at(max(e.readAt, w.now))
		}
	}
	if len(w.inFlight) > 0 {
		at(w.inFlight[0].at)
	}
	if next == 0 {
		return false
	}
	w.now = max(w.now, next)
	for range 3 { // batches of a few frames, as a loop takes them
		if len(w.inFlight) == 0 || w.inFlight[0].at > w.now {
			break
		}
		f := heap.Pop(&w.inFlight).(frame)
		w.receive(f.to, f.b)
	}
	for _, e := range []*end{w.a, w.b} {
		if d := e.c.Deadline(); e.timeWait == nil && d != 0 && d <= w.now {
			if why := e.c.Advance(w.now); why != nil {
				e.last = why
			}
			if e.c.Deadline() == d && !e.c.Pending() {
				w.t.Fatalf("%s: a timer that was due stays due: %+v", e.name, e.c.Info(w.now))
			}
		}
		w.run(e)
	}
	return true
}

func (w *wire) receive(e *end, b []byte) {
	if segment.Parse(b, &w.segment) != nil {
		return
	}
	if e.timeWait != nil {
		if do, _ := e.timeWait.Receive(w.now, &w.segment); do == Answer {
			var out segment.Out
			e.timeWait.Answer(w.now, &out)
			p := make([]byte, out.HeaderLen())
			segment.Put(p, e.port, w.other(e).port, &out)
			w.put(w.other(e), p)
		}
		return
	}
	if e.c.h == nil { // the listener's side
		if w.segment.Flags&(segment.SYN|segment.ACK|segment.RST) == segment.SYN {
			e.c.Accept(e.h, w.now, segment.Number(w.r.Uint32()), &w.segment, Path{MSS: 1460, Super: e.h.super()})
		}
		return
	}
	if why := e.c.Receive(w.now, &w.segment); why != nil {
		e.last = why
	}
	if lent := e.h.used; lent > e.h.Config.ReceiveMemory {
		w.t.Fatalf("%s: %d bytes of received data", e.name, lent)
	}
}

// super lets every second host have an adapter that cuts.
func (h *Host) super() int {
	if h.Config.NoDelay {
		return 65000
	}
	return 0
}

func pattern(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// newWire joins a client and a server whose options, data and link come from the seed.
func newWire(t testing.TB, seed uint64) *wire {
	r := rand.New(rand.NewPCG(seed, 7))
	w := &wire{t: t, r: r, now: 1e12 + int64(r.IntN(1e9)), delay: int64(r.IntN(30e6)) + 1e5}
	w.loss = []float64{0, 0, 0.01, 0.05, 0.2}[r.IntN(5)]
	w.duplicate = []float64{0, 0, 0.02, 0.2}[r.IntN(4)]
	w.reorder = []float64{0, 0, 0.02, 0.3}[r.IntN(4)]
	if r.IntN(2) == 0 {
		w.bandwidth, w.queue = int64(1e5+r.IntN(1e7)), int64(50e6)
	}
	make := func(name string, port uint16) *end {
		cfg := Default()
		cfg.SACK, cfg.Timestamps, cfg.WindowScale = r.IntN(4) > 0, r.IntN(4) > 0, r.IntN(4) > 0
		cfg.NoDelay, cfg.AutoTune = r.IntN(2) == 0, r.IntN(2) == 0
		cfg.ReceiveWindow = []int{2048, 20000, 65535, 400000}[r.IntN(4)]
		cfg.Recovery.Congestion = []string{"cubic", "reno"}[r.IntN(2)]
		cfg.Retries, cfg.SynRetries, cfg.SynAckRetries, cfg.OrphanRetries = 40, 20, 20, 40
		cfg.OrphanStall = 3600e9 // Karn's rule and bad luck can make a time-out of two minutes last for several rounds
		if r.IntN(4) == 0 {
			cfg.ReceiveMemory = 150_000
		}
		e := &end{name: name, port: port, h: NewHost(cfg, [32]byte{1}), c: new(Conn), write: pattern(r, r.IntN(300_000))}
		if r.IntN(3) == 0 {
			e.lazy, e.pace = 1+r.IntN(5000), int64(1e6+r.IntN(40e6))
		}
		if w.loss >= 0.05 || e.lazy > 0 {
			e.write = e.write[:len(e.write)/10]
		}
		return e
	}
	w.a, w.b = make("client", 1025), make("server", 80)
	w.a.c.Connect(w.a.h, w.now, segment.Number(r.Uint32()), Path{MSS: 1460, Super: w.a.h.super()})
	w.push(w.a)
	return w
}

func (w *wire) describe() string {
	return fmt.Sprintf("loss %v, duplicates %v, reordering %v, delay %v µs, bandwidth %v\nclient %s wrote %d of %d, read %d: %+v\nserver %s wrote %d of %d, read %d: %+v",
		w.loss, w.duplicate, w.reorder, w.delay/1000, w.bandwidth,
		w.a.last, w.a.written, len(w.a.write), len(w.a.read), w.a.c.Info(w.now),
		w.b.last, w.b.written, len(w.b.write), len(w.b.read), w.infoB())
}

func (w *wire) infoB() any {
	if w.b.c.h == nil {
		return "nothing"
	}
	return w.b.c.Info(w.now)
}

// transfer runs until both are done, and checks that everything arrived and both ended cleanly.
func transfer(t testing.TB, seed uint64) *wire {
	w := newWire(t, seed)
	start := w.now
	for steps := 0; ; steps++ {
		if !w.step() {
			break
		}
		if steps > 2_000_000 || w.now-start > 3600e9 {
			t.Fatalf("seed %d does not come to an end\n%s", seed, w.describe())
		}
	}
	for _, e := range []*end{w.a, w.b} {
		if e.timeWait == nil && e.c.State() != StateClosed || e.events&EventReset != 0 {
			t.Fatalf("seed %d: %s ended as %v (%v)\n%s", seed, e.name, e.c.State(), e.c.Why(), w.describe())
		}
		if !bytes.Equal(e.read, w.other(e).write) {
			t.Fatalf("seed %d: %s read %d bytes, not the %d that were written\n%s", seed, e.name, len(e.read), len(w.other(e).write), w.describe())
		}
		if e.c.Acked() != uint64(len(e.write)) {
			t.Fatalf("seed %d: %d of %d bytes are acknowledged", seed, e.c.Acked(), len(e.write))
		}
		e.c.Release()
		if e.h.used != 0 || e.h.pool.Lent() != 0 || e.h.oldest != nil {
			t.Fatalf("seed %d: %s: %d bytes are still lent", seed, e.name, e.h.used)
		}
	}
	return w
}

func TestTransfersOverABadLink(t *testing.T) {
	n := uint64(400)
	if testing.Short() {
		n = 40
	}
	for seed := range n {
		transfer(t, seed)
	}
}

func FuzzTransfer(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed * 1_000_003)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { transfer(t, seed) })
}
