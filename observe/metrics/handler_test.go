package metrics_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	. "vitrine/observe/metrics"
	"vitrine/trace"
)

var reached = trace.Declare("metricstest.reached", trace.Refused, "a decision of this test", "")
var _ = trace.Declare("metricstest.never", trace.Info, "a decision that is never taken", "")

// full are sources that have everything.
func full(c *Counters) Sources {
	return Sources{
		Counters:    c,
		Build:       Build{Version: "1.2.3", IO: "loops", Network: "tap:\xff"},
		Started:     time.Unix(1_700_000_000, 0),
		Connections: func() int { return 3 },
		Accepted:    func() uint64 { return 40 },
		Loops: func() []Loop {
			return []Loop{{Index: 0, Connections: 1, Turns: 5}, {Index: 1, Wakes: 7, Busy: time.Second, Measured: time.Minute}, {Index: 1}}
		},
		Files: func() Files { return Files{Count: 2, Bytes: 300, Hits: 9} },
		Work: func() Work {
			return Work{Scripts: 21, ScriptsWaiting: 22, Applications: 23, ApplicationsWaiting: 24, Links: 25, LinksIdle: 26, Encoders: 27,
				Suspended: 28, Lookups: 29, LookupsWaiting: 30, LookupsKnown: 31, RateKeys: 32}
		},
		Journeys: func() Journeys { return Journeys{Count: 1, Bytes: 500, Recorded: 20, LeftOut: 4} },
		Frames:   func() Frames { return Frames{Count: 11} },
		Spans:    func() Spans { return Spans{Waiting: 1, Sent: 2, Lost: 3} },
		Stack: func(context.Context) ([]Number, error) {
			return []Number{
				{Layer: "tcp", Name: "segments-in", Value: 12, Sentence: "segments of connections"},
				{Layer: "tcp", Name: "half-open", Value: 1, Level: true, Sentence: "of them in the handshake"},
				{Layer: "tcp", Name: "segments-in", Value: 99, Sentence: "the same again"},
				{Layer: "decisions of tcp", Name: "tcp.reset", Value: 1, Sentence: "a Reason"},
				{Layer: "Odd layer!", Name: "ünusual", Value: 1, Sentence: "bad \xff bytes"},
			}, nil
		},
		Failed: func(err error) { panic(err) },
	}
}

// scrape asks as Prometheus does, and reads the answer.
func scrape(t *testing.T, s Sources) (map[string]*dto.MetricFamily, string) {
	t.Helper()
	w := httptest.NewRecorder()
	Handler(s).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	text := w.Body.String()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return families, text
}

// value is that of the metric with these labels, written name="value", or -1.
func value(f *dto.MetricFamily, labels ...string) float64 {
next:
	for _, m := range f.GetMetric() {
		if len(m.Label) < len(labels) {
			continue
		}
		has := make(map[string]bool)
		for _, l := range m.Label {
			has[fmt.Sprintf("%s=%s", l.GetName(), l.GetValue())] = true
		}
		for _, l := range labels {
			if !has[l] {
				continue next
			}
		}
		return m.GetCounter().GetValue() + m.GetGauge().GetValue()
	}
	return -1
}

func TestWhatIsToldIsWhatWasCounted(t *testing.T) {
	c := NewCounters(2)
	c.Observe(ended(t, "GET / HTTP/1.1\n", 0, 200, 300*time.Microsecond))
	c.Observe(ended(t, "GET / HTTP/1.1\n", 1, 200, time.Minute))
	c.Observe(ended(t, "BREW / HTTP/1.1\n", 1, 299, 0))
	reached.Reach()
	got, text := scrape(t, full(c))
	for _, want := range []struct {
		name   string
		labels []string
		value  float64
	}{
		{"vitrine_http_requests_total", []string{"site=example.org", "method=GET", "status=200"}, 2},
		{"vitrine_http_requests_total", []string{"site=example.org", "method=other", "status=2xx"}, 1},
		{"vitrine_http_request_bytes_total", []string{"site=example.org"}, 300},
		{"vitrine_http_response_bytes_total", []string{"site=example.org"}, 3000},
		{"vitrine_reasons_total", []string{"reason=metricstest.reached", "kind=refused"}, 1},
		{"vitrine_reasons_total", []string{"reason=metricstest.never"}, -1},
		{"vitrine_build_info", []string{"version=1.2.3", "io=loops", "network=tap:\uFFFD"}, 1},
		{"vitrine_start_time_seconds", nil, 1_700_000_000},
		{"vitrine_connections", nil, 3},
		{"vitrine_connections_accepted_total", nil, 40},
		{"vitrine_loop_busy_seconds_total", []string{"loop=1"}, 1},
		{"vitrine_loop_turns_total", []string{"loop=0"}, 5},
		{"vitrine_files_memory_bytes", nil, 300},
		{"vitrine_files_hits_total", nil, 9},
		{"vitrine_scripts", nil, 21}, {"vitrine_scripts_waiting", nil, 22}, {"vitrine_applications_asked", nil, 23},
		{"vitrine_applications_waiting", nil, 24}, {"vitrine_links", nil, 25}, {"vitrine_links_idle", nil, 26}, {"vitrine_encoders_busy", nil, 27},
		{"vitrine_requests_suspended", nil, 28}, {"vitrine_lookups", nil, 29}, {"vitrine_lookups_waiting", nil, 30},
		{"vitrine_lookups_known", nil, 31}, {"vitrine_rate_keys", nil, 32},
		{"vitrine_journeys_recorded_total", nil, 20},
		{"vitrine_frames", nil, 11},
		{"vitrine_spans_requests_lost_total", nil, 3},
		{"vitrine_stack_tcp_segments_in_total", nil, 12},
		{"vitrine_stack_tcp_half_open", nil, 1},
		{"vitrine_stack_odd_layer___nusual_total", nil, 1},
	} {
		if v := value(got[want.name], want.labels...); v != want.value {
			t.Errorf("%s%v is %v, not %v", want.name, want.labels, v, want.value)
		}
	}
	h := got["vitrine_http_request_duration_seconds"].GetMetric()[0].GetHistogram()
	if h.GetSampleCount() != 3 || h.GetSampleSum() != 60.0003 {
		t.Errorf("durations: %v", h)
	}
	for _, b := range h.Bucket {
		if want := map[float64]uint64{0.00025: 1, 0.0005: 2, 10: 2}[b.GetUpperBound()]; want > 0 && b.GetCumulativeCount() != want {
			t.Errorf("%d took at most %v s", b.GetCumulativeCount(), b.GetUpperBound())
		}
	}
	for _, name := range []string{"go_goroutines", "process_open_fds", "process_start_time_seconds"} {
		if got[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
	if strings.Contains(text, "tcp_reset") {
		t.Error("a Reason is told twice")
	}
}

func TestTheNamesFollowPrometheussConventions(t *testing.T) {
	c := NewCounters(1)
	c.Observe(ended(t, "GET / HTTP/1.1\n", 0, 200, 0))
	_, text := scrape(t, full(c))
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestOpenMetricsCanBeAskedFor(t *testing.T) {
	c := NewCounters(1)
	c.Observe(ended(t, "GET / HTTP/1.1\n", 0, 200, 0))
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	w := httptest.NewRecorder()
	Handler(full(c)).ServeHTTP(w, r)
	if !strings.HasPrefix(w.Header().Get("Content-Type"), "application/openmetrics-text") || !strings.HasSuffix(w.Body.String(), "# EOF\n") {
		t.Errorf("%v\n%s", w.Header(), w.Body)
	}
}

func TestWhatAServerDoesNotHaveIsLeftOut(t *testing.T) {
	got, _ := scrape(t, Sources{})
	for name := range got {
		if strings.HasPrefix(name, "vitrine_") && name != "vitrine_build_info" && name != "vitrine_reasons_total" {
			t.Errorf("%s is told, and nobody knows it", name)
		}
	}
}

func TestAStackThatDoesNotAnswerLeavesTheRest(t *testing.T) {
	var told error
	s := full(NewCounters(1))
	s.Stack = func(ctx context.Context) ([]Number, error) {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("the stack may take as long as it likes")
		}
		return nil, errors.New("the loops do not answer")
	}
	s.Failed = func(err error) { told = err }
	got, text := scrape(t, s)
	if got["vitrine_connections"] == nil || strings.Contains(text, "vitrine_stack_") {
		t.Error(text)
	}
	if told == nil || !strings.Contains(told.Error(), "the loops do not answer") {
		t.Errorf("told: %v", told)
	}
}

func TestHostileClientsAndManyReloadsMakeABoundedNumberOfSeries(t *testing.T) {
	c := NewCounters(2)
	series := func() (n int) {
		got, _ := scrape(t, Sources{Counters: c})
		for name, f := range got {
			if strings.HasPrefix(name, "vitrine_http_") {
				n += len(f.Metric)
			}
		}
		return n
	}
	for i := range 3000 { // methods and codes that nobody knows
		c.Observe(ended(t, fmt.Sprintf("M%d /%d HTTP/1.1\n", i, i), i%2, 200+i, 0))
	}
	if n := series(); n > 100 {
		t.Errorf("%d series of one site", n)
	}
	for reload := range 30 {
		names := make([]string, 100)
		for i := range names {
			names[i] = fmt.Sprintf("site-%d-%d", reload, i)
		}
		c.Sites(names)
		for _, name := range names {
			v := ended(t, "GET / HTTP/1.1\n", 0, 200, 0)
			v.Site = name
			c.Observe(v)
		}
	}
	if n := series(); n > 4*MaxSites+100 {
		t.Errorf("%d series after 3000 sites", n)
	}
}

func BenchmarkScrape(b *testing.B) {
	c := NewCounters(8)
	for i := range 100 {
		for loop := range 8 {
			v := ended(b, "GET / HTTP/1.1\n", loop, 200, 0)
			v.Site = fmt.Sprint("site-", i)
			c.Observe(v)
		}
	}
	h := Handler(full(c))
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		w.Body = new(bytes.Buffer)
		h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		io.Copy(io.Discard, w.Body)
	}
}
