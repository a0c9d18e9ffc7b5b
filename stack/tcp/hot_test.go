package tcp

import (
	"testing"

	"vitrine/stack/tcp/segment"
)

// hot is a connection in the server's ordinary life, and its peer's side of it.
type hot struct {
	h        *Host
	c        Conn
	now      int64
	seq, ack segment.Number
	out      segment.Out
	buffer   []byte
	request  []byte
}

func newHot(t testing.TB) *hot {
	x := &hot{h: NewHost(Default(), [32]byte{1}), now: 1e12, seq: 100, buffer: make([]byte, 4096), request: make([]byte, 120)}
	syn := segment.Segment{Flags: segment.SYN, Seq: x.seq, MSS: 1460, Scale: 7, SACKPermitted: true, Timestamps: true, TSVal: uint32(x.now / 1e6), Window: 64000}
	x.c.Accept(x.h, x.now, 1000, &syn, Path{MSS: 1460, Super: 65000})
	if !x.c.Next(x.now, &x.out) {
		t.Fatal("no SYN-ACK")
	}
	x.seq, x.ack = x.seq+1, x.out.Seq+1
	x.now += 1e6
	x.receive(nil)
	if x.c.State() != StateEstablished {
		t.Fatal(x.c.State())
	}
	x.c.Events()
	return x
}

func (x *hot) receive(p []byte) bool {
	s := segment.Segment{Flags: segment.ACK, Seq: x.seq, Ack: x.ack, Window: 500, Scale: -1, Timestamps: true,
		TSVal: uint32(x.now / 1e6), TSEcr: x.out.TSVal, Payload: p}
	x.seq = x.seq.Add(len(p))
	return x.c.Receive(x.now, &s) == nil
}

// exchange is one request and its response, and whether all went the ordinary way.
func (x *hot) exchange(response int) bool {
	x.now += 1e6
	ok := x.receive(x.request) && x.c.Events() == EventReadable
	ok = ok && x.c.Read(x.now, x.buffer) == len(x.request)
	x.c.Wrote(x.now, response, false)
	sent := 0
	for x.c.Next(x.now, &x.out) {
		sent += x.out.Length
		ok = ok && x.out.Length > 0 && x.out.Ack == x.seq
	}
	x.ack = x.ack.Add(sent)
	x.c.Deadline()
	return ok && sent == response && x.c.Pending() == false
}

func TestAHotRequestAllocatesNothingAndSendsNoPureACK(t *testing.T) {
	x := newHot(t)
	for range 100 {
		x.exchange(1000)
	}
	ok := true
	if n := testing.AllocsPerRun(1000, func() { ok = x.exchange(1000) && ok }); n != 0 {
		t.Errorf("%v allocations a request", n)
	}
	if i := x.c.Info(x.now); !ok || i.PureACKs > 0 {
		t.Errorf("an exchange went astray, or %d pure acknowledgements were sent", i.PureACKs)
	}
	if n := testing.AllocsPerRun(100, func() { x.exchange(20_000) }); n != 0 {
		t.Errorf("%v allocations for a large response", n)
	}
}

func TestAnIdleConnectionHoldsNothing(t *testing.T) {
	x := newHot(t)
	for range 10 {
		x.exchange(1000)
	}
	x.now += 1e6
	x.receive(nil) // the last response is acknowledged
	if x.h.MemoryUsed() != 0 || x.h.pool.Lent() != 0 || x.c.ooo != nil || x.c.queue.head != nil {
		t.Errorf("%d bytes and %d boards are lent to an idle connection", x.h.MemoryUsed(), x.h.pool.Lent())
	}
	if d := x.c.Deadline(); d != 0 {
		t.Errorf("an idle connection waits for %d", d)
	}
}

func TestOutOfOrderDataAllocatesNothing(t *testing.T) {
	x := newHot(t)
	p := make([]byte, 1448)
	round := func() {
		x.now += 1e6
		first := x.seq
		x.seq = x.seq.Add(len(p))
		for range 5 {
			x.receive(p)
		}
		last := x.seq
		x.seq = first
		x.receive(p)
		x.seq = last
		for x.c.Next(x.now, &x.out) {
		}
		for x.c.Read(x.now, x.buffer) > 0 {
		}
		for x.c.Next(x.now, &x.out) {
		}
	}
	for range 10 {
		round()
	}
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkExchange(b *testing.B) {
	x := newHot(b)
	b.ReportAllocs()
	for b.Loop() {
		x.exchange(1000)
	}
}

func BenchmarkReceiveBulk(b *testing.B) {
	x := newHot(b)
	p, buffer := make([]byte, 1448), make([]byte, 64<<10)
	b.ReportAllocs()
	b.SetBytes(1448)
	for i := 0; b.Loop(); i++ {
		x.now += 1e4
		x.receive(p)
		if i%16 == 15 {
			x.c.Read(x.now, buffer)
			for x.c.Next(x.now, &x.out) {
			}
		}
	}
}

func BenchmarkSendBulk(b *testing.B) {
	x := newHot(b)
	b.ReportAllocs()
	b.SetBytes(60000)
	for b.Loop() {
		x.now += 1e6
		x.c.Wrote(x.now, 60000, false)
		for x.c.Next(x.now, &x.out) {
			x.ack = x.out.Seq.Add(x.out.Length)
		}
		x.receive(nil)
	}
}
