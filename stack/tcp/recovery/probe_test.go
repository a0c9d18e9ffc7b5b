package recovery

import (
	"slices"
	"testing"
	"time"
)

// RFC 8985 §7.2: two round trips after the last progress; a lone segment may be acknowledged late; never after the
// retransmission timer.
func TestWhenTheProbeIsDue(t *testing.T) {
	for _, c := range []struct {
		name     string
		segments int
		srtt     int64
		want     int64
	}{
		{"several segments", 5, 10 * ms, 2*10*ms + probeSlack},
		{"a lone segment", 1, 10 * ms, 210 * ms}, // 222 ms would be after the time-out
		{"a long path", 5, 300 * ms, 500 * ms},   // 602 ms would be
	} {
		f := newFlow(t, Cubic)
		f.s.srtt, f.s.rttvar = c.srtt, 0
		f.send(c.segments)
		if got := f.s.Deadline() - f.now; got != c.want {
			t.Errorf("%s: due in %v, want %v", c.name, time.Duration(got), time.Duration(c.want))
		}
		f.is(f.expire(), "recovery.probe")
	}
}

// RFC 8985 §7.3: new data if there is some, whatever the window says.
func TestTheProbeIsNewData(t *testing.T) {
	f := newFlow(t, Cubic).window(5, 5)
	f.send(5)
	if f.s.Allowance() != 0 {
		t.Fatal("the window has room")
	}
	f.expire()
	if !f.s.Probe() || f.s.Allowance() != mss {
		t.Fatalf("probe %v, allowance %d", f.s.Probe(), f.s.Allowance())
	}
	f.send(1)
	if f.s.Probe() || f.s.Allowance() != 0 {
		t.Error("one probe only")
	}
	f.after(10 * ms)
	f.ack(6)
	if f.s.probing || f.s.undone+f.s.timeouts != 0 || f.s.cwnd < 5*mss {
		t.Error("new data that arrives is no loss")
	}
}

// RFC 8985 §7.3: else the last segment, and its report finds the rest of the tail.
func TestTheProbeFindsALostTail(t *testing.T) {
	f := newFlow(t, Cubic)
	f.send(10)
	f.after(10 * ms)
	f.ack(6)
	f.expire()
	if got := f.again(); !slices.Equal(got, []int{9}) {
		t.Fatalf("the probe is %v", got)
	}
	f.after(10 * ms)
	f.ack(6, span{9, 10}) // all before was sent much earlier: no reordering is so slow
	if got := f.again(); !slices.Equal(got, []int{6}) {
		t.Errorf("sent again %v", got)
	}
	f.after(10 * ms)
	f.ack(7, span{9, 10})
	if got := f.again(); !slices.Equal(got, []int{7, 8}) {
		t.Errorf("sent again %v", got)
	}
	f.after(10 * ms)
	f.ack(10)
	if f.s.timeouts != 0 {
		t.Error("a time-out")
	}
}

// RFC 8985 §7.4: what the probe met.
func TestTheProbesFate(t *testing.T) {
	probed := func() *flow {
		f := newFlow(t, Cubic).window(20, 20)
		f.send(4)
		f.after(10 * ms)
		f.ack(3)
		f.expire()
		if got := f.again(); !slices.Equal(got, []int{3}) {
			t.Fatalf("the probe is %v", got)
		}
		f.after(10 * ms)
		return f
	}

	f := probed() // only the acknowledgement was lost: the peer reports a duplicate
	r := f.ack(4, span{3, 4})
	f.is(r.Reason.String(), "recovery.probe.needless")
	if f.s.cwnd < 20*mss || f.s.probing || f.s.reoSteps != 1 {
		t.Error("nothing was lost and the window suffers")
	}

	f = probed() // both arrive, and the report comes when nothing is in flight any more
	f.ack(4)
	r = f.ack(4, span{3, 4})
	f.is(r.Reason.String(), "recovery.probe.needless")
	if f.s.cwnd < 20*mss || f.s.probing {
		t.Error("nothing was lost and the window suffers")
	}

	f = probed() // a peer without reports: a plain duplicate
	f.ack(4)
	r = f.ack(4)
	f.is(r.Reason.String(), "recovery.probe.needless")

	f = probed() // the probe repaired the loss: congestion nevertheless
	f.ack(4)
	f.send(1)
	f.after(10 * ms)
	r = f.ack(5)
	f.is(r.Reason.String(), "recovery.probe.repaired")
	if cwnd, ssthresh, _ := f.segments(); ssthresh != 14 || cwnd > 15 {
		t.Errorf("window %d, threshold %d", cwnd, ssthresh)
	}
}

// A peer whose window shrinks reads slowly and acknowledges late, so it is not probed before it must have answered; one
// whose window is merely small is (RFC 8985 §7.2).
func TestASlowReaderIsNotProbedEarly(t *testing.T) {
	for _, c := range []struct {
		name         string
		window, most int
		want         int64
	}{
		{"never larger", 5 * mss, 5 * mss, 2*10*ms + probeSlack},
		{"a little larger", 5 * mss, 5*mss + 500, 2*10*ms + probeSlack},
		{"shrunk and full", 5 * mss, 6 * mss, 210 * ms},
		{"shrunk with room", 8 * mss, 20 * mss, 2*10*ms + probeSlack},
	} {
		f := newFlow(t, Cubic)
		f.s.rttvar = 0
		f.s.Offered(c.window, c.most)
		f.send(5)
		if got := f.s.Deadline() - f.now; got != c.want {
			t.Errorf("%s: due in %v, want %v", c.name, time.Duration(got), time.Duration(c.want))
		}
	}
}

// RFC 9002 §6.2.1, for the sake of paths whose round trip is much shorter than the smallest time-out: a probe that is not
// answered is followed by another one after twice the time, until the retransmission timer is due. Any answer ends it.
func TestProbesFollowEachOther(t *testing.T) {
	f := newFlow(t, Cubic).window(10, 10)
	f.s.srtt, f.s.rttvar = ms, 0
	f.send(10)
	begin := f.now
	for i, want := range []int64{4, 8, 16, 32, 64} {
		before := f.now
		f.is(f.expire(), "recovery.probe")
		if got := f.now - before; got != want*ms {
			t.Errorf("probe %d after %v, want %d ms", i, time.Duration(got), want)
		}
		if !f.s.Probe() {
			t.Fatal("new data is the best probe")
		}
		f.send(1)
	}
	if f.s.cwnd != 10*mss || f.s.timeouts != 0 {
		t.Error("probes without an answer cost the window")
	}
	f.is(f.expire(), "recovery.timeout") // 128 ms more would be too late
	if got := f.now - begin; got < 201*ms || got > 210*ms {
		t.Errorf("the time-out came after %v", time.Duration(got))
	}

	f = newFlow(t, Cubic).window(10, 10)
	f.s.srtt, f.s.rttvar = ms, 0
	f.send(10)
	f.expire()
	f.send(1)
	f.expire()
	f.send(1)
	f.after(ms)
	f.ack(12)
	f.send(5)
	f.s.srtt = ms
	f.s.scheduleProbe(f.now)
	if got := f.s.Deadline() - f.now; got != 4*ms || f.s.probing {
		t.Errorf("after an answer the next probe is due in %v", time.Duration(got))
	}
}

// RFC 8985 §7.4 asks whether the probe came twice. When the same segment was sent as a probe twice, one of the two always
// did, and something was lost: the window is reduced.
func TestOfTwoEqualProbesADuplicateProvesNothing(t *testing.T) {
	f := newFlow(t, Cubic).window(20, 20)
	f.s.srtt, f.s.rttvar = ms, 0
	f.send(4)
	for range 2 {
		f.is(f.expire(), "recovery.probe")
		if got := f.again(); !slices.Equal(got, []int{3}) {
			t.Fatalf("the probe is %v", got)
		}
	}
	f.after(ms)
	f.ack(4, span{3, 4})
	f.send(1)
	f.after(ms)
	r := f.ack(5)
	f.is(r.Reason.String(), "recovery.probe.repaired")
	if f.s.probing || f.s.ssthresh != 14*mss {
		t.Errorf("probing %v, threshold %d", f.s.probing, f.s.ssthresh)
	}
}

// In recovery a probe is what is missing, and not what the peer is known to have: first what is lost and waits for room,
// then the last retransmission that is not acknowledged.
func TestAProbeInRecoveryIsWhatIsMissing(t *testing.T) {
	f := newFlow(t, Cubic).window(4, 4)
	f.send(8)
	f.after(10 * ms)
	f.ack(0, span{4, 8})
	if got := f.again(); !slices.Equal(got, []int{0, 1}) || f.s.board.score.pending != 2*mss {
		t.Fatalf("sent again %v, %d bytes wait", got, f.s.board.score.pending)
	}
	f.is(f.expire(), "recovery.probe")
	if f.s.Probe() || f.s.Allowance() != 0 {
		t.Error("new data is no probe while something is known to be lost")
	}
	if got := f.again(); !slices.Equal(got, []int{2}) {
		t.Fatalf("the probe is %v", got)
	}

	f = newFlow(t, Cubic).window(20, 20)
	f.send(8)
	f.after(10 * ms)
	f.ack(0, span{1, 8})
	f.again()
	f.is(f.expire(), "recovery.probe")
	if got := f.again(); !slices.Equal(got, []int{0}) {
		t.Errorf("the probe is %v", got)
	}
	f.after(10 * ms)
	f.ack(8)
	if f.s.timeouts != 0 {
		t.Error("a time-out")
	}
}

// When a probe is not answered the retransmission timer decides at last, but not before it could be answered.
func TestAProbeWithoutAnswerEndsInATimeout(t *testing.T) {
	f := newFlow(t, Cubic)
	f.send(1)
	f.is(f.expire(), "recovery.probe")
	f.again()
	if got := f.s.Deadline() - f.now; got < f.s.srtt+20*ms {
		t.Errorf("the probe is given %v", time.Duration(got))
	}
	f.is(f.expire(), "recovery.timeout")
	if got := f.again(); !slices.Equal(got, []int{0}) {
		t.Errorf("sent again %v", got)
	}
	f.is(f.expire(), "recovery.timeout.repeated")
	if f.s.Backoff() != 2 || f.s.cwnd != mss {
		t.Errorf("back-off %d, window %d", f.s.Backoff(), f.s.cwnd)
	}
}

// A probe that nobody can send does not keep the time-out away.
func TestAProbeThatIsNotSentPasses(t *testing.T) {
	f := newFlow(t, Cubic)
	f.send(3)
	f.expire()
	f.is(f.expire(), "recovery.timeout")
	if f.s.Probe() {
		t.Error("the probe is still due")
	}
}

// The last segment of a record is what is probed with, on the segments' grid.
func TestTheProbeIsOneSegment(t *testing.T) {
	f := newFlow(t, Cubic).window(50, 50)
	f.s.Sent(f.now, f.seq(0), f.seq(4).Add(300), false)
	f.expire()
	if r, ok := f.s.Again(1 << 16); !ok || r.Start != f.seq(4) || r.Len() != 300 {
		t.Errorf("probe %v %v", r, ok)
	}
}
