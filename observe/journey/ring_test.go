package journey

import (
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"vitrine/trace"
	"vitrine/web/variables/variablestest"
)

// One million requests, of which some have decisions of their own, some are long and some fail, on connections that come and
// go: the memory stays within its limit at every moment, and what is left can be read.
func TestMemoryStaysWithinItsLimit(t *testing.T) {
	n := 1_000_000
	if testing.Short() || uncounted {
		n = 50_000
	}
	const memory, kept = 8 << 20, 2 << 20
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r := recorder(t, 2, Settings{Memory: memory, Kept: kept, Slow: time.Second})
	clients := make([]*client, 50)
	connection := uint64(0)
	long := "GET /long HTTP/1.1\nHost: example.org\nX-Long: " + string(make2k()) + "\n"
	var heap uint64
	for i := range n {
		k := i % len(clients)
		if clients[k] == nil || i%997 == 0 {
			if clients[k] != nil {
				r.ConnectionEnded(clients[k].peer, gone)
			}
			connection++
			clients[k] = connect(t, r, connection)
			clients[k].peer.Loop = k % 2
			clients[k].peer.Transport = new(transport)
		}
		c := clients[k]
		c.now = variablestest.At.Add(time.Duration(i) * time.Microsecond)
		switch {
		case i%20 == 0:
			a := hot
			a.told = told(c.id.Next(), 1+i%40)
			a.file = "/srv/www/" + strconv.Itoa(i)
			c.ask(usual, a)
		case i%33 == 0:
			c.ask(long, hot)
		case i%101 == 0:
			c.ask(usual, answer{status: 500, why: []*trace.Reason{broken}})
		case i%10007 == 0:
			c.ask(usual, answer{status: 200, took: 2 * time.Second, block: usualBlock})
		default:
			c.hot()
		}
		if i%1000 == 0 {
			if s := r.Stats(); s.Bytes > memory+kept || s.Limit > memory+kept {
				t.Fatalf("after %d: %d bytes of %d", i, s.Bytes, s.Limit)
			}
		}
		if i%200_000 == 0 {
			var now runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&now)
			heap = max(heap, now.HeapAlloc)
		}
	}
	s := r.Stats()
	if s.LeftOut > uint64(n/100) || s.Recorded+s.LeftOut != uint64(n) {
		t.Errorf("%d recorded and %d left out, of %d", s.Recorded, s.LeftOut, n)
	}
	if s.Journeys < 8000 || s.Bytes < memory/2 {
		t.Errorf("only %d journeys in %d bytes", s.Journeys, s.Bytes)
	}
	if heap > before.HeapAlloc+memory+kept+8<<20 {
		t.Errorf("the heap has %d bytes, %d before", heap, before.HeapAlloc)
	}
	t.Logf("%d journeys in %d bytes, heap %d bytes more", s.Journeys, s.Bytes, heap-before.HeapAlloc)
	all, more := r.Last(nil, s.Journeys+1, Mark{})
	if len(all) != s.Journeys || more {
		t.Errorf("%d of %d can be read", len(all), s.Journeys)
	}
	failed, _ := r.Last(&Filter{Failed: true}, s.Journeys, Mark{})
	if len(failed) < len(all)/50 {
		t.Errorf("of %d, %d failed", len(all), len(failed))
	}
	if first := failed[len(failed)-1]; !first.Start.Before(s.Oldest) {
		t.Errorf("no failure is kept for longer: the oldest is of %v, and the last ones begin at %v", first.Start, s.Oldest)
	}
}

func make2k() []byte {
	b := make([]byte, 2048)
	for i := range b {
		b[i] = 'a' + byte(i%26)
	}
	return b
}

func TestWhatFailedIsKeptWithItsConnectionsEnd(t *testing.T) {
	r := recorder(t, 1, Settings{Memory: 1, Kept: 1 << 20}) // the least that there is
	c := connect(t, r, 1)
	c.peer.Transport = new(transport)
	a := answer{status: 503, why: []*trace.Reason{broken}, block: usualBlock, told: told(c.id.Next(), 5)}
	failed := c.ask(usual, a)
	r.Stats() // the connection's end is in another chunk
	r.ConnectionEnded(c.peer, gone)
	other := connect(t, r, 2)
	for i := range 20_000 {
		other.hot()
		if i%100 == 0 {
			r.Stats() // the collector might be late
		}
	}
	if s := r.Stats(); s.Journeys > 10_000 {
		t.Fatalf("nothing was evicted: %+v", s)
	}
	j := mustFind(t, r, failed)
	if j.Status != 503 || j.Decisions != a.told || len(j.Response.Fields) != 3 || j.Connection.Why != gone || j.Connection.Ended.IsZero() {
		t.Errorf("%+v", j)
	}
	if len(j.Connection.Snapshots) != 2 {
		t.Errorf("%d snapshots", len(j.Connection.Snapshots))
	}
	if last, _ := r.Last(&Filter{Failed: true}, 10, Mark{}); len(last) != 1 || last[0].ID != failed {
		t.Errorf("%d failed", len(last))
	}
}

func TestLessMemoryIsInForceAtOnce(t *testing.T) {
	r := recorder(t, 2, Settings{})
	c := connect(t, r, 1)
	for i := range 100_000 {
		c.hot()
		if i%500 == 0 {
			r.Stats()
		}
	}
	before := r.Stats()
	if before.Journeys < 60_000 {
		t.Fatalf("%d journeys before, %d left out", before.Journeys, before.LeftOut)
	}
	last := c.id
	r.Configure(Settings{Memory: 1 << 20, Kept: 1 << 20})
	after := r.Stats()
	if after.Bytes > 2<<20 || after.Limit > 2<<20 || after.Journeys < 500 || after.Journeys > 5000 {
		t.Errorf("%+v", after)
	}
	mustFind(t, r, last)
	mustFind(t, r, c.hot())
	for range 10_000 {
		c.hot()
	}
	r.Configure(Settings{})
	if s := r.Stats(); s.Journeys < 500 {
		t.Errorf("more memory made %d journeys of %d", s.Journeys, after.Journeys)
	}
	mustFind(t, r, c.hot())
	r.Configure(Settings{Off: true})
	if s := r.Stats(); s.Journeys != 0 || s.Bytes > 1<<20 {
		t.Errorf("off, and there are %d journeys in %d bytes", s.Journeys, s.Bytes)
	}
}

// A quiet server's journeys do not cost a chunk each time that somebody looks.
func TestWhatComesSlowlyIsKeptDensely(t *testing.T) {
	r := recorder(t, 1, Settings{Memory: 1 << 20, Kept: -1})
	for i := range 1000 {
		c := connect(t, r, uint64(i+1))
		c.now = c.now.Add(time.Duration(i) * time.Second)
		c.hot()
		r.ConnectionEnded(c.peer, gone)
		r.Stats()
	}
	s := r.Stats()
	if s.Journeys < 1000 || len(r.ring.last) > 20 {
		t.Errorf("%d journeys, in %d chunks and %d bytes", s.Journeys, len(r.ring.last), s.Bytes)
	}
	all, _ := r.Last(nil, 2000, Mark{})
	for _, j := range all {
		if j.Connection.Why != gone {
			t.Fatalf("connection %d has not ended", j.Connection.ID)
		}
	}
	if n := len(r.ring.open.c.ways); n > 1 {
		t.Errorf("%d ways for one", n)
	}
}

func TestTheListIsReadInParts(t *testing.T) {
	r := recorder(t, 3, Settings{})
	var want []trace.ID
	clients := []*client{connect(t, r, 1), connect(t, r, 2), connect(t, r, 3)}
	for i := range 300 {
		c := clients[i%3]
		c.peer.Loop = i % 3
		c.now = clients[0].now // three at once, and the next at the same time too, as pipelined requests
		if i%6 == 0 {
			c.now = c.now.Add(time.Second)
		}
		c.now = c.now.Add(-time.Millisecond)
		want = append(want, c.hot())
		if i%50 == 0 {
			r.Stats()
		}
	}
	var got []trace.ID
	before := Mark{}
	for {
		part, more := r.Last(nil, 7, before)
		for i, j := range part {
			if i > 0 && j.Start.After(part[i-1].Start) {
				t.Fatal("not the youngest first")
			}
			got = append(got, j.ID)
		}
		if !more {
			break
		}
		mark, err := ParseMark(part[len(part)-1].Mark().String())
		if err != nil {
			t.Fatal(err)
		}
		before = mark
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d of %d were listed", len(slices.Compact(got)), len(want))
	}
	since, _ := ParseMark(clients[0].now.Add(-10 * time.Second).Format(time.RFC3339Nano))
	if part, _ := r.Last(nil, 1000, since); len(part) == 0 || len(part) >= len(want) || !part[0].Start.Before(since.Start) {
		t.Errorf("%d before a time", len(part))
	}
}

func TestALargeListIsQuick(t *testing.T) {
	r := recorder(t, 1, Settings{Memory: 64 << 20})
	c := connect(t, r, 1)
	var first trace.ID
	for i := range 100_000 {
		id := c.hot()
		if i == 0 {
			first = id
		}
		if i%500 == 0 {
			r.Stats()
		}
	}
	if n := r.Stats().Journeys; n != 100_000 {
		t.Fatalf("%d journeys", n)
	}
	quick := func(name string, f func()) {
		const limit = 100 * time.Millisecond
		best := time.Hour
		for tries := 0; tries < 5 || best > limit && tries < 50; tries++ { // somebody else may be busy on this machine
			start := time.Now()
			f()
			best = min(best, time.Since(start))
		}
		t.Logf("%s: %v", name, best)
		if best > limit && !uncounted {
			t.Errorf("%s takes %v", name, best)
		}
	}
	quick("find the oldest", func() { mustFind(t, r, first) })
	for name, f := range map[string]*Filter{
		"all": nil, "nothing by status": {Statuses: []string{"5xx"}}, "nothing by path": {Paths: []string{"*x*y*"}},
		"nothing by text": {Text: "nowhere"}, "nothing by reason": {Reasons: []string{"nobody."}},
	} {
		quick(name, func() { r.Last(f, 100, Mark{}) })
	}
}

func TestMarks(t *testing.T) {
	m := Mark{time.Unix(0, 1234567890123456789), 7, 0xabc}
	if got, err := ParseMark(m.String()); err != nil || got != m {
		t.Errorf("%v becomes %v: %v", m, got, err)
	}
	if got, err := ParseMark(""); err != nil || !got.IsZero() || got.String() != "" {
		t.Errorf("nothing becomes %v: %v", got, err)
	}
	for _, bad := range []string{"x", "1-2", "1-2-x", "-", "1-99999999999-1", "2026-01-01"} {
		if _, err := ParseMark(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
