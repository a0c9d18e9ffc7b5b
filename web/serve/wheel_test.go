//go:build unix

package serve

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// conns are connections that have nothing but a place for the wheel.
func timed(n int) []*Conn {
	all := make([]*Conn, n)
	for i := range all {
		all[i] = new(Conn)
	}
	return all
}

// at sets a connection's deadline as a turn's end does.
func (w *wheel) set(c *Conn, due int64) {
	c.timer.due.Store(due)
	w.schedule(c)
}

// fired advances the wheel and says who is due, as positions in all.
func (w *wheel) fired(now int64, all []*Conn) []int {
	var out []int
	w.advance(now, func(c *Conn) { out = append(out, slices.Index(all, c)) })
	slices.Sort(out)
	return out
}

const second = int64(time.Second)

func TestADeadlineFiresOnceAndNotEarly(t *testing.T) {
	var w wheel
	all := timed(1)
	w.set(all[0], 10*second)
	for now := int64(0); now < 10*second; now += second / 7 {
		if got := w.fired(now, all); got != nil {
			t.Fatalf("fired at %v", time.Duration(now))
		}
	}
	if got := w.fired(10*second, all); got != nil { // the tick has begun, not ended
		t.Fatal("fired before its tick had passed")
	}
	if got := w.fired(10*second+tick, all); len(got) != 1 {
		t.Fatal("did not fire")
	}
	if got := w.fired(20*second, all); got != nil || w.count != 0 {
		t.Fatal("fired again")
	}
}

func TestTheWheelKnowsWhenItIsNextDue(t *testing.T) {
	var w wheel
	all := timed(3)
	if at := w.deadline(); at != 0 {
		t.Errorf("an empty wheel is due at %d", at)
	}
	w.set(all[0], 30*second)
	w.set(all[1], 10*second)
	w.set(all[2], 20*second)
	for i, want := range []int64{10, 20, 30} {
		at := w.deadline()
		if at < want*second || at > want*second+tick {
			t.Errorf("due at %v, want %ds", time.Duration(at), want)
		}
		if got := w.fired(at, all); !slices.Equal(got, []int{[]int{1, 2, 0}[i]}) {
			t.Errorf("at %v fired %v", time.Duration(at), got)
		}
	}
	if at := w.deadline(); at != 0 {
		t.Errorf("due at %d with nothing left", at)
	}
}

func TestADeadlineThatMoves(t *testing.T) {
	var w wheel
	all := timed(1)
	w.set(all[0], 10*second)
	w.set(all[0], 60*second) // later: it stays where it is, and is moved when its slot comes round
	if got := w.fired(11*second, all); got != nil {
		t.Fatal("a deadline that had moved fired")
	}
	w.set(all[0], 20*second) // earlier
	if got := w.fired(21*second, all); len(got) != 1 {
		t.Fatal("a deadline that had moved forward did not fire")
	}
	w.set(all[0], 30*second)
	all[0].timer.due.Store(0) // taken away
	if got := w.fired(40*second, all); got != nil || w.count != 0 {
		t.Fatal("a deadline that was taken away fired")
	}
	w.set(all[0], 50*second)
	w.remove(all[0])
	w.remove(all[0]) // twice does nothing
	if got := w.fired(60*second, all); got != nil {
		t.Fatal("a connection that was removed fired")
	}
	w.set(all[0], 10*second) // in the past
	if got := w.fired(60*second+2*tick, all); len(got) != 1 {
		t.Fatal("a deadline in the past did not fire")
	}
}

// A deadline beyond the wheel's horizon is looked at when the wheel has gone round, as often as needed.
func TestADeadlineBeyondTheHorizon(t *testing.T) {
	var w wheel
	all := timed(1)
	day := 24 * 3600 * second
	w.set(all[0], day)
	for looks := 0; ; looks++ {
		at := w.deadline()
		if got := w.fired(at, all); got != nil {
			if at < day || at > day+tick {
				t.Errorf("fired at %v", time.Duration(at))
			}
			return
		}
		if looks > int(day/(slots*tick))+2 {
			t.Fatal("looked at too often, or never due")
		}
	}
}

// A loop that has slept, or was held up, for longer than the wheel is round misses nothing.
func TestALongSleep(t *testing.T) {
	var w wheel
	all := timed(50)
	for i, c := range all {
		w.set(c, int64(i+1)*7*second)
	}
	if got := w.fired(3600*second, all); len(got) != len(all) {
		t.Errorf("%d of %d fired", len(got), len(all))
	}
}

// Whoever fires may set a new deadline at once, and end others' place in the wheel.
func TestDeadlinesThatAreSetWhileOthersFire(t *testing.T) {
	var w wheel
	all := timed(10)
	for _, c := range all {
		w.set(c, 5*second)
	}
	var first []*Conn
	w.advance(6*second, func(c *Conn) {
		first = append(first, c)
		w.set(c, 7*second)
	})
	if len(first) != len(all) {
		t.Fatalf("%d of %d fired", len(first), len(all))
	}
	if got := w.fired(8*second, all); len(got) != len(all) {
		t.Errorf("%d of %d fired again", len(got), len(all))
	}
}

// The wheel does what a list that is searched from end to end does, within a tick.
func TestTheWheelAgainstAList(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(3, seed))
		var w wheel
		all := timed(60)
		now := int64(0)
		for range 3000 {
			switch r.IntN(4) {
			case 0, 1:
				due := now + r.Int64N(10*second)
				if r.IntN(8) == 0 {
					due = now + r.Int64N(1000*second)
				}
				w.set(all[r.IntN(len(all))], due)
			case 2:
				c := all[r.IntN(len(all))]
				if r.IntN(2) == 0 {
					w.remove(c)
				}
				c.timer.due.Store(0)
			case 3:
				now += r.Int64N(2 * second)
				if r.IntN(50) == 0 {
					now += 500 * second
				}
				if d := w.deadline(); d != 0 && r.IntN(3) == 0 {
					now = max(now, d) // as the loop does it
				}
				var must, may []int // due, and due but for the tick
				for i, c := range all {
					switch due := c.timer.due.Load(); {
					case due == 0:
					case due/tick+1 <= now/tick:
						must = append(must, i)
					case due <= now:
						may = append(may, i)
					}
				}
				got := w.fired(now, all)
				for _, i := range must {
					if !slices.Contains(got, i) {
						t.Fatalf("seed %d: %d, due %v, did not fire at %v", seed, i, time.Duration(all[i].timer.due.Load()), time.Duration(now))
					}
				}
				for _, i := range got {
					if !slices.Contains(must, i) && !slices.Contains(may, i) {
						t.Fatalf("seed %d: %d, due %v, fired at %v", seed, i, time.Duration(all[i].timer.due.Load()), time.Duration(now))
					}
					all[i].timer.due.Store(0)
				}
				// Nothing is overlooked: whoever has a deadline is waited for.
				for i, c := range all {
					if due := c.timer.due.Load(); due != 0 && (w.deadline() == 0 || w.deadline() > (due/tick+1)*tick) {
						t.Fatalf("seed %d: %d is due at %v, the wheel at %v", seed, i, time.Duration(due), time.Duration(w.deadline()))
					}
				}
			}
		}
	}
}
