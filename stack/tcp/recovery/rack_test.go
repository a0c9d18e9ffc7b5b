package recovery

import (
	"slices"
	"testing"
	"time"
)

// RFC 8985 §6.2: three segments acknowledged out of order mean that the one before is lost, at once.
func TestThreeLaterSegmentsMeanALoss(t *testing.T) {
	f := newFlow(t, Cubic)
	f.send(10)
	f.after(10 * ms)
	f.ack(0, span{1, 2})
	f.ack(0, span{1, 3})
	if got := f.again(); got != nil {
		t.Fatalf("sent again after two: %v", got)
	}
	r := f.ack(0, span{1, 4})
	f.is(r.Reason.String(), "recovery.fast-retransmit")
	if got := f.again(); !r.Entered || !slices.Equal(got, []int{0}) {
		t.Fatalf("entered %v, sent again %v", r.Entered, got)
	}
	f.after(10 * ms)
	r = f.ack(10)
	if !r.Left || f.s.Info().State != "open" {
		t.Error("all is acknowledged and recovery goes on")
	}
}

// RFC 8985 §3.3.2: fewer than three are enough after a quarter of the round trip.
func TestTheReorderingTimerFindsTheRest(t *testing.T) {
	f := newFlow(t, Cubic)
	f.send(3)
	f.after(10 * ms)
	f.ack(1, span{2, 3})
	if got := f.s.Deadline() - f.now; got != f.s.minRTT/4 {
		t.Fatalf("the reordering timer is due in %v", time.Duration(got))
	}
	if i := f.s.Info(); i.Timer != "reordering" || i.State != "disorder" || i.ReorderingWindow != f.s.minRTT/4 {
		t.Errorf("info %+v", i)
	}
	f.is(f.expire(), "recovery.fast-retransmit")
	if got := f.again(); !slices.Equal(got, []int{1}) {
		t.Fatalf("sent again %v", got)
	}
	if f.s.Info().State != "recovery" {
		t.Error("no recovery")
	}
}

// RFC 8985 §6.2: an early timer is none.
func TestNothingIsDueBeforeItsTime(t *testing.T) {
	f := newFlow(t, Cubic)
	f.send(3)
	f.after(10 * ms)
	f.ack(1, span{2, 3})
	if why := f.s.Expire(f.now); why != nil {
		t.Errorf("reason %v", why)
	}
	var idle Sender
	if idle.Expire(1) != nil || idle.Deadline() != 0 {
		t.Error("an idle Sender has a timer")
	}
}

// RFC 8985 §3.2: a lost retransmission is found by what was sent after it, without a time-out.
func TestLostRetransmissionsAreFound(t *testing.T) {
	f := newFlow(t, Cubic).window(20, 20)
	f.send(10)
	f.after(10 * ms)
	f.ack(0, span{1, 6})
	if got := f.again(); !slices.Equal(got, []int{0}) {
		t.Fatalf("sent again %v", got)
	}
	f.after(ms)
	f.send(1)
	f.after(9 * ms)
	f.ack(0, span{1, 10})
	if got := f.again(); got != nil {
		t.Fatalf("sent again too early: %v", got)
	}
	f.after(ms)
	r := f.ack(0, span{1, 11})
	f.is(r.Reason.String(), "recovery.retransmission.lost")
	if r.Entered {
		t.Error("the window was reduced for this loss already")
	}
	if got := f.again(); !slices.Equal(got, []int{0}) {
		t.Fatalf("sent again %v", got)
	}
	if f.s.timeouts != 0 {
		t.Error("a time-out")
	}
}

// RFC 8985 §6.2 step 3: on a path that reorders three later segments mean nothing yet, only time does.
func TestReorderingMakesPatient(t *testing.T) {
	f := newFlow(t, Cubic).window(20, 20)
	f.send(6)
	f.after(10 * ms)
	f.ack(0, span{1, 2})
	r := f.ack(2)
	f.is(r.Reason.String(), "recovery.reordering")
	if !f.s.Info().Reordering {
		t.Fatal("not noticed")
	}
	f.ack(2, span{3, 6})
	if got := f.again(); got != nil {
		t.Fatalf("sent again %v", got)
	}
	if f.s.Deadline() != f.now+f.s.minRTT/4 {
		t.Errorf("due in %v", time.Duration(f.s.Deadline()-f.now))
	}
	f.is(f.expire(), "recovery.fast-retransmit")
}

// RFC 8985 §6.2 step 4: each round trip with a report of duplicates widens the window by a quarter of the smallest round
// trip, at most to the smoothed one; sixteen recoveries without make it narrow again.
func TestTheReorderingWindowAdapts(t *testing.T) {
	f := newFlow(t, Cubic).window(40, 40)
	f.s.reordering = true
	f.s.retransmitted = 1 << 20 // so that reports are believed
	q := f.s.minRTT / 4
	for steps := range int64(6) {
		f.send(6)
		f.after(10 * ms)
		una := f.sent - 5
		f.ack(una, span{una - 1, una}) // a report of a duplicate
		f.ack(una, span{una - 1, una}) // and one in the same round trip, which does not count
		if got, want := f.s.reorderingWindow(), min((steps+2)*q, f.s.srtt); got != want {
			t.Errorf("after %d reports it is %v, want %v", steps+1, time.Duration(got), time.Duration(want))
		}
	}
	for range reoPersist {
		f.s.recovered()
	}
	if f.s.reorderingWindow() != q {
		t.Errorf("after sixteen recoveries it is %v", time.Duration(f.s.reorderingWindow()))
	}
}

// RFC 8985 §6.2 step 2: what is acknowledged sooner than a round trip after it was sent again is the original.
func TestTooQuickAnAnswerIsToTheOriginal(t *testing.T) {
	f := newFlow(t, Cubic, withoutTimestamps).window(20, 20)
	f.send(10)
	f.after(10 * ms)
	f.ack(0, span{1, 4})
	f.again()
	newest := f.s.board.newest
	f.after(ms)
	f.ack(1, span{1, 4})
	if f.s.board != nil && f.s.board.newest != newest {
		t.Error("the retransmission is taken for the most recent delivery")
	}
}

// A super-segment is one record that is cut where the peer's reports cut it.
func TestSuperSegmentsAreCutByReports(t *testing.T) {
	f := newFlow(t, Cubic).window(100, 100)
	f.super(44)
	if f.s.board.score.n != 1 {
		t.Fatalf("%d records", f.s.board.score.n)
	}
	f.after(10 * ms)
	f.ack(2, span{3, 10}, span{12, 44})
	if f.s.board.score.n != 4 {
		t.Fatalf("%d records", f.s.board.score.n)
	}
	if got := f.again(); !slices.Equal(got, []int{2, 10, 11}) {
		t.Errorf("sent again %v", got)
	}
}

// What is lost goes in super-segments too, as far as the window allows.
func TestRepairsOfLongRangesAreSuperSegments(t *testing.T) {
	f := newFlow(t, Cubic).window(100, 100)
	f.super(20)
	f.super(20)
	f.after(10 * ms)
	f.ack(0, span{10, 40})
	f.s.cwnd = f.s.inFlight() + 6*mss + 10
	r, ok := f.s.Again(64 << 10)
	if !ok || r.Start != f.seq(0) || r.End != f.seq(6) {
		t.Errorf("again %v %v", r, ok)
	}
	f.s.Sent(f.now, r.Start, r.End, true)
	if _, ok := f.s.Again(64 << 10); ok {
		t.Error("the window is full")
	}
}

// Small segments that are lost together are sent as one.
func TestSmallSegmentsAreRepairedTogether(t *testing.T) {
	f := newFlow(t, Cubic).window(100, 100)
	at := f.base
	for range 10 {
		f.after(1)
		f.s.Sent(f.now, at, at.Add(300), false)
		at = at.Add(300)
	}
	f.base = at
	f.sent = 0
	f.send(4)
	f.after(10 * ms)
	a := Ack{Una: f.s.una, SACK: f.sack[:1]}
	f.sack[0].Start, f.sack[0].End = f.seq(0), f.seq(4)
	f.s.Acked(f.now, &a)
	r, ok := f.s.Again(mss)
	if !ok || r.Len() != 900 {
		t.Errorf("again %v (%d bytes) %v", r, r.Len(), ok)
	}
}
