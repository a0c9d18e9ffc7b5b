//go:build unix

package serve

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"vitrine/socket"
)

// Bytes leave at the rate, and never more than the burst besides.
func TestTheBucket(t *testing.T) {
	const ms = int64(time.Millisecond)
	for _, c := range []struct{ rate, burst int64 }{{1, 1}, {10, 100}, {1000, 1}, {1000, 5000}, {1 << 20, 16 << 10}, {1 << 40, 1 << 20}} {
		p := &pace{rate: c.rate, burst: c.burst, tokens: c.burst}
		sent, turns := int64(0), 0
		now := int64(0)
		for now < 100*int64(time.Second) && turns < 10_000 {
			n := p.allow(now, 1<<20)
			p.tokens -= int64(n)
			sent += int64(n)
			if most := float64(c.burst) + float64(c.rate)*float64(now)/1e9; float64(sent) > most+1 {
				t.Fatalf("%+v: %d bytes after %d ms, at most %.0f may have left", c, sent, now/ms, most)
			}
			if n == 0 {
				if p.until <= now {
					t.Fatalf("%+v: wait until %d at %d", c, p.until, now)
				}
				now = p.until
			} else {
				turns++
			}
		}
		if want := float64(c.rate) * float64(now) / 1e9; c.burst >= c.rate/10 && float64(sent) < 0.99*want-float64(c.burst) && now > 1000*ms {
			t.Errorf("%+v: %d bytes after %d ms, want %.0f", c, sent, now/ms, want)
		}
	}
}

// After a long rest there is a burst, and no more.
func TestTheBucketAfterARest(t *testing.T) {
	p := &pace{rate: 1 << 40, burst: 1000, tokens: -1 << 20}
	if n := p.allow(1<<62, 1<<20); n != 1000 {
		t.Errorf("%d bytes", n)
	}
}

// line is a Share whose turns follow each other.
type line struct{ next, reserved, returned int64 }

func (l *line) Reserve(now int64) (n, from int64) {
	from = max(l.next, now)
	l.next = from + 1000
	l.reserved += 100
	return 100, from
}

func (l *line) Return(n int64) { l.returned += n }

// Whoever shares waits for its turn, uses it up before it asks for another, and gives back what it has not used.
func TestATurnAtWhatIsShared(t *testing.T) {
	l := &line{}
	a, b := &pace{share: l}, &pace{share: l, rate: 1 << 40, burst: 1 << 20, tokens: 1 << 20}
	if n := a.allow(5, 1<<20); n != 100 {
		t.Errorf("%d bytes", n)
	}
	a.spend(60)
	if n := a.allow(6, 1<<20); n != 40 || l.reserved != 100 {
		t.Errorf("%d bytes, of %d", n, l.reserved)
	}
	for range 3 { // it has asked, and asks for no more while it waits
		if n := b.allow(7, 1<<20); n != 0 || b.until != 1005 || l.reserved != 200 {
			t.Errorf("%d bytes, else at %d, of %d", n, b.until, l.reserved)
		}
	}
	if n := b.allow(1005, 1<<20); n != 100 {
		t.Errorf("%d bytes", n)
	}
	b.spend(100)
	a.end()
	b.end()
	a.end()
	if l.returned != 40 {
		t.Errorf("%d bytes are given back", l.returned)
	}
}

// theFile is a file of so many bytes.
func theFile(t *testing.T, size int) *socket.File {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, theBig[:size], 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &socket.File{F: f, FD: int(f.Fd()), Size: int64(size)}
}

func TestAPacedResponse(t *testing.T) {
	const rate, burst, size = 200_000, 20_000, 100_000
	eachAtOnce(t, func(t *testing.T, o Options) {
		r := start(t, o, Settings{Write: 50 * time.Millisecond, MinRate: 1 << 30}) // neither counts while it waits for its time
		for _, what := range []string{"big", "file"} {
			r.file.Store(theFile(t, size))
			c := r.dial()
			began := time.Now()
			c.send("pace "+strconv.Itoa(rate), what+" "+strconv.Itoa(size), "echo done")
			if n, err := io.CopyN(io.Discard, c.br, size); n != size || err != nil {
				t.Fatal(n, err)
			}
			c.expect("done")
			c.Close()
			if took, least := time.Since(began), time.Duration(float64(size-rate/4-burst)/rate*1e9); took < least {
				t.Errorf("%s: it took %v, less than %v", what, took, least)
			}
		}
	})
}
