package recovery

import (
	"math"
	"testing"
)

// RFC 6928 §2.
func TestTheInitialWindowIsTenSegments(t *testing.T) {
	f := newFlow(t, Cubic)
	if f.s.Allowance() != 10*mss {
		t.Errorf("%d bytes", f.s.Allowance())
	}
}

// RFC 5681 §3.1 with RFC 3465: slow start doubles in a round trip, whatever the peer acknowledges at once; then Reno adds
// one segment.
func TestSlowStartAndReno(t *testing.T) {
	for _, every := range []int{1, 2, 10} {
		f := newFlow(t, Reno).window(10, 40)
		var windows []int
		for range 5 {
			first, n := f.sent, f.s.Allowance()/mss
			f.send(n)
			f.after(10 * ms)
			for i := every; i < n+every; i += every {
				f.ack(first + min(i, n))
			}
			cwnd, _, _ := f.segments()
			windows = append(windows, cwnd)
		}
		if want := []int{20, 40, 41, 42, 43}; !equalWithin(windows, want, 0) {
			t.Errorf("an acknowledgement every %d: windows %v, want %v", every, windows, want)
		}
	}
}

func equalWithin(a, b []int, d int) bool {
	for i := range a {
		if a[i] < b[i]-d || a[i] > b[i]+d {
			return false
		}
	}
	return len(a) == len(b)
}

// RFC 3465 §2.2: one acknowledgement enlarges the window by a bounded number of segments.
func TestOneAcknowledgementIsBounded(t *testing.T) {
	f := newFlow(t, Cubic, func(f *flow) { f.cfg.GrowthLimit = 4 })
	f.send(10)
	f.after(10 * ms)
	f.ack(10)
	if cwnd, _, _ := f.segments(); cwnd != 14 {
		t.Errorf("window %d", cwnd)
	}
}

// A peer that splits its acknowledgements gains nothing.
func TestSplitAcknowledgementsGainNothing(t *testing.T) {
	f := newFlow(t, Cubic)
	f.send(10)
	f.after(10 * ms)
	for i := 1; i <= 10*mss; i += 50 {
		f.s.Acked(f.now, &Ack{Una: f.base.Add(i)})
	}
	if cwnd, _, _ := f.segments(); cwnd > 20 {
		t.Errorf("window %d", cwnd)
	}
}

// RFC 9438 §5.8, RFC 7661: a window that is not filled does not grow.
func TestUnusedWindowsDoNotGrow(t *testing.T) {
	for _, congestion := range []string{Cubic, Reno} {
		f := newFlow(t, congestion).window(40, 20)
		for range 50 {
			f.send(5)
			f.s.AppLimited(true)
			f.after(10 * ms)
			f.ack(f.sent)
		}
		if cwnd, _, _ := f.segments(); cwnd != 40 || !f.s.Info().AppLimited {
			t.Errorf("%s: window %d", congestion, cwnd)
		}
	}
}

// RFC 5681 §4.1, milder: halved for each time-out of silence, down to the initial window.
func TestIdleConnectionsStartAnew(t *testing.T) {
	for _, c := range []struct {
		rtos     int64
		cwnd     int
		ssthresh int
	}{{0, 80, 60}, {1, 40, 60}, {2, 20, 60}, {9, 10, 60}} {
		f := newFlow(t, Cubic).window(80, 50)
		f.send(1)
		f.after(10 * ms)
		f.ack(1)
		before := reasonRestart.Reached()
		f.now = f.s.lastSent + c.rtos*f.s.RTO() + 5*ms
		if c.rtos == 0 {
			c.ssthresh = 50
		}
		f.s.Idle(f.now)
		if cwnd, ssthresh, _ := f.segments(); cwnd != c.cwnd || ssthresh != c.ssthresh {
			t.Errorf("%d time-outs: window %d, threshold %d, want %d and %d", c.rtos, cwnd, ssthresh, c.cwnd, c.ssthresh)
		}
		if restarted := reasonRestart.Reached() > before; restarted != (c.rtos > 0) {
			t.Errorf("%d time-outs: restarted %v", c.rtos, restarted)
		}
	}
	f := newFlow(t, Cubic) // an initial window cannot shrink
	f.s.Idle(f.now + 1e12)
	if f.s.cwnd != 10*mss {
		t.Errorf("window %d", f.s.cwnd)
	}
}

// A smaller path MTU: what was too large is sent again in smaller pieces, the window is not reduced (RFC 1191 §6.5).
func TestSmallerSegments(t *testing.T) {
	f := newFlow(t, Cubic).window(20, 30)
	f.send(5)
	f.s.SetMSS(500)
	if f.s.cwnd != 20*500 || f.s.ssthresh != 30*500 {
		t.Errorf("window %d, threshold %d", f.s.cwnd, f.s.ssthresh)
	}
	if reasonSmaller.Reached() == 0 {
		t.Error("nobody says why")
	}
	r, ok := f.s.Again(500)
	if !ok || r.Start != f.base || r.Len() != 500 {
		t.Errorf("again %v %v", r, ok)
	}
	for {
		r, ok := f.s.Again(500)
		if !ok {
			break
		}
		f.s.Sent(f.now, r.Start, r.End, true)
	}
	if f.s.inFlight() != 5000 {
		t.Errorf("in flight %d", f.s.inFlight())
	}
	f.after(10 * ms)
	f.ack(5)
	f.s.SetMSS(1000)
	if f.s.cwnd < 20*1000 {
		t.Errorf("window %d", f.s.cwnd)
	}
}

// RFC 9438 §4: the window after a reduction, the way back to where it was, and the flat top.
func TestCubicCurve(t *testing.T) {
	var c cubic
	ssthresh := c.reduce(1000*mss, mss)
	if ssthresh != 700*mss || c.max != 1000 {
		t.Fatalf("threshold %d, W_max %v", ssthresh, c.max)
	}
	cwnd, now, rtt := ssthresh, int64(1e9), 100*ms
	k := math.Cbrt(1000 * (1 - cubicBeta) / cubicC)
	reached := 0.0
	for t0 := now; now < t0+60e9; now += rtt {
		cwnd += int32(c.grow(now, int(cwnd), cwnd, mss, rtt))
		if reached == 0 && cwnd >= 999*mss {
			reached = float64(now-t0) / 1e9
		}
		if at := float64(now-t0) / 1e9; at > k-1 && at < k-0.5 && (cwnd < 990*mss || cwnd > 1010*mss) {
			t.Errorf("near K the window is %d segments", cwnd/mss)
		}
	}
	if reached < k-2 || reached > k+1 {
		t.Errorf("back at W_max after %.1f s, K is %.1f s", reached, k)
	}
	if cwnd < 2000*mss {
		t.Errorf("after a minute the window is %d segments", cwnd/mss)
	}
	// §4.7, fast convergence: reduced again before it was back.
	c = cubic{max: 1000, epoch: 1}
	c.reduce(800*mss, mss)
	if c.max != 680 {
		t.Errorf("fast convergence: W_max %v", c.max)
	}
	// §4.6: not below two segments.
	if got := c.reduce(mss, mss); got != 2*mss {
		t.Errorf("threshold %d", got)
	}
}

// RFC 9438 §4.3: on short paths the window is at least the one that Reno has.
func TestCubicIsFriendlyToReno(t *testing.T) {
	var c cubic
	cwnd := c.reduce(20*mss, mss)
	now, rtt := int64(1e9), 5*ms
	for range 200 {
		cwnd += int32(c.grow(now, int(cwnd), cwnd, mss, rtt))
		now += rtt
	}
	// From 14 segments with 0.53 a round trip to 20, and with one from there.
	if want := int32(209); cwnd < (want-3)*mss || cwnd > (want+3)*mss {
		t.Errorf("window %d, want about %d", cwnd/mss, want)
	}
}

// RFC 9438 §5.8: time in which the window is not used does not count.
func TestCubicStandsStillWhileUnused(t *testing.T) {
	var c cubic
	cwnd := c.reduce(1000*mss, mss)
	now := int64(1e9)
	c.grow(now, mss, cwnd, mss, 10*ms)
	before := c.at(float64(now+1e9-c.epoch) / 1e9)
	c.freeze(now + 1e9)
	c.freeze(now + 2e9)
	now += 100e9
	c.grow(now, mss, cwnd, mss, 10*ms)
	if after := c.at(float64(now-c.epoch) / 1e9); math.Abs(after-before) > 1 {
		t.Errorf("the curve went from %v to %v", before, after)
	}
}

// RFC 9438 §4.8: after a time-out the first epoch begins at its own maximum.
func TestCubicAfterATimeout(t *testing.T) {
	c := cubic{}
	c.reduce(100*mss, mss)
	c.flat = true
	c.grow(1e9, mss, 70*mss, mss, 10*ms)
	if c.k != 0 || c.max != 70 {
		t.Errorf("K %v, W_max %v", c.k, c.max)
	}
}

// RFC 9406 §4.2: longer round trips make slow start careful, five careful rounds end it; short ones resume it.
func TestHyStart(t *testing.T) {
	round := func(f *flow, rtt int64) {
		n, first := f.s.Allowance()/mss, f.sent
		f.send(n)
		f.after(rtt)
		for i := 1; i <= n; i++ {
			f.ack(first + i)
		}
	}
	on := func(f *flow) { f.cfg.HyStart = true }
	f := newFlow(t, Cubic, on)
	round(f, 40*ms)
	round(f, 40*ms)
	if cwnd, _, _ := f.segments(); cwnd != 40 || f.s.hy.careful != 0 {
		t.Fatalf("window %d, careful %d", cwnd, f.s.hy.careful)
	}
	round(f, 46*ms)
	if f.s.hy.careful == 0 {
		t.Fatal("six milliseconds more are not noticed")
	}
	before, _, _ := f.segments()
	round(f, 46*ms)
	if cwnd, _, _ := f.segments(); cwnd > before*5/4+1 {
		t.Errorf("from %d to %d in a careful round", before, cwnd)
	}
	left := reasonSlowStartLeft.Reached()
	for range 6 {
		round(f, 46*ms)
	}
	if f.s.slowStart() || reasonSlowStartLeft.Reached() == left {
		t.Error("slow start goes on")
	}

	f = newFlow(t, Cubic, on)
	round(f, 40*ms)
	round(f, 40*ms)
	round(f, 46*ms)
	round(f, 40*ms)
	if f.s.hy.careful != 0 || !f.s.slowStart() {
		t.Error("a passing delay ended slow start")
	}
}
