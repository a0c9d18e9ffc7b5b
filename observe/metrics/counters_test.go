package metrics_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	. "vitrine/observe/metrics"
	"vitrine/web/exchange"
	"vitrine/web/variables"
	"vitrine/web/variables/variablestest"
)

// ended is an exchange that has ended, on a loop.
func ended(t testing.TB, head string, loop, status int, took time.Duration) *variables.Values {
	x := variablestest.Exchange(t, head)
	x.Peer.Loop = loop
	x.Outcome = exchange.Outcome{Status: status, Received: 100, Sent: 1000, Body: 800, Elapsed: int64(took)}
	return &variables.Values{Exchange: x, Site: "example.org"}
}

func TestRequestsOfAllLoopsAreCounted(t *testing.T) {
	c := NewCounters(3)
	c.Sites([]string{"example.org"})
	c.Observe(ended(t, "GET / HTTP/1.1\n", 0, 200, 30*time.Microsecond))
	c.Observe(ended(t, "GET / HTTP/1.1\n", 1, 404, 100*time.Microsecond))
	c.Observe(ended(t, "BREW / HTTP/1.1\n", 2, 501, time.Minute))
	c.Observe(ended(t, "GET / HTTP/1.1\n", 77, 304, time.Millisecond)) // a loop that nobody knows is counted somewhere
	v := ended(t, "", 1, 0, 0)
	v.Site = ""
	c.Observe(v)

	got := c.Totals()
	if got.Requests != 5 || got.Statuses != [6]uint64{1, 0, 1, 1, 1, 1} || got.BytesIn != 500 || got.BytesOut != 5000 {
		t.Errorf("all together: %+v", got)
	}
	if len(got.Sites) != 2 || got.Sites[0].Site != "example.org" || got.Sites[0].Requests != 4 || got.Sites[0].BytesOut != 4000 ||
		got.Sites[1].Site != None || got.Sites[1].Requests != 1 || got.Sites[1].Statuses != [6]uint64{1} {
		t.Errorf("by site: %+v", got.Sites)
	}
}

func TestASpanOfTimeBelongsToTheFirstBucketThatHoldsIt(t *testing.T) {
	for _, want := range []struct {
		took, upTo time.Duration
	}{
		{0, 50 * time.Microsecond}, {50 * time.Microsecond, 50 * time.Microsecond}, {50001, 100 * time.Microsecond},
		{time.Millisecond, time.Millisecond}, {1000001, 2500 * time.Microsecond}, {700 * time.Millisecond, time.Second},
		{2500 * time.Millisecond, 2500 * time.Millisecond}, {10 * time.Second, 10 * time.Second}, {10*time.Second + 1, 0}, {1 << 62, 0},
		{-time.Second, 50 * time.Microsecond}, // the clock was set back
	} {
		c := NewCounters(1)
		c.Observe(ended(t, "GET / HTTP/1.1\n", 0, 200, want.took))
		for _, b := range c.Totals().Durations {
			if (b.Count == 1) != (b.UpTo == want.upTo) {
				t.Errorf("%v: %d in the bucket up to %v", want.took, b.Count, b.UpTo)
			}
		}
	}
}

func TestCountingAllocatesNothing(t *testing.T) {
	c := NewCounters(2)
	first, second := ended(t, "GET / HTTP/1.1\n", 1, 200, 0), ended(t, "POST / HTTP/1.1\n", 1, 404, 0)
	second.Site = "other.example"
	c.Sites([]string{first.Site, second.Site})
	if n := testing.AllocsPerRun(1000, func() {
		c.Observe(first)
		c.Observe(second)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestLoopsCountAtTheSameTimeWhileOthersLook(t *testing.T) {
	c := NewCounters(2)
	const each, workers = 2000, 8
	var done sync.WaitGroup
	for w := range workers { // more goroutines than loops: connections that have one of their own share a loop's numbers
		done.Go(func() {
			for i := range each {
				v := ended(t, "GET / HTTP/1.1\n", w%2, 200+i%3, 0)
				v.Site = fmt.Sprintf("site-%d", i%5)
				c.Observe(v)
			}
		})
	}
	stop := make(chan struct{})
	var looking sync.WaitGroup
	looking.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				c.Totals()
				c.Sites([]string{fmt.Sprintf("site-%d", i%5)})
			}
		}
	})
	done.Wait()
	close(stop)
	looking.Wait()
	if got := c.Totals().Requests; got != each*workers {
		t.Errorf("%d of %d requests were counted", got, each*workers)
	}
}

func TestNoSumFallsWhenSitesComeAndGo(t *testing.T) {
	c := NewCounters(2)
	total := uint64(0)
	for reload := range 60 {
		names := make([]string, 50)
		for i := range names {
			names[i] = fmt.Sprintf("site-%d-%d", reload, i)
		}
		c.Sites(names)
		for i, name := range names {
			v := ended(t, "GET / HTTP/1.1\n", i%2, 200, 0)
			v.Site = name
			c.Observe(v)
			total++
		}
		got := c.Totals()
		if got.Requests != total || got.BytesIn != 100*total || len(got.Sites) > MaxSites {
			t.Fatalf("reload %d: %d requests of %d, %d sites", reload, got.Requests, total, len(got.Sites))
		}
	}
	sites := make(map[string]uint64)
	for _, s := range c.Totals().Sites {
		sites[s.Site] = s.Requests
	}
	if sites["site-59-0"] != 1 || sites["site-50-49"] != 1 || sites["site-0-0"] != 0 {
		t.Error("the youngest are not those that were kept")
	}
	if sites[Other] == 0 {
		t.Error("those that left are not among the others")
	}
}

func TestSitesThatNobodyAnnouncedAreBounded(t *testing.T) {
	c := NewCounters(1)
	for i := range 2 * MaxSites {
		v := ended(t, "GET / HTTP/1.1\n", 0, 200, 0)
		v.Site = fmt.Sprint("site-", i)
		c.Observe(v)
		c.Observe(v)
	}
	v := ended(t, "GET / HTTP/1.1\n", 0, 200, 0)
	v.Site = "bad\xff"
	c.Observe(v)
	got := c.Totals()
	if len(got.Sites) > MaxSites || got.Requests != 4*MaxSites+1 {
		t.Errorf("%d sites, %d requests", len(got.Sites), got.Requests)
	}
}

func TestSitesOfTheConfigurationAlwaysHaveNumbers(t *testing.T) {
	c := NewCounters(1)
	names := make([]string, 2*MaxSites)
	for i := range names {
		names[i] = fmt.Sprint("site-", i)
	}
	c.Sites(names)
	for _, name := range names {
		v := ended(t, "GET / HTTP/1.1\n", 0, 200, 0)
		v.Site = name
		c.Observe(v)
	}
	if got := len(c.Totals().Sites); got != len(names) {
		t.Errorf("%d of %d sites", got, len(names))
	}
}

func TestASiteMayBeCalledLikeOneOfOurs(t *testing.T) {
	c := NewCounters(1)
	c.Sites([]string{Other, None, ""})
	v := ended(t, strings.Repeat("X", 50)+" / HTTP/1.1\n", 0, 999, 0)
	v.Site = Other
	c.Observe(v)
	if got := c.Totals(); len(got.Sites) != 1 || got.Sites[0].Site != Other || got.Statuses != [6]uint64{1} {
		t.Errorf("%+v", got)
	}
}

func BenchmarkObserve(b *testing.B) {
	c := NewCounters(2)
	c.Sites([]string{"example.org", "example.net"})
	v := ended(b, "GET / HTTP/1.1\n", 1, 200, 37*time.Microsecond)
	b.ReportAllocs()
	for b.Loop() {
		c.Observe(v)
	}
}

func BenchmarkObserveManySites(b *testing.B) {
	c := NewCounters(2)
	var all []*variables.Values
	for i := range 16 {
		v := ended(b, "GET / HTTP/1.1\n", 1, 200, 37*time.Microsecond)
		v.Site = fmt.Sprintf("site-%d.example.org", i)
		all = append(all, v)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c.Observe(all[i&15])
	}
}

func BenchmarkObserveOnAllLoops(b *testing.B) {
	c := NewCounters(8)
	var loop int
	var mu sync.Mutex
	b.RunParallel(func(pb *testing.PB) {
		mu.Lock()
		v := ended(b, "GET / HTTP/1.1\n", loop%8, 200, 37*time.Microsecond)
		loop++
		mu.Unlock()
		for pb.Next() {
			c.Observe(v)
		}
	})
}
