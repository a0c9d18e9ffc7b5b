package variables_test

import (
	"testing"
	"time"

	"vitrine/config/template"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
	. "vitrine/web/variables"
	"vitrine/web/variables/variablestest"
)

var (
	step    = trace.Declare("variablestest.step", trace.Info, "A step on the way.", "")
	refused = trace.Declare("variablestest.refused", trace.Refused, "It was refused.", "")
	cut     = trace.Declare("variablestest.cut", trace.Failed, "The response was cut off.", "")
)

const request = "GET //a/./%c3%a4%20b?x=1&name=a%2Bb+c&name=2 HTTP/1.1\nHost: Example.ORG:8443\nUser-Agent: tool/1.0\nX-Own: own\n"

func fill(t testing.TB, source string, values template.Values) string {
	t.Helper()
	compiled, err := template.Compile(source, template.ForLog)
	if err != nil {
		t.Fatal(err)
	}
	return string(compiled.Append(nil, values))
}

func values(t testing.TB, head string) *Values {
	return &Values{Exchange: variablestest.Exchange(t, head)}
}

func TestEveryPlaceholderHasItsDocumentedForm(t *testing.T) {
	defer func(local *time.Location) { time.Local = local }(time.Local)
	time.Local = time.FixedZone("", -7*3600)
	v := values(t, request)
	v.Site, v.Route, v.Tail, v.File = "example.org", "/a/**", []byte("ä b"), "/srv/a/ä b"
	v.Fields = new(message.Header)
	v.Fields.Add("Content-Type", "text/plain")
	x := v.Exchange
	x.Outcome = exchange.Outcome{Status: 200, Body: 10, Sent: 300, Received: 120, Elapsed: 1_234_567, Head: 250_999}
	x.Because(step, nil)
	x.Because(refused, nil)
	tests := map[string]string{
		"method": "GET", "scheme": "http", "host": "example.org", "port": "8443", "path": "/a/ä b",
		"path.raw": "//a/./%c3%a4%20b", "path.tail": "ä b", "query": "x=1&name=a%2Bb+c&name=2", "query.name": "a+b c",
		"query.x": "1", "query.nam": "", "query.names": "", "uri": "//a/./%c3%a4%20b?x=1&name=a%2Bb+c&name=2",
		"protocol": "HTTP/1.1", "request.user-agent": "tool/1.0", "request.x-own": "own", "request.Referer": "",
		"client.address": "203.0.113.9", "client.port": "50312", "server.address": "192.0.2.1", "server.port": "8080",
		"site": "example.org", "route": "/a/**", "journey": "1f2e3d4c5b6a7988", "connection": "7",
		"connection.requests": "2", "user": "-", "ident": "-", "client.host": "-", "client.peer": "203.0.113.9", "time": "2026-11-21T14:47:03.123-07:00",
		"time.unix": "1795297623", "time.common": "21/Nov/2026:14:47:03 -0700", "status": "200",
		"response.content-type": "text/plain", "response.ETag": "", "reason": "variablestest.refused",
		"file": "/srv/a/ä b", "bytes": "10", "bytes.sent": "300", "bytes.received": "120", "duration": "0.001",
		"duration.ms": "1", "duration.us": "1234", "timing": "head;dur=0.250, answer;dur=1.234",
	}
	for name, want := range tests {
		if got := fill(t, "{"+name+"}", v); got != want {
			t.Errorf("{%s} is %q, want %q", name, got, want)
		}
	}
	for _, known := range template.Variables() {
		if known.Var == template.QueryValue || known.Var == template.MatchGroup || known.Var == template.RequestField || known.Var == template.ResponseField {
			continue
		}
		if _, tested := tests[known.Name]; !tested {
			t.Errorf("{%s} has no test", known.Name)
		}
	}
}

func TestThePortIsTheListenersWhenTheRequestNamesNone(t *testing.T) {
	if got := fill(t, "{port}", values(t, "GET / HTTP/1.1\nHost: a\n")); got != "8080" {
		t.Errorf("port %q", got)
	}
}

func TestTheStatusIsKnownBeforeTheOutcome(t *testing.T) {
	v := values(t, "GET / HTTP/1.1\nHost: a\n")
	if got := fill(t, "{status}", v); got != "" {
		t.Errorf("no status yet, but %q", got)
	}
	v.Status = 404
	if got := fill(t, "{status}", v); got != "404" {
		t.Errorf("status %q", got)
	}
}

func TestAFailureDecidesBeforeAVerdictAndAVerdictBeforeAStep(t *testing.T) {
	v := values(t, "GET / HTTP/1.1\nHost: a\n")
	x := v.Exchange
	expect := func(want *trace.Reason) {
		t.Helper()
		if got, _ := Decision(x); got != want {
			t.Errorf("decided by %v, want %v", got, want)
		}
	}
	expect(nil)
	if got := fill(t, "{reason}", v); got != "-" {
		t.Errorf("without a reason: %q", got)
	}
	x.Because(step, nil)
	expect(step)
	x.Because(refused, nil)
	x.Because(step, nil)
	expect(refused)
	x.Outcome.Failure = cut
	expect(cut)
}

func TestARequestThatCouldNotBeReadHasEmptyValues(t *testing.T) {
	v := values(t, "garbage\n")
	v.Exchange.Refused = &exchange.Refusal{Status: 400, Reason: refused}
	if got := fill(t, "{method}{uri}{protocol}{host}{path}{query}{query.a}|{reason}", v); got != "|variablestest.refused" {
		t.Errorf("got %q", got)
	}
	if got := fill(t, "{method} {uri} {protocol}", v.Log()); got != "- - -" {
		t.Errorf("in a log: %q", got)
	}
	if got := fill(t, "{uri}{path}", v.URL()); got != "" {
		t.Errorf("in a URL: %q", got)
	}
}

func TestNothingAllocates(t *testing.T) {
	v := values(t, request)
	v.Tail, v.Fields = []byte(`a"b`), new(message.Header)
	v.Exchange.Because(refused, nil)
	all := ""
	for _, known := range template.Variables() {
		all += "{" + known.Name + "} "
	}
	compiled, err := template.Compile(all, template.ForLog)
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]byte, 0, 8<<10)
	for _, view := range []template.Values{v, v.Log(), v.JSON(), v.HTML(), v.URL(), v.Field()} {
		if n := testing.AllocsPerRun(100, func() { compiled.Append(dst, view) }); n != 0 {
			t.Errorf("%T allocates %v times", view, n)
		}
	}
}
