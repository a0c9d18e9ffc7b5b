package tcp

import (
	"math/rand/v2"
	"testing"

	"vitrine/stack/tcp/segment"
)

// seconds is how long the server takes to send n bytes to a client over a link of so many bytes a second.
func seconds(t *testing.T, n int, delay, bandwidth int64, change func(client, server *Config)) float64 {
	r := rand.New(rand.NewPCG(1, 7))
	w := &wire{t: t, r: r, now: 1e12, delay: delay, bandwidth: bandwidth, queue: 4*delay + 20e6}
	a, b := Default(), Default()
	change(&a, &b)
	w.a = &end{name: "client", port: 1025, h: NewHost(a, [32]byte{1}), c: new(Conn)}
	w.b = &end{name: "server", port: 80, h: NewHost(b, [32]byte{1}), c: new(Conn), write: make([]byte, n)}
	w.a.c.Connect(w.a.h, w.now, segment.Number(r.Uint32()), Path{MSS: 1460})
	w.push(w.a)
	start := w.now
	for len(w.a.read) < n && w.step() {
	}
	if len(w.a.read) != n {
		t.Fatalf("%d of %d bytes came\n%s", len(w.a.read), n, w.describe())
	}
	return float64(w.now-start) / 1e9
}

func TestTheAutoTunedWindowCarriesALongFastLink(t *testing.T) {
	// 10 MiB at 100 Mbit/s take 0.87 s; over 100 ms there and back slow start adds some of them.
	const n, delay, bandwidth = 10 << 20, 50e6, 12_500_000
	tuned := seconds(t, n, delay, bandwidth, func(client, server *Config) {})
	fixed := seconds(t, n, delay, bandwidth, func(client, server *Config) { client.AutoTune = false })
	t.Logf("tuned %.2f s, fixed at 64 KiB %.2f s", tuned, fixed)
	if tuned > 2.2 {
		t.Errorf("with an auto-tuned window it takes %.2f s", tuned)
	}
	if fixed < 10 {
		t.Errorf("with a window of 64 KiB it takes only %.2f s: what is measured here?", fixed)
	}
}

func TestAFastShortLinkIsFilled(t *testing.T) {
	const n, delay, bandwidth = 50 << 20, 100e3, 125_000_000
	took := seconds(t, n, delay, bandwidth, func(client, server *Config) {})
	if ideal := float64(n) / bandwidth; took > 1.15*ideal {
		t.Errorf("50 MiB at 1 Gbit/s take %.3f s, the link alone %.3f s", took, ideal)
	}
}

func TestWriteWriteReadCostsADelayedACK(t *testing.T) {
	// The classic quarrel: two small writes, then waiting for the answer. With Nagle the second waits for the peer's
	// delayed acknowledgement; without Nagle, or where the peer acknowledges at once, it does not.
	run := func(noDelay, quick bool) (ms int64) {
		r := rand.New(rand.NewPCG(1, 7))
		w := &wire{t: t, r: r, now: 1e12, delay: 1e6}
		a, b := Default(), Default()
		a.NoDelay = noDelay
		if !quick {
			b.QuickACKs = 0
		}
		w.a = &end{name: "client", port: 1025, h: NewHost(a, [32]byte{1}), c: new(Conn)}
		w.b = &end{name: "server", port: 80, h: NewHost(b, [32]byte{1}), c: new(Conn)}
		w.a.c.Connect(w.a.h, w.now, 1, Path{MSS: 1460})
		w.a.shut, w.b.shut = true, true // nobody closes
		w.push(w.a)
		for w.a.c.State() != StateEstablished {
			w.step()
		}
		start := w.now
		for range 2 {
			w.a.queue = append(w.a.queue, make([]byte, 100)...)
			w.a.c.Wrote(w.now, 100, false)
			w.push(w.a)
		}
		for len(w.b.read) < 200 && w.step() {
		}
		return (w.now - start) / 1e6
	}
	for _, c := range []struct {
		noDelay, quick bool
		least, most    int64
	}{
		{false, false, 40, 45}, {false, true, 3, 4}, {true, false, 1, 1}, {true, true, 1, 1},
	} {
		if ms := run(c.noDelay, c.quick); ms < c.least || ms > c.most {
			t.Errorf("TCP_NODELAY %v, peer acknowledges at once %v: %d ms", c.noDelay, c.quick, ms)
		}
	}
}

func TestAReopenedConnectionStartsAboveTheOldOne(t *testing.T) {
	tw := TimeWait{snd: 0xfffffff0}
	if n := tw.ISN(0x100); n != 0x100 {
		t.Errorf("%#x", n)
	}
	if n := tw.ISN(0xffffff00); !tw.snd.Less(n) {
		t.Errorf("%#x is not above %#x", n, tw.snd)
	}
}
