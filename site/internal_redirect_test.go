package site

import (
	"strconv"
	"strings"
	"testing"

	"vitrine/trace"
)

// lead serves a request as if a step of its route had led it to another path, n times.
func (w *world) lead(t *testing.T, head, target string, n int) *reply {
	t.Helper()
	x := w.begin(t, head)
	v := visits.Get().(*visit)
	v.begin(w.h, x)
	next := receive
	for range 3 { // the site and the route are known by then
		switch next {
		case receive:
			next, _ = v.receive()
		case client:
			next, _ = v.whoAsks()
		case choose:
			next, _ = v.chooseSite()
		}
	}
	if next == find {
		v.findRoute()
	}
	for range n {
		var why *trace.Reason
		next, why = v.rewalk(target, StripPrefix, &w.conf.Sites[0].Pos)
		x.Because(why, nil)
	}
	v.walk(next)
	return w.finish(t, x)
}

const rewalkWorld = `
log { file = "outside.log" }
site "example.org" {
  root = "$ROOT"
  log { file = "site.log" }
  route "/script/*" {
    respond { body = "script" }
  }
  route "/told/*" {
    respond { body = "{method} {uri} {path} {path.tail} {query} {query.a} {request.content-type}" }
  }
  route "/post" {
    methods = ["POST"]
    respond { body = "posted" }
  }
}`

func TestAnInternalRedirectAnswersWithAnotherPath(t *testing.T) {
	w := newWorld(t, map[string]string{"page.html": "a page", "folder/": ""}, rewalkWorld)
	for _, c := range []struct{ head, target, want string }{
		{"GET /script/x", "/page.html", "200 a page"},
		{"HEAD /script/x", "/page.html", "200 "},
		{"POST /script/x\nContent-Length: 3\nContent-Type: a/b", "/told/b%63?a=1&b", "200 POST /script/x /told/bc bc a=1&b 1 a/b"},
		{"GET /script/x\nRange: bytes=2-5", "/page.html", "206 page"},
		{"POST /script/x\nRange: bytes=2-5\nIf-Match: \"no\"", "/page.html", "200 a page"},
		{"GET /script/x\nIf-Match: \"no\"", "/page.html", "412 412"},
		{"GET /script/x", "/missing", "404 404"},
		{"POST /script/x", "/post", "405 405"},
		{"GET /script/x", "/told/ä b", "200 GET /script/x /told/ä b ä b   "},
		{"GET /script/x", "relative", "500 500"},
		{"GET /script/x", "http://other.org/", "500 500"},
		{"GET /script/x", "/../../etc/passwd", "500 500"},
		{"GET /script/x", "/page.html%00", "500 500"},
		{"GET /script/x", "", "500 500"},
	} {
		r := w.lead(t, c.head, c.target, 1)
		status, body, _ := strings.Cut(c.want, " ")
		if got := strconv.Itoa(r.status); got != status || r.body != body && !(r.status >= 400 && strings.HasPrefix(r.body, body)) {
			t.Errorf("%q to %q: %d %q, want %q", c.head, c.target, r.status, r.body, c.want)
		}
	}
}

func TestTheLogHasWhatWasAskedFor(t *testing.T) {
	w := newWorld(t, map[string]string{"page.html": "a page"}, rewalkWorld)
	w.lead(t, "GET /script/x", "/page.html", 1)
	w.lead(t, "GET /script/x", "/told/y", 1)
	for i, want := range []string{"/site.log: example.org /script/* tail=x file=/page.html content.whole", "/site.log: example.org /script/* tail=x file= site.respond"} {
		if !strings.Contains(w.logged[i], want) {
			t.Errorf("logged %q, want %q", w.logged[i], want)
		}
	}
}

func TestAFolderIsRedirectedToFromTheRoot(t *testing.T) {
	w := newWorld(t, map[string]string{"a/folder/": ""}, rewalkWorld)
	if r := w.lead(t, "GET /script/x?q", "//a/folder?r", 1); r.status != 301 || r.get("Location") != "/a/folder/?r" {
		t.Errorf("%d %q", r.status, r.get("Location"))
	}
}

func TestACircleOfInternalRedirectsEnds(t *testing.T) {
	w := newWorld(t, map[string]string{"page.html": "a page"}, rewalkWorld)
	w.tracer = true
	if r := w.lead(t, "GET /script/x", "/page.html", mostRewalks); r.status != 200 || !strings.Contains(w.story(r.journey), "rewalk") {
		t.Errorf("%d\n%s", r.status, w.story(r.journey))
	}
	if r := w.lead(t, "GET /script/x", "/page.html", mostRewalks+1); r.status != 500 || !strings.Contains(r.reasons, TooManyRewalks.ID) {
		t.Errorf("%d %s", r.status, r.reasons)
	}
}

func TestAnAnswerElsewhereIsNotRememberedForThePathThatWasAskedFor(t *testing.T) {
	w := newWorld(t, map[string]string{"page.html": "a page"}, rewalkWorld)
	for range 3 {
		w.ask(t, "GET /page.html")
		w.lead(t, "GET /script/x", "/page.html", 1)
		if r := w.ask(t, "GET /script/x"); r.body != "script" {
			t.Fatalf("%q", r.body)
		}
	}
}
