package recovery

import (
	"slices"
	"testing"
	"time"

	"vitrine/stack/tcp/segment"
)

// RFC 2018 §4: blocks are above the acknowledgement, within what was sent, and forwards.
func TestNonsenseInSACKIsIgnored(t *testing.T) {
	f := newFlow(t, Cubic).window(20, 20)
	f.send(10)
	f.after(10 * ms)
	for _, s := range []span{{5, 11}, {20, 30}, {5, 4}, {0, 3}, {-3, 2}, {12, 1 << 20}} {
		r := f.ack(0, span{2, 2}, s) // an empty one in front, so that nothing passes for a report of duplicates
		f.is(r.Reason.String(), "recovery.sack.outside")
		if f.s.board.score.sacked != 0 {
			t.Fatalf("%v: %d bytes are acknowledged", s, f.s.board.score.sacked)
		}
	}
	f.s.Acked(f.now, &Ack{Una: f.seq(11)})
	if f.s.una != f.base {
		t.Error("what was never sent is acknowledged")
	}
}

// An old acknowledgement that was overtaken still says what arrived, and nothing else.
func TestOvertakenAcknowledgements(t *testing.T) {
	f := newFlow(t, Cubic).window(20, 20)
	f.send(10)
	f.after(10 * ms)
	f.ack(5)
	r := f.ack(3, span{4, 5}, span{7, 8})
	if r.Acked != 0 || r.Sacked != mss || f.s.una != f.seq(5) {
		t.Errorf("acked %d, sacked %d", r.Acked, r.Sacked)
	}
}

// RFC 2018 §8: a peer that acknowledges up to what it had acknowledged selectively, and not that, threw it away.
func TestReneging(t *testing.T) {
	f := newFlow(t, Cubic).window(20, 20)
	f.send(10)
	f.after(10 * ms)
	f.ack(0, span{2, 8})
	f.again()
	f.after(10 * ms)
	r := f.ack(2) // and [2,8) is gone
	if !r.Reneged {
		t.Fatal("not noticed")
	}
	if got := f.s.Deadline() - f.now; got != 10*ms {
		t.Errorf("it gets %v to correct itself", time.Duration(got))
	}
	f.is(f.expire(), "recovery.reneged")
	if f.s.board.score.sacked != 0 {
		t.Error("still believed")
	}
	if got := f.again(); !slices.Equal(got, []int{2}) {
		t.Fatalf("sent again %v", got)
	}
	for una := 3; una <= 10; una++ {
		f.after(10 * ms)
		f.ack(una)
		f.again()
	}
	if f.s.board != nil {
		t.Error("not everything was sent again")
	}

	f = newFlow(t, Cubic).window(20, 20) // it corrects itself: acknowledgements were reordered
	f.send(10)
	f.after(10 * ms)
	f.ack(0, span{2, 8})
	f.again()
	f.ack(2)
	r = f.ack(8)
	if r.Reneged || f.s.Info().Timer == "reneging" {
		t.Error("it did not renege")
	}
}

// A peer that acknowledges every other byte costs neither much memory nor much time.
func TestCrumbsAreBounded(t *testing.T) {
	f := newFlow(t, Cubic).window(4000, 4000)
	for range 40 {
		f.super(50)
	}
	f.after(10 * ms)
	began := time.Now()
	n := 0
	for i := 1; i < 400_000; i += 8 {
		a := Ack{Una: f.base, SACK: f.sack[:4]}
		for j := range a.SACK {
			at := f.base.Add(i + 2*j)
			a.SACK[j] = segment.Range{Start: at, End: at.Add(1)}
		}
		f.s.Acked(f.now, &a)
		n++
	}
	f.check()
	if got, most := f.s.board.score.n, 64+2*2000+2; got > most {
		t.Errorf("%d records, at most %d are allowed", got, most)
	}
	if reasonSACKCrumbs.Reached() == 0 {
		t.Error("nobody says why")
	}
	// A loose bound, for any machine under any load: an ordinary one takes two microseconds.
	if each := time.Since(began) / time.Duration(n); each > 5*time.Millisecond {
		t.Errorf("an acknowledgement costs %v", each)
	}
}

// Beyond the bound whole records still count, and repairs go on.
func TestWholeRecordsCountBeyondTheBound(t *testing.T) {
	f := newFlow(t, Cubic, func(f *flow) { f.cfg.MaxRecords = 16 }).window(100, 100)
	for range 30 {
		f.after(1)
		f.send(1)
	}
	if f.s.board.score.n != 16 {
		t.Fatalf("%d records", f.s.board.score.n)
	}
	f.after(10 * ms)
	r := f.ack(0, span{17, 20}, span{2, 5})
	f.is(r.Reason.String(), "recovery.sack.crumbs")
	if r.Sacked != 3*mss {
		t.Errorf("%d bytes", r.Sacked)
	}
	for range 20 {
		f.again()
		f.after(10 * ms)
		f.ack(min(int(f.s.una.Sub(f.base))/mss+5, 30))
		if f.s.board == nil {
			return
		}
	}
	t.Error("never done")
}

// The end of the flight, and what happens after.
func TestOddCalls(t *testing.T) {
	f := newFlow(t, Cubic)
	f.s.Sent(f.now, f.base.Add(-1), f.base, true) // a retransmission of what is acknowledged
	if f.s.board != nil {
		t.Error("something is in flight")
	}
	f.send(2)
	f.s.Sent(f.now, f.base.Add(-5), f.seq(1), true) // partly acknowledged
	f.check()
	if _, ok := f.s.Again(0); ok {
		t.Error("no room, and something to send")
	}
	f.s.Release()
	f.s.Release()
	if f.pool.Lent() != 0 || f.s.Deadline() != 0 {
		t.Error("not released")
	}
	// A connection resumed from a cookie sends data at once.
	var s Sender
	s.Init(&f.cfg, &f.pool, f.now, 100, mss, true, true)
	s.Sent(f.now, 101, 201, false)
	if s.Una() != 101 || s.Nxt() != 201 || s.handshake {
		t.Errorf("una %d, nxt %d", s.Una(), s.Nxt())
	}
	sound(t, &s)
	s.Release()
}
