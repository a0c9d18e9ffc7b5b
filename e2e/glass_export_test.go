package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	collect "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	spans "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// TestGlassExports: what other programs are given about the same requests agrees with what happened.
func TestGlassExports(t *testing.T) {
	onBoth(t, func(t *testing.T, n *network) {
		where, err := place()
		if err != nil {
			t.Fatal(err)
		}
		g := glaze(t, n, glassConfig, fmt.Sprintf(`
  otlp "http://%s" {
    service  = "shop"
    interval = "100ms"
    headers  = { X-Tenant = "e2e" }
  }`, where.Host))
		receiver := g.receive(t, where.Host)
		var all []sent
		for i, w := range several() {
			if i == 0 {
				w.header = http.Header{"Traceparent": {"00-" + traceOf + "-" + parentOf + "-01"}, "Tracestate": {"shop=1"}}
			}
			client := g.http
			if i%3 == 0 {
				client = g.other
			}
			all = append(all, g.send(t, client, w))
		}
		for _, s := range all {
			g.recorded(t, s.id)
		}
		t.Run("headers", func(t *testing.T) { headers(t, g, all) })
		t.Run("pcapng", func(t *testing.T) { captured(t, g, all) })
		t.Run("HAR", func(t *testing.T) { archived(t, g, all) })
		t.Run("metrics", func(t *testing.T) { measured(t, g, all) })
		t.Run("spans", func(t *testing.T) { receiver.spans(t, all) })
		g.stop(t)
	})
}

// The trace that a request says it belongs to.
const traceOf, parentOf = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

// headers: the response says which journey it was, and what took how long.
func headers(t *testing.T, g *glazed, all []sent) {
	// RFC 8941's lists, as far as Server-Timing has them.
	timing := regexp.MustCompile(`^[a-z-]+;dur=\d+\.\d{3}(, [a-z-]+;dur=\d+\.\d{3})*$`)
	for _, s := range all {
		if j := g.recorded(t, s.id); j.Method != s.method || j.Target != s.target || j.Status != s.status || j.Host != s.host {
			t.Errorf("Vitrine-Journey leads to %s %s%s with %d, and the request was %s %s%s with %d", j.Method, j.Host, j.Target, j.Status, s.method, s.host, s.target, s.status)
		}
		if line := s.response.Header.Get("Server-Timing"); !timing.MatchString(line) {
			t.Errorf("Server-Timing is %q", line)
		}
	}
	text := string(g.raw(t, "/api/journeys/"+all[4].id+"?as=text&width=100"))
	if !strings.Contains(text, "308") || !strings.Contains(text, "site.redirect") || !strings.Contains(text, all[4].id) {
		t.Errorf("as text the journey is\n%s", text)
	}
}

// captured: tshark reads in the capture each request and its response, and whose they are.
func captured(t *testing.T, g *glazed, all []sent) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark is not installed, so captures are not read: apt-get install tshark")
	}
	// On the own stack, segments that come after an answer, such as the FINs, are recorded a moment later.
	path := g.export(t, "/api/journeys/pcapng")
	read := []string{"-d", "tcp.port==" + g.where.Port() + ",http", "-o", "tcp.desegment_tcp_streams:FALSE", "-o", "tcp.check_checksum:FALSE"}
	fields := func(filter string, names ...string) (rows [][]string) {
		t.Helper()
		args := append(slices.Clone(read), "-Y", filter, "-T", "fields", "-E", "separator=\t", "-E", "aggregator= ")
		for _, name := range names {
			args = append(args, "-e", name)
		}
		out, err := tshark(path, args...)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out) {
			rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
		}
		return rows
	}
	if bad := fields("_ws.malformed", "frame.number", "_ws.col.info"); len(bad) > 0 {
		t.Errorf("malformed: %q", bad)
	}
	// Of frames that are recorded in part, tshark tells what it has read; that they are a request it only tells of whole ones.
	requests := fields("http.request.method", "http.request.method", "http.request.uri", "frame.comment")
	responses := fields("http.response.code", "http.response.code", "frame.comment")
	if len(requests) != len(all) || len(responses) != len(all) {
		t.Fatalf("the capture has %d requests and %d responses, and there were %d\n%q", len(requests), len(responses), len(all), requests)
	}
	for _, s := range all {
		i := slices.IndexFunc(requests, func(r []string) bool { return strings.Contains(r[2], s.id) })
		k := slices.IndexFunc(responses, func(r []string) bool { return strings.Contains(r[1], s.id) })
		if i < 0 || k < 0 {
			t.Errorf("no comment names journey %s", s.id)
			continue
		}
		if r := requests[i]; r[0] != s.method || r[1] != s.target || !strings.Contains(r[2], s.reason) {
			t.Errorf("%s %s is captured as %q", s.method, s.target, r)
		}
		if responses[k][0] != strconv.Itoa(s.status) {
			t.Errorf("%s %s was answered with %d, and is captured as %q", s.method, s.target, s.status, responses[k])
		}
	}
	made := len(fields(`frame.comment contains "reconstructed"`, "frame.number"))
	frames := len(fields("frame", "frame.number"))
	if g.network.own() && made != 0 || !g.network.own() && made != frames {
		t.Errorf("%d of %d frames say that they are reconstructed", made, frames)
	}
	untold(t, "the capture", g.raw(t, "/api/journeys/pcapng"))

	// One journey, and a filter: only those.
	path = g.export(t, "/api/journeys/"+all[5].id+"/pcapng")
	if one := fields(`http.request.method and frame.comment contains "`+all[5].id+`"`, "http.request.uri"); len(one) != 1 || one[0][0] != all[5].target {
		t.Errorf("the capture of one journey has %q", one)
	}
	path = g.export(t, "/api/journeys/pcapng?host="+all[9].host)
	if some := fields(`http.request.method and frame.comment contains "`+all[9].id+`"`, "http.request.uri"); len(some) != 1 {
		t.Errorf("the capture of a filter has %q", some)
	}
}

// archived: the HAR has each request, with what its specification demands.
func archived(t *testing.T, g *glazed, all []sent) {
	text := g.raw(t, "/api/journeys/har")
	untold(t, "the HAR", text)
	type pair struct{ Name, Value string }
	var har struct {
		Log struct {
			Version string
			Creator struct{ Name, Version string }
			Entries []struct {
				StartedDateTime time.Time
				Time            *float64
				Journey         string `json:"_journey"`
				Request         struct {
					Method, URL, HTTPVersion string
					Cookies                  *[]any
					Headers                  *[]pair
					QueryString              *[]pair
					HeadersSize, BodySize    *int64
				}
				Response struct {
					Status                               int
					StatusText, HTTPVersion, RedirectURL string
					Cookies                              *[]any
					Headers                              *[]pair
					Content                              *struct {
						Size     int64
						MimeType *string
					}
					HeadersSize, BodySize *int64
				}
				Cache   *struct{}
				Timings *struct{ Send, Wait, Receive *float64 }
			}
		}
	}
	if err := json.Unmarshal(text, &har); err != nil {
		t.Fatal(err)
	}
	if har.Log.Version != "1.2" || har.Log.Creator.Name != "vitrine" || har.Log.Creator.Version == "" {
		t.Errorf("the log is %q by %q %q", har.Log.Version, har.Log.Creator.Name, har.Log.Creator.Version)
	}
	if len(har.Log.Entries) != len(all) {
		t.Fatalf("the HAR has %d entries, and there were %d requests", len(har.Log.Entries), len(all))
	}
	for i := range har.Log.Entries[1:] {
		if har.Log.Entries[i+1].StartedDateTime.Before(har.Log.Entries[i].StartedDateTime) {
			t.Errorf("entry %d began after the one that follows", i)
		}
	}
	for _, s := range all {
		e := &har.Log.Entries[0]
		for i := range har.Log.Entries {
			if har.Log.Entries[i].Journey == s.id {
				e = &har.Log.Entries[i]
			}
		}
		if e.Journey != s.id {
			t.Errorf("no entry is journey %s", s.id)
			continue
		}
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Hostname() != s.host || u.RequestURI() != s.target || e.Request.Method != s.method || e.Request.HTTPVersion != "HTTP/1.1" {
			t.Errorf("%s %s%s is %s %s", s.method, s.host, s.target, e.Request.Method, e.Request.URL)
		}
		if e.Request.Cookies == nil || e.Request.Headers == nil || e.Request.QueryString == nil || e.Request.HeadersSize == nil || e.Request.BodySize == nil ||
			e.Response.Cookies == nil || e.Response.Headers == nil || e.Response.Content == nil || e.Response.Content.MimeType == nil || e.Response.HeadersSize == nil ||
			e.Response.BodySize == nil || e.Cache == nil || e.Time == nil || e.Timings == nil || e.Timings.Send == nil || e.Timings.Wait == nil || e.Timings.Receive == nil {
			t.Errorf("%s: something that the specification demands is missing: %+v", s.target, e)
			continue
		}
		if e.Response.Status != s.status || e.Response.StatusText != http.StatusText(s.status) || *e.Response.BodySize != int64(len(s.body)) ||
			e.Response.RedirectURL != s.response.Header.Get("Location") {
			t.Errorf("%s: the response is %+v", s.target, e.Response)
		}
		for name, values := range s.response.Header {
			if !slices.ContainsFunc(*e.Response.Headers, func(p pair) bool { return strings.EqualFold(p.Name, name) && p.Value == values[0] }) && name != "Date" {
				t.Errorf("%s: the response's %s: %s is not in the HAR", s.target, name, values[0])
			}
		}
		if len(*e.Request.QueryString) != len(u.Query()) {
			t.Errorf("%s: the query is %v", s.target, *e.Request.QueryString)
		}
		if time.Since(e.StartedDateTime) > time.Minute || *e.Time < 0 {
			t.Errorf("%s: it began at %v and took %v ms", s.target, e.StartedDateTime, *e.Time)
		}
	}
}

// measured: Prometheus' own parser reads the metrics, and they count what happened.
func measured(t *testing.T, g *glazed, all []sent) {
	resp, err := g.http.Get("http://" + g.admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	label := func(m *dto.Metric, name string) string {
		for _, l := range m.Label {
			if l.GetName() == name {
				return l.GetValue()
			}
		}
		return ""
	}
	want, got := make(map[string]int), make(map[string]int)
	bySite := make(map[string]int)
	for _, s := range all {
		want[fmt.Sprintf("%s %s %d", s.host, s.method, s.status)]++
		bySite[s.host]++
	}
	for _, m := range families["vitrine_http_requests_total"].GetMetric() {
		got[label(m, "site")+" "+label(m, "method")+" "+label(m, "status")] += int(m.GetCounter().GetValue())
	}
	for of := range want {
		if got[of] != want[of] {
			t.Errorf("%s is counted %d times, and was asked %d times", of, got[of], want[of])
		}
		delete(got, of)
	}
	for of, n := range got {
		if n != 0 {
			t.Errorf("%s is counted %d times, and was never asked", of, n)
		}
	}
	for _, m := range families["vitrine_http_request_duration_seconds"].GetMetric() {
		h := m.GetHistogram()
		if site := label(m, "site"); int(h.GetSampleCount()) != bySite[site] {
			t.Errorf("the histogram of %q has %d requests, not %d", site, h.GetSampleCount(), bySite[site])
		}
		last := uint64(0)
		for _, b := range h.Bucket {
			if b.GetCumulativeCount() < last {
				t.Errorf("the histogram of %q falls", label(m, "site"))
			}
			last = b.GetCumulativeCount()
		}
	}
	if len(families["vitrine_http_request_duration_seconds"].GetMetric()) < len(bySite) {
		t.Error("there are sites without a histogram")
	}
}

// receiver is an OpenTelemetry collector.
type receiver struct {
	came chan *spans.ResourceSpans
}

// receive listens in the lab, before the first request.
func (g *glazed) receive(t *testing.T, address string) *receiver {
	t.Helper()
	r := &receiver{came: make(chan *spans.ResourceSpans, 1000)}
	var l net.Listener
	var err error
	listen := func() { l, err = net.Listen("tcp", address) }
	if g.ns == nil {
		listen()
	} else {
		g.ns.do(listen)
	}
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body := io.Reader(q.Body)
		if q.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(body)
			if err != nil {
				t.Error(err)
				return
			}
			body = z
		}
		b, err := io.ReadAll(body)
		var all collect.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(b, &all)
		}
		if err != nil || q.URL.Path != "/v1/traces" || q.Method != "POST" || q.Header.Get("Content-Type") != "application/x-protobuf" || q.Header.Get("X-Tenant") != "e2e" {
			t.Errorf("the collector was sent %s %s %v: %v", q.Method, q.URL, q.Header, err)
		}
		if bytes.Contains(b, []byte(secretCookie)) {
			t.Error("a span tells a secret")
		}
		for _, s := range all.ResourceSpans {
			r.came <- s
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	})}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return r
}

// spans waits for a span of each request, and looks at it.
func (r *receiver) spans(t *testing.T, all []sent) {
	found := make(map[string]*spans.Span)
	texts := func(list []*common.KeyValue, key string) string {
		for _, a := range list {
			if a.Key == key {
				if v, ok := a.Value.Value.(*common.AnyValue_IntValue); ok {
					return strconv.FormatInt(v.IntValue, 10)
				}
				return a.Value.GetStringValue()
			}
		}
		return ""
	}
	timer := time.NewTimer(deadline)
	defer timer.Stop()
	for len(found) < len(all) {
		select {
		case some := <-r.came:
			if service := texts(some.Resource.Attributes, "service.name"); service != "shop" {
				t.Errorf("the spans are of %q", service)
			}
			for _, scope := range some.ScopeSpans {
				for _, s := range scope.Spans {
					if id := texts(s.Attributes, "vitrine.journey"); id != "" {
						found[id] = s
					}
				}
			}
		case <-timer.C:
			t.Fatalf("spans of %d requests came, and there were %d", len(found), len(all))
		}
	}
	for i, s := range all {
		span := found[s.id]
		if span == nil {
			t.Errorf("there is no span of journey %s", s.id)
			continue
		}
		path, query, _ := strings.Cut(s.target, "?")
		for key, want := range map[string]string{"http.request.method": s.method, "url.path": path, "url.query": query, "server.address": s.host,
			"http.response.status_code": strconv.Itoa(s.status), "vitrine.site": s.host} {
			if got := texts(span.Attributes, key); got != want {
				t.Errorf("%s: %s is %q, not %q", s.target, key, got, want)
			}
		}
		if !slices.ContainsFunc(span.Events, func(e *spans.Span_Event) bool { return e.Name == s.reason }) {
			t.Errorf("%s: no event of the span is called %s", s.target, s.reason)
		}
		if failed := span.Status.GetCode() == spans.Status_STATUS_CODE_ERROR; failed != (s.status >= 500) {
			t.Errorf("%s: the span's status is %v", s.target, span.Status)
		}
		if span.EndTimeUnixNano < span.StartTimeUnixNano || len(span.TraceId) != 16 || len(span.SpanId) != 8 || span.Kind != spans.Span_SPAN_KIND_SERVER {
			t.Errorf("%s: the span is %v", s.target, span)
		}
		trace, parent := hex.EncodeToString(span.TraceId), hex.EncodeToString(span.ParentSpanId)
		switch {
		case i == 0 && (trace != traceOf || parent != parentOf || span.TraceState != "shop=1"):
			t.Errorf("traceparent was not continued: %s, %s, %q", trace, parent, span.TraceState)
		case i > 0 && (trace[:16] != s.id || parent != ""):
			t.Errorf("%s: the span begins the trace %s with the parent %q", s.target, trace, parent)
		}
	}
}
