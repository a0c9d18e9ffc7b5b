package recovery

import (
	"slices"
	"testing"
)

// RFC 3522 and RFC 4015: the echo of a timestamp from before the retransmission proves that the original arrived.
func TestTimestampsUndoANeedlessRepair(t *testing.T) {
	f := newFlow(t, Cubic).window(20, 30)
	f.send(10)
	sent := f.now
	f.after(10 * ms)
	f.ack(0, span{1, 6})
	if got := f.again(); !slices.Equal(got, []int{0}) {
		t.Fatalf("sent again %v", got)
	}
	f.after(2 * ms)
	r := f.ackEcho(7, sent)
	f.is(r.Reason.String(), "recovery.undone.timestamp")
	if cwnd, ssthresh, _ := f.segments(); !r.Undone || !r.Left || cwnd != 20 || ssthresh != 30 {
		t.Errorf("undone %v, window %d, threshold %d", r.Undone, cwnd, ssthresh)
	}
	if i := f.s.Info(); i.State != "open" || i.Undone != 1 || !i.Reordering {
		t.Errorf("info %+v", i)
	}
}

// What arrives before it is sent again was not lost, whether the peer has timestamps and SACK or not; but as soon as anything
// was sent again, its arrival proves nothing.
func TestWhatArrivesBeforeItsRepairWasNotLost(t *testing.T) {
	for _, options := range []func(*flow){func(*flow) {}, withoutTimestamps} {
		f := newFlow(t, Cubic, options).window(20, 30)
		f.send(10)
		f.after(10 * ms)
		if r := f.ack(0, span{1, 6}); !r.Entered {
			t.Fatal("no recovery")
		}
		r := f.ack(7) // in the same batch: nothing could be sent in between
		f.is(r.Reason.String(), "recovery.undone.late")
		if cwnd, ssthresh, _ := f.segments(); !r.Left || cwnd != 20 || ssthresh != 30 {
			t.Errorf("left %v, window %d, threshold %d", r.Left, cwnd, ssthresh)
		}
		if !f.s.reordering || f.again() != nil {
			t.Error("the path reorders, and there is nothing to send again")
		}
	}

	f := newFlow(t, Cubic, withoutTimestamps).withoutSACK().window(20, 30)
	f.send(10)
	f.after(10 * ms)
	for range 3 {
		f.ack(0)
	}
	f.is(f.ack(4).Reason.String(), "recovery.undone.late")

	f = newFlow(t, Cubic, withoutTimestamps).window(20, 30)
	f.send(10)
	f.after(10 * ms)
	f.ack(0, span{1, 2}, span{4, 10}) // two holes, of which one is repaired
	if r, ok := f.s.Again(mss); !ok {
		t.Fatal("nothing is sent again")
	} else {
		f.s.Sent(f.now, r.Start, r.End, true)
	}
	f.after(10 * ms)
	if r := f.ack(10); r.Undone || f.s.cwnd >= 20*mss {
		t.Errorf("undone %v by %v", r.Undone, r.Reason)
	}
}

// … nor does it when a probe had been sent before.
func TestWhatAProbeRepairedWasLost(t *testing.T) {
	f := newFlow(t, Cubic, withoutTimestamps).window(20, 30)
	f.send(2)
	f.expire()
	if got := f.again(); !slices.Equal(got, []int{1}) {
		t.Fatalf("the probe is %v", got)
	}
	f.after(ms)
	f.send(4)
	f.after(20 * ms)
	if r := f.ack(1, span{2, 6}); !r.Entered {
		t.Fatal("the probe is not taken for lost")
	}
	if r := f.ack(6); r.Undone {
		t.Errorf("undone by %v", r.Reason)
	}
}

// The echo of the retransmission's own timestamp proves the loss.
func TestTimestampsOfRepairsUndoNothing(t *testing.T) {
	f := newFlow(t, Cubic).window(20, 30)
	f.send(10)
	f.after(10 * ms)
	f.ack(0, span{1, 6})
	f.again()
	f.after(10 * ms)
	r := f.ackEcho(10, f.now-10*ms)
	if r.Undone || !r.Left || f.s.cwnd != 14*mss {
		t.Errorf("undone %v, left %v, window %d", r.Undone, r.Left, f.s.cwnd)
	}
}

// RFC 3708 §3: reports of duplicates for everything that was sent again prove it too, also when they come late.
func TestDuplicateReportsUndoANeedlessRepair(t *testing.T) {
	f := newFlow(t, Cubic, withoutTimestamps).window(20, 30)
	f.send(10)
	f.after(10 * ms)
	f.ack(0, span{2, 8})
	if got := f.again(); !slices.Equal(got, []int{0, 1}) {
		t.Fatalf("sent again %v", got)
	}
	f.after(10 * ms)
	if r := f.ack(10); r.Undone {
		t.Fatal("nothing proves it yet")
	}
	if r := f.ack(10, span{0, 1}); r.Undone {
		t.Fatal("one of two may have been lost")
	}
	r := f.ack(10, span{1, 2})
	f.is(r.Reason.String(), "recovery.undone.dsack")
	if cwnd, ssthresh, _ := f.segments(); cwnd != 20 || ssthresh != 30 {
		t.Errorf("window %d, threshold %d", cwnd, ssthresh)
	}
	if r := f.ack(10, span{1, 2}); r.Reason != reasonDSACKOutside {
		t.Errorf("more is reported than was sent again: %v", r.Reason)
	}
}

// A report within a block that is acknowledged selectively is one as well (RFC 2883 §4.2).
func TestDuplicateReportsAboveTheAcknowledgement(t *testing.T) {
	f := newFlow(t, Cubic, withoutTimestamps).window(20, 30)
	f.send(10)
	f.after(10 * ms)
	f.ack(0, span{3, 8})
	f.again()
	f.after(ms)
	r := f.ack(0, span{1, 2}, span{1, 8})
	f.is(r.Reason.String(), "recovery.reordering.wider")
	if f.s.board.score.sacked != 7*mss {
		t.Errorf("%d bytes are acknowledged selectively", f.s.board.score.sacked)
	}
}

// Reports of what was never sent again are the network's doing, or lies.
func TestReportsOfTheNetworksDuplicatesAreIgnored(t *testing.T) {
	f := newFlow(t, Cubic)
	f.send(10)
	f.after(10 * ms)
	r := f.ack(5, span{3, 4})
	f.is(r.Reason.String(), "recovery.dsack.outside")
	if f.s.reoSteps != 1 {
		t.Error("the reordering window is wider")
	}
}

// A real loss stays one when the network duplicates something later, and for ever after some time.
func TestLaterDuplicatesUndoNothing(t *testing.T) {
	lossy := func() *flow {
		f := newFlow(t, Cubic, withoutTimestamps).window(20, 30)
		f.send(10)
		f.after(10 * ms)
		f.ack(0, span{1, 8})
		f.again()
		f.after(10 * ms)
		f.ack(10)
		return f
	}
	f := lossy()
	f.send(5)
	f.after(10 * ms)
	if r := f.ack(15, span{11, 12}); r.Undone {
		t.Error("a duplicate of what was sent after the recovery undoes it")
	}
	f = lossy()
	f.super(1 << 28 / mss * 2)
	f.after(10 * ms)
	f.ack(f.sent)
	if r := f.ack(f.sent, span{0, 1}); r.Undone || f.s.undo {
		t.Error("history is undone")
	}
}

// RFC 5682 §3.1: after a time-out the first acknowledgement allows new data, and what that brings decides.
func TestForwardRTO(t *testing.T) {
	timedOut := func() *flow {
		f := newFlow(t, Cubic, withoutTimestamps).window(10, 20)
		f.send(10)
		for f.s.Backoff() == 0 {
			f.expire()
		}
		if got := f.again(); !slices.Equal(got, []int{0}) {
			t.Fatalf("sent again %v", got)
		}
		f.after(ms)
		f.ack(1)
		return f
	}

	f := timedOut() // a delay: the next acknowledgement is for what was not sent again
	if got := f.again(); got != nil || f.s.Allowance() != 2*mss {
		t.Fatalf("sent again %v, allowance %d", got, f.s.Allowance())
	}
	f.send(2)
	if f.s.Allowance() != 0 || f.again() != nil {
		t.Error("the answer is not awaited")
	}
	f.after(ms)
	r := f.ack(3)
	f.is(r.Reason.String(), "recovery.undone.f-rto")
	if cwnd, ssthresh, inFlight := f.segments(); cwnd != 10 || ssthresh != 20 || inFlight != 9 {
		t.Errorf("window %d, threshold %d, in flight %d", cwnd, ssthresh, inFlight)
	}

	f = timedOut() // a loss: the new data arrives out of order
	f.send(2)
	f.after(ms)
	if r := f.ack(1, span{10, 11}); r.Undone {
		t.Fatal("undone")
	}
	if got := f.again(); len(got) == 0 || got[0] != 1 {
		t.Errorf("sent again %v", got)
	}

	f = timedOut() // no new data: retransmission goes on after a moment
	for f.s.Info().Timer == "new data" {
		f.expire()
	}
	if got := f.again(); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("sent again %v", got)
	}

	f = timedOut() // one segment of new data is all there is
	f.send(1)
	f.expire()
	if f.s.forward != forwardWait {
		t.Errorf("progress %d", f.s.forward)
	}
}

// RFC 5682 §2.1, without SACK: two acknowledgements that make progress prove it, a duplicate refutes it.
func TestForwardRTOWithoutSACK(t *testing.T) {
	timedOut := func() *flow {
		f := newFlow(t, Cubic, withoutTimestamps).withoutSACK().window(10, 20)
		f.send(10)
		f.is(f.expire(), "recovery.timeout")
		f.again()
		f.after(ms)
		f.ack(1)
		f.send(2)
		f.after(ms)
		return f
	}
	f := timedOut()
	if r := f.ack(2); r.Reason != reasonUndoneFRTO {
		t.Errorf("reason %v", r.Reason)
	}
	f = timedOut()
	if r := f.ack(1); r.Undone || f.s.forward != forwardOff {
		t.Error("a duplicate refutes it")
	}
	if got := f.again(); len(got) == 0 || got[0] != 1 {
		t.Errorf("sent again %v", got)
	}
}

// With timestamps the first acknowledgement after a needless time-out takes it back.
func TestTimestampsUndoATimeout(t *testing.T) {
	f := newFlow(t, Cubic).window(10, 20)
	f.send(10)
	sent := f.now
	for f.s.Backoff() == 0 {
		f.expire()
	}
	f.again()
	f.after(ms)
	r := f.ackEcho(1, sent)
	f.is(r.Reason.String(), "recovery.undone.timestamp")
	if cwnd, _, inFlight := f.segments(); cwnd != 10 || inFlight != 9 || f.s.reordering {
		t.Errorf("window %d, in flight %d, reordering %v", cwnd, inFlight, f.s.reordering)
	}
}
