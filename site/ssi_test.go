package site

import (
	"slices"
	"strings"
	"testing"

	"vitrine/trace"
	"vitrine/web/serve"
)

// ssiConf is a site with pages.
const ssiConf = `site "example.org" {
  root = "$ROOT"
  ssi {
  }
  route "/fixed" {
    respond {
      body = "fixed <b>"
    }
  }
  route "/away" {
    redirect "/" {
    }
  }
}`

// pages are their names and what they come to.
var pages = []struct{ name, source, want string }{
	{"text", "no directive", "no directive"},
	{"echo", `<!--#echo var="DOCUMENT_NAME" --> <!--#echo var="DOCUMENT_URI" -->`, "echo.shtml /echo.shtml"},
	{"none", `<!--#echo var="nothing" -->`, "(none)"},
	{"set", `<!--#set var="a" value="1 < 2" --><!--#echo var="a" -->|<!--#echo encoding="none" var="a" -->`, "1 &lt; 2|1 < 2"},
	{"file", `a<!--#include file="inc/part.html" -->z`, "aPARTz"},
	{"virtual", `a<!--#include virtual="/inc/part.html" -->z`, "aPARTz"},
	{"relative", `a<!--#include virtual="inc/part.html" -->z`, "aPARTz"},
	{"route", `<!--#include virtual="/fixed" -->`, "fixed <b>"},
	{"folder", `<!--#include virtual="/sub/" -->`, "sub /folder.shtml"},
	{"shared", `<!--#include virtual="/setter.shtml" --><!--#echo var="x" -->`, "set"},
	{"size", `<!--#fsize file="inc/part.html" --> <!--#config sizefmt="bytes" --><!--#fsize virtual="/inc/part.html" -->`, "  4  4"},
	{"mod", `<!--#config timefmt="%Y-%m-%d" --><!--#flastmod file="inc/part.html" -->`, "2026-01-02"},
	{"if", `<!--#if expr="$QUERY_STRING = ''" -->none<!--#else -->some<!--#endif -->`, "none"},
	{"missing", `<!--#include virtual="/nothing" -->`, failedText},
	{"redirect", `<!--#include virtual="/away" -->`, failedText},
	{"onerror", `<!--#include virtual="/nothing" onerror="/inc/part.html" -->`, "PART"},
	{"above", `<!--#include file="../x" -->|<!--#include virtual="/../../etc/passwd" -->|<!--#include file="/etc/passwd" -->`,
		failedText + "|" + failedText + "|" + failedText},
	{"hidden", `<!--#include file=".secret" -->`, failedText},
	{"link", `<!--#include file="out" -->`, failedText},
	{"self", `a<!--#include virtual="/self.shtml" -->z`, "a" + failedText + "z"},
	{"ping", `i<!--#include virtual="/pong.shtml?x=1" -->`, "io" + failedText},
	{"exec", `<!--#exec cmd="id" -->|<!--#exec cgi="/fixed" -->`, failedText + "|" + failedText},
	{"fixedsize", `<!--#fsize virtual="/fixed" -->|<!--#fsize virtual="/sub/" -->`, failedText + "|" + " 36 "},
	{"binary", "\x00\xff<!--#echo var=\"DOCUMENT_NAME\" -->\xfe", "\x00\xffbinary.shtml\xfe"},
	{"badvirtual", `<!--#include virtual="http://example.org/" -->|<!--#include virtual="//x/" -->|<!--#include virtual="/a#b" -->`,
		failedText + "|" + failedText + "|" + failedText},
}

const failedText = "[an error occurred while processing this directive]"

// ssiWorld makes a world of all pages.
func ssiWorld(t testing.TB, conf string, more map[string]string) *world {
	files := map[string]string{"inc/part.html": "PART", ".secret": "secret", "setter.shtml": `<!--#set var="x" value="set" -->`,
		"sub/index.shtml": `sub <!--#echo var="DOCUMENT_URI" -->`, "pong.shtml": `o<!--#include virtual="/ping.shtml" -->`}
	for _, p := range pages {
		files[p.name+".shtml"] = p.source
	}
	for name, text := range more {
		files[name] = text
	}
	return newWorld(t, files, strings.Replace(conf, "root = \"$ROOT\"", "root = \"$ROOT\"\n  files {\n    index = [\"index.shtml\"]\n  }", 1))
}

func TestPagesComeToWhatTheirDirectivesSay(t *testing.T) {
	w := ssiWorld(t, ssiConf, nil)
	for _, looking := range []bool{false, true} {
		w.tracer = looking
		for _, p := range pages {
			r := w.ask(t, "GET /"+p.name+".shtml")
			if r.status != 200 || r.body != p.want {
				t.Errorf("%s: %d %q, want %q; told %q", p.name, r.status, r.body, p.want, w.told)
			}
			w.told = nil
			if got := r.get("Content-Type"); got != "text/html; charset=utf-8" {
				t.Errorf("%s: %q", p.name, got)
			}
		}
	}
}

// askPage asks for what a page comes to, with the settings in its ssi block.
func askPage(t *testing.T, settings, head string, more map[string]string) (*reply, *world) {
	t.Helper()
	w := ssiWorld(t, strings.Replace(ssiConf, "ssi {", "ssi {\n"+settings, 1), more)
	w.window = 1 << 30
	w.tracer = true
	return w.ask(t, head), w
}

func TestAPageThatIsHeldBackHasItsLengthAndSaysWhichVersionItIs(t *testing.T) {
	for name, test := range map[string]struct {
		source   string
		modified bool   // it has a Last-Modified
		cache    string // its Cache-Control
	}{
		"files only":         {`<!--#include file="inc/part.html" --><!--#echo var="DOCUMENT_NAME" -->`, true, ""},
		"a variable unset":   {`<!--#if expr="$title" -->x<!--#endif -->`, true, ""},
		"a set variable":     {`<!--#set var="a" value="b" --><!--#echo var="a" -->`, true, ""},
		"the client":         {`<!--#echo var="REMOTE_ADDR" -->`, false, "no-cache"},
		"a field":            {`<!--#if expr="$HTTP_COOKIE" -->x<!--#endif -->`, false, "no-cache"},
		"the time":           {`<!--#echo var="DATE_GMT" -->`, false, "no-cache"},
		"the query":          {`<!--#echo var="QUERY_STRING_UNESCAPED" -->`, false, "no-cache"},
		"a fixed answer":     {`<!--#include virtual="/fixed" -->`, false, "no-cache"},
		"something failed":   {`<!--#include virtual="/nothing" -->`, false, "no-cache"},
		"a page with a date": {`<!--#include virtual="/dated.shtml" -->`, false, "no-cache"},
		"everything":         {`<!--#printenv -->`, false, "no-cache"},
	} {
		more := map[string]string{"p.shtml": test.source, "dated.shtml": `<!--#echo var="DATE_LOCAL" -->`}
		r, w := askPage(t, "", "GET /p.shtml", more)
		etag := r.get("ETag")
		if r.status != 200 || etag == "" || r.streamed || (r.get("Last-Modified") != "") != test.modified || r.get("Cache-Control") != test.cache || r.get("Accept-Ranges") != "none" {
			t.Errorf("%s: %d, %v", name, r.status, r.fields)
		}
		if name == "the time" || name == "a page with a date" || name == "everything" {
			continue
		}
		r = w.ask(t, "GET /p.shtml\nIf-None-Match: "+etag)
		if r.status != 304 || r.body != "" || r.get("ETag") != etag {
			t.Errorf("%s: asked again, %d with %v", name, r.status, r.fields)
		}
		if r = w.ask(t, "GET /p.shtml\nIf-Match: \"other\""); r.status != 412 {
			t.Errorf("%s: If-Match: %d", name, r.status)
		}
		if r = w.ask(t, "HEAD /p.shtml"); r.status != 200 || r.body != "" || r.get("ETag") != etag || r.get("Content-Length") == "" {
			t.Errorf("%s: HEAD: %d %q %v", name, r.status, r.body, r.fields)
		}
		since := w.ask(t, "GET /p.shtml\nIf-Modified-Since: Fri, 02 Jan 2026 03:04:05 GMT").status
		if (since == 304) != test.modified {
			t.Errorf("%s: If-Modified-Since: %d", name, since)
		}
		if r = w.ask(t, "GET /p.shtml\nRange: bytes=0-1"); r.status != 200 {
			t.Errorf("%s: Range: %d", name, r.status)
		}
		if r = w.ask(t, "POST /p.shtml\nContent-Length: 0"); r.status != 405 {
			t.Errorf("%s: POST: %d", name, r.status)
		}
	}
}

func TestAPageThatIsNotHeldBackIsSentWhileItIsMade(t *testing.T) {
	more := map[string]string{"long.shtml": `a<!--#include virtual="/big.txt" -->z<!--#echo var="DOCUMENT_NAME" -->`, "big.txt": strings.Repeat("0123456789", 30000)}
	want := "a" + more["big.txt"] + "zlong.shtml"
	r, w := askPage(t, "", "GET /long.shtml", more)
	if r.status != 200 || !r.streamed || r.aborted || r.body != want || r.get("ETag") != "" || r.get("Content-Length") != "" || r.get("Cache-Control") != "no-cache" {
		t.Errorf("%d, %d bytes, streamed %t, %v", r.status, len(r.body), r.streamed, r.fields)
	}
	for _, e := range r.journey.Events {
		if (e.Reason == Delivered || e.Reason == IncludeStreamed) && e.Depth != 0 {
			t.Errorf("what the page itself is, %s, is told at depth %d", e.Reason.ID, e.Depth)
		}
	}
	if r = w.ask(t, "GET /long.shtml\nIf-None-Match: \"x\""); r.status != 200 || r.body != want {
		t.Errorf("If-None-Match: %d", r.status)
	}
	if r = w.ask(t, "GET /long.shtml\nIf-Match: \"x\""); r.status != 412 || r.get("ETag") != "" {
		t.Errorf("If-Match: %d", r.status)
	}
	if r = w.ask(t, "HEAD /long.shtml"); r.status != 200 || r.body != "" || r.get("Content-Length") != "" ||
		!slices.ContainsFunc(r.journey.Events, func(e trace.Event) bool { return e.Reason == IncludeStreamed }) {
		t.Errorf("HEAD: %d %v", r.status, r.fields)
	}
	if r, _ = askPage(t, "hold = 0", "GET /text.shtml", nil); !r.streamed || r.body != "no directive" {
		t.Errorf("nothing is held back: %t %q", r.streamed, r.body)
	}
}

func TestPagesAreBounded(t *testing.T) {
	deep := map[string]string{}
	for i := range 20 {
		deep["d"+string(rune('a'+i))+".shtml"] = `<<!--#include virtual="/d` + string(rune('b'+i)) + `.shtml" -->>`
	}
	big := map[string]string{"big.txt": strings.Repeat("x", 5000), "grow.shtml": strings.Repeat(`<!--#include file="big.txt" -->`, 100)}
	for name, test := range map[string]struct {
		settings, path string
		more           map[string]string
		status         int
		body, reason   string
		aborted        bool
	}{
		"deep":              {"depth = 3", "/da.shtml", deep, 200, "<<<<" + failedText + ">>>>", "site.include-deep", false},
		"many":              {"includes = 2", "/m.shtml", map[string]string{"m.shtml": strings.Repeat(`<!--#include file="inc/part.html" -->`, 3)}, 200, "PARTPART" + failedText, "site.include-many", false},
		"long and held":     {"output_bytes = \"10KiB\"", "/grow.shtml", big, 500, "", "site.include-too-long", false},
		"long and sent":     {"output_bytes = \"10KiB\"\n    hold = \"1KiB\"", "/grow.shtml", big, 200, strings.Repeat("x", 10000), "", true},
		"a large page":      {"page_bytes = \"1KiB\"", "/grow.shtml", big, 500, "", "site.include-too-large", false},
		"a long directive":  {"directive_bytes = 64", "/l.shtml", map[string]string{"l.shtml": `a<!--#echo var="` + strings.Repeat("x", 100) + `" -->z`}, 200, "a" + failedText + "z", "ssi.bound", false},
		"variables":         {"variables = 1", "/v.shtml", map[string]string{"v.shtml": `<!--#set var="a" value="1" --><!--#set var="b" value="2" -->`}, 200, failedText, "ssi.bound", false},
		"variables' length": {"variable_bytes = 64", "/v.shtml", map[string]string{"v.shtml": `<!--#set var="a" value="` + strings.Repeat("x", 64) + `" -->`}, 200, failedText, "ssi.bound", false},
		"doubling": {"", "/v.shtml", map[string]string{"v.shtml": `<!--#set var="a" value="0123456789" -->` + strings.Repeat(`<!--#set var="a" value="$a$a" -->`, 40) + `<!--#if expr="$a = 0" --><!--#endif -->`},
			200, strings.Repeat(failedText, 28), "ssi.bound", false},
		"a loop": {"", "/ping.shtml", nil, 200, "io" + failedText, "site.include-loop", false},
		"exec":   {"exec = true", "/exec.shtml", nil, 200, failedText + "|" + failedText, "site.exec-no-script", false},
	} {
		r, w := askPage(t, test.settings, "GET "+test.path, test.more)
		if r.status != test.status || test.status == 200 && r.body != test.body || r.aborted != test.aborted {
			t.Errorf("%s: %d %.200q, aborted %t", name, r.status, r.body, r.aborted)
		}
		if test.reason != "" && !strings.Contains(w.story(r.journey), test.reason) {
			t.Errorf("%s: %s", name, w.story(r.journey))
		}
		if len(w.told) > mostFailures {
			t.Errorf("%s: %d lines of the error log", name, len(w.told))
		}
		if r.status == 200 && test.reason != "" && len(w.told) == 0 || strings.Contains(r.body, w.dir) {
			t.Errorf("%s: told %q, body %q", name, w.told, r.body)
		}
	}
}

func TestALoopIsNamed(t *testing.T) {
	r, w := askPage(t, "", "GET /ping.shtml", nil)
	if story := w.story(r.journey); !strings.Contains(story, "loop: /ping.shtml → /pong.shtml → /ping.shtml") {
		t.Error(story)
	}
	if len(w.told) != 1 || !strings.Contains(w.told[0], `/pong.shtml:1: "include": /ping.shtml is answered with 508: the page includes itself`) {
		t.Errorf("%q", w.told)
	}
}

func TestTheKeeperIsToldWhyAnIncludeWasRefusedAndNotWhatAClientWouldBeTold(t *testing.T) {
	conf := strings.Replace(ssiConf, `  route "/away" {`, `  route "/closed" {
    access {
      deny = ["0.0.0.0/0", "::/0"]
    }
    respond {
    }
  }
  route "/away" {`, 1)
	w := ssiWorld(t, conf, map[string]string{"c.shtml": `<!--#include virtual="/closed" -->`})
	w.window, w.tracer = 1<<30, true
	if r := w.ask(t, "GET /c.shtml"); r.body != failedText {
		t.Errorf("%q", r.body)
	}
	const why = `/c.shtml:1: "include": /closed is answered with 403: a network that may not have this contains the client's address`
	if len(w.told) != 1 || !strings.Contains(w.told[0], why) {
		t.Errorf("%q", w.told)
	}
}

func TestAnIncludeIsDecidedAboutAsARequestOfItsOwn(t *testing.T) {
	r, w := askPage(t, "", "GET /folder.shtml", nil)
	want := `* include  site.included /sub/ (vitrine.hcl:6:3)
  · route    route.other-path /fixed (vitrine.hcl:9:3)
`
	story := w.story(r.journey)
	if !strings.Contains(story, want) || !strings.Contains(story, "\n  * resource site.index /sub/index.shtml") {
		t.Error(story)
	}
	depths := map[int]bool{}
	for _, e := range r.journey.Events {
		depths[e.Depth] = true
		if e.Reason == Delivered && e.Depth > 0 {
			t.Error("what is included is not delivered")
		}
	}
	if !depths[0] || !depths[1] || r.journey.Depth != 0 {
		t.Errorf("%v, %d", depths, r.journey.Depth)
	}
}

func TestWhatTheClientSendsIsHarmlessInAPage(t *testing.T) {
	more := map[string]string{"q.shtml": `<a href="<!--#echo var="QUERY_STRING_UNESCAPED" -->"><!--#echo var="HTTP_X_A" --><!--#echo encoding="url" var="HTTP_X_A" -->` +
		`<!--#if expr="$HTTP_X_A = /^$QUERY_STRING/" -->match<!--#endif --><!--#printenv -->`}
	r, w := askPage(t, "", "GET /q.shtml?%3Cscript%3E%22'.*\nX-A: <b onclick='x'>\"\nAuthorization: Basic c2VjcmV0\nProxy: http://evil", more)
	for _, bad := range []string{"<script", "<b", "onclick='", "c2VjcmV0", "evil", w.dir, "match"} {
		if strings.Contains(r.body, bad) {
			t.Errorf("%q is in %s", bad, r.body)
		}
	}
	if !strings.Contains(r.body, "&lt;script") {
		t.Error(r.body)
	}
}

// A page that is too large to be kept in memory is encoded like any other: what it comes to, and not what it is made of.
func TestALargePageIsEncodedAsWhatItComesTo(t *testing.T) {
	c := newCounter(t, serve.EventsPerCore, "", map[string]string{"large.shtml": strings.Repeat("<!--#set var=\"secret\" value=\"x\" -->ab\n", 30000)}, turnSite)
	status, _, body := c.ask("GET", "/large.shtml", nil)
	if status != 200 || body != strings.Repeat("ab\n", 30000) {
		t.Errorf("%d, %d bytes, %.100q", status, len(body), body)
	}
}
