package recovery

import (
	"testing"
	"unsafe"
)

func TestAnIdleSenderIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(Sender{}); n >= 300 {
		t.Errorf("a Sender takes %d bytes, it may take less than 300", n)
	}
	if n := unsafe.Sizeof(record{}); n != 24 {
		t.Errorf("a record takes %d bytes instead of 24", n)
	}
}

func TestAnIdleSenderBorrowsNothing(t *testing.T) {
	f := newFlow(t, Cubic)
	f.send(100)
	if got := f.pool.Lent(); got != 1 {
		t.Fatalf("%d boards are lent while data is in flight", got)
	}
	f.after(10 * ms)
	f.ack(100)
	if got := f.pool.Lent(); got != 0 || f.s.board != nil {
		t.Fatalf("%d boards are lent when all is acknowledged", got)
	}
}

// Requests and answers, long flights, and losses: after the first round nothing is allocated.
func TestNothingIsAllocatedInTheSteadyState(t *testing.T) {
	f := newFlow(t, Cubic)
	round := func() {
		f.send(1)
		f.after(10 * ms)
		f.ack(f.sent)
		base := f.sent
		for range 40 {
			f.after(ms / 100)
			f.send(1)
		}
		f.after(10 * ms)
		f.ack(base+10, span{base + 12, base + 13}, span{base + 15, base + 20})
		for {
			r, ok := f.s.Again(1000)
			if !ok {
				break
			}
			f.s.Sent(f.now, r.Start, r.End, true)
		}
		f.after(10 * ms)
		f.ack(f.sent)
	}
	for range 10 {
		round()
	}
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("a round of requests and losses allocates %v times", n)
	}
}

// A pool keeps what it may need again, and not more.
func TestThePoolForgetsWhatItDoesNotNeed(t *testing.T) {
	var p Pool
	for range 4 {
		p.put(make([]record, 8192))
	}
	kept := 0
	for _, class := range p.records {
		for _, a := range class {
			kept += len(a) * recordSize
		}
	}
	if kept > classes*keepBytes {
		t.Errorf("the pool keeps %d bytes", kept)
	}
	if a := p.array(100_000); len(a) < 100_000 {
		t.Errorf("an array for 100000 records has room for %d", len(a))
	}
}
