package journey

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
	"vitrine/web/variables"
	"vitrine/web/variables/variablestest"
)

func TestAJourneyIsWhatHappened(t *testing.T) {
	r := recorder(t, 2, Settings{Slow: time.Second})
	c := connect(t, r, 7)
	c.peer.Loop, c.peer.Transport = 1, new(transport)
	c.hot()
	own := told(c.id.Next(), 3)
	a := hot
	a.told = own
	id := c.ask(usual, a)
	r.ConnectionEnded(c.peer, gone)

	j := mustFind(t, r, id)
	want := Journey{
		ID: id, Serial: 2, Began: c.now.Add(-time.Microsecond), Start: c.now, First: 2 * time.Microsecond, Took: 40 * time.Microsecond,
		Method: "GET", Target: "/index.html?a=1", Authority: "Example.org:8080", Protocol: "HTTP/1.1", Scheme: "http",
		Site: "example.org", Route: "/*", File: "/srv/www/index.html", Status: 200,
		RequestAt: 120, ResponseAt: 1500, Received: 120, Sent: 1500, Body: 1234,
		Reasons: []*trace.Reason{matched, found}, Positions: []*trace.Position{here, here}, Decisions: own, Keep: true, Ending: keep,
		Client: c.peer.Remote,
	}
	got := *j
	got.Request, got.Response, got.Connection = Message{}, Message{}, Connection{}
	got.Began, got.Start = got.Began.UTC(), got.Start.UTC()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := fields(&j.Request); got != "Host: Example.org:8080\nUser-Agent: tool 1\nAccept: */*\n" {
		t.Errorf("request: %s", got)
	}
	if got := fields(&j.Response); got != "Content-Type: text/html\nContent-Length: 1234\nETag: \"1-2-3\"\n" {
		t.Errorf("response: %s", got)
	}
	k := &j.Connection
	if k.ID != 7 || k.Remote != c.peer.Remote || k.Local != c.peer.Local || k.Loop != 1 || k.Opened.UnixNano() != c.peer.Opened || k.Why != gone || k.Ended.IsZero() {
		t.Errorf("connection %+v", k)
	}
	// One with the first request, none with the second, which came within ten milliseconds, one at the end.
	if len(k.Snapshots) != 2 || k.Snapshots[1].Info.Acked != 2000 || k.Snapshots[0].Info.Congestion != "cubic" ||
		k.Snapshots[0].Info.IRS != 0xffffffff || k.Snapshots[0].Info.Lost != -1 {
		t.Errorf("snapshots %+v", k.Snapshots)
	}
	if j.Host() != "example.org" || j.Path() != "/index.html" || j.Failed() {
		t.Errorf("host %q, path %q, failed %v", j.Host(), j.Path(), j.Failed())
	}
	if why, at := j.Decision(); why != found || *at != *here {
		t.Errorf("decided by %v at %v", why, at)
	}
	if _, ok := r.Find(id.Next()); ok {
		t.Error("a journey that never was is there")
	}
}

func TestDecisionsOfARememberedAnswerAreShared(t *testing.T) {
	r := recorder(t, 1, Settings{})
	c := connect(t, r, 1)
	a := hot
	a.told = told(12345, 4)
	for range 100 {
		c.ask(usual, a)
	}
	if j := mustFind(t, r, c.id); !j.Shared || j.Decisions != a.told {
		t.Errorf("shared %v, decisions %v", j.Shared, j.Decisions)
	}
	if n := len(r.ring.open.c.ways); n != 1 {
		t.Errorf("%d ways for one", n)
	}
}

func TestSecretsAreNotKept(t *testing.T) {
	head := "GET http://user:pass@example.org/a@b?c=d@e HTTP/1.1\nHost: example.org\nCookie: a=secret1\nauthorization: Basic secret2\nX-Key: secret3\n" +
		"Referer: http://u:secret4@example.org/x\nProxy-Authorization: secret5\nX-Plain: seen\n"
	head = strings.Replace(head, "user:pass@", "", 1) // the test's exchange demands a target that can be parsed
	var h message.Header
	h.Add("Set-Cookie", "session=secret6")
	h.Add("X-Reply-Key", "secret7")
	h.Add("X-Shown", "seen")
	a := hot
	a.block = message.NewBlock(200, &h)
	for _, c := range []struct {
		show, hide        []string
		request, response string
	}{
		{nil, nil, "Host: example.org\nCookie: (9 hidden)\nauthorization: (13 hidden)\nX-Key: secret3\nReferer: http://*********@example.org/x\n" +
			"Proxy-Authorization: (7 hidden)\nX-Plain: seen\n", "Set-Cookie: (15 hidden)\nX-Reply-Key: secret7\nX-Shown: seen\n"},
		{[]string{"cookie"}, []string{"x-key", "X-REPLY-KEY", "Referer"}, "Host: example.org\nCookie: a=secret1\nauthorization: (13 hidden)\n" +
			"X-Key: (7 hidden)\nReferer: (30 hidden)\nProxy-Authorization: (7 hidden)\nX-Plain: seen\n",
			"Set-Cookie: (15 hidden)\nX-Reply-Key: (7 hidden)\nX-Shown: seen\n"},
	} {
		r := recorder(t, 1, Settings{Show: c.show, Hide: c.hide})
		j := mustFind(t, r, connect(t, r, 1).ask(head, a))
		if got := fields(&j.Request); got != c.request {
			t.Errorf("request\n%s, want\n%s", got, c.request)
		}
		if got := fields(&j.Response); got != c.response {
			t.Errorf("response\n%s, want\n%s", got, c.response)
		}
		if c.show == nil {
			for _, secret := range []string{"secret1", "secret2", "secret4", "secret5", "secret6"} {
				for k := range r.ring.all {
					if strings.Contains(string(k.arena), secret) {
						t.Errorf("%s is in memory", secret)
					}
				}
			}
		}
	}
}

func TestLongHeadsAreCut(t *testing.T) {
	r := recorder(t, 1, Settings{HeadBytes: 256})
	c := connect(t, r, 1)
	long := strings.Repeat("x", 300)
	var h message.Header
	h.Add("X-First", "1")
	h.Add("X-Long", long)
	h.Add("X-Last", "2")
	a := hot
	a.block = message.NewBlock(200, &h)
	j := mustFind(t, r, c.ask("GET /"+long+" HTTP/1.1\nHost: h\nX-Long: "+long+"\nX-Last: 1\n", a))
	if len(j.Target) != 256 || !j.Request.Cut || !j.Response.Cut {
		t.Errorf("target of %d bytes, cut %v %v", len(j.Target), j.Request.Cut, j.Response.Cut)
	}
	if n := len(j.Request.Fields); n != 2 || len(j.Request.Fields[1].Value) != 256-4-4-1-4-6 {
		t.Errorf("request %s", fields(&j.Request))
	}
	if n := len(j.Response.Fields); n != 2 || !strings.HasPrefix(j.Response.Fields[1].Value, "xxx") {
		t.Errorf("response %s", fields(&j.Response))
	}
}

// What has failed, was slow, or is asked for by force is recorded whatever else is; the rest is a matter of the settings.
func TestWhatIsRecorded(t *testing.T) {
	forced := netip.MustParseAddrPort("[::ffff:203.0.113.9]:99")
	for _, c := range []struct {
		name     string
		s        Settings
		force    bool
		a        answer
		want     bool
		wantLive bool
	}{
		{"all", Settings{}, false, hot, true, true},
		{"off", Settings{Off: true}, false, hot, false, false},
		{"off, but this client", Settings{Off: true}, true, hot, true, true},
		{"failures: a good one", Settings{Failures: true}, false, hot, false, true},
		{"failures: a refusal is none", Settings{Failures: true}, false, answer{status: 404, why: []*trace.Reason{missing}}, false, true},
		{"failures: an error of ours", Settings{Failures: true}, false, answer{status: 500}, true, true},
		{"failures: not sent whole", Settings{Failures: true}, false, answer{status: 200, failure: cut}, true, true},
		{"failures: something failed on the way", Settings{Failures: true}, false, answer{status: 403, why: []*trace.Reason{broken}}, true, true},
		{"failures: this client", Settings{Failures: true}, true, hot, true, true},
		{"slow is as a failure", Settings{Failures: true, Slow: time.Second}, false, answer{status: 200, took: time.Second}, true, true},
		{"not slow", Settings{Failures: true, Slow: time.Second}, false, answer{status: 200, took: time.Second - 1}, false, true},
		{"one in very many", Settings{Sample: 1 << 40}, false, hot, false, true},
		{"one in very many: a failure", Settings{Sample: 1 << 40}, false, answer{status: 502}, true, true},
		{"conditions that it meets", Settings{When: &Filter{Hosts: []string{"EXAMPLE.org"}, Statuses: []string{"2xx"}}}, false, hot, true, true},
		{"a condition that its answer does not meet", Settings{When: &Filter{Statuses: []string{"404"}}}, false, hot, false, true},
		{"a condition that it cannot meet", Settings{When: &Filter{Methods: []string{"POST"}}}, false, hot, false, false},
		{"a condition that it cannot meet, but this client", Settings{When: &Filter{Methods: []string{"POST"}}}, true, hot, true, true},
		{"a condition on its decisions", Settings{When: &Filter{Reasons: []string{"journeytest.f"}}}, false, hot, false, true},
		{"another condition on its decisions", Settings{When: &Filter{Reasons: []string{"journeytest."}, Text: "TOOL"}}, false, hot, true, true},
		{"a text that is not there", Settings{When: &Filter{Text: "tools"}}, false, hot, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := recorder(t, 1, c.s)
			if c.force {
				defer r.Force(forced)()
			}
			k := connect(t, r, 99)
			x := variablestest.Exchange(t, usual)
			x.Peer = k.peer
			r.Begin(x)
			if got := x.Trace != nil && x.Trace.Live && !x.Trace.Start.IsZero(); got != c.wantLive {
				t.Errorf("decisions are collected: %v", got)
			}
			id := k.ask(usual, c.a)
			if _, got := r.Find(id); got != c.want {
				t.Errorf("recorded: %v", got)
			}
			if k.peer.Recorded != c.want {
				t.Errorf("the connection is noted: %v", k.peer.Recorded)
			}
			if s := r.Stats(); s.Recorded != uint64(s.Journeys) || s.Journeys != map[bool]int{true: 1}[c.want] {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

func TestADryRunIsNotRecorded(t *testing.T) {
	r := recorder(t, 1, Settings{})
	x := variablestest.Exchange(t, usual)
	dry := &trace.Journey{ID: 1}
	x.Trace = dry
	r.Begin(x)
	c := connect(t, r, 1)
	c.v.Exchange = x
	r.End(&c.v, nil)
	if x.Trace != dry || r.Stats().Recorded != 0 {
		t.Errorf("trace %v, %d recorded", x.Trace, r.Stats().Recorded)
	}
}

func TestARefusedRequestIsRecorded(t *testing.T) {
	r := recorder(t, 1, Settings{})
	c := connect(t, r, 1)
	j := mustFind(t, r, c.ask("nonsense", answer{status: 400, refused: &exchange.Refusal{Status: 400, Reason: malformed}}))
	if why, at := j.Decision(); why != malformed || at != nil || j.Method != "" || j.Target != "" || j.Protocol != "" || j.Failed() {
		t.Errorf("%v %v %+v", why, at, j)
	}
	if j, _ = r.Find(c.ask(usual, answer{status: 200, failure: cut})); j == nil {
		t.Fatal("not there")
	} else if why, _ := j.Decision(); why != cut || !j.Failed() || j.Keep {
		t.Errorf("%v", why)
	}
}

func TestASampleIsOneInN(t *testing.T) {
	r := recorder(t, 1, Settings{Sample: 10})
	c := connect(t, r, 1)
	for range 20000 {
		c.hot()
	}
	s := r.Stats()
	if s.Recorded < 1700 || s.Recorded > 2300 || s.Recorded+s.LeftOut != 20000 {
		t.Errorf("of 20000, one in 10: %d, and %d left out", s.Recorded, s.LeftOut)
	}
}

func TestTheBoundASecond(t *testing.T) {
	var p pace
	now := variablestest.At.UnixNano()
	count := func(n int, each time.Duration) (taken int) {
		for range n {
			if p.take(now, 1000) {
				taken++
			}
			now += int64(each)
		}
		return taken
	}
	if n := count(1000, 0); n != 1000 {
		t.Errorf("of a thousand at once %d", n)
	}
	if n := count(1000, 0); n != 0 {
		t.Errorf("of another thousand in the same moment %d", n)
	}
	if n := count(100_000, 10*time.Microsecond); n < 990 || n > 1001 {
		t.Errorf("of a hundred thousand in the next second %d", n)
	}
	now += int64(time.Hour)
	if n := count(5000, 0); n != 1000 {
		t.Errorf("after a quiet hour %d at once", n)
	}
	now -= int64(24 * time.Hour) // the clock was set
	if n := count(5000, 0); n != 1000 {
		t.Errorf("after the clock was set back %d", n)
	}

	r := recorder(t, 2, Settings{Most: 10})
	c, d := connect(t, r, 1), connect(t, r, 2)
	d.peer.Loop = 1
	for range 50 {
		c.hot()
		d.ask(usual, answer{status: 500}) // recorded whatever comes, and half of the ten
	}
	if s := r.Stats(); s.Recorded != 55 || s.LeftOut != 45 {
		t.Errorf("%d recorded, %d left out", s.Recorded, s.LeftOut)
	}
}

// Collecting decisions costs as much as answering: that is done for those that are recorded, and where only the end tells
// which ones they are.
func TestDecisionsAreCollectedForThoseThatAreRecorded(t *testing.T) {
	const asked = 100
	for name, c := range map[string]struct {
		s                Settings
		traced, recorded int
	}{
		"all":                          {Settings{}, asked, asked},
		"ten a second":                 {Settings{Most: 10}, 10, 10},
		"a sample, ten a second":       {Settings{Most: 10, Sample: 1 << 40}, 10, 0},
		"a method":                     {Settings{Most: 10, When: &Filter{Methods: []string{"POST"}}}, 0, 0},
		"this method":                  {Settings{Most: 10, When: &Filter{Methods: []string{"GET"}}}, 10, 10},
		"a status":                     {Settings{Most: 10, When: &Filter{Statuses: []string{"404"}}}, asked, 0},
		"this status":                  {Settings{Most: 10, When: &Filter{Statuses: []string{"200"}}}, asked, 10},
		"a text":                       {Settings{Most: 10, When: &Filter{Text: "nowhere"}}, asked, 0},
		"failures":                     {Settings{Most: 10, Failures: true}, asked, 0},
		"nothing":                      {Settings{Off: true}, 0, 0},
		"a sample, however many":       {Settings{Sample: 1 << 40}, asked, 0},
		"failures of others' requests": {Settings{Most: 10, Failures: true, When: &Filter{Hosts: []string{"other"}}}, 0, 0},
	} {
		r := recorder(t, 1, c.s)
		client := connect(t, r, 1)
		x := variablestest.Exchange(t, usual)
		traced := 0
		for range asked {
			x.Begin(nil, x.Request, client.peer, exchange.Limits{})
			client.id = client.id.Next()
			x.Journey = client.id
			if r.Begin(x); x.Trace != nil {
				traced++
			}
			x.Respond(usualBlock)
			x.Outcome = exchange.Outcome{Status: 200, Keep: true, Ending: keep}
			r.End(&variables.Values{Exchange: x, Site: "example.org", Fields: usualBlock.Fields()}, nil)
		}
		if s := r.Stats(); traced != c.traced || int(s.Recorded) != c.recorded || int(s.Recorded+s.LeftOut) != asked && !c.s.Off && !c.s.Failures {
			t.Errorf("%s: %d traced, %d recorded, %d left out", name, traced, s.Recorded, s.LeftOut)
		}
	}
}

func TestTheModeInWords(t *testing.T) {
	for want, s := range map[string]Settings{
		"nothing": {Off: true},
		"all":     {},
		"all, at most 1000 a second, and every failure and what took 1s or longer":             {Most: 1000, Slow: time.Second},
		"one in 10, and every failure":                                                         {Sample: 10},
		"one in 10, at most 5 a second, and every failure, of those that match the conditions": {Sample: 10, Most: 5, When: &Filter{}},
		"only what failed": {Failures: true},
		"only what failed, and what took 2s or longer": {Failures: true, Slow: 2 * time.Second},
	} {
		r := New(1, s)
		if got := r.Stats().Mode; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		r.Close()
	}
}

func TestForceEndsAMomentAfterItsRelease(t *testing.T) {
	r := recorder(t, 1, Settings{Off: true})
	c := connect(t, r, 5)
	first, second := r.Force(c.peer.Remote), r.Force(c.peer.Remote)
	first()
	first() // twice is once
	if !r.policy.Load().forces(c.peer.Remote) {
		t.Error("somebody else still wants it")
	}
	second()
	deadline := time.Now().Add(20 * time.Second)
	for r.policy.Load().forces(c.peer.Remote) {
		if time.Now().After(deadline) {
			t.Fatal("still forced")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if !r.policy.Load().nothing {
		t.Error("there is still something to do")
	}
}

func TestTablesAreAsLargeAsTheyAreCounted(t *testing.T) {
	if n := reflect.TypeFor[way]().Size(); n > waySize {
		t.Errorf("a way has %d bytes", n)
	}
	if n := reflect.TypeFor[conn]().Size(); n > connSize {
		t.Errorf("a connection has %d bytes", n)
	}
}
