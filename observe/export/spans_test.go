package export_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	collect "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	spans "go.opentelemetry.io/proto/slim/otlp/trace/v1"

	. "vitrine/observe/export"
	"vitrine/observe/journey"
	"vitrine/trace"
)

// sent are the spans of journeys as a collector receives them, with what it was sent.
func sent(t testing.TB, s Settings, journeys ...*journey.Journey) ([]*spans.Span, *collect.ExportTraceServiceRequest) {
	t.Helper()
	c := newCollector(t)
	s.Endpoint, s.Interval = c.URL, time.Hour
	from := newFeed()
	p, err := NewPusher(from, s)
	if err != nil {
		t.Fatal(err)
	}
	from.put(journeys...)
	p.Close(t.Context())
	if got := p.Stats(); got.Sent != uint64(len(journeys))-got.Unsampled || got.Lost != 0 {
		t.Fatalf("%+v", got)
	}
	select {
	case got := <-c.got:
		return got.ResourceSpans[0].ScopeSpans[0].Spans, got
	default:
		return nil, nil
	}
}

// written is a list of attributes as text.
func written(list []*common.KeyValue) map[string]string {
	all := make(map[string]string)
	for _, a := range list {
		var value string
		switch v := a.Value.Value.(type) {
		case *common.AnyValue_StringValue:
			value = v.StringValue
		case *common.AnyValue_IntValue:
			value = fmt.Sprint(v.IntValue)
		case *common.AnyValue_BoolValue:
			value = fmt.Sprint(v.BoolValue)
		case *common.AnyValue_ArrayValue:
			for _, one := range v.ArrayValue.Values {
				value += "[" + one.GetStringValue() + "]"
			}
		}
		if _, twice := all[a.Key]; twice {
			value = "twice"
		}
		all[a.Key] = value
	}
	return all
}

func TestTheSpanOfARequestFollowsTheConventions(t *testing.T) {
	list, whole := sent(t, Settings{Version: "1.2.3"}, sample())
	s := list[0]
	if s.Name != "GET /a b/*" || s.Kind != spans.Span_SPAN_KIND_SERVER || s.Status != nil || len(s.ParentSpanId) != 0 {
		t.Errorf("%v", s)
	}
	if s.StartTimeUnixNano != uint64(start.UnixNano()-250_000) || s.EndTimeUnixNano != uint64(start.UnixNano()+3_000_000) {
		t.Errorf("from %d to %d", s.StartTimeUnixNano, s.EndTimeUnixNano)
	}
	if trace := hex.EncodeToString(s.TraceId); len(trace) != 32 || !strings.HasPrefix(trace, "1f2e3d4c5b6a7988") {
		t.Errorf("trace %s", trace)
	}
	if s.Flags != 0x101 {
		t.Errorf("flags %x", s.Flags)
	}
	got := written(s.Attributes)
	want := map[string]string{
		"http.request.method": "GET", "url.path": "/a%20b/index.html", "url.query": "q=one+two&empty&x=%zz", "url.scheme": "http",
		"server.address": "example.org", "server.port": "8080", "client.address": "203.0.113.9", "client.port": "50312",
		"network.peer.address": "203.0.113.9", "network.peer.port": "50312", "network.local.address": "192.0.2.1", "network.local.port": "8080",
		"network.protocol.version": "1.1", "user_agent.original": "probe/1.0", "http.route": "/a b/*", "http.response.status_code": "200",
		"http.response.size": "1000", "http.response.body.size": "800", "http.request.size": "141",
		"vitrine.journey": "1f2e3d4c5b6a7988", "vitrine.connection": "7", "vitrine.serial": "2", "vitrine.site": "example.org",
		"vitrine.file": "/srv/a b/index.html", "vitrine.reasons": "[exporttest.sent]", "vitrine.lines": "[vitrine.hcl:7:3]",
		"vitrine.connection.kept": "true", "vitrine.connection.reason": "exporttest.stays",
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, not %q", name, got[name], value)
		}
	}
	for name, value := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is %q, and nobody asked", name, value)
		}
	}
	r := whole.ResourceSpans[0]
	about := written(r.Resource.Attributes)
	if host, _ := os.Hostname(); about["service.name"] != "vitrine" || about["service.version"] != "1.2.3" || about["host.name"] != host ||
		about["process.pid"] != fmt.Sprint(os.Getpid()) || r.ScopeSpans[0].Scope.Name != "vitrine" || !strings.HasPrefix(r.SchemaUrl, "https://opentelemetry.io/schemas/") {
		t.Errorf("%v", r)
	}
}

func TestDecisionsAreEventsAndPartsAreSpans(t *testing.T) {
	list, _ := sent(t, Settings{}, sample())
	var names []string
	for _, e := range list[0].Events {
		names = append(names, e.Name)
	}
	if got := strings.Join(names, " "); got != "exporttest.passed exporttest.matched exporttest.rule exporttest.sent" {
		t.Errorf("events: %s", got)
	}
	e := list[0].Events[1]
	got := written(e.Attributes)
	if e.TimeUnixNano != uint64(start.UnixNano()+200_000) || got["vitrine.step"] != "route" || got["vitrine.subject"] != "/a b/*" ||
		got["vitrine.taken"] != "true" || got["vitrine.line"] != "vitrine.hcl:7:3" || got["vitrine.reason.sentence"] != "The pattern matched the path." ||
		got["vitrine.detail.path"] != "/a b/index.html" || got["vitrine.detail.Authorization"] != "(not shown, 14 bytes)" {
		t.Errorf("%v", got)
	}
	if got := written(list[0].Events[0].Attributes)["vitrine.taken"]; got != "false" {
		t.Errorf("a candidate that was passed over is taken: %s", got)
	}
	at := uint64(start.UnixNano())
	for i, want := range []struct {
		name     string
		from, to uint64
	}{{"head", at - 250_000, at}, {"decide", at, at + 1_000_000}, {"send", at + 1_000_000, at + 3_000_000}} {
		s := list[i+1]
		if s.Name != want.name || s.StartTimeUnixNano != want.from || s.EndTimeUnixNano != want.to || s.Kind != spans.Span_SPAN_KIND_INTERNAL ||
			!bytes.Equal(s.ParentSpanId, list[0].SpanId) || !bytes.Equal(s.TraceId, list[0].TraceId) {
			t.Errorf("part %d: %v", i, s)
		}
	}
	seen := make(map[string]bool)
	for _, s := range list {
		if seen[string(s.SpanId)] || len(s.SpanId) != 8 {
			t.Errorf("span id %x", s.SpanId)
		}
		seen[string(s.SpanId)] = true
	}
	again, _ := sent(t, Settings{}, sample())
	if !bytes.Equal(again[0].TraceId, list[0].TraceId) || !bytes.Equal(again[2].SpanId, list[2].SpanId) {
		t.Error("the same journey has other ids the second time")
	}
}

func TestPartsThatAreNotKnownAreNoSpans(t *testing.T) {
	j := sample()
	j.Began, j.First, j.Decisions = time.Time{}, 0, nil
	if list, _ := sent(t, Settings{}, j); len(list) != 1 || list[0].StartTimeUnixNano != uint64(start.UnixNano()) {
		t.Errorf("%v", list)
	}
}

func TestWhatWentWrongIsAnError(t *testing.T) {
	for _, c := range []struct {
		status  int
		failure *trace.Reason
		code    spans.Status_StatusCode
		typ     string
	}{
		{404, nil, spans.Status_STATUS_CODE_UNSET, ""},
		{500, nil, spans.Status_STATUS_CODE_ERROR, "500"},
		{200, clientGone, spans.Status_STATUS_CODE_ERROR, "exporttest.gone"},
	} {
		j := sample()
		j.Status, j.Failure = c.status, c.failure
		list, _ := sent(t, Settings{}, j)
		if got := written(list[0].Attributes)["error.type"]; got != c.typ || list[0].GetStatus().GetCode() != c.code {
			t.Errorf("%d: %q, %v", c.status, got, list[0].Status)
		}
	}
}

func TestOddRequestsAreSpansToo(t *testing.T) {
	for _, c := range []struct {
		change func(*journey.Journey)
		name   string
		want   map[string]string
	}{
		{func(j *journey.Journey) { j.Method = "BREW" }, "HTTP /a b/*", map[string]string{"http.request.method": "_OTHER", "http.request.method_original": "BREW"}},
		{func(j *journey.Journey) { *j = *refused() }, "HTTP", map[string]string{"http.request.method": "_OTHER", "server.address": "fe80::2%eth0",
			"server.port": "80", "client.address": "fe80::1%eth0", "url.path": "", "vitrine.reasons": "[exporttest.gone]"}},
		{func(j *journey.Journey) { j.Target, j.Authority = "http://[::1]?x", "[::1]" }, "GET /a b/*", map[string]string{"url.path": "", "url.query": "x",
			"server.address": "::1", "server.port": "8080"}},
		{func(j *journey.Journey) { j.Target, j.Authority = "https://h:1", "h:1" }, "GET /a b/*", map[string]string{"url.path": "/", "server.address": "h", "server.port": "1"}},
		{func(j *journey.Journey) { j.Target = "/\xff?\x00" + strings.Repeat("ü", 3000) }, "GET /a b/*", map[string]string{"url.path": "/\uFFFD",
			"url.query": "\x00" + strings.Repeat("ü", 2047)}},
		{func(j *journey.Journey) { j.Client, j.User = netip.MustParseAddrPort("198.51.100.7:0"), "alice" }, "GET /a b/*", map[string]string{
			"client.address": "198.51.100.7", "client.port": "", "network.peer.address": "203.0.113.9", "network.peer.port": "50312", "user.name": "alice"}},
		{func(j *journey.Journey) { j.Client = netip.AddrPort{} }, "GET /a b/*", map[string]string{"client.address": "", "network.peer.address": "203.0.113.9"}},
		{func(j *journey.Journey) { j.Protocol, j.Slow, j.Shared = "RTSP/1.0", true, true }, "GET /a b/*", map[string]string{"network.protocol.name": "rtsp",
			"network.protocol.version": "1.0", "vitrine.slow": "true", "vitrine.decisions_of": "1f2e3d4c5b6a7988"}},
	} {
		j := sample()
		c.change(j)
		list, _ := sent(t, Settings{}, j)
		if list[0].Name != c.name {
			t.Errorf("%q is called %q", c.name, list[0].Name)
		}
		got := written(list[0].Attributes)
		for name, value := range c.want {
			if got[name] != value {
				t.Errorf("%s: %s is %q, not %q", c.name, name, got[name], value)
			}
		}
	}
}

func TestEventsAreBounded(t *testing.T) {
	j := sample()
	for range 1000 {
		j.Decisions.Events = append(j.Decisions.Events, trace.Event{Step: "end", Reason: fileSent})
	}
	list, _ := sent(t, Settings{}, j)
	if len(list[0].Events) != 128 || list[0].DroppedEventsCount != 1004-128 {
		t.Errorf("%d events, %d dropped", len(list[0].Events), list[0].DroppedEventsCount)
	}
}

func TestARequestContinuesTheTraceOfItsCaller(t *testing.T) {
	with := func(fields ...string) *journey.Journey {
		j := sample()
		for i := 0; i < len(fields); i += 2 {
			j.Request.Fields = append(j.Request.Fields, journey.Field{Name: fields[i], Value: fields[i+1]})
		}
		return j
	}
	const line = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"
	list, _ := sent(t, Settings{}, with("Traceparent", line+"1", "tracestate", "a=1", "tracestate", "b=2"))
	for i, s := range list {
		if hex.EncodeToString(s.TraceId) != "0af7651916cd43dd8448eb211c80319c" || s.TraceState != "a=1,b=2" || s.Flags&0xff != 1 {
			t.Errorf("span %d: %v", i, s)
		}
	}
	if hex.EncodeToString(list[0].ParentSpanId) != "b7ad6b7169203331" || list[0].Flags != 0x301 || list[1].Flags != 0x101 {
		t.Errorf("%v", list[0])
	}
	if list, _ := sent(t, Settings{}, with("traceparent", line+"0")); list != nil {
		t.Error("the caller does not record, and spans are sent all the same")
	}
	if list, _ := sent(t, Settings{Unsampled: true}, with("traceparent", line+"0")); len(list) != 4 || list[0].Flags != 0x300 {
		t.Errorf("%v", list)
	}
	for _, fields := range [][]string{
		{"traceparent", "00-nonsense", "tracestate", "a=1"},
		{"traceparent", line + "1", "traceparent", line + "1", "tracestate", "a=1"},
		{"tracestate", "a=1"},
	} {
		if list, _ := sent(t, Settings{}, with(fields...)); len(list[0].ParentSpanId) != 0 || list[0].TraceState != "" || list[0].Flags != 0x101 {
			t.Errorf("%q: %v", fields, list[0])
		}
	}
	j := with("traceparent", line+"1")
	j.Request.Fields[len(j.Request.Fields)-1].Secret = true
	if list, _ := sent(t, Settings{}, j); len(list[0].ParentSpanId) != 0 {
		t.Error("a value that is secret was used")
	}
}
