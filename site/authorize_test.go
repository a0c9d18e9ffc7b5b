package site

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"vitrine/site/access"
	"vitrine/trace"
	"vitrine/web/exchange"
)

// askFrom serves one request of a client, also one that must wait, and returns when it is answered.
func (w *world) askFrom(t testing.TB, client, head string) *reply {
	t.Helper()
	return w.serve(t, w.from(t, client, head))
}

// from makes the exchange of a client, which is an address.
func (w *world) from(t testing.TB, client, head string) *exchange.Exchange {
	t.Helper()
	x := w.begin(t, head)
	peer := *x.Peer
	peer.Remote = netip.AddrPortFrom(netip.MustParseAddr(client), 50312)
	journey, serial, start, tr := x.Journey, x.Serial, x.Start, x.Trace
	x.Begin(waiting{w}, x.Request, &peer, exchange.Limits{Input: 1 << 16, Output: 1 << 16})
	x.Journey, x.Serial, x.Start, x.Trace = journey, serial, start, tr
	return x
}

// serve serves an exchange and waits for its answer.
func (w *world) serve(t testing.TB, x *exchange.Exchange) *reply {
	t.Helper()
	w.h.Serve(x)
	if x.Detached() {
		for end := time.Now().Add(30 * time.Second); x.Update().Block == nil; time.Sleep(100 * time.Microsecond) {
			if time.Now().After(end) {
				t.Fatal("no answer")
			}
		}
	}
	return w.finish(t, x)
}

// waiting is a world in which an exchange may wait, as in a server.
type waiting struct{ *world }

func (waiting) Hold(netip.Addr) bool { return true }
func (waiting) Unhold(netip.Addr)    {}

// fakeNames is a resolver that knows some, asks for others and counts.
type fakeNames struct {
	known map[string][]string // by address
	later map[string][]string // that must be asked for
	fails bool
	full  bool
	asked int
}

func (n *fakeNames) Known(a netip.Addr) ([]string, bool) {
	found, ok := n.known[a.String()]
	return found, ok
}

func (n *fakeNames) Ask(a netip.Addr, done func([]string, error)) bool {
	n.asked++
	if n.full {
		return false
	}
	go func() {
		if n.fails {
			done(nil, errors.New("nobody answers"))
			return
		}
		done(n.later[a.String()], nil)
	}()
	return true
}

// reopen compiles the world's configuration anew with other options.
func (w *world) reopen(t testing.TB, opt Options) {
	t.Helper()
	opt.Store, opt.Log = w.store, w.log
	h, err := New(w.conf, opt)
	if err != nil {
		t.Fatal(err)
	}
	w.h.Close() // after the next one is made, as a reload does
	w.h = h
}

const placesConfig = `
proxies {
  trusted = ["10.0.0.0/8"]
}
site "example.org" {
  root = "$ROOT"
  route "/some/*" {
    access {
      allow = ["192.0.2.0/24", "2001:db8::/32"]
      deny  = ["192.0.2.66"]
    }
  }
  route "/all-but/*" {
    access {
      deny = ["203.0.113.0/24"]
    }
  }
  route "/named/*" {
    access {
      deny  = ["203.0.113.0/24"]
      hosts = ["www.example.net", ".example.com"]
    }
  }
  route "/post" {
    methods = ["POST"]
    respond { body = "posted" }
    access {
      allow = ["192.0.2.1"]
    }
  }
}`

func TestAPlaceLetsInOrNot(t *testing.T) {
	w := newWorld(t, map[string]string{"some/a.txt": "a", "all-but/a.txt": "a", "named/a.txt": "a"}, placesConfig)
	w.reopen(t, Options{Names: &fakeNames{
		known: map[string][]string{"198.51.100.1": {"www.example.net"}, "198.51.100.2": {"example.com", "evil-example.com"}, "198.51.100.3": nil},
		later: map[string][]string{"198.51.100.7": {"a.b.example.com"}, "198.51.100.8": {"www.example.net.evil.org"}}}})
	for _, test := range []struct {
		client, request string
		status          int
		why             string
	}{
		{"192.0.2.1", "GET /some/a.txt", 200, "content.whole"},
		{"2001:db8::7", "GET /some/a.txt", 200, "content.whole"},
		{"::ffff:192.0.2.1", "HEAD /some/a.txt", 200, "content.whole"},
		{"192.0.2.66", "GET /some/a.txt", 403, "access.denied"},
		{"192.0.2.66", "HEAD /some/a.txt", 403, "access.denied"},
		{"192.0.2.66", "OPTIONS /some/a.txt", 403, "access.denied"},
		{"192.0.2.66", "GET /some/missing", 403, "access.denied"},
		{"198.51.100.1", "GET /some/a.txt", 403, "access.elsewhere"},
		{"198.51.100.1", "GET /some/a.txt\nX-Forwarded-For: 192.0.2.1", 403, "access.elsewhere"},
		{"10.0.0.1", "GET /some/a.txt\nX-Forwarded-For: 192.0.2.1", 200, "content.whole"},
		{"10.0.0.1", "GET /some/a.txt\nX-Forwarded-For: 192.0.2.1, 198.51.100.1", 403, "access.elsewhere"},
		{"10.0.0.1", "GET /some/a.txt\nX-Forwarded-For: unknown", 403, "access.hidden"},
		{"10.0.0.1", "GET /some/a.txt\nX-Forwarded-For: me", 400, "client.forwarded-malformed"},
		{"10.0.0.1", "GET /\nX-Forwarded-For: me", 400, "client.forwarded-malformed"},
		{"192.0.2.1", "POST /some/a.txt", 405, "site.files-method"},
		{"198.51.100.1", "GET /all-but/a.txt", 200, "content.whole"},
		{"203.0.113.7", "GET /all-but/a.txt", 403, "access.denied"},
		{"198.51.100.1", "GET /named/a.txt", 200, "content.whole"},
		{"198.51.100.2", "GET /named/a.txt", 403, "access.name-elsewhere"},
		{"198.51.100.3", "GET /named/a.txt", 403, "access.name-elsewhere"},
		{"198.51.100.7", "GET /named/a.txt", 200, "content.whole"},
		{"198.51.100.8", "GET /named/a.txt", 403, "access.name-elsewhere"},
		{"203.0.113.7", "GET /named/a.txt", 403, "access.denied"},
		{"192.0.2.1", "OPTIONS /post", 204, "site.options"},
		{"198.51.100.1", "OPTIONS /post", 403, "access.elsewhere"},
		{"198.51.100.1", "POST /post", 403, "access.elsewhere"},
	} {
		for range 3 { // from memory, too
			r := w.askFrom(t, test.client, test.request)
			if r.status != test.status || !strings.HasSuffix(r.reasons, test.why) && !strings.Contains(r.reasons, test.why+" ") {
				t.Errorf("%s %s: %d %s, want %d %s", test.client, test.request, r.status, r.reasons, test.status, test.why)
			}
			if test.status == 403 && (strings.Contains(r.body, "192.0.2") || strings.Contains(r.body, test.why)) {
				t.Errorf("the client is told: %s", r.body)
			}
		}
	}
}

func TestARuleThatIsOnlyNetworksLeavesAnswersInMemory(t *testing.T) {
	w := newWorld(t, map[string]string{"some/a.txt": "a"}, placesConfig)
	w.askFrom(t, "192.0.2.1", "GET /some/a.txt")
	w.askFrom(t, "192.0.2.1", "GET /some/a.txt")
	if r := w.askFrom(t, "192.0.2.2", "GET /some/a.txt"); !strings.HasPrefix(r.reasons, "site.remembered") {
		t.Error(r.reasons)
	}
	h, err := New(w.conf, Options{Store: w.store})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	w.h = h
	w.askFrom(t, "192.0.2.1", "GET /some/a.txt")
	x := w.from(t, "192.0.2.1", "GET /some/a.txt")
	peer, r, start := x.Peer, x.Request, x.Start
	if n := testing.AllocsPerRun(100, func() {
		x.Begin(w, r, peer, exchange.Limits{})
		x.Start = start
		w.h.Serve(x)
		if _, pieces := x.Answer(); len(pieces) > 0 && pieces[0].Release != nil {
			pieces[0].Release.Release()
		}
		w.h.Finish(x)
		x.Forget()
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestNamesThatNobodyFindsOutLetNobodyIn(t *testing.T) {
	w := newWorld(t, map[string]string{"named/a.txt": "a"}, placesConfig)
	for _, test := range []struct {
		names  access.Names
		status int
		why    string
	}{
		{nil, 403, "access.no-names"},
		{&fakeNames{fails: true}, 403, "access.name-failed"},
		{&fakeNames{full: true}, 503, "access.busy"},
	} {
		w.reopen(t, Options{Names: test.names})
		if r := w.askFrom(t, "198.51.100.7", "GET /named/a.txt"); r.status != test.status || !strings.HasSuffix(r.reasons, test.why) {
			t.Errorf("%d %s, want %d %s", r.status, r.reasons, test.status, test.why)
		}
	}
	w.tracer = true
	w.reopen(t, Options{}) // as for explain and check, without a server that could ask
	if r := w.askFrom(t, "198.51.100.7", "GET /named/a.txt"); r.status != 403 || !strings.HasSuffix(r.reasons, "access.name-unasked") {
		t.Errorf("a dry run without a server: %d %s", r.status, r.reasons)
	}
	n := &fakeNames{}
	w.reopen(t, Options{Names: n})
	if r := w.askFrom(t, "198.51.100.7", "GET /named/a.txt"); r.status != 403 || !strings.HasSuffix(r.reasons, "access.name-unasked") || n.asked > 0 {
		t.Errorf("a dry run: %d %s, asked %d times", r.status, r.reasons, n.asked)
	}
}

func TestTheOwnerIsToldWhichRuleDeniedAndWhichWerePassedOver(t *testing.T) {
	w := newWorld(t, nil, placesConfig)
	w.tracer = true
	got := w.story(w.askFrom(t, "192.0.2.66", "GET /some/a.txt").journey)
	for _, want := range []string{
		"* client   client.direct 192.0.2.66 (vitrine.hcl:3:14)",
		"· access   access.passed-over allow 192.0.2.0/24 (vitrine.hcl:9:16)\n             why: a more specific network decides",
		"· access   access.passed-over allow 2001:db8::/32 (vitrine.hcl:9:32)\n             why: does not contain the address",
		"* access   access.denied 192.0.2.66 (vitrine.hcl:10:16)",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nis not in\n%s", want, got)
		}
	}
}

func TestWhoeverLooksIsToldAboutTheirOwnClient(t *testing.T) {
	w := newWorld(t, map[string]string{"a.txt": "a"}, placesConfig)
	for _, client := range []string{"203.0.113.1", "203.0.113.2"} {
		for range 3 {
			x := w.from(t, "10.0.0.1", "GET /a.txt\nX-Forwarded-For: "+client)
			x.Trace = &trace.Journey{ID: x.Journey, Live: true}
			if story := w.story(w.serve(t, x).journey); !strings.Contains(story, "client.forwarded "+client) {
				t.Errorf("%s is not in\n%s", client, story)
			}
		}
	}
}
