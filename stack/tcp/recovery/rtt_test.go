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
			f.ack(f.sent)
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
	s.backoff = 0
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
		f.ack(i)
		f.send(2)
	}
	if f.s.srtt < 10500*ms/1000 || f.s.srtt > 12500*ms/1000 {
		t.Errorf("fifty samples of one round trip moved SRTT from 10 ms to %v", time.Duration(f.s.srtt))
	}
}
