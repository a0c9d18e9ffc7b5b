package site

import (
	"strings"
	"testing"
	"time"

	"vitrine/web/exchange"
)

const rateConfig = `
site "example.org" {
  root = "$ROOT"
  rate {
    requests = "2/h"
    burst    = 1
    headers  = true
    exempt   = ["127.0.0.1"]
  }
  route "/own/*" {
    rate { requests = "1/h" }
    respond { body = "own" }
  }
  route "/key" {
    rate { by = "{request.X-Key}" }
    respond { body = "key" }
  }
  route "/wait" {
    rate {
      requests = "20/s"
      burst    = 5
      delay    = true
    }
    respond { body = "waited" }
  }
  route "/few" {
    rate {
      requests   = ""
      burst      = 0
      headers    = false
      concurrent = 2
    }
    respond { body = "few" }
  }
  route "/slow" {
    rate {
      requests  = ""
      burst     = 0
      headers   = false
      bandwidth = "64KiB"
    }
    respond { body = "slow" }
  }
  route "/free" {
    rate { off = true }
    respond { body = "free" }
  }
}`

func TestARateBoundsEachClient(t *testing.T) {
	w := newWorld(t, map[string]string{"a.txt": "a"}, rateConfig)
	for i, test := range []struct {
		client, request string
		status          int
		why             string
	}{
		{"192.0.2.1", "GET /a.txt", 200, "content.whole"},
		{"192.0.2.1", "GET /a.txt", 200, "content.whole"},
		{"192.0.2.1", "GET /a.txt", 429, "access.rate-exceeded"},
		{"192.0.2.1", "HEAD /missing", 429, "access.rate-exceeded"},
		{"192.0.2.2", "GET /a.txt", 200, "content.whole"},
		{"127.0.0.1", "GET /a.txt", 200, "content.whole"},
		{"127.0.0.1", "GET /a.txt", 200, "content.whole"},
		{"127.0.0.1", "GET /a.txt", 200, "content.whole"},
		{"2001:db8::1", "GET /a.txt", 200, "content.whole"},
		{"2001:db8::2", "GET /a.txt", 200, "content.whole"},
		{"2001:db8::ffff:3", "GET /a.txt", 429, "access.rate-exceeded"},
		{"2001:db8:0:1::1", "GET /a.txt", 200, "content.whole"},
		{"192.0.2.1", "GET /own/x", 200, "site.respond"},
		{"192.0.2.1", "GET /own/y", 200, "site.respond"},
		{"192.0.2.1", "GET /own/z", 429, "access.rate-exceeded"},
		{"192.0.2.1", "GET /key\nX-Key: 1", 200, "site.respond"},
		{"192.0.2.2", "GET /key\nX-Key: 1", 200, "site.respond"},
		{"192.0.2.3", "GET /key\nX-Key: 1", 429, "access.rate-exceeded"},
		{"192.0.2.3", "GET /key\nX-Key: 2", 200, "site.respond"},
		{"192.0.2.1", "GET /free", 200, "site.respond"},
	} {
		r := w.askFrom(t, test.client, test.request)
		if r.status != test.status || !strings.Contains(r.reasons+" ", test.why+" ") {
			t.Errorf("%d: %s %s: %d %s, want %d %s", i, test.client, test.request, r.status, r.reasons, test.status, test.why)
		}
		if (r.get("Retry-After") != "") != (r.status == 429) {
			t.Errorf("%d: Retry-After: %q", i, r.get("Retry-After"))
		}
	}
	r := w.askFrom(t, "192.0.2.9", "GET /a.txt")
	if r.get("RateLimit-Policy") != `"default";q=2;w=3600` || r.get("RateLimit") != `"default";r=1;t=1800` {
		t.Errorf("%q %q", r.get("RateLimit-Policy"), r.get("RateLimit"))
	}
	// A reload goes on counting.
	w.reopen(t, Options{State: w.h.opt.State})
	if r := w.askFrom(t, "192.0.2.1", "GET /a.txt"); r.status != 429 {
		t.Errorf("after a reload: %d %s", r.status, r.reasons)
	}
	// Nobody counts in a dry run, and it says what would be.
	w.tracer = true
	for range 5 {
		if r := w.askFrom(t, "192.0.2.77", "GET /a.txt"); r.status != 200 || !strings.Contains(w.story(r.journey), "access.rate-allowed") {
			t.Errorf("%d\n%s", r.status, w.story(r.journey))
		}
	}
	if r := w.askFrom(t, "127.0.0.1", "GET /a.txt"); !strings.Contains(w.story(r.journey), "access.rate-exempt") {
		t.Error(w.story(r.journey))
	}
}

func TestRequestsOfABurstWaitForTheirTurn(t *testing.T) {
	w := newWorld(t, nil, rateConfig)
	start := time.Now()
	for i := range 3 {
		r := w.askFrom(t, "192.0.2.1", "GET /wait")
		if r.body != "waited" || r.off != (i > 0) || strings.Contains(r.reasons, "rate-delayed") {
			t.Errorf("%d: %q off the loop: %v, %s", i, r.body, r.off, r.reasons)
		}
	}
	if took := time.Since(start); took < 45*time.Millisecond {
		t.Errorf("three requests at 20/s took %v", took)
	}
}

func TestRequestsAtOnceAreBounded(t *testing.T) {
	w := newWorld(t, nil, rateConfig)
	var open []*exchange.Exchange
	for range 2 {
		x := w.from(t, "192.0.2.1", "GET /few")
		w.h.Serve(x)
		open = append(open, x)
	}
	if r := w.askFrom(t, "192.0.2.1", "GET /few"); r.status != 429 || !strings.HasSuffix(r.reasons, "access.rate-crowded") {
		t.Errorf("the third: %d %s", r.status, r.reasons)
	}
	if r := w.askFrom(t, "192.0.2.2", "GET /few"); r.status != 200 {
		t.Errorf("another client: %d", r.status)
	}
	w.finish(t, open[0])
	if r := w.askFrom(t, "192.0.2.1", "GET /few"); r.status != 200 {
		t.Errorf("after one has ended: %d", r.status)
	}
	w.finish(t, open[1])
}

func TestAResponseLeavesNoFasterThanItMay(t *testing.T) {
	w := newWorld(t, nil, rateConfig)
	for range 2 {
		x := w.from(t, "192.0.2.1", "GET /slow")
		w.h.Serve(x)
		if pace := x.PaceOf(); pace.Rate != 64<<10 {
			t.Errorf("%+v", pace)
		}
		if r := w.finish(t, x); r.body != "slow" {
			t.Errorf("%d %s", r.status, r.reasons)
		}
	}
}

// A client's responses share what it may have, on every connection and by every path of the block; another client's do not.
func TestAClientsResponsesShareItsBandwidth(t *testing.T) {
	w := newWorld(t, nil, strings.Replace(rateConfig, `bandwidth = "64KiB"`, `bandwidth_per_client = "64KiB"`, 1))
	share := func(client, request string) exchange.Share {
		t.Helper()
		x := w.from(t, client, request)
		w.h.Serve(x)
		defer w.finish(t, x)
		return x.PaceOf().Share
	}
	first := share("192.0.2.1", "GET /slow")
	if first == nil || share("192.0.2.1", "HEAD /slow?a") != first || share("192.0.2.2", "GET /slow") == first {
		t.Error("what is shared is another client's, or nobody's")
	}
	if share("2001:db8::1", "GET /slow") != share("2001:db8::2", "GET /slow") {
		t.Error("a /64 is not one client")
	}
	if got := share("192.0.2.1", "GET /few"); got != nil {
		t.Errorf("%+v where there is no bound", got)
	}
}

// What asks nothing costs nothing: this holds the walk of a request without rules beside one with rules about networks, and
// one with a rate.
func BenchmarkRules(b *testing.B) {
	w := newWorld(b, nil, `
site "example.org" {
  route "/none" {
    respond { body = "hello {client.port}" }
  }
  route "/networks" {
    access { allow = ["192.0.2.0/24", "2001:db8::/32"] }
    respond { body = "hello {client.port}" }
  }
  route "/rate" {
    rate {
      requests = "1000000/s"
      burst    = 1000000
    }
    respond { body = "hello {client.port}" }
  }
}`)
	w.h.Close()
	w.h, _ = New(w.conf, Options{})
	for _, path := range []string{"none", "networks", "rate"} {
		b.Run(path, func(b *testing.B) {
			x := w.from(b, "192.0.2.1", "GET /"+path)
			peer, r, start := x.Peer, x.Request, x.Start
			b.ReportAllocs()
			for b.Loop() {
				x.Begin(w, r, peer, exchange.Limits{})
				x.Start = start
				w.h.Serve(x)
				w.h.Finish(x)
				x.Forget()
				start += 1e6
			}
		})
	}
}
