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

// One probe at a time; when it is not answered the retransmission timer decides, but not before it could be answered.
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
