package journey

import (
	"net/netip"
	"testing"
	"time"

	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/variables"
	"vitrine/web/variables/variablestest"
)

// loop is one exchange that is begun and ended again and again.
type loop struct {
	r    *Recorder
	x    *exchange.Exchange
	v    variables.Values
	told *trace.Decisions

	client netip.AddrPort // whom proxies name; not valid: there is none
}

func newLoop(t testing.TB, s Settings) *loop {
	r := recorder(t, 1, s)
	l := &loop{r: r, x: variablestest.Exchange(t, usual+"Accept-Encoding: gzip, br\nAccept-Language: de, en\nConnection: keep-alive\n"), told: told(1, 10)}
	l.x.Peer.Transport = new(transport)
	l.v = variables.Values{Exchange: l.x, Site: "example.org", Route: "/*", File: "/srv/www/index.html", Fields: usualBlock.Fields()}
	return l
}

// turn is what a request does to the recorder.
func (l *loop) turn() {
	x := l.x
	x.Begin(nil, x.Request, x.Peer, exchange.Limits{})
	if l.client.IsValid() {
		x.Client = l.client
	}
	x.Journey = x.Journey.Next()
	x.Serial++
	x.Start += 10_000
	l.r.Begin(x)
	x.Because(matched, here)
	x.Because(found, here)
	x.Respond(usualBlock)
	x.Outcome = exchange.Outcome{Status: 200, Body: 1234, Sent: 1500, Elapsed: 20_000, Keep: true, Ending: keep}
	l.r.End(&l.v, l.told)
}

var costs = []struct {
	name string
	s    Settings
}{
	{"off", Settings{Off: true}},
	{"failures", Settings{Failures: true, Slow: time.Second}},
	{"sample", Settings{Sample: 1 << 40, Slow: time.Second}},
	{"most", Settings{Most: 1, Slow: time.Second}},
	{"conditions", Settings{When: &Filter{Methods: []string{"POST"}}}},
	{"all", Settings{Slow: time.Second}},
}

func TestNothingIsAllocated(t *testing.T) {
	if uncounted {
		t.Skip("under the race detector")
	}
	for _, c := range costs {
		l := newLoop(t, c.s)
		for i := range 200_000 { // the ring is full
			if l.turn(); i%500 == 0 {
				l.r.Stats()
			}
		}
		if n := testing.AllocsPerRun(20_000, l.turn); n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
		if c.name == "all" {
			if s := l.r.Stats(); s.Recorded < 202_000 {
				t.Errorf("only %d recorded", s.Recorded)
			}
		}
	}
}

// A client behind a proxy, and one that proved who it is, cost no allocation either.
func TestNothingIsAllocatedForAUserBehindAProxy(t *testing.T) {
	if uncounted {
		t.Skip("under the race detector")
	}
	l := newLoop(t, Settings{})
	l.v.User, l.client = "alice", netip.MustParseAddrPort("[2001:db8::7]:50312")
	for range 200_000 { // the ring is full
		l.turn()
	}
	if n := testing.AllocsPerRun(20_000, l.turn); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A live trace that was used costs no allocation either.
func TestATraceIsUsedAgain(t *testing.T) {
	if uncounted {
		t.Skip("under the race detector")
	}
	l := newLoop(t, Settings{Failures: true})
	x := l.x
	turn := func() {
		x.Begin(nil, x.Request, x.Peer, exchange.Limits{})
		l.r.Begin(x)
		for range 10 {
			x.Trace.Add(trace.Event{Step: "route", Reason: matched, Subject: "/a"})
		}
		x.Outcome = exchange.Outcome{Status: 200}
		l.r.End(&l.v, nil)
		if x.Trace != nil {
			t.Fatal("the exchange still has the trace")
		}
	}
	turn()
	if n := testing.AllocsPerRun(1000, turn); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkExchange is what the recorder adds to a request: Begin and End. "nobody" is what the benchmark itself costs.
func BenchmarkExchange(b *testing.B) {
	b.Run("nobody", func(b *testing.B) {
		l := newLoop(b, Settings{Off: true})
		x := l.x
		for b.Loop() {
			x.Begin(nil, x.Request, x.Peer, exchange.Limits{})
			x.Journey = x.Journey.Next()
			x.Serial++
			x.Start += 10_000
			x.Because(matched, here)
			x.Because(found, here)
			x.Respond(usualBlock)
			x.Outcome = exchange.Outcome{Status: 200, Body: 1234, Sent: 1500, Elapsed: 20_000, Keep: true, Ending: keep}
		}
	})
	for _, c := range costs {
		b.Run(c.name, func(b *testing.B) {
			l := newLoop(b, c.s)
			b.ReportAllocs()
			for b.Loop() {
				l.turn()
			}
			b.StopTimer()
			s := l.r.Stats()
			b.ReportMetric(float64(s.Recorded)/float64(b.N), "recorded/op")
		})
	}
}
