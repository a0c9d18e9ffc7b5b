package recovery

import (
	"slices"
	"testing"
)

// RFC 9937 §6: the flight shrinks to the threshold evenly over one round trip. Of 40 segments the first is lost; 39
// acknowledgements let 28·39/40 segments go, the first of which is the retransmission.
func TestTheFlightShrinksInProportion(t *testing.T) {
	f := newFlow(t, Cubic).window(40, 40)
	f.send(40)
	f.after(10 * ms)
	sent := 0
	for i := 2; i <= 40; i++ {
		f.ack(0, span{1, i})
		sent += len(f.again())
		for f.s.Allowance() >= mss {
			f.send(1)
			sent++
		}
	}
	if _, ssthresh, _ := f.segments(); ssthresh != 28 {
		t.Fatalf("threshold %d", ssthresh)
	}
	if sent < 27 || sent > 28 {
		t.Errorf("%d segments were sent", sent)
	}
	f.after(10 * ms)
	r := f.ack(int(f.s.board.high.Sub(f.base)) / mss)
	f.is(r.Reason.String(), "recovery.repaired")
	if cwnd, _, inFlight := f.segments(); cwnd != 28 || inFlight < 25 {
		t.Errorf("window %d, in flight %d", cwnd, inFlight)
	}
}

// RFC 9937 §6: when so much is lost that less than the threshold is in flight, each acknowledgement lets one segment go
// for what it delivered, and one more when it made progress and told of no further loss; never beyond the threshold.
func TestHeavyLossIsRepairedByTheReductionBounds(t *testing.T) {
	f := newFlow(t, Cubic).window(40, 40)
	f.send(40)
	f.after(10 * ms)
	f.ack(0, span{37, 40}) // 37 of 40 are lost
	if cwnd, ssthresh, inFlight := f.segments(); cwnd != 3 || ssthresh != 28 || inFlight != 0 {
		t.Fatalf("window %d, threshold %d, in flight %d", cwnd, ssthresh, inFlight)
	}
	if got := f.again(); !slices.Equal(got, []int{0, 1, 2}) { // CRB: as much as was delivered
		t.Fatalf("sent again %v", got)
	}
	f.after(10 * ms)
	next := 3
	for una := 1; una <= 3; una++ { // SSRB: one for the delivered, one more
		f.ack(una, span{37, 40})
		if got := f.again(); !slices.Equal(got, []int{next, next + 1}) {
			t.Fatalf("una %d: sent again %v", una, got)
		}
		next += 2
	}
	for una := 4; f.s.Info().State == "recovery"; una++ {
		f.after(ms)
		f.ack(min(una, 37), span{37, 40})
		if una >= 37 {
			f.ack(40)
		}
		f.again()
		if cwnd, ssthresh, inFlight := f.segments(); inFlight > ssthresh {
			t.Fatalf("una %d: window %d, in flight %d, beyond the threshold %d", una, cwnd, inFlight, ssthresh)
		}
	}
}

// RFC 9937 §6: an acknowledgement that delivers nothing lets nothing go.
func TestNothingDeliveredNothingSent(t *testing.T) {
	f := newFlow(t, Cubic).window(40, 40)
	f.send(40)
	f.after(10 * ms)
	f.ack(0, span{1, 30})
	f.again()
	cwnd := f.s.cwnd
	for range 5 {
		f.ack(0, span{1, 30})
	}
	if f.s.cwnd != cwnd {
		t.Error("repeated acknowledgements enlarge the window")
	}
}

// RFC 5681 §3.2 and RFC 6675 §5: what is lost goes before anything new.
func TestRepairsGoFirst(t *testing.T) {
	f := newFlow(t, Cubic).window(40, 40)
	f.send(20)
	f.after(10 * ms)
	f.ack(0, span{5, 20})
	if f.s.Allowance() != 0 {
		t.Errorf("%d bytes of new data are allowed before the repair", f.s.Allowance())
	}
	if r, ok := f.s.Again(100); !ok || r.Len() != 100 {
		t.Errorf("a limit of 100 bytes gives %v %v", r, ok)
	}
}

// Losses of what was sent after recovery began are a new congestion event, once the first is over.
func TestEachRoundTripIsReducedForOnce(t *testing.T) {
	f := newFlow(t, Cubic).window(40, 40)
	f.send(20)
	f.after(10 * ms)
	f.ack(0, span{1, 20})
	f.again()
	for f.s.Allowance() >= mss {
		f.send(1)
	}
	f.after(10 * ms)
	f.ack(20)
	if _, ssthresh, _ := f.segments(); ssthresh != 28 {
		t.Fatalf("threshold %d", ssthresh)
	}
	f.send(10)
	f.after(10 * ms)
	r := f.ack(20, span{21, f.sent})
	if _, ssthresh, _ := f.segments(); !r.Entered || ssthresh != 19 {
		t.Errorf("entered %v, threshold %d", r.Entered, ssthresh)
	}
}

// RFC 8985 §6.3: the time-out takes the first segment for lost, and of the others those that are overdue.
func TestATimeoutSparesWhatWasJustSent(t *testing.T) {
	f := newFlow(t, Cubic, func(f *flow) { f.cfg.DelayedACK = 1e12 })
	f.s.sack = true
	f.send(3)
	f.s.cancelProbe()
	f.now = f.s.timeoutAt() - ms
	f.send(2)
	f.s.cancelProbe()
	f.is(f.expire(), "recovery.timeout")
	if got := f.again(); !slices.Equal(got, []int{0}) {
		t.Fatalf("sent again %v", got)
	}
	if i := f.s.Info(); i.State != "loss" || i.Lost != 2*mss || i.InFlight != 3*mss || i.Threshold != 7*mss {
		t.Errorf("info %+v", i)
	}
	f.after(10 * ms)
	f.ack(1)
	if got := f.again(); !slices.Equal(got, []int{1, 2}) {
		t.Fatalf("sent again %v: slow start", got)
	}
}

// RFC 5681 §3.1: the threshold is not reduced again when the same data times out again, nor in fast recovery.
func TestATimeoutReducesOnce(t *testing.T) {
	f := newFlow(t, Reno).window(40, 40)
	f.send(20)
	f.after(10 * ms)
	f.ack(0, span{17, 20})
	f.again()
	for range 3 {
		for f.s.Backoff() == 0 || f.s.Info().Timer != "retransmission" {
			f.expire()
		}
		f.expire()
		f.again()
	}
	if cwnd, ssthresh, _ := f.segments(); cwnd != 1 || ssthresh != 20 {
		t.Errorf("window %d, threshold %d", cwnd, ssthresh)
	}
	if f.s.RTO() < 8*200*ms {
		t.Error("no back-off")
	}
	f.after(10 * ms)
	r := f.ack(20)
	if !r.Left || f.s.Backoff() != 0 {
		t.Error("everything arrived and recovery goes on")
	}
}

// After a time-out a lost retransmission is found by RACK as well.
func TestLostRetransmissionsAfterATimeout(t *testing.T) {
	f := newFlow(t, Cubic).window(20, 20)
	f.send(10)
	for f.s.Backoff() == 0 {
		f.expire()
	}
	f.again()
	f.after(10 * ms)
	f.ack(1)
	if got := f.again(); !slices.Equal(got, []int{1, 2}) {
		t.Fatalf("sent again %v", got)
	}
	f.after(10 * ms)
	r := f.ack(1, span{2, 3})
	f.is(r.Reason.String(), "recovery.retransmission.lost")
	if got := f.again(); len(got) == 0 || got[0] != 1 {
		t.Errorf("sent again %v", got)
	}
}

// The reordering timer finds a lost retransmission too, and then the retransmission timer lets it be repaired.
func TestTheReorderingTimerFindsLostRetransmissions(t *testing.T) {
	f := newFlow(t, Cubic).window(20, 20)
	f.s.reordering = true
	f.send(10)
	f.after(10 * ms)
	f.ack(0, span{1, 9})
	f.expire()
	f.again()
	f.after(ms)
	f.send(1)
	f.after(10 * ms)
	f.ack(0, span{1, 11})
	if f.s.Info().Timer != "reordering" {
		t.Fatalf("the next timer is %s", f.s.Info().Timer)
	}
	f.is(f.expire(), "recovery.retransmission.lost")
	if got := f.again(); !slices.Equal(got, []int{0}) {
		t.Errorf("sent again %v", got)
	}
}
