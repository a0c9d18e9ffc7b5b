package tcp

import (
	"math/rand/v2"
	"testing"

	"vitrine/stack/tcp/segment"
)

// quietPair is two ends that have shaken hands and have nothing to say.
func quietPair(t testing.TB, seed uint64, change func(a, b *Config)) *wire {
	r := rand.New(rand.NewPCG(seed, 9))
	w := &wire{t: t, r: r, now: 1e12, delay: int64(1e6 + r.IntN(480e6))}
	a, b := Default(), Default()
	if change != nil {
		change(&a, &b)
	}
	w.a = &end{name: "client", port: 1025, h: NewHost(a, [32]byte{1}), c: new(Conn), shut: true}
	w.b = &end{name: "server", port: 80, h: NewHost(b, [32]byte{2}), c: new(Conn), shut: true}
	w.a.c.Connect(w.a.h, w.now, segment.Number(r.Uint32()), Path{MSS: 1460})
	w.push(w.a)
	w.settle(64)
	for _, e := range []*end{w.a, w.b} {
		if e.c.State() != StateEstablished {
			t.Fatalf("%s is %v", e.name, e.c.State())
		}
	}
	return w
}

// settle lets everything happen that happens by itself, which must be little.
func (w *wire) settle(most int) {
	w.t.Helper()
	for sent := w.sent; w.step(); {
		if w.sent-sent > most {
			w.t.Fatalf("%d segments and no end\n%s", w.sent-sent, w.describe())
		}
		w.timely(w.a)
		w.timely(w.b)
	}
}

// timely: a timer that was run is over, and what is to be sent is bounded.
func (w *wire) timely(e *end) {
	w.t.Helper()
	if e.timeWait != nil || e.c.h == nil {
		return
	}
	for n := 0; e.c.Deadline() != 0 && e.c.Deadline() <= w.now; n++ {
		if n == 8 {
			w.t.Fatalf("%s: a timer is due for ever: %+v", e.name, e.c.Info(w.now))
		}
		e.c.Advance(w.now)
		w.push(e)
	}
}

// forge is a segment to e that anybody may have sent, more or less near to what would be right.
func forge(r *rand.Rand, e *end) segment.Segment {
	near := func(n segment.Number) segment.Number {
		switch r.IntN(4) {
		case 0:
			return n
		case 1:
			return n.Add(r.IntN(5) - 2)
		case 2:
			return n.Add(r.IntN(200_000) - 100_000)
		}
		return segment.Number(r.Uint32())
	}
	c := e.c
	s := segment.Segment{Seq: near(c.nxt), Ack: near(c.snd.Nxt()), Window: uint16(r.Uint32()), Scale: -1,
		Flags: segment.Flags(r.Uint32()), Timestamps: r.IntN(8) > 0, TSVal: uint32(near(segment.Number(c.tsRecent))), TSEcr: r.Uint32(),
		Payload: make([]byte, []int{0, 0, 1, 100, 1448}[r.IntN(5)])}
	if r.IntN(2) == 0 {
		s.Flags = segment.ACK
	}
	if r.IntN(4) == 0 {
		s.Window = 0
	}
	if r.IntN(4) == 0 {
		s.NSACK = 1
		s.SACK[0] = segment.Range{Start: near(c.snd.Una()), End: near(c.snd.Nxt())}
	}
	return s
}

// Two ends with nothing to say say nothing; and whatever single segment a stranger throws in, they are quiet again soon.
func TestAForgedSegmentStartsNoStorm(t *testing.T) {
	n := uint64(4000)
	if testing.Short() {
		n = 400
	}
	for seed := range n {
		w := quietPair(t, seed, nil)
		if w.now += 1e9; w.step() {
			t.Fatal("two idle ends do something")
		}
		r := rand.New(rand.NewPCG(seed, 1))
		victim := []*end{w.a, w.b}[r.IntN(2)]
		s := forge(r, victim)
		victim.c.Receive(w.now, &s)
		w.run(victim)
		w.settle(40) // a FIN that is believed closes one end, whose own FIN the other one never believes
		for _, e := range []*end{w.a, w.b} {
			e.c.Release()
			if e.h.MemoryUsed() != 0 || e.h.pool.Lent() != 0 {
				t.Fatalf("seed %d: %s: memory is still lent", seed, e.name)
			}
		}
	}
}

// A stranger who does not see the connection gets no more out of it than he puts in.
func TestNobodyIsAmplified(t *testing.T) {
	for seed := range uint64(300) {
		w := quietPair(t, seed, nil)
		r := rand.New(rand.NewPCG(seed, 2))
		in, out := 0, 0
		var o segment.Out
		for range 200 {
			s := forge(r, w.a)
			s.Seq, s.Ack = segment.Number(r.Uint32()), segment.Number(r.Uint32()) // he has to guess
			in += 20 + 20 + 12 + len(s.Payload)
			w.a.c.Receive(w.now, &s)
			for w.a.c.Next(w.now, &o) {
				out += 20 + o.HeaderLen() + o.Length
			}
			w.now += int64(r.IntN(2e6))
		}
		if out > in {
			t.Errorf("seed %d: %d bytes in, %d out", seed, in, out)
		}
	}
}

// A connection that was quiet for an hour and is then to be probed often is not given up before the peer can answer.
func TestKeepAliveTurnedOnLate(t *testing.T) {
	w := quietPair(t, 1, nil)
	w.now += 3600e9
	w.a.c.SetKeepAlive(w.now, true, 10e9, 1e9, 3)
	for began := w.now; w.now-began < 600e9; {
		if !w.step() {
			t.Fatal("nobody probes")
		}
		w.timely(w.a)
	}
	if s := w.a.c.State(); s != StateEstablished {
		t.Errorf("the connection is %v (%v)", s, w.a.c.Why())
	}
}

// The numbers and the positions wrap in the middle of a transfer.
func TestTransfersRoundTheCircle(t *testing.T) {
	for seed := range uint64(60) {
		w := newWire(t, seed)
		w.loss = min(w.loss, 0.05)
		r := rand.New(rand.NewPCG(seed, 3))
		for _, e := range []*end{w.a, w.b} {
			e.h.Config.ReceiveMemory = 64 << 20
			e.lazy = 0
		}
		hold := [2][]byte{pattern(r, 300_000), pattern(r, 300_000)}
		w.a.write, w.b.write = nil, nil
		w.a.shut, w.b.shut = true, true
		for w.b.c.h == nil || w.b.c.State() != StateEstablished || w.a.c.State() != StateEstablished {
			if !w.step() {
				t.Fatal("no connection")
			}
		}
		w.settle(64)
		for i, e := range []*end{w.a, w.b} {
			move(e, w.other(e), 1<<32-uint64(r.IntN(250_000)))
			e.write, e.shut = hold[i], false
		}
		for _, e := range []*end{w.a, w.b} {
			w.run(e)
		}
		for w.step() {
		}
		for i, e := range []*end{w.a, w.b} {
			if string(w.other(e).read) != string(hold[i]) || e.timeWait == nil && e.c.State() != StateClosed {
				t.Fatalf("seed %d: %s wrote %d bytes, %d were read\n%s", seed, e.name, len(hold[i]), len(w.other(e).read), w.describe())
			}
			e.c.Release()
			if e.h.MemoryUsed() != 0 || e.h.pool.Lent() != 0 {
				t.Fatalf("seed %d: memory is still lent", seed)
			}
		}
	}
}

// move makes e's stream begin anew at a position: as if so much had been sent and received.
func move(e, other *end, position uint64) {
	c := e.c
	c.iss -= segment.Number(uint32(position - c.end))
	other.c.taken += position - c.end
	c.acked, c.end, e.queued = position, position, position
}

// Both ends open at once, and the path loses segments (RFC 9293 §3.5).
func TestSimultaneousOpenOverABadLink(t *testing.T) {
	for seed := range uint64(200) {
		w := newWire(t, seed)
		w.b.c.Connect(w.b.h, w.now, segment.Number(w.r.Uint32()), Path{MSS: 1460})
		w.push(w.b)
		for steps := 0; w.step(); steps++ {
			if steps > 2_000_000 {
				t.Fatalf("seed %d does not come to an end\n%s", seed, w.describe())
			}
		}
		for _, e := range []*end{w.a, w.b} {
			if string(e.read) != string(w.other(e).write) || e.events&EventReset != 0 {
				t.Fatalf("seed %d: %s read %d of %d bytes, %v\n%s", seed, e.name, len(e.read), len(w.other(e).write), e.c.Why(), w.describe())
			}
		}
	}
}

// The Host's limit on challenge ACKs is not the same in every second (CVE-2016-5696).
func TestTheChallengeLimitCannotBeCountedOn(t *testing.T) {
	h := NewHost(Default(), [32]byte{1})
	seen := map[int]bool{}
	for second := range int64(20) {
		n := 0
		for h.mayChallenge(1e12 + second*1e9) {
			n++
		}
		if limit := h.Config.ChallengeACKs; n > limit || n < limit/2 {
			t.Errorf("%d challenges of at most %d", n, limit)
		}
		seen[n] = true
	}
	if len(seen) < 15 {
		t.Errorf("only %d different allowances in 20 seconds", len(seen))
	}
}

// A buffer that is smaller than the unit in which its window could be told is told all the same.
func TestASmallBufferHasAWindow(t *testing.T) {
	w := quietPair(t, 1, func(a, b *Config) {
		a.ReceiveWindow, a.ReceiveWindowMax, a.AutoTune = 3000, 1<<30, false
	})
	w.delay, w.a.lazy, w.a.pace = 1e6, 100, 1e6
	w.b.write, w.b.shut = pattern(w.r, 40_000), false
	w.run(w.b)
	began := w.now
	for len(w.a.read) < 40_000 && w.step() {
	}
	if d := w.now - began; d > 2e9 {
		t.Errorf("it took %.1f s, so it was probes that moved it", float64(d)/1e9)
	}
	if len(w.a.read) != 40_000 {
		t.Errorf("%d bytes arrived\n%s", len(w.a.read), w.describe())
	}
}

// A reader that takes a byte at a time makes the receiver tell of real room only (RFC 9293 §3.8.6.2.2).
func TestASlowReaderCausesNoChatter(t *testing.T) {
	for _, mss := range []int{64, 536, 1460} {
		w := &wire{t: t, r: rand.New(rand.NewPCG(1, 1)), now: 1e12, delay: 5e6}
		cfg := Default()
		cfg.ReceiveWindow, cfg.AutoTune = 4000, false
		w.a = &end{name: "client", port: 1025, h: NewHost(cfg, [32]byte{1}), c: new(Conn), lazy: 1, pace: 1e5}
		w.b = &end{name: "server", port: 80, h: NewHost(Default(), [32]byte{2}), c: new(Conn), write: pattern(w.r, 20_000)}
		w.a.c.Connect(w.a.h, w.now, 7, Path{MSS: mss})
		w.push(w.a)
		for w.step() {
		}
		if len(w.a.read) != 20_000 {
			t.Fatalf("%d bytes arrived", len(w.a.read))
		}
		if w.a.segments > w.b.segments+20 {
			t.Errorf("segments of %d: %d acknowledgements for %d segments", mss, w.a.segments, w.b.segments)
		}
	}
}

// A sender cannot fill the memory of a reader that does not read, however small the pieces in which it takes the window.
func TestTheBufferHasAnEnd(t *testing.T) {
	for _, size := range []int{1, 127, 128, 1000} {
		h := NewHost(Default(), [32]byte{1})
		c := new(Conn)
		now := int64(1e12)
		c.Accept(h, now, 0, &segment.Segment{Flags: segment.SYN, MSS: 1460, Scale: 7}, Path{MSS: 1460})
		var out segment.Out
		c.Next(now, &out)
		s := segment.Segment{Flags: segment.ACK, Seq: 1, Ack: 1, Window: 100, Scale: -1}
		c.Receive(now, &s)
		p := make([]byte, 64<<10)
		edge := s.Seq.Add(64 << 10)
		for range 200_000 {
			n := min(size, int(edge.Sub(s.Seq)))
			if n <= 0 {
				break
			}
			if s.Payload = p[:n]; edge.Sub(s.Seq) > 4*128 {
				s.Payload = p[:edge.Sub(s.Seq)-2*128] // hurry up to where it becomes interesting
			}
			c.Receive(now, &s)
			s.Seq = s.Seq.Add(len(s.Payload))
			now += 50e6
			c.Advance(now)
			for c.Next(now, &out) {
				edge = out.Ack.Add(int(out.Window) << c.rcvScale)
			}
		}
		if most := int(c.limit) + int(c.limit)/8 + 1<<c.rcvScale; c.Readable() > most {
			t.Errorf("pieces of %d: %d bytes wait in a buffer of %d", size, c.Readable(), c.limit)
		}
		c.Release()
	}
}

// Whatever the application and the network change in the middle of a transfer, it arrives.
func TestTransfersWithChangesInTheMiddle(t *testing.T) {
	n := uint64(300)
	if testing.Short() {
		n = 30
	}
	for seed := range n {
		w := newWire(t, seed)
		r := rand.New(rand.NewPCG(seed, 5))
		for steps := 0; w.step(); steps++ {
			if steps > 2_000_000 {
				t.Fatalf("seed %d does not come to an end\n%s", seed, w.describe())
			}
			for _, e := range []*end{w.a, w.b} {
				w.timely(e)
				checkBounds(t, w, e)
				if e.c.h == nil || e.timeWait != nil || r.IntN(30) > 0 {
					continue
				}
				switch r.IntN(7) {
				case 0:
					e.c.SetPathMTU(w.now, r.IntN(1500))
				case 1:
					e.c.SetCork(w.now, r.IntN(2) == 0)
				case 2:
					e.c.SetNoDelay(r.IntN(2) == 0)
				case 3:
					e.c.SetCongestion([]string{"reno", "cubic"}[r.IntN(2)])
				case 4:
					e.c.SetKeepAlive(w.now, r.IntN(2) == 0, int64(r.IntN(5e9)), int64(r.IntN(5e9)), 100)
				case 5:
					e.c.Unreachable(w.now, r.IntN(2) == 0 && e.c.State() >= StateEstablished, nil)
				case 6:
					if r.IntN(20) == 0 {
						e.c.SetMaxSegment(200 + r.IntN(1200))
					}
				}
				w.push(e)
			}
		}
		for _, e := range []*end{w.a, w.b} {
			if string(e.read) != string(w.other(e).write) || e.events&EventReset != 0 {
				t.Fatalf("seed %d: %s read %d of %d bytes, %v\n%s", seed, e.name, len(e.read), len(w.other(e).write), e.c.Why(), w.describe())
			}
			e.c.Release()
			if e.h.MemoryUsed() != 0 || e.h.pool.Lent() != 0 || e.h.oldest != nil {
				t.Fatalf("seed %d: memory is still lent", seed)
			}
		}
	}
}

// On a path that loses a fifth both ways the measured round trip stays that of the path and of delayed acknowledgements:
// what waited for time-outs is no part of it.
func TestLossDoesNotStretchTheRoundTrip(t *testing.T) {
	for seed := range uint64(24) {
		w := quietPair(t, seed, func(a, b *Config) {
			a.SACK, a.Timestamps, a.Retries, b.Retries = seed&1 == 0, seed&2 == 0, 40, 40
		})
		w.delay, w.loss = 5e6, 0.2
		w.b.write, w.b.shut = pattern(w.r, 300_000), false
		w.run(w.b)
		worst, settled := int64(0), false
		for steps := 0; w.step(); steps++ {
			if steps > 1_000_000 {
				t.Fatalf("seed %d does not come to an end\n%s", seed, w.describe())
			}
			rtt := w.b.c.snd.SRTT()
			if settled = settled || rtt < 60e6; settled {
				worst = max(worst, rtt)
			}
		}
		if worst > 100e6 {
			t.Errorf("seed %d: SRTT rose to %d ms on a path of 10 ms", seed, worst/1e6)
		}
		if len(w.a.read) != 300_000 {
			t.Errorf("seed %d: %d bytes arrived", seed, len(w.a.read))
		}
	}
}
