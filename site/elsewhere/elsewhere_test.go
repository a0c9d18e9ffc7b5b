package elsewhere

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"vitrine/trace/tracetest"
)

func TestMain(m *testing.M) { tracetest.Main(m, "elsewhere.") }

func servers() []Server {
	return []Server{
		{URL: "http://eu.example.org", Here: true, Weight: 1, Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}},
		{URL: "http://asia.example.org", Weight: 3, Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("192.0.2.128/25")}},
		{URL: "http://usa.example.org", Weight: 1, Networks: []netip.Prefix{netip.MustParsePrefix("2001:db8::/32")}},
	}
}

func allWell(int) bool { return true }

func TestTheServerWithTheSmallestNetworkOfTheClientIsChosen(t *testing.T) {
	for client, want := range map[string]int{"192.0.2.1": 0, "192.0.2.200": 1, "::ffff:192.0.2.200": 1, "198.51.100.9": 1, "2001:db8::1": 2} {
		if c := Choose(servers(), netip.MustParseAddr(client), allWell); c.Index != want || c.Reason != ByNetwork {
			t.Errorf("%s: %d by %v", client, c.Index, c.Reason)
		}
	}
	// When its server is not well, the next larger network counts.
	if c := Choose(servers(), netip.MustParseAddr("192.0.2.200"), func(i int) bool { return i != 1 }); c.Index != 0 || c.Reason != ByNetwork {
		t.Errorf("%d by %v", c.Index, c.Reason)
	}
}

func TestClientsOfNoNetworkAreSharedOutByWeightAndStay(t *testing.T) {
	all := servers()
	var count [3]int
	moved := 0
	for i := range 10000 {
		client := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		c := Choose(all, client, allWell)
		if c.Reason != ByAffinity {
			t.Fatal(c.Reason)
		}
		count[c.Index]++
		// Without the third server its clients go elsewhere, and nobody else does.
		if d := Choose(all, client, func(i int) bool { return i != 2 }); c.Index != 2 && d.Index != c.Index {
			moved++
		}
	}
	if moved > 0 || count[1] < 5700 || count[1] > 6300 || count[0] < 1800 || count[0] > 2200 {
		t.Errorf("shares %v, %d moved", count, moved)
	}
	a, b := netip.MustParseAddr("2001:db9::1"), netip.MustParseAddr("2001:db9::ffff:2")
	if Choose(all, a, allWell) != Choose(all, b, allWell) {
		t.Error("a client loses its server with another address of its /64")
	}
}

func TestWhenNobodyIsWellNobodyIsChosen(t *testing.T) {
	others := servers()[1:]
	if c := Choose(others, netip.MustParseAddr("10.0.0.1"), func(int) bool { return false }); c.Index != -1 || c.Reason != NoneWell {
		t.Errorf("%+v", c)
	}
	Unwell.Reach() // told by those who list the candidates
	PassedOver.Reach()
}

func TestChoosingAllocatesNothing(t *testing.T) {
	all, client := servers(), netip.MustParseAddr("10.0.0.1")
	if n := testing.AllocsPerRun(100, func() { Choose(all, client, allWell) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAGaugeKnowsWhereItComesFrom(t *testing.T) {
	g := &Gauge{Above: 100, Below: 90}
	for _, step := range []struct {
		measure int64
		over    bool
	}{{50, false}, {100, false}, {101, true}, {95, true}, {91, true}, {90, false}, {95, false}, {200, true}} {
		if is := g.Is(step.measure); is != step.over {
			t.Errorf("Is at %d: %v", step.measure, is)
		}
		if over := g.Over(step.measure); over != step.over {
			t.Errorf("at %d: %v", step.measure, over)
		}
	}
}

func TestHealthNeedsAnswersInARow(t *testing.T) {
	h := &Health{Rise: 2, Fall: 3}
	for i, step := range []struct{ good, well, changed bool }{
		{false, true, false}, {false, true, false}, {true, true, false}, {false, true, false}, {false, true, false}, {false, false, true},
		{false, false, false}, {true, false, false}, {false, false, false}, {true, false, false}, {true, true, true}, {true, true, false},
	} {
		if changed := h.Told(step.good); changed != step.changed || h.Well() != step.well {
			t.Fatalf("step %d: changed %v, well %v", i, changed, h.Well())
		}
	}
}

func TestServersAreAskedWhetherTheyAreWell(t *testing.T) {
	var status atomic.Int32
	status.Store(200)
	asked := make(chan string, 1000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s := int(status.Load()); s == 302 {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(s)
		} else {
			w.WriteHeader(s)
		}
		asked <- r.URL.Path
	}))
	defer server.Close()
	type change struct {
		url, answer string
		well        bool
	}
	changes := make(chan change, 100)
	c := NewChecker([]Server{{URL: server.URL, Weight: 1}, {URL: "http://here.example", Here: true, Weight: 1}}, CheckOptions{
		Path: "/health", Interval: time.Millisecond, Timeout: 5 * time.Second, Rise: 2, Fall: 2,
		Changed: func(url string, well bool, answer string) { changes <- change{url, answer, well} },
	})
	defer c.Close()
	select {
	case <-asked:
		t.Fatal("it was asked before it was begun")
	default:
	}
	c.Begin()
	c.Begin()
	if path := <-asked; path != "/health" || !c.Well(0) || !c.Well(1) {
		t.Fatalf("asked for %s", path)
	}
	status.Store(503)
	if got := <-changes; got.well || got.url != server.URL || !strings.Contains(got.answer, "503") || c.Well(0) {
		t.Fatalf("%+v", got)
	}
	status.Store(302) // an answer below 400
	if got := <-changes; !got.well || !c.Well(0) {
		t.Fatalf("%+v", got)
	}
	server.Close()
	if got := <-changes; got.well || got.answer == "" {
		t.Fatalf("%+v", got)
	}
}

func TestACheckerThatIsClosedAsksNobody(t *testing.T) {
	asked := make(chan bool, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case asked <- true:
		default:
		}
		<-r.Context().Done() // it never answers
	}))
	defer server.Close()
	c := NewChecker([]Server{{URL: server.URL, Weight: 1}}, CheckOptions{Path: "/", Interval: time.Hour, Timeout: time.Hour, Rise: 1, Fall: 1})
	c.Begin()
	<-asked
	c.Close() // it waits for the question that is under way, which ends with it
	c.Begin()
	d := NewChecker([]Server{{URL: server.URL, Weight: 1}}, CheckOptions{Path: "/", Interval: time.Hour, Timeout: time.Millisecond, Rise: 1, Fall: 1})
	if good, answer := d.ask(server.URL); good || !strings.Contains(answer, "no answer within") {
		t.Errorf("%v %s", good, answer)
	}
}

func TestACircleIsFoundAndAPatientClientIsNot(t *testing.T) {
	h := new(Hops)
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	now := time.Now().UnixNano()
	for range 1000 { // the same redirect again and again is no circle
		if h.Circle(a, "/x", "/y", now) {
			t.Fatal("a circle")
		}
	}
	urls := []string{"/1", "/2", "/3"}
	for i := range mostHops {
		if h.Circle(b, urls[i%3], urls[(i+1)%3], now) {
			t.Fatalf("a circle after %d", i)
		}
	}
	if !h.Circle(b, urls[mostHops%3], urls[(mostHops+1)%3], now) {
		t.Fatal("no circle")
	}
	if h.Circle(a, urls[mostHops%3], "/", now) {
		t.Fatal("another client's circle")
	}
	if h.Circle(b, urls[mostHops%3], urls[(mostHops+1)%3], now+int64(time.Minute)) {
		t.Fatal("a circle after a minute")
	}
}
