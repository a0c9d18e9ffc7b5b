package access

import (
	"testing"
	"time"
)

// However many ask, however often, no more leaves than may, and hardly less.
func TestAllTogetherLeaveAtTheRate(t *testing.T) {
	const start = int64(1e15)
	for _, rate := range []int64{1, 10, 1000, 20 << 10, 1 << 20, 1 << 30, 1 << 40} {
		b := NewBandwidth(rate)
		sent := int64(0)
		now := start
		end := start + max(int64(10*time.Second), 20e9/rate)
		turns := 0
		for now < end && turns < 20_000 {
			n, from := b.Reserve(now)
			turns++
			if n < 1 || from < now-restTime {
				t.Fatalf("at %d a second: %d bytes from %d on, at %d", rate, n, from-start, now-start)
			}
			now = max(now, from)
			sent += n
			if most := float64(rate)*(float64(now-start+restTime)/1e9) + float64(b.turn) + 1; float64(sent) > most*1.001 {
				t.Fatalf("at %d a second: %d bytes after %d ns, at most %.0f may have left", rate, sent, now-start, most)
			}
		}
		if least := float64(rate) * float64(now-start) / 1e9; float64(sent) < least*0.99-1 {
			t.Errorf("at %d a second: only %d bytes after %d ns", rate, sent, now-start)
		}
		if took := time.Duration(now - start); turns > 100+int(took.Seconds()*110)+1 && rate <= 100<<20 {
			t.Errorf("at %d a second: %d turns in %v", rate, turns, took)
		}
	}
}

func TestATurnThatWasNotUsedIsAnothers(t *testing.T) {
	b := NewBandwidth(1 << 20)
	for range 1000 { // they ask and go away
		n, _ := b.Reserve(1e12)
		b.Return(n)
	}
	if _, from := b.Reserve(1e12); from > 1e12 {
		t.Errorf("the next waits for %v", time.Duration(from-1e12))
	}
	if n := testing.AllocsPerRun(100, func() { n, _ := b.Reserve(2e12); b.Return(n) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAClientHasOneBandwidthHoweverItAsks(t *testing.T) {
	s := NewState()
	l := limit(t, s, "1/s", 0, 0, false)
	k := Key{1, 2}
	if l.Shared(k) != nil {
		t.Error("there is one that nobody wants")
	}
	l.conf.PerClient.V = 1000
	first := l.Shared(k)
	if first == nil || l.Shared(k) != first || l.Shared(Key{1, 3}) == first {
		t.Error("clients share what is each one's own")
	}
}
