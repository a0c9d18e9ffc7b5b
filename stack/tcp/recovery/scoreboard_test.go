package recovery

import (
	"testing"

	"vitrine/stack/tcp/segment"
)

// naive is the scoreboard as anybody would write it: every byte has its own flags.
type naive struct {
	una, nxt segment.Number
	flags    map[segment.Number]uint8
	sent     map[segment.Number]int64
}

func (n *naive) inFlight() (out int32) {
	for q := n.una; q != n.nxt; q++ {
		switch n.flags[q] & (sacked | lost | again) {
		case 0, lost | again:
			out++
		case again:
			out += 2
		}
	}
	return out
}

// FuzzScoreboard plays a script of transmissions, acknowledgements, losses and repairs to both.
func FuzzScoreboard(f *testing.F) {
	f.Add([]byte{0, 50, 0, 60, 2, 10, 20, 4, 1, 3, 5, 10, 1, 30, 5, 0, 0, 6, 0, 0, 7, 0, 0})
	f.Add([]byte{0, 200, 2, 1, 1, 2, 3, 1, 2, 5, 1, 2, 7, 1, 4, 0, 3, 0, 200, 1, 100, 2, 50, 100})
	f.Fuzz(func(t *testing.T, script []byte) {
		var pool Pool
		b := scoreboard{mss: 10, limit: 40}
		base := segment.Number(0xffff_ff80)
		n := naive{una: base, nxt: base, flags: map[segment.Number]uint8{}, sent: map[segment.Number]int64{}}
		now := int64(1)
		next := func() int {
			if len(script) == 0 {
				return 0
			}
			v := int(script[0])
			script = script[1:]
			return v
		}
		span := func() (start, end segment.Number, ok bool) {
			flight := int(n.nxt.Sub(n.una))
			from, length := next(), next()+1
			if flight == 0 {
				return 0, 0, false
			}
			start = n.una.Add(from * flight / 256)
			return start, start.Add(length).Min(n.nxt), true
		}
		for step := 0; len(script) > 0 && step < 400; step++ {
			d := delivery{believe: now}
			delivered := 0
			switch op := next() % 8; op {
			case 0: // new data, in the same moment or later
				v := next()
				now += int64(v & 1)
				end := n.nxt.Add(v/2 + 1)
				if n.nxt.Sub(n.una) > 2000 {
					continue
				}
				b.add(&pool, now, n.nxt, end)
				for ; n.nxt != end; n.nxt++ {
					n.flags[n.nxt], n.sent[n.nxt] = 0, now
				}
				if b.n >= b.limit {
					relearn(&b, &n)
				}
			case 1:
				_, una, ok := span()
				if !ok {
					continue
				}
				b.acknowledge(una, &d)
				for ; n.una != una; n.una++ {
					if n.flags[n.una]&sacked == 0 {
						delivered++
					}
				}
			case 2, 3:
				start, end, ok := span()
				if !ok {
					continue
				}
				whole := b.acknowledgeRange(&pool, start, end, b.limit, &d)
				if !whole {
					delivered = d.bytes
					relearn(&b, &n)
					break
				}
				for q := start; q != end; q++ {
					if n.flags[q]&sacked == 0 {
						delivered++
						n.flags[q] = sacked | n.flags[q]&ever
					}
				}
			case 4: // a record is lost
				if b.n == 0 {
					continue
				}
				i := next() % b.n
				r := b.at(i)
				if r.flags&sacked != 0 {
					continue
				}
				for q := r.start; q != r.end; q++ {
					n.flags[q] = n.flags[q]&^again | lost
				}
				b.lose(i)
			case 5:
				start, end, ok := span()
				if !ok {
					continue
				}
				now += int64(next() & 1)
				full := b.n+2 > b.limit
				b.repeat(&pool, now, start, end)
				if full {
					relearn(&b, &n)
					break
				}
				for q := start; q != end; q++ {
					if n.flags[q]&sacked == 0 {
						n.flags[q] |= again | ever
						n.sent[q] = now
					}
				}
			case 6:
				b.found()
				for q := n.una; q != n.nxt; q++ {
					n.flags[q] &^= lost
				}
			case 7:
				b.renege()
				for q := n.una; q != n.nxt; q++ {
					n.flags[q] = n.flags[q]&ever | lost
				}
				for _, r := range b.all() { // what was acknowledged together is one record, which has one moment
					for q := r.start; q != r.end; q++ {
						n.sent[q] = r.sent
					}
				}
			}
			if d.bytes != delivered {
				t.Fatalf("step %d: %d bytes delivered, the model has %d", step, d.bytes, delivered)
			}
			compare(t, step, &b, &n)
		}
	})
}

// relearn lets the model follow where the bound on records makes the scoreboard coarser; sums are still compared.
func relearn(b *scoreboard, n *naive) {
	for _, r := range b.all() {
		for q := r.start; q != r.end; q++ {
			n.flags[q], n.sent[q] = r.flags, r.sent
		}
	}
}

func compare(t *testing.T, step int, b *scoreboard, n *naive) {
	t.Helper()
	at := n.una
	for i, r := range b.all() {
		if r.start != at || !r.start.Less(r.end) {
			t.Fatalf("step %d: record %d is %d-%d, expected to begin at %d", step, i, r.start, r.end, at)
		}
		at = r.end
		if b.find(r.start) != i || b.find(r.end-1) != i {
			t.Fatalf("step %d: record %d is not found", step, i)
		}
		for q := r.start; q != r.end; q++ {
			if n.flags[q] != r.flags && n.flags[q]|ever != r.flags {
				t.Fatalf("step %d: byte %d has flags %b, the model %b", step, q, r.flags, n.flags[q])
			}
			if r.flags&sacked == 0 && n.sent[q] != r.sent {
				t.Fatalf("step %d: byte %d was sent at %d, the model says %d", step, q, r.sent, n.sent[q])
			}
		}
	}
	if at != n.nxt {
		t.Fatalf("step %d: the records end at %d, not %d", step, at, n.nxt)
	}
	if b.n > b.limit+2 {
		t.Fatalf("step %d: %d records", step, b.n)
	}
	if got, want := b.inFlight(n.nxt.Sub(n.una)), n.inFlight(); got != want {
		t.Fatalf("step %d: %d bytes in flight, the model has %d", step, got, want)
	}
}

// FuzzSender sends arbitrary acknowledgements and lets time pass: whatever comes, the books are right, something is
// always due while something is in flight, and what is in flight stays within the window but for one segment.
func FuzzSender(f *testing.F) {
	f.Add([]byte("\x00\x0a\x01\x05\x00\x01\x02\x02\x02\x08\x03\x00\x04\x00\x01\x09"), byte(0))
	f.Add([]byte{0, 40, 2, 1, 10, 3, 4, 5, 2, 2, 30, 3, 4, 1, 20, 0, 10, 6, 9, 1, 255}, byte(1))
	f.Add([]byte{0, 40, 4, 4, 4, 2, 1, 10, 2, 5, 9, 3, 1, 20, 3, 4, 4, 1, 255}, byte(2))
	f.Add([]byte{0, 40, 7, 4, 4, 2, 1, 10, 2, 5, 9, 3, 1, 20, 3, 4, 4, 1, 255}, byte(7))
	f.Fuzz(func(t *testing.T, script []byte, kind byte) {
		fl := newFlow(t, []string{Cubic, Reno}[kind&1], func(f *flow) {
			f.ts = kind&2 == 0
			f.cfg.HyStart = kind&8 == 0
			f.cfg.MaxRecords = 64
		})
		if kind&4 != 0 {
			fl.withoutSACK()
		}
		next := func() int {
			if len(script) == 0 {
				return 0
			}
			v := int(script[0])
			script = script[1:]
			return v
		}
		end := fl.base
		for step := 0; len(script) > 0 && step < 300; step++ {
			s := &fl.s
			flight := int(s.outstanding())
			at := func(v int) segment.Number { return s.una.Add(v * flight / 255) }
			switch next() % 8 {
			case 0: // new data, as much as is allowed
				for n := next(); n > 0; n-- {
					size := min(s.Allowance(), n*97)
					if size <= 0 {
						break
					}
					end = s.nxt.Add(size)
					s.Sent(fl.now, s.nxt, end, false)
				}
			case 1:
				s.Acked(fl.now, &Ack{Una: at(next()), HasTS: fl.ts, TSEcr: Timestamp(fl.now) - uint32(next()), Dup: true})
			case 2:
				a := Ack{Una: at(next() / 4), HasTS: fl.ts, TSEcr: Timestamp(fl.now) - 10, Dup: true}
				for i := range 1 + next()%4 {
					fl.sack[i] = segment.Range{Start: at(next()), End: at(next())}
					a.SACK = fl.sack[:i+1]
				}
				s.Acked(fl.now, &a)
			case 3:
				fl.again()
			case 4:
				if s.Deadline() != 0 {
					fl.expire()
				}
			case 5:
				fl.after(int64(next()) * ms / 4)
			case 6:
				s.SetMSS(400 + 3*next())
			case 7: // a duplicate report
				fl.sack[0] = segment.Range{Start: s.una.Add(-1 - next()), End: s.una}
				s.Acked(fl.now, &Ack{Una: s.una, SACK: fl.sack[:1], HasTS: fl.ts, TSEcr: Timestamp(fl.now)})
			}
			if s.board == nil {
				if s.una != s.nxt || s.Deadline() != 0 {
					t.Fatalf("nothing is in flight between %d and %d", s.una, s.nxt)
				}
				continue
			}
			sound(t, s)
			if s.Deadline() == 0 {
				t.Fatal("no timer runs")
			}
			if s.inFlight() < 0 {
				t.Fatalf("%d bytes in flight", s.inFlight())
			}
			if s.Allowance() < 0 || s.Info().Window != int(s.cwnd) {
				t.Fatal("nonsense")
			}
		}
	})
}
