package site

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const filesConfig = `
site "example.org" {
  root = "$ROOT"
  files {
    index = ["index.html", "index.htm"]
  }
  route "/app/*" {
    root = "$ROOT/app"
    strip_prefix = "/app"
    files {
      missing "/index.html" {
        status = 200
      }
    }
  }
  route "/pages/*" {
    files {
      missing "/404.html" {}
    }
  }
  route "/list/*" {
    files {
      listing = true
      index = []
    }
  }
  route "/secret/*" {
    root = "$ROOT/app"
    strip_prefix = "/secret"
    files {
      hidden = true
    }
  }
  route "/typed/*" {
    types {
      explicit = "text/x-typed"
    }
  }
}`

func filesWorld(t testing.TB) *world {
	return newWorld(t, map[string]string{
		"index.html": "index", "a.txt": "0123456789", "big.txt": strings.Repeat("0123456789", 400), "old/index.htm": "htm", "dirindex/index.html/x": "", "dirindex/index.htm": "htm",
		"app/index.html": "app", "app/app.js": "js", "app/.env": "secret", "pages/a.html": "page", "404.html": "nothing here",
		"pages/empty/": "", "list/a.txt": "a", "list/sub/b.txt": "b", "empty/": "", "typed/a.html": "typed", ".git/config": "git",
	}, filesConfig)
}

func TestPathsLeadToFilesIndexesListingsAndWhatIsServedWhenNothingIsThere(t *testing.T) {
	w := filesWorld(t)
	for _, test := range []struct {
		path   string
		status int
		body   string // the beginning
		kind   string // of Content-Type, the beginning
		reason string
	}{
		{"/", 200, "index", "text/html", "content.whole"},
		{"/index.html", 200, "index", "text/html", "content.whole"},
		{"/a.txt", 200, "0123", "text/plain", "content.whole"},
		{"/old/", 200, "htm", "text/html", "content.whole"},
		{"/dirindex/", 200, "htm", "text/html", "content.whole"},
		{"/a.txt/", 404, "404 Not Found", "text/plain", "resource.slash-on-file"},
		{"/none", 404, "404 Not Found", "text/plain", "resource.missing"},
		{"/empty/", 404, "404 Not Found", "text/plain", "site.no-index"},
		{"/.git/config", 404, "404 Not Found", "text/plain", "resource.hidden"},
		{"/app", 301, "301 Moved", "text/plain", "site.slash-missing"},
		{"/app/", 200, "app", "text/html", "content.whole"},
		{"/app/app.js", 200, "js", "text/javascript", "content.whole"},
		{"/app/users/7", 200, "app", "text/html", "resource.missing site.missing-page content.whole"},
		{"/app/.env", 200, "app", "text/html", "resource.hidden site.missing-page content.whole"},
		{"/secret/.env", 200, "secret", "", "content.whole"},
		{"/secret/app.js", 200, "js", "text/javascript", "content.whole"},
		{"/pages/a.html", 200, "page", "text/html", "content.whole"},
		{"/pages/b.html", 404, "nothing here", "text/html", "resource.missing site.missing-page"},
		{"/pages/empty/", 404, "nothing here", "text/html", "site.no-index site.missing-page"},
		{"/pages/empty", 301, "301 Moved", "text/plain", "site.slash-missing"},
		{"/list/", 200, "<!", "text/html", "content.listing"},
		{"/list/sub/", 200, "<!", "text/html", "content.listing"},
		{"/list", 301, "301 Moved", "text/plain", "site.slash-missing"},
		{"/typed/a.html", 200, "typed", "text/x-typed", "content.whole"},
	} {
		for _, w.tracer = range []bool{false, true, false, false} {
			r := w.ask(t, "GET "+test.path)
			if r.status != test.status || !strings.HasPrefix(r.body, test.body) || !strings.HasPrefix(r.get("Content-Type"), test.kind) ||
				!strings.HasSuffix(r.reasons, test.reason) {
				t.Errorf("%s: %d %.20q %s %s; want %d %q %s %s", test.path, r.status, r.body, r.get("Content-Type"), r.reasons,
					test.status, test.body, test.kind, test.reason)
			}
		}
		w.tracer = false
		head := w.ask(t, "HEAD "+test.path)
		get := w.ask(t, "GET "+test.path)
		if head.status != get.status || head.body != "" || head.get("Content-Length") != get.get("Content-Length") || head.get("ETag") != get.get("ETag") {
			t.Errorf("HEAD %s: %d %v, GET: %d %v", test.path, head.status, head.fields, get.status, get.fields)
		}
	}
	if r := w.ask(t, "GET /list/\nAccept: application/json"); !strings.Contains(r.body, `"a.txt"`) || r.get("Content-Type") != "application/json" {
		t.Errorf("a listing as JSON: %s %s", r.get("Content-Type"), r.body)
	}
	etag := w.ask(t, "GET /list/").get("ETag")
	if r := w.ask(t, "GET /list/\nIf-None-Match: "+etag); r.status != 304 || r.body != "" {
		t.Errorf("a listing that the client has: %d", r.status)
	}
}

func TestPreconditionsAndRangesOfHotFilesAreAnsweredOnTheLoop(t *testing.T) {
	w := filesWorld(t)
	etag := w.ask(t, "GET /a.txt").get("ETag")
	for _, test := range []struct {
		fields string
		status int
		body   string
		reason string
	}{
		{"Range: bytes=2-3", 206, "23", "content.part"},
		{"Range: bytes=20-", 416, "416 Range Not Satisfiable", "content.range-unsatisfiable"},
		{"If-None-Match: " + etag, 304, "", "content.not-modified-tag"},
		{"If-None-Match: \"x\"", 200, "0123456789", "content.whole"},
		{"If-Match: \"x\"", 412, "412 Precondition Failed", "content.precondition-failed"},
		{"If-Modified-Since: Fri, 02 Jan 2026 03:04:05 GMT", 304, "", "content.not-modified-date"},
		{"If-Range: " + etag + "\nRange: bytes=2-3", 206, "23", "content.part"},
		{"If-Range: \"x\"\nRange: bytes=2-3", 200, "0123456789", "content.whole"},
	} {
		for _, head := range []string{"GET /a.txt\n", "GET /a.txt\n", "GET http://example.org/./a.txt\n"} {
			r := w.ask(t, head+test.fields)
			if r.status != test.status || !strings.HasPrefix(r.body, test.body) || !strings.HasSuffix(r.reasons, test.reason) || r.off {
				t.Errorf("%s: %d %q %s, off the loop: %v", test.fields, r.status, r.body, r.reasons, r.off)
			}
		}
	}
	w.ask(t, "GET /big.txt")
	if r := w.ask(t, "GET /big.txt\nRange: bytes=0-0,3999-"); r.status != 206 || !strings.HasPrefix(r.body, "\r\n--") && !strings.HasPrefix(r.body, "--") || r.off {
		t.Errorf("two parts: %d %q", r.status, r.body)
	}
	if r := w.ask(t, "GET /a.txt\nRange: bytes=20-"); r.get("Content-Range") != "bytes */10" {
		t.Errorf("416 says %q", r.get("Content-Range"))
	}
	if r := w.ask(t, "GET /app/none\nIf-None-Match: *"); r.status != 304 {
		t.Errorf("a page that stands in with 200 has validators: %d", r.status)
	}
	if r := w.ask(t, "GET /pages/none\nIf-None-Match: *\nRange: bytes=0-1"); r.status != 404 || r.body != "nothing here" {
		t.Errorf("a page that stands in with 404 has none: %d %q", r.status, r.body)
	}
}

func TestWhatMayNotBeServedIsToldToTheErrorLogAndNotToTheClient(t *testing.T) {
	w := filesWorld(t)
	if err := os.Symlink("/etc/passwd", filepath.Join(w.dir, "out")); err != nil {
		t.Fatal(err)
	}
	os.Mkdir(filepath.Join(w.dir, "linked"), 0o755)
	if err := os.Symlink("/etc/passwd", filepath.Join(w.dir, "linked", "index.html")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/out", "/linked/"} {
		w.told = nil
		r := w.ask(t, "GET "+path)
		if r.status != 403 || !strings.HasSuffix(r.reasons, "resource.escapes") || strings.Contains(r.body, w.dir) {
			t.Errorf("%s: %d %s\n%s", path, r.status, r.reasons, r.body)
		}
		if len(w.told) != 1 || !strings.Contains(w.told[0], path) {
			t.Errorf("%s: the error log has %q", path, w.told)
		}
	}
}

func TestATroubleThatMayPassSaysWhenToTryAgain(t *testing.T) {
	w := filesWorld(t)
	if err := os.RemoveAll(filepath.Join(w.dir, "app")); err != nil {
		t.Fatal(err)
	}
	if r := w.ask(t, "GET /app/app.js"); r.status != 503 || r.get("Retry-After") != "1" || len(w.told) != 1 {
		t.Errorf("the root is gone: %d %v, the error log has %q", r.status, r.fields, w.told)
	}
}

func TestTheLogKnowsWhatAnswered(t *testing.T) {
	w := newWorld(t, map[string]string{"a.txt": "a", "app/": ""}, strings.Replace(filesConfig, `route "/typed/*" {`, `route "/quiet" {
    log {
      off = true
    }
    respond {}
  }
  route "/own/*" {
    log {
      file = "stderr"
    }
    redirect "/x" {}
  }
  route "/typed/*" {`, 1))
	for _, request := range []string{"GET /a.txt", "GET /a.txt", "GET /none", "GET /own/x/y", "GET /quiet", "GET /quiet", "GET /\nHost: nobody"} {
		w.ask(t, request)
	}
	want := []string{
		"stdout: example.org  tail= file=/a.txt content.whole type=text/plain; charset=utf-8",
		"stdout: example.org  tail= file=/a.txt content.whole type=text/plain; charset=utf-8",
		"stdout: example.org  tail= file= resource.missing line 3 type=text/plain; charset=utf-8",
		"stderr: example.org /own/* tail=x/y file= site.redirect line 44 type=text/plain; charset=utf-8",
		"stdout:   tail= file= site.unknown-host type=text/plain; charset=utf-8",
	}
	if !slices.Equal(w.logged, want) {
		t.Errorf("logged\n%s\nwant\n%s", strings.Join(w.logged, "\n"), strings.Join(want, "\n"))
	}
}
