package export_test

import (
	"compress/gzip"
	"context"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	collect "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	. "vitrine/observe/export"
	"vitrine/observe/journey"
	"vitrine/web/exchange"
	"vitrine/web/variables"
	"vitrine/web/variables/variablestest"
)

// collector receives spans by OTLP over HTTP. Each request is answered by the next of its answers, and well when there is none.
type collector struct {
	*httptest.Server
	got      chan *collect.ExportTraceServiceRequest
	requests chan *http.Request

	mu      sync.Mutex
	answers []http.HandlerFunc
}

func newCollector(t testing.TB, answers ...http.HandlerFunc) *collector {
	c := &collector{got: make(chan *collect.ExportTraceServiceRequest, 100), requests: make(chan *http.Request, 100), answers: answers}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Errorf("the body is not gzip: %v", err)
			return
		}
		raw, err := io.ReadAll(z)
		var m collect.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(raw, &m)
		}
		if err != nil || r.Method != "POST" || r.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s %v: %v", r.Method, r.Header, err)
		}
		c.requests <- r
		c.got <- &m
		c.mu.Lock()
		var answer http.HandlerFunc
		if len(c.answers) > 0 {
			answer, c.answers = c.answers[0], c.answers[1:]
		}
		c.mu.Unlock()
		if answer != nil {
			answer(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(c.Close)
	return c
}

func status(code int, fields ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < len(fields); i += 2 {
			w.Header().Set(fields[i], fields[i+1])
		}
		w.WriteHeader(code)
		io.WriteString(w, "said by the collector")
	}
}

// feed is a source of journeys.
type feed chan journey.Batch

func newFeed() feed { return make(feed) }

func (f feed) Follow(ctx context.Context, _ *journey.Filter) <-chan journey.Batch {
	out := make(chan journey.Batch)
	go func() {
		defer close(out)
		for {
			select {
			case b := <-f:
				out <- b
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func (f feed) put(all ...*journey.Journey) { f <- journey.Batch{Journeys: all} }

// pusher is one that sends to an address, and what it told.
func pusher(t *testing.T, s Settings) (*Pusher, feed, chan error) {
	t.Helper()
	told := make(chan error, 100)
	s.Failed = func(err error) { told <- err }
	from := newFeed()
	p, err := NewPusher(from, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		p.Close(ctx)
	})
	return p, from, told
}

func many(n int) []*journey.Journey {
	all := make([]*journey.Journey, n)
	for i := range all {
		all[i] = sample()
	}
	return all
}

// has waits for something that is told, and compares.
func has(t *testing.T, told chan error, want ...string) {
	t.Helper()
	select {
	case err := <-told:
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q does not say %q", err, w)
			}
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was told")
	}
}

func next[T any](t *testing.T, from chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was sent")
		panic("not reached")
	}
}

func TestSpansAreSentWhenTheIntervalIsOver(t *testing.T) {
	c := newCollector(t)
	p, from, _ := pusher(t, Settings{Endpoint: c.URL + "/prefix/", Interval: 10 * time.Millisecond, Service: "shop", Version: "1",
		Headers: map[string]string{"Authorization": "Bearer x", "Host": "tenant.example"}})
	from.put(sample())
	if got := next(t, c.got); len(got.ResourceSpans[0].ScopeSpans[0].Spans) != 4 || written(got.ResourceSpans[0].Resource.Attributes)["service.name"] != "shop" {
		t.Errorf("%v", got)
	}
	r := next(t, c.requests)
	if r.URL.Path != "/prefix/v1/traces" || r.Header.Get("Authorization") != "Bearer x" || r.Host != "tenant.example" || r.Header.Get("User-Agent") != "vitrine/1" {
		t.Errorf("%s %v %v", r.Host, r.URL, r.Header)
	}
	from.put(sample())
	next(t, c.got)
	p.Close(t.Context())
	if got := p.Stats(); got != (PusherStats{Sent: 2}) {
		t.Errorf("%+v", got)
	}
}

func TestAFullRequestIsSentAtOnce(t *testing.T) {
	c := newCollector(t)
	_, from, _ := pusher(t, Settings{Endpoint: c.URL, Interval: time.Hour})
	from.put(many(512 + 3)...)
	if got := len(next(t, c.got).ResourceSpans[0].ScopeSpans[0].Spans); got != 4*512 {
		t.Errorf("%d spans", got)
	}
}

func TestACollectorThatFailsForAMomentIsAskedAgain(t *testing.T) {
	c := newCollector(t, status(503, "Retry-After", "1"), status(429))
	p, from, _ := pusher(t, Settings{Endpoint: c.URL, Interval: time.Millisecond})
	from.put(sample())
	next(t, c.got)
	began := time.Now()
	next(t, c.got)
	if waited := time.Since(began); waited < 900*time.Millisecond {
		t.Errorf("asked again after %v, and the collector wanted a second", waited)
	}
	next(t, c.got)
	p.Close(t.Context())
	if got := p.Stats(); got != (PusherStats{Sent: 1}) {
		t.Errorf("%+v", got)
	}
}

func TestACollectorThatRefusesIsNotAskedAgain(t *testing.T) {
	for _, c := range []struct {
		answer http.HandlerFunc
		want   string
	}{
		{status(400), `it answers 400 Bad Request: "said by the collector"`},
		{status(500), "it answers 500"},
		{status(307, "Location", "/elsewhere"), "redirects are not followed"},
	} {
		col := newCollector(t, c.answer)
		p, from, told := pusher(t, Settings{Endpoint: strings.Replace(col.URL, "://", "://user:password@", 1), Interval: time.Millisecond})
		from.put(sample(), sample())
		has(t, told, "spans of 2 requests are lost", "user:xxxxx@", c.want)
		p.Close(t.Context())
		if got := p.Stats(); got != (PusherStats{Lost: 2}) || len(col.got) != 1 {
			t.Errorf("%+v after %d requests", got, len(col.got))
		}
	}
}

func TestWhatACollectorTakesOnlyInPartIsCounted(t *testing.T) {
	c := newCollector(t, func(w http.ResponseWriter, r *http.Request) {
		raw, _ := proto.Marshal(&collect.ExportTraceServiceResponse{PartialSuccess: &collect.ExportTracePartialSuccess{RejectedSpans: 2, ErrorMessage: "too old"}})
		w.Write(raw)
	})
	p, from, told := pusher(t, Settings{Endpoint: c.URL, Interval: time.Millisecond})
	from.put(many(3)...)
	has(t, told, "it rejects 2 spans", "too old")
	p.Close(t.Context())
	if got := p.Stats(); got != (PusherStats{Sent: 1, Lost: 2}) {
		t.Errorf("%+v", got)
	}
}

func TestNobodyWaitsForACollectorThatHangs(t *testing.T) {
	release := make(chan struct{})
	hang := func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}
	c := newCollector(t, hang, hang, hang, hang, hang)
	defer close(release)
	p, from, told := pusher(t, Settings{Endpoint: c.URL, Interval: time.Millisecond, Queue: 100})
	from.put(sample())
	next(t, c.got) // it hangs now
	for range 500 {
		from.put(many(10)...)
	}
	from <- journey.Batch{LeftOut: 7}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	p.Close(ctx)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("closing took %v", took)
	}
	if got := p.Stats(); got.Sent != 0 || got.Lost != 5008 || got.Waiting != 0 {
		t.Errorf("%+v", got)
	}
	has(t, told, "spans of ")
}

func TestAnAttemptThatTakesTooLongIsGivenUp(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	c := newCollector(t, func(w http.ResponseWriter, r *http.Request) { <-release })
	p, from, _ := pusher(t, Settings{Endpoint: c.URL, Interval: time.Millisecond, Timeout: 20 * time.Millisecond})
	from.put(sample())
	next(t, c.got)
	next(t, c.got) // again
	p.Close(t.Context())
	if got := p.Stats(); got != (PusherStats{Sent: 1}) {
		t.Errorf("%+v", got)
	}
}

func TestACollectorThatIsNotThereIsToldAtTheEnd(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	p, from, told := pusher(t, Settings{Endpoint: "http://" + address, Interval: time.Hour})
	from.put(many(700)...)
	p.Close(t.Context())
	has(t, told, "spans of ", "connection refused")
	if got := p.Stats(); got != (PusherStats{Lost: 700}) {
		t.Errorf("%+v", got)
	}
	p.Close(t.Context()) // again is nothing
}

func TestNoticesAreRare(t *testing.T) {
	c := newCollector(t, status(400), status(400), status(400))
	p, from, told := pusher(t, Settings{Endpoint: c.URL, Interval: time.Millisecond})
	for range 3 {
		from.put(sample())
		next(t, c.got)
	}
	p.Close(t.Context())
	has(t, told, "spans of 1 requests")
	has(t, told, "spans of 2 requests")
	if len(told) != 0 {
		t.Errorf("%d more", len(told))
	}
}

func TestLargeSpansAreSentInSeveralRequests(t *testing.T) {
	c := newCollector(t)
	p, from, _ := pusher(t, Settings{Endpoint: c.URL, Interval: time.Hour})
	all := many(300)
	for _, j := range all {
		for i := range 128 {
			e := j.Decisions.Events[1]
			e.Subject = strings.Repeat(string(rune('a'+i%26)), 300)
			j.Decisions.Events = append(j.Decisions.Events, e)
		}
	}
	from.put(all...)
	p.Close(t.Context())
	spans := 0
	n := len(c.got)
	for range n {
		m := <-c.got
		if size := proto.Size(m); size > 5<<20 {
			t.Errorf("a request of %d bytes", size)
		}
		spans += len(m.ResourceSpans[0].ScopeSpans[0].Spans)
	}
	if n < 2 || spans != 4*300 {
		t.Errorf("%d spans in %d requests", spans, n)
	}
}

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	for _, c := range []struct {
		s    Settings
		want string
	}{
		{Settings{Endpoint: "localhost:4318"}, "must be an http or https URL"},
		{Settings{Endpoint: ""}, "must be an http or https URL"},
		{Settings{Endpoint: "ftp://x"}, "must be an http or https URL"},
		{Settings{Endpoint: "http://"}, "must be an http or https URL"},
		{Settings{Endpoint: "http://user:secret@x:y"}, "is not a URL"},
		{Settings{Endpoint: "http://x", Headers: map[string]string{"a b": "c"}}, `the field "a b"`},
		{Settings{Endpoint: "http://x", Headers: map[string]string{"a": "b\r\nc"}}, `the field "a"`},
	} {
		_, err := NewPusher(newFeed(), c.s)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v", c.s, err)
		}
	}
}

func TestWhatARecorderRecordsIsSent(t *testing.T) {
	c := newCollector(t)
	r := journey.New(1, journey.Settings{})
	defer r.Close()
	p, err := NewPusher(r, Settings{Endpoint: c.URL, Interval: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	x := variablestest.Exchange(t, "GET /a?b HTTP/1.1\nHost: example.org\nTraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n")
	r.Begin(x)
	x.Outcome = exchange.Outcome{Status: 404, Sent: 300, Body: 100, Received: 130, Elapsed: 2_000_000, First: 1_000_000, Head: 50_000}
	r.End(&variables.Values{Exchange: x, Site: "example.org"}, nil)
	s := next(t, c.got).ResourceSpans[0].ScopeSpans[0].Spans
	got := written(s[0].Attributes)
	if len(s) != 4 || got["http.response.status_code"] != "404" || got["url.query"] != "b" || got["server.address"] != "example.org" ||
		got["vitrine.journey"] != x.Journey.String() || hex.EncodeToString(s[0].ParentSpanId) != "b7ad6b7169203331" {
		t.Errorf("%v", s)
	}
	r.Begin(x)
	r.End(&variables.Values{Exchange: x, Site: "example.org"}, nil)
	p.Close(t.Context()) // what ended just before is not lost
	if got := p.Stats(); got != (PusherStats{Sent: 2}) {
		t.Errorf("%+v", got)
	}
}
