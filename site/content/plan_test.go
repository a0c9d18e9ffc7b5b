package content

import (
	"strings"
	"testing"
	"time"

	"vitrine/site/resource"
	"vitrine/trace"
	"vitrine/web/message"
)

const (
	sameDate  = "Sun, 06 Nov 1994 08:49:37 GMT"
	laterDate = "Sun, 06 Nov 1994 08:49:38 GMT"
	olderDate = "Sun, 06 Nov 1994 08:49:36 GMT"
)

// all is the header of the whole file.
const all = "Content-Type: text/plain; charset=utf-8\nContent-Length: 10\nLast-Modified: " + sameDate +
	"\nETag: \"v1\"\nAccept-Ranges: bytes\n"

// some is the header of a part.
func some(length, contentRange string) string {
	return strings.Replace(all, "Length: 10", "Length: "+length, 1) + "Content-Range: bytes " + contentRange + "\n"
}

const none = "ETag: \"v1\"\n" // the header of 304

func TestPlan(t *testing.T) {
	for _, c := range []struct {
		section string
		method  string
		request string // field lines
		status  int
		reason  string // the decision
		header  string // "": none
		body    string
	}{
		{"RFC 9110 §15.3.1", "GET", "", 200, "content.whole", all, "0123456789"},
		{"RFC 9110 §9.3.2: HEAD has the fields of GET", "HEAD", "", 200, "content.whole", all, ""},
		{"RFC 9110 §9.3.2: HEAD, conditional", "HEAD", `If-None-Match: "v1"`, 304, "content.not-modified-tag", none, ""},

		{"RFC 9110 §13.1.2: the tag", "GET", `If-None-Match: "v1"`, 304, "content.not-modified-tag", none, ""},
		{"RFC 9110 §13.1.2: weakly compared", "GET", `If-None-Match: W/"v1"`, 304, "content.not-modified-tag", none, ""},
		{"RFC 9110 §13.1.2: one of a list", "GET", `If-None-Match: "v0" , W/"v1"`, 304, "content.not-modified-tag", none, ""},
		{"RFC 9110 §13.1.2: one of two lines", "GET", "If-None-Match: \"v0\"\nIf-None-Match: \"v1\"", 304,
			"content.not-modified-tag", none, ""},
		{"RFC 9110 §13.1.2: any", "GET", `If-None-Match: *`, 304, "content.not-modified-tag", none, ""},
		{"RFC 9110 §13.1.2: another", "GET", `If-None-Match: "v2"`, 200, "content.whole", all, "0123456789"},
		{"RFC 9110 §13.1.3: not since", "GET", "If-Modified-Since: " + sameDate, 304, "content.not-modified-date", none, ""},
		{"RFC 9110 §13.1.3: not since, a later date", "GET", "If-Modified-Since: " + laterDate, 304,
			"content.not-modified-date", none, ""},
		{"RFC 9110 §5.6.7: RFC 850 date", "GET", "If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT", 304,
			"content.not-modified-date", none, ""},
		{"RFC 9110 §5.6.7: asctime date", "GET", "If-Modified-Since: Sun Nov  6 08:49:37 1994", 304,
			"content.not-modified-date", none, ""},
		{"RFC 9110 §13.1.3: since", "GET", "If-Modified-Since: " + olderDate, 200, "content.whole", all, "0123456789"},
		{"RFC 9110 §13.1.3: no date", "GET", "If-Modified-Since: yesterday", 200, "content.whole", all, "0123456789"},
		{"RFC 9110 §13.1.3: ignored beside If-None-Match", "GET", "If-None-Match: \"v2\"\nIf-Modified-Since: " + sameDate, 200,
			"content.whole", all, "0123456789"},
		{"RFC 9110 §13.1.1: the tag", "GET", `If-Match: "v1"`, 200, "content.whole", all, "0123456789"},
		{"RFC 9110 §13.1.1: any", "GET", `If-Match: *`, 200, "content.whole", all, "0123456789"},
		{"RFC 9110 §13.1.1: strongly compared", "GET", `If-Match: W/"v1"`, 412, "content.precondition-failed", "", ""},
		{"RFC 9110 §13.1.1: another", "GET", `If-Match: "v2"`, 412, "content.precondition-failed", "", ""},
		{"RFC 9110 §13.1.4: not since", "GET", "If-Unmodified-Since: " + sameDate, 200, "content.whole", all, "0123456789"},
		{"RFC 9110 §13.1.4: since", "GET", "If-Unmodified-Since: " + olderDate, 412, "content.precondition-failed", "", ""},
		{"RFC 9110 §13.1.4: ignored beside If-Match", "GET", "If-Match: \"v1\"\nIf-Unmodified-Since: " + olderDate, 200,
			"content.whole", all, "0123456789"},
		{"RFC 9110 §13.2.2: If-Match first", "GET", "If-Match: \"v2\"\nIf-None-Match: \"v1\"", 412,
			"content.precondition-failed", "", ""},
		{"RFC 9110 §13.2.2: then If-None-Match", "GET", "If-Match: \"v1\"\nIf-None-Match: \"v1\"", 304,
			"content.not-modified-tag", none, ""},
		{"RFC 9110 §13.2.2: before Range", "GET", "If-None-Match: \"v1\"\nRange: bytes=0-1", 304,
			"content.not-modified-tag", none, ""},

		{"RFC 9110 §14.1.2: first and last", "GET", "Range: bytes=2-4", 206, "content.part", some("3", "2-4/10"), "234"},
		{"RFC 9110 §14.1.2: from", "GET", "Range: bytes=7-", 206, "content.part", some("3", "7-9/10"), "789"},
		{"RFC 9110 §14.1.2: suffix", "GET", "Range: bytes=-2", 206, "content.part", some("2", "8-9/10"), "89"},
		{"RFC 9110 §14.1.2: last beyond the end", "GET", "Range: bytes=8-99", 206, "content.part", some("2", "8-9/10"), "89"},
		{"RFC 9110 §14.1.2: suffix longer than the file", "GET", "Range: bytes=-99", 206, "content.part", some("10", "0-9/10"),
			"0123456789"},
		{"RFC 9110 §14.1.2: the unit in any case", "GET", "Range: Bytes=0-0", 206, "content.part", some("1", "0-0/10"), "0"},
		{"RFC 9110 §14.1.2: the whole is a range", "GET", "Range: bytes=0-", 206, "content.part", some("10", "0-9/10"), "0123456789"},
		{"RFC 9110 §15.5.17: beyond the end", "GET", "Range: bytes=10-", 416, "content.range-unsatisfiable",
			"Content-Range: bytes */10\n", ""},
		{"RFC 9110 §14.1.2: suffix of nothing", "GET", "Range: bytes=-0", 416, "content.range-unsatisfiable",
			"Content-Range: bytes */10\n", ""},
		{"RFC 9110 §15.5.17: one of two lies inside", "GET", "Range: bytes=99-,1-2", 206, "content.part", some("2", "1-2/10"), "12"},
		{"RFC 9110 §15.3.7.2: near ranges become one", "GET", "Range: bytes=0-1,4-5", 206, "content.part", some("6", "0-5/10"),
			"012345"},
		{"RFC 9110 §14.2: malformed", "GET", "Range: bytes=b-a", 200, "content.whole", all, "0123456789"},
		{"RFC 9110 §14.2: last before first", "GET", "Range: bytes=5-4", 200, "content.whole", all, "0123456789"},
		{"RFC 9110 §14.2: unknown unit", "GET", "Range: lines=1-2", 200, "content.whole", all, "0123456789"},
		{"RFC 9110 §14.2: too many", "GET", "Range: bytes=0-0,2-2,4-4,6-6,8-8", 200, "content.whole", all, "0123456789"},
		{"RFC 9110 §14.2: two fields", "GET", "Range: bytes=0-0\nRange: bytes=1-1", 200, "content.whole", all, "0123456789"},
		{"RFC 9110 §14.2: only with GET", "HEAD", "Range: bytes=0-0", 200, "content.whole", all, ""},

		{"RFC 9110 §13.1.5: the tag", "GET", "Range: bytes=0-0\nIf-Range: \"v1\"", 206, "content.part", some("1", "0-0/10"), "0"},
		{"RFC 9110 §13.1.5: the date", "GET", "Range: bytes=0-0\nIf-Range: " + sameDate, 206, "content.part", some("1", "0-0/10"), "0"},
		{"RFC 9110 §13.1.5: another tag", "GET", "Range: bytes=0-0\nIf-Range: \"v2\"", 200, "content.whole", all, "0123456789"},
		{"RFC 9110 §13.1.5: a weak tag", "GET", "Range: bytes=0-0\nIf-Range: W/\"v1\"", 200, "content.whole", all, "0123456789"},
		{"RFC 9110 §13.1.5: another date, even a later one", "GET", "Range: bytes=0-0\nIf-Range: " + laterDate, 200,
			"content.whole", all, "0123456789"},
		{"RFC 9110 §13.1.5: beyond the end and outdated", "GET", "Range: bytes=99-\nIf-Range: \"v2\"", 200, "content.whole", all,
			"0123456789"},
		{"RFC 9110 §13.1.5: no Range", "GET", "If-Range: \"v2\"", 200, "content.whole", all, "0123456789"},
	} {
		var lines []string
		if c.request != "" {
			lines = strings.Split(c.request, "\n")
		}
		var h message.Header
		var tr trace.Journey
		a := Plan(request(c.method, lines...), digits(), textType, Options{Ranges: 4, Now: present}, &h, &tr)
		if a.Status != c.status || a.Reason.ID != c.reason {
			t.Errorf("%s: %d by %s, want %d by %s", c.section, a.Status, a.Reason, c.status, c.reason)
		}
		if got := fields(&h); got != c.header {
			t.Errorf("%s: header is\n%swant\n%s", c.section, got, c.header)
		}
		if got := body(t, a.Pieces); got != c.body {
			t.Errorf("%s: body is %q, want %q", c.section, got, c.body)
		}
		if a.Whole != (c.reason == "content.whole") {
			t.Errorf("%s: whole is %v", c.section, a.Whole)
		}
		if len(tr.Events) < 2 || tr.Events[0].Reason != reasonTypeBuiltIn || tr.Events[len(tr.Events)-1].Reason != a.Reason {
			t.Errorf("%s: the journey does not begin with the type and end with the decision: %+v", c.section, tr.Events)
		}
		var quiet message.Header
		if b := Plan(request(c.method, lines...), digits(), textType, Options{Ranges: 4, Now: present}, &quiet, nil); b.Status != a.Status ||
			fields(&quiet) != fields(&h) {
			t.Errorf("%s: it makes a difference whether somebody looks", c.section)
		}
	}
}

// What was asked and passed over is told with the reason why.
func TestJourneyOfWhatWasPassedOver(t *testing.T) {
	for request_, want := range map[string]string{
		"Range: bytes=b-a":                        "content.range-ignored because range is malformed",
		"Range: lines=1-2":                        "content.range-ignored because range unit is not bytes",
		"Range: bytes=0-0,0-0,0-0":                "content.range-ignored because ranges overlap",
		"Range: bytes=0-0,2-2,4-4,6-6,8-8":        "content.range-ignored because too many ranges",
		"Range: bytes=0-0\nRange: bytes=1-1":      "content.range-ignored because there is more than one Range field",
		"Range: bytes=0-0\nIf-Range: \"v2\"":      "content.range-outdated because If-Range fails",
		"Range: bytes=0-0\nIf-Range: W/\"v1\"":    "content.range-outdated because If-Range has a weak validator",
		"If-Modified-Since: yesterday":            "content.precondition-ignored because If-Modified-Since is ignored",
		"If-None-Match: \"v2\"":                   "content.preconditions-held because If-None-Match holds",
		"If-Unmodified-Since: " + sameDate:        "content.preconditions-held because If-Unmodified-Since holds",
		"If-Match: \"v1\"\nIf-None-Match: \"v0\"": "content.preconditions-held because If-None-Match holds",
	} {
		var h message.Header
		var tr trace.Journey
		Plan(request("GET", strings.Split(request_, "\n")...), digits(), textType, Options{Ranges: 4, Now: present}, &h, &tr)
		if len(tr.Events) != 3 {
			t.Errorf("%s: %d events, want type, verdict and answer", request_, len(tr.Events))
			continue
		}
		event := tr.Events[1]
		got := event.Reason.ID
		for _, d := range event.Details {
			if d.Name == "because" || d.Name == "condition" {
				got += " because " + d.Value
			}
		}
		if got != want {
			t.Errorf("%s: %s, want %s", request_, got, want)
		}
	}
}

func TestEmptyFile(t *testing.T) {
	empty := &resource.Entry{Kind: resource.File, Path: "/empty", ModTime: time.Unix(modified, 0), ETag: `"v0"`, Bytes: []byte{}}
	for _, line := range []string{"Accept: */*", "Range: bytes=0-", "Range: bytes=-5", "Range: bytes=5-"} {
		var h message.Header
		a := Plan(request("GET", line), empty, textType, Options{Ranges: 4, Now: present}, &h, nil)
		if a.Status != 200 || h.Get("Content-Length") != "0" || len(a.Pieces) != 0 {
			t.Errorf("%s: %d with %s", line, a.Status, fields(&h))
		}
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		name    string
		request string
		o       Options
		entry   func(*resource.Entry)
		t       *Type
		status  int
		header  string
	}{
		{"a page that stands in for what is missing", "If-None-Match: \"v1\"\nRange: bytes=0-0", Options{Status: 404, Ranges: 4, Now: present},
			nil, textType, 404, "Content-Type: text/plain; charset=utf-8\nContent-Length: 10\n"},
		{"the same without a condition", "Accept: */*", Options{Status: 404, Ranges: 4, Now: present},
			nil, textType, 404, "Content-Type: text/plain; charset=utf-8\nContent-Length: 10\n"},
		{"a page that stands in with 200", "If-None-Match: \"v1\"", Options{Status: 200, Ranges: 4, Now: present},
			nil, textType, 304, none},
		{"no ranges are allowed", "Range: bytes=0-0", Options{Now: present}, nil, textType, 200,
			strings.Replace(all, "bytes\n", "none\n", 1)},
		{"no type is known", "Accept: */*", Options{Ranges: 4, Now: present}, nil, &Type{Reason: reasonTypeNone}, 200,
			strings.Replace(all, "Content-Type: text/plain; charset=utf-8\n", "", 1)},
		{"RFC 9110 §8.8.2.1: modified in the future", "Accept: */*", Options{Ranges: 4, Now: modified - 1}, nil, textType, 200,
			strings.Replace(all, sameDate, olderDate, 1)},
		{"without an entity tag", "If-Modified-Since: " + sameDate, Options{Ranges: 4, Now: present},
			func(e *resource.Entry) { e.ETag = "" }, textType, 304, "Last-Modified: " + sameDate + "\n"},
	} {
		e := digits()
		if c.entry != nil {
			c.entry(e)
		}
		var h message.Header
		a := Plan(request("GET", strings.Split(c.request, "\n")...), e, c.t, c.o, &h, nil)
		if a.Status != c.status || fields(&h) != c.header {
			t.Errorf("%s: %d\n%swant %d\n%s", c.name, a.Status, fields(&h), c.status, c.header)
		}
	}
}
