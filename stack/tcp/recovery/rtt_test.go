package recovery

import (
	"testing"
	"time"

	"vitrine/stack/tcp/segment"
)

// RFC 6298 §2, with the minimum of 200 ms on the variance.
func TestTimeoutFollowsTheRoundTrip(t *testing.T) {
	f := newFlow(t, Cubic)
	steps := []struct {
		rtt  int64
		srtt int64
		rto  int64
	}{
		{10 * ms, 10 * ms, 210 * ms}, // the handshake's: SRTT = R, RTTVAR = R/2, and 4·5 ms is below the minimum
		{90 * ms, 20 * ms, 20*ms + 4*23750*ms/1000},
		{20 * ms, 20 * ms, 220 * ms},
	}
	for i, step := range steps {
		if i > 0 {
			f.send(1)
			f.after(step.rtt)
			f.ackEcho(f.sent, f.now-step.rtt)
			if f.last.RTT != step.rtt {
				t.Errorf("step %d: measured %v", i, time.Duration(f.last.RTT))
			}
		}
		if got := f.s.srtt; got != step.srtt {
			t.Errorf("step %d: SRTT %v, want %v", i, time.Duration(got), time.Duration(step.srtt))
		}
		if got := f.s.RTO(); got != max(step.rto, f.s.srtt+200*ms) {
			t.Errorf("step %d: RTO %v, want %v", i, time.Duration(got), time.Duration(step.rto))
		}
	}
}

// RFC 6298 §2.1 and §5.5 to §5.7: a second, doubled, and three seconds when the SYN gave no round trip.
func TestLostHandshakes(t *testing.T) {
	cfg := Default()
	var pool Pool
	var s Sender
	now := int64(1e9)
	iss := segment.Number(7)
	s.Init(&cfg, &pool, now, iss, mss, false, false)
	s.Sent(now, iss, iss+1, false)
	for i, wait := range []int64{1, 2, 4} {
		if got := s.Deadline() - now; got != wait*1e9 {
			t.Fatalf("attempt %d is given %v", i, time.Duration(got))
		}
		now = s.Deadline()
		if why := s.Expire(now); why != reasonTimeoutHandshake {
			t.Fatalf("reason %v", why)
		}
		if s.Backoff() != i+1 {
			t.Fatalf("back-off %d", s.Backoff())
		}
		r, ok := s.Again(mss)
		if !ok || r != (segment.Range{Start: iss, End: iss + 1}) {
			t.Fatalf("again %v %v", r, ok)
		}
		s.Sent(now, r.Start, r.End, true)
	}
	now += 50 * ms
	s.Acked(now, &Ack{Una: iss + 1})
	if s.srtt != 0 {
		t.Error("Karn: a SYN that was sent again gives no sample")
	}
	s.Negotiated(mss, true, false)
	if s.Backoff() != 0 || int(s.cwnd) != mss || s.ssthresh != infinite {
		t.Errorf("back-off %d, window %d, threshold %d", s.Backoff(), s.cwnd, s.ssthresh)
	}
	if s.RTO() != handshakeRTO {
		t.Errorf("RTO %v", time.Duration(s.RTO()))
	}
}

// A timestamp tells the round trip of a retransmission too; without, there is none (RFC 6298 §3, Karn).
func TestKarn(t *testing.T) {
	for _, timestamps := range []bool{true, false} {
		f := newFlow(t, Cubic, func(f *flow) { f.ts = timestamps })
		f.send(1)
		for f.s.Backoff() == 0 {
			f.expire()
			f.again()
		}
		srtt := f.s.srtt
		f.after(30 * ms)
		f.ackEcho(1, f.now-30*ms)
		if moved := f.s.srtt != srtt; moved != timestamps {
			t.Errorf("timestamps %v: SRTT moved: %v", timestamps, moved)
		}
		if kept := f.s.backoff > 0; kept == timestamps {
			t.Errorf("timestamps %v: back-off kept: %v", timestamps, kept)
		}
		if f.s.Backoff() != 0 {
			t.Error("progress does not count as progress")
		}
		f.send(1)
		f.after(10 * ms)
		f.ack(2)
		if f.s.backoff != 0 {
			t.Error("a measured round trip ends the back-off")
		}
	}
}

// RFC 6298 §5.3: the timer starts anew when new data is acknowledged, at that moment.
func TestTimeoutRunsFromTheLastProgress(t *testing.T) {
	f := newFlow(t, Cubic)
	f.send(4)
	first := f.s.timeoutAt()
	f.after(5 * ms)
	f.send(1)
	if f.s.timeoutAt() != first {
		t.Error("a timer that runs is not restarted by more data")
	}
	f.after(5 * ms)
	f.ack(2)
	if got := f.s.timeoutAt(); got != f.now+f.s.RTO() {
		t.Errorf("after progress the time-out is %v from now", time.Duration(got-f.now))
	}
	f.after(5 * ms)
	f.ack(2, span{3, 4})
	if got := f.s.timeoutAt(); got >= f.now+f.s.RTO() {
		t.Error("what is acknowledged out of order is no progress of the first segment")
	}
}

// Nonsense in the echo is no measurement (RFC 7323 §4.1).
func TestEchoesOfTheFutureMeasureNothing(t *testing.T) {
	now := int64(50e9)
	for _, c := range []struct {
		ack  Ack
		want int64
	}{
		{Ack{HasTS: true, TSEcr: Timestamp(now - 20*ms)}, 20 * ms},
		{Ack{HasTS: true, TSEcr: Timestamp(now)}, 1 * ms},
		{Ack{HasTS: true, TSEcr: Timestamp(now + 5*ms)}, 0},
		{Ack{HasTS: true, TSEcr: 0}, 0},
		{Ack{TSEcr: Timestamp(now)}, 0},
		{Ack{HasTS: true, TSEcr: Timestamp(now) - 1<<30}, 0},
	} {
		if got := echo(now, &c.ack); got != c.want {
			t.Errorf("%+v: %v", c.ack, time.Duration(got))
		}
	}
}

// Samples count for their share of the flight (RFC 7323 appendix G).
func TestLongFlightsKeepTheirMemory(t *testing.T) {
	f := newFlow(t, Cubic).window(100, 100)
	f.send(100)
	f.after(20 * ms)
	for i := 2; i <= 100; i += 2 {
		f.ackEcho(i, f.now-20*ms)
		f.send(2)
	}
	if f.s.srtt < 10500*ms/1000 || f.s.srtt > 12500*ms/1000 {
		t.Errorf("fifty samples of one round trip moved SRTT from 10 ms to %v", time.Duration(f.s.srtt))
	}
}

// An acknowledgement that waited for a retransmission tells how long the repair took, not how long the path is: a
// time-out that were computed from it would double with every time-out.
func TestRepairsAreNoRoundTrips(t *testing.T) {
	timeOut := func(f *flow) { // nothing of what was sent was heard of: the first segment goes again
		f.send(3)
		for f.s.Backoff() == 0 {
			f.expire()
		}
		f.again()
		f.after(10 * ms)
	}
	for name, c := range map[string]struct {
		timestamps bool
		answer     func(f *flow)
		backoff    bool
	}{
		"what lay behind the hole is acknowledged with it": {true, func(f *flow) { f.ack(3) }, false},
		"the same without timestamps":                      {false, func(f *flow) { f.ack(3) }, true},
		"only now it is reported":                          {true, func(f *flow) { f.ack(1, span{2, 3}) }, false},
		"the acknowledgement was lost, and the retransmission is a duplicate": {true, func(f *flow) {
			f.ackEcho(3, f.s.lastSent-200*ms, span{0, 1})
		}, false},
		"the same without timestamps and selectively": {false, func(f *flow) { f.ack(3, span{0, 1}) }, false},
		"the original took long, or its acknowledgement was lost": {true, func(f *flow) {
			f.ackEcho(3, f.s.lastSent-200*ms)
		}, true},
	} {
		f := newFlow(t, Cubic, func(f *flow) { f.ts = c.timestamps })
		timeOut(f)
		c.answer(f)
		if f.s.srtt != 10*ms {
			t.Errorf("%s: SRTT is %v", name, time.Duration(f.s.srtt))
		}
		if kept := f.s.backoff > 0; kept != c.backoff {
			t.Errorf("%s: back-off kept: %v", name, kept)
		}
	}
}

// The acknowledgements before this one were lost: its echo knows better how long the path is.
func TestLostAcknowledgementsAreNoRoundTrips(t *testing.T) {
	f := newFlow(t, Cubic)
	f.send(1)
	f.after(190 * ms)
	f.send(1)
	f.after(10 * ms)
	if f.ack(2); f.last.RTT != 10*ms {
		t.Errorf("measured %v", time.Duration(f.last.RTT))
	}
}

// A long flight acknowledges more than half the circle of numbers: what was sent again long ago is not ahead of it.
func TestRetransmissionsAreForgottenWhenNumbersComeRound(t *testing.T) {
	f := newFlow(t, Cubic).window(40, 40)
	f.send(10)
	f.after(10 * ms)
	f.ack(0, span{1, 5})
	f.again()
	f.after(10 * ms)
	f.ack(10)
	for f.sent < 2_200_000 {
		f.send(20)
		f.after(10 * ms)
		f.ack(f.sent - 10) // something is always in flight
	}
	if b := f.s.board; !b.repeated.LessEq(f.s.una) {
		t.Errorf("una %d, and %d bytes ahead something was sent again", f.s.una, b.repeated.Sub(f.s.una))
	}
}
