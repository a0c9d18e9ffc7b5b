package recovery

import (
	"testing"
	"time"

	"vitrine/stack/tcp/segment"
)

const ms = int64(time.Millisecond)

// span is [from,to) in segments.
type span struct{ from, to int }

// flow drives a Sender by hand: everything is counted in segments of 1000 bytes, and time only passes when told.
type flow struct {
	t    testing.TB
	cfg  Config
	pool Pool
	s    Sender
	now  int64
	base segment.Number
	sent int // segments
	ts   bool
	last Result
	sack [8]segment.Range
}

const mss = 1000

// newFlow has its handshake behind it, with a round trip of 10 ms, and HyStart off, so that slow start is plain.
func newFlow(t testing.TB, congestion string, change ...func(*flow)) *flow {
	f := &flow{t: t, cfg: Default(), now: 1e9, ts: true}
	f.cfg.Congestion = congestion
	f.cfg.HyStart = false
	for _, c := range change {
		c(f)
	}
	iss := segment.Number(0xffff_ff00) // wraps soon
	f.base = iss.Add(1)
	f.s.Init(&f.cfg, &f.pool, f.now, iss, mss, true, f.ts)
	f.s.Sent(f.now, iss, f.base, false)
	f.now += 10 * ms
	f.s.Acked(f.now, &Ack{Una: f.base, HasTS: f.ts, TSEcr: Timestamp(f.now - 10*ms)})
	return f
}

func withoutTimestamps(f *flow) { f.ts = false }

// withoutSACK is applied to a flow that is there.
func (f *flow) withoutSACK() *flow {
	f.s.Negotiated(mss, false, f.ts)
	return f
}

// window sets window and threshold in segments.
func (f *flow) window(cwnd, ssthresh int) *flow {
	f.s.cwnd, f.s.ssthresh = int32(cwnd*mss), int32(ssthresh*mss)
	return f
}

func (f *flow) after(d int64) { f.now += d }

func (f *flow) seq(n int) segment.Number { return f.base.Add(n * mss) }

// send transmits n new segments, one call each.
func (f *flow) send(n int) {
	for range n {
		f.s.Sent(f.now, f.seq(f.sent), f.seq(f.sent+1), false)
		f.sent++
	}
}

// super transmits n new segments as one.
func (f *flow) super(n int) {
	f.s.Sent(f.now, f.seq(f.sent), f.seq(f.sent+n), false)
	f.sent += n
}

// ack acknowledges everything before segment una, and ranges; the echo is of what was sent 10 ms ago.
func (f *flow) ack(una int, sacks ...span) Result { return f.ackEcho(una, f.now-10*ms, sacks...) }

func (f *flow) ackEcho(una int, sent int64, sacks ...span) Result {
	a := Ack{Una: f.seq(una), HasTS: f.ts, TSEcr: Timestamp(sent), Window: 1 << 20}
	for i, s := range sacks {
		f.sack[i] = segment.Range{Start: f.seq(s.from), End: f.seq(s.to)}
	}
	a.SACK = f.sack[:len(sacks)]
	a.Dup = a.Una == f.s.una && f.s.outstanding() > 0
	f.last = f.s.Acked(f.now, &a)
	f.check()
	return f.last
}

// again transmits what is to be sent again and returns which segments.
func (f *flow) again() (out []int) {
	for {
		r, ok := f.s.Again(mss)
		if !ok {
			return out
		}
		if len(out) > 10000 {
			f.t.Fatal("Again never ends")
		}
		out = append(out, int(r.Start.Sub(f.base))/mss)
		f.s.Sent(f.now, r.Start, r.End, true)
		f.check()
	}
}

// expire lets time pass until the next timer is due and runs it.
func (f *flow) expire() string {
	f.t.Helper()
	at := f.s.Deadline()
	if at == 0 {
		f.t.Fatal("no timer runs")
	}
	f.now = max(f.now, at)
	why := f.s.Expire(f.now)
	f.check()
	return why.String()
}

func (f *flow) segments() (cwnd, ssthresh, inFlight int) {
	return int(f.s.cwnd) / mss, int(f.s.ssthresh) / mss, int(f.s.inFlight()) / mss
}

func (f *flow) is(why string, what string) {
	f.t.Helper()
	if why != what {
		f.t.Errorf("reason %s, want %s", why, what)
	}
}

func (f *flow) check() {
	f.t.Helper()
	if f.s.board != nil {
		sound(f.t, &f.s)
	}
}

// sound checks everything that always holds of what is in flight.
func sound(t testing.TB, s *Sender) {
	t.Helper()
	b := s.board
	var sackedBytes, pending, doubled int32
	segs := 0
	at := s.una
	for _, r := range b.score.all() {
		if r.start != at || !r.start.Less(r.end) {
			t.Fatalf("record %d-%d does not follow %d", r.start, r.end, at)
		}
		at = r.end
		switch {
		case r.flags&sacked != 0:
			if r.flags&(lost|again) != 0 {
				t.Fatalf("record with flags %b", r.flags)
			}
			sackedBytes += r.len()
			segs += int(r.segs)
		case r.pending():
			pending += r.len()
		case r.flags&(lost|again) == again:
			doubled += r.len()
		}
		if r.pending() && r.start.Less(b.hint) {
			t.Fatalf("a lost range at %d is before the hint %d", r.start, b.hint)
		}
	}
	if at != s.nxt {
		t.Fatalf("the last record ends at %d, not at %d", at, s.nxt)
	}
	if sackedBytes != b.score.sacked || pending != b.score.pending || doubled != b.score.doubled || segs != b.score.segs {
		t.Fatalf("counted sacked %d pending %d doubled %d segments %d, are %d %d %d %d",
			b.score.sacked, b.score.pending, b.score.doubled, b.score.segs, sackedBytes, pending, doubled, segs)
	}
	if s.cwnd < s.mss {
		t.Fatalf("the window is %d bytes", s.cwnd)
	}
}
