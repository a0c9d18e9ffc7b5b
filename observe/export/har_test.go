package export_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	. "vitrine/observe/export"
	"vitrine/observe/journey"
)

// schema is HAR 1.2.
var schema = sync.OnceValue(func() *jsonschema.Schema {
	text, err := os.ReadFile("testdata/har-1.2.schema.json")
	if err != nil {
		panic(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		panic(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("har.json", value); err != nil {
		panic(err)
	}
	return c.MustCompile("har.json")
})

// archive writes journeys and holds what comes out to the schema.
func archive(t testing.TB, journeys ...*journey.Journey) (entries []map[string]any, text string) {
	t.Helper()
	var b bytes.Buffer
	if err := HAR(&b, journeys, Options{Version: "1.2.3"}); err != nil {
		t.Fatal(err)
	}
	text = b.String()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if err := schema().Validate(value); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	var all struct {
		Log struct {
			Creator struct{ Name, Version string }
			Entries []map[string]any
		}
	}
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	if c := all.Log.Creator; c.Name != "vitrine" || c.Version != "1.2.3" {
		t.Errorf("creator: %+v", c)
	}
	if len(all.Log.Entries) != len(journeys) {
		t.Fatalf("%d entries of %d journeys", len(all.Log.Entries), len(journeys))
	}
	return all.Log.Entries, text
}

// at is what a path such as "request.headers.0.value" leads to.
func at(v any, path string) any {
	for part := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[part]
		case []any:
			i := int(part[0] - '0')
			if i >= len(in) {
				return nil
			}
			v = in[i]
		}
	}
	return v
}

// expect compares what paths lead to.
func expect(t *testing.T, entry map[string]any, want map[string]any) {
	t.Helper()
	for path, w := range want {
		if got := at(entry, path); got != w {
			t.Errorf("%s is %v, not %v", path, got, w)
		}
	}
}

func TestAnEntrySaysWhatWasRecorded(t *testing.T) {
	entries, text := archive(t, sample(), sample())
	expect(t, entries[1], map[string]any{
		"startedDateTime": "2026-11-21T21:47:03.123206Z", "time": 3.25,
		"timings.blocked": -1.0, "timings.dns": -1.0, "timings.connect": -1.0, "timings.ssl": -1.0,
		"timings.send": 0.25, "timings.wait": 1.0, "timings.receive": 2.0,
		"serverIPAddress": "192.0.2.1", "connection": "7", "_client": "203.0.113.9:50312", "_journey": "1f2e3d4c5b6a7988", "_serial": 2.0,
		"_site": "example.org", "_route": "/a b/*", "_file": "/srv/a b/index.html",
		"request.method": "GET", "request.httpVersion": "HTTP/1.1", "request.headersSize": 141.0, "request.bodySize": 0.0,
		"request.url":            "http://example.org:8080/a%20b/index.html?q=one+two&empty&x=%25zz",
		"request._target":        "/a%20b/index.html?q=one+two&empty&x=%zz",
		"request.headers.1.name": "User-Agent", "request.headers.1.value": "probe/1.0",
		"request.headers.2.name": "Cookie", "request.headers.2.value": "(not shown, 24 bytes)",
		"request.queryString.0.name": "q", "request.queryString.0.value": "one two", "request.queryString.1.name": "empty",
		"request.queryString.1.value": "", "request.queryString.2.value": "%zz", "request.cookies.0": nil,
		"response.status": 200.0, "response.statusText": "OK", "response.headersSize": 200.0, "response.bodySize": 800.0,
		"response.content.size": 800.0, "response.content.mimeType": "text/html; charset=utf-8", "response.redirectURL": "",
		"_reasons.0.id": "exporttest.sent", "_reasons.0.sentence": "The file was sent whole.", "_reasons.0.standard": "RFC 9110 §15.3.1",
		"_reasons.0.line": "vitrine.hcl:7:3", "_ending.id": "exporttest.stays", "_failure": nil,
		"_decisions.0.taken": false, "_decisions.1.reason.line": "vitrine.hcl:7:3", "_decisions.1.at_us": 200.0,
		"_decisions.1.details.0.value": "/a b/index.html", "_decisions.1.details.1.value": "(not shown, 14 bytes)",
		"_decisions.2.details.1.value": "(not shown, 10 bytes)",
	})
	if strings.Contains(text, "c2VjcmV0") || strings.Contains(text, "secret=yes") {
		t.Error("a secret is in the archive")
	}
}

func TestSizesAreExactOrNotKnown(t *testing.T) {
	fields := func(m *journey.Message, f ...string) {
		for i := 0; i < len(f); i += 2 {
			m.Fields = append(m.Fields, journey.Field{Name: f[i], Value: f[i+1]})
		}
	}
	for _, c := range []struct {
		name   string
		change func(*journey.Journey)
		want   [4]float64 // request: head, body; response: head, body
	}{
		{"no body", func(j *journey.Journey) {}, [4]float64{141, 0, 200, 800}},
		{"a body of known length", func(j *journey.Journey) { fields(&j.Request, "Content-Length", "50"); j.Received = 210 }, [4]float64{160, 50, 200, 800}},
		{"a body that was not received whole", func(j *journey.Journey) { fields(&j.Request, "Content-Length", "5000"); j.Received = 210 }, [4]float64{-1, -1, 200, 800}},
		{"two lengths", func(j *journey.Journey) { fields(&j.Request, "Content-Length", "x") }, [4]float64{-1, -1, 200, 800}},
		{"a chunked request", func(j *journey.Journey) { fields(&j.Request, "Transfer-Encoding", "chunked") }, [4]float64{-1, -1, 200, 800}},
		{"a head that was cut", func(j *journey.Journey) { j.Request.Cut = true }, [4]float64{-1, -1, 200, 800}},
		{"a chunked response", func(j *journey.Journey) { fields(&j.Response, "transfer-encoding", "chunked") }, [4]float64{141, 0, -1, 800}},
		{"a response that broke in its head", func(j *journey.Journey) { j.Failure, j.Body, j.Sent = clientGone, 0, 30 }, [4]float64{141, 0, -1, 0}},
		{"a response that broke in its body", func(j *journey.Journey) { j.Failure, j.Body, j.Sent = clientGone, 10, 210 }, [4]float64{141, 0, 200, 10}},
		{"no response", func(j *journey.Journey) { j.Status, j.Body, j.Sent, j.First = 0, 0, 0, 0 }, [4]float64{141, 0, -1, -1}},
	} {
		j := sample()
		c.change(j)
		entries, _ := archive(t, j)
		e := entries[0]
		if got := [4]any{at(e, "request.headersSize"), at(e, "request.bodySize"), at(e, "response.headersSize"), at(e, "response.bodySize")}; got != [4]any{c.want[0], c.want[1], c.want[2], c.want[3]} {
			t.Errorf("%s: %v", c.name, got)
		}
		if sum := at(e, "timings.send").(float64) + at(e, "timings.wait").(float64) + at(e, "timings.receive").(float64); math.Abs(sum-3.25) > 1e-9 {
			t.Errorf("%s: the parts are %v ms together", c.name, sum)
		}
	}
}

func TestRequestsThatCouldNotBeReadAreValidEntries(t *testing.T) {
	entries, _ := archive(t, refused(), &journey.Journey{})
	expect(t, entries[0], map[string]any{"request.url": "http://[fe80::2]:80/", "request.method": "", "response.status": 400.0,
		"response.statusText": "Bad Request", "serverIPAddress": "fe80::2", "timings.send": 0.0, "request.headersSize": 17.0})
	expect(t, entries[1], map[string]any{"request.url": "http://unknown/", "response.status": 0.0, "serverIPAddress": nil, "response.httpVersion": ""})
}

func TestTheURLIsAlwaysOne(t *testing.T) {
	for _, c := range []struct{ method, target, authority, want string }{
		{"GET", "/", "example.org", "http://example.org/"},
		{"GET", "http://other.example/x?y", "other.example", "http://other.example/x?y"},
		{"GET", "http:///x", "", "http://192.0.2.1:8080/http:///x"},
		{"OPTIONS", "*", "example.org", "http://example.org/*"},
		{"CONNECT", "example.org:443", "example.org:443", "http://example.org:443"},
		{"GET", "/\"<>\\^`{|}\x00\xff#[", "example.org", "http://example.org/%22%3C%3E%5C%5E%60%7B%7C%7D%00%FF%23["},
		{"GET", "/", "[::1", "http://192.0.2.1:8080/"},
		{"GET", "/", "[::1]:80", "http://[::1]:80/"},
		{"GET", "", "a/b", "http://192.0.2.1:8080/"},
	} {
		j := sample()
		j.Method, j.Target, j.Authority = c.method, c.target, c.authority
		entries, _ := archive(t, j)
		if got := at(entries[0], "request.url"); got != c.want {
			t.Errorf("%s %q of %q is %v, not %s", c.method, c.target, c.authority, got, c.want)
		}
	}
}

func TestCookiesAreToldWhereTheConfigurationShowsThem(t *testing.T) {
	j := sample()
	j.Request.Fields[2] = journey.Field{Name: "Cookie", Value: "a=1; b=2"}
	j.Response.Fields[2] = journey.Field{Name: "Set-Cookie", Value: "c=3; Path=/x; HttpOnly; Secure; Expires=Sat, 21 Nov 2026 21:47:03 GMT"}
	entries, _ := archive(t, j)
	expect(t, entries[0], map[string]any{"request.cookies.1.name": "b", "request.cookies.1.value": "2", "response.cookies.0.name": "c",
		"response.cookies.0.path": "/x", "response.cookies.0.httpOnly": true, "response.cookies.0.expires": "2026-11-21T21:47:03Z",
		"_decisions.2.details.1.value": "secret=yes"})
}

func TestDecisionsOfAnotherJourneyHaveNoTimes(t *testing.T) {
	j := sample()
	j.ID, j.Shared = 5, true
	entries, _ := archive(t, j)
	expect(t, entries[0], map[string]any{"_decisions_of": "1f2e3d4c5b6a7988", "_decisions.1.at_us": nil})
}

func TestAnEmptyArchiveIsOne(t *testing.T) { archive(t) }

type broken struct{ after int }

func (b *broken) Write(p []byte) (int, error) {
	if b.after -= len(p); b.after < 0 {
		return 0, errors.New("the reader has gone")
	}
	return len(p), nil
}

func TestAReaderThatHasGoneEndsTheWriting(t *testing.T) {
	many := make([]*journey.Journey, 1000)
	for i := range many {
		many[i] = sample()
	}
	for _, after := range []int{0, 100_000} {
		if err := HAR(&broken{after}, many, Options{}); err == nil || err.Error() != "the reader has gone" {
			t.Errorf("%v", err)
		}
	}
}

func FuzzHAR(f *testing.F) {
	f.Add("GET", "/x?y=z", "example.org", "HTTP/1.1", "http", "Cookie", "a=b", int64(100), int64(50), int64(10), int64(5))
	f.Add("CONNECT", "\xff\x00", "[::", "", "https", "Content-Length", "-1", int64(-5), int64(1<<62), int64(-1), int64(7))
	f.Fuzz(func(t *testing.T, method, target, authority, protocol, scheme, name, value string, received, sent, first, took int64) {
		j := sample()
		if scheme = strings.ToLower(scheme); scheme != "https" {
			scheme = "http" // one of two: it is the connection's
		}
		j.Method, j.Target, j.Authority, j.Protocol, j.Scheme = method, target, authority, protocol, scheme
		j.Request.Fields = append(j.Request.Fields, journey.Field{Name: name, Value: value})
		j.Response.Fields = append(j.Response.Fields, journey.Field{Name: name, Value: value})
		j.Received, j.Sent, j.Body = max(received, 0), max(sent, 0), max(sent, 0)/2
		j.First, j.Took = time.Duration(first), time.Duration(took)
		j.Connection.Local = netip.AddrPort{}
		archive(t, j)
	})
}
