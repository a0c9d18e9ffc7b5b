package recovery

import (
	"slices"
	"testing"
)

// RFC 6582 §3.2 and RFC 3042: two duplicates let new segments go, the third repairs; a partial acknowledgement repairs
// the next, the full one ends recovery.
func TestNewReno(t *testing.T) {
	f := newFlow(t, Reno).withoutSACK().window(10, 10)
	f.send(10) // 0 and 4 are lost
	f.after(10 * ms)
	for i := 1; i <= 2; i++ {
		f.ack(0)
		if f.s.Allowance() != mss || f.again() != nil {
			t.Fatalf("duplicate %d: allowance %d", i, f.s.Allowance())
		}
		f.send(1)
	}
	r := f.ack(0)
	f.is(r.Reason.String(), "recovery.fast-retransmit.duplicates")
	if got := f.again(); !r.Entered || !slices.Equal(got, []int{0}) {
		t.Fatalf("sent again %v", got)
	}
	if _, ssthresh, _ := f.segments(); ssthresh != 5 {
		t.Errorf("threshold %d", ssthresh)
	}
	for range 5 {
		f.ack(0)
	}
	f.after(10 * ms)
	r = f.ack(4)
	f.is(r.Reason.String(), "recovery.partial-acknowledgement")
	if got := f.again(); !slices.Equal(got, []int{4}) {
		t.Fatalf("sent again %v", got)
	}
	f.after(10 * ms)
	r = f.ack(12)
	if cwnd, _, _ := f.segments(); !r.Left || cwnd != 5 {
		t.Errorf("left %v, window %d", r.Left, cwnd)
	}
}

// RFC 6582 §4.1: after recovery duplicates for its end are echoes, and repair nothing.
func TestEchoesOfARecoveryRepairNothing(t *testing.T) {
	f := newFlow(t, Reno).withoutSACK().window(10, 10)
	f.send(10)
	f.after(10 * ms)
	for range 3 {
		f.ack(0)
	}
	f.again()
	f.after(10 * ms)
	f.send(3) // beyond the recovery point
	f.ack(10)
	for range 5 {
		if r := f.ack(10); r.Entered {
			t.Fatal("an echo begins a recovery")
		}
	}
	f.ack(11)
	f.send(5)
	for range 3 {
		f.ack(11)
	}
	if f.s.state != recovery {
		t.Error("a later loss is not repaired")
	}
}

// Duplicates beyond what is in flight are not believed.
func TestDuplicatesAreBounded(t *testing.T) {
	f := newFlow(t, Reno).withoutSACK().window(10, 10)
	f.send(4)
	f.after(10 * ms)
	for range 100 {
		f.ack(0)
	}
	if f.s.inFlight() < 0 || f.s.Allowance() > 10*mss {
		t.Errorf("in flight %d, allowance %d", f.s.inFlight(), f.s.Allowance())
	}
}

// A super-segment is repaired one segment at a time.
func TestNewRenoCutsSuperSegments(t *testing.T) {
	f := newFlow(t, Reno).withoutSACK().window(40, 40)
	f.super(40)
	f.after(10 * ms)
	for range 3 {
		f.ack(0)
	}
	if r, ok := f.s.Again(64 << 10); !ok || r.Len() != mss {
		t.Errorf("again %v %v", r, ok)
	}
}
