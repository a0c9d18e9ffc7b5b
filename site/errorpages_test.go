package site

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var errorFiles = map[string]string{
	"www/index.html": "home", "www/big.txt": "0123456789", "www/e/404.html": "<h1>not here</h1>", "www/e/404.json": `{"e":404}`, "www/e/5xx.html": "<p>{status} {journey} {uri} {request.x} {nothing} { color: red }",
	"www/e/filled.txt": "{uri} {request.x}", "www/e/dir/": "", "www/e/told.html": "told",
}

var errorsWorld = `
errors {
  page "4xx" { body = "outer {status}" }
}
site "example.org" {
  root = "$ROOT/www"
  header { set = { X-Site = "1" } }
  header {
    set    = { X-Error = "yes", Cache-Control = "max-age=9" }
    status = ["4xx", 503]
  }
  errors {
    page "404" { file = "/e/404.html" }
    page "404" { file = "/e/404.json" }
    page "5xx" {
      file         = "/e/5xx.html"
      placeholders = true
    }
    page "405" { body = "only {response.Allow}{method}" }
  }
  route "/gone/*" {
    respond { status = 404 }
    errors {
      page "404" { file = "/no/such" }
    }
  }
  route "/plain/*" {
    root = "$ROOT/www"
    errors {
      page "404" {
        body = "<b>{path}</b> {request.x}"
        type = "text/html"
      }
    }
  }
  route "/show/*" {
    respond { body = "{path} {query} {uri} 404" }
  }
` + missingPage("json", "body = \"{{\\\"path\\\":\\\"{path}\\\"}}\"\ntype = \"application/json\"") +
	missingPage("missing-page", `file = "/e/none.html"`) +
	missingPage("folder-page", `file = "/e/dir"`) +
	missingPage("by-path", `path = "/show/it?why=404"`) +
	missingPage("circle", `path = "/circle/again"`) +
	missingPage("slashless", `path = "/e"`) +
	missingPage("sent", `redirect = "https://example.com/?{path}"`) +
	missingPage("single", "file = \"/e/told.html\"\nstatus = 200") +
	missingPage("filled", "file = \"/e/filled.txt\"\nplaceholders = true") + "}"

// missingPage is a route below which the page for what is missing is as the settings say.
func missingPage(name, settings string) string {
	return "route \"/" + name + "/*\" {\n errors {\n page \"404\" {\n" + settings + "\n}\n}\n}\n"
}

func TestPagesForErrors(t *testing.T) {
	w := newWorld(t, errorFiles, errorsWorld)
	for _, c := range []struct{ head, want, mediaType string }{
		{"GET /missing", "404 <h1>not here</h1>|404 {\"e\":404}", ""},
		{"GET /missing\nAccept: text/html", "404 <h1>not here</h1>", "text/html; charset=utf-8"},
		{"GET /missing\nAccept: application/json", "404 {\"e\":404}", "application/json"},
		{"GET /missing\nAccept: text/html;q=0.5, application/json;q=0.6", "404 {\"e\":404}", "application/json"},
		{"GET /missing\nAccept: text/html;q=0.6, application/json;q=0.5", "404 <h1>not here</h1>", "text/html; charset=utf-8"},
		{"GET /missing\nAccept: */*", "404 <h1>not here</h1>", "text/html; charset=utf-8"}, // wanted alike: the first in the file
		{"GET /json/x\nAccept: */*", "404 {\"path\":\"/json/x\"}", "application/json"},     // and the inner one before the outer ones
		{"GET /missing\nAccept: text/plain", "404 404 Not Found", "text/plain; charset=utf-8"},
		{"HEAD /missing\nAccept: text/html", "404 ", "text/html; charset=utf-8"},
		{"GET /missing\nAccept: text/html\nRange: bytes=0-1\nIf-None-Match: *", "404 <h1>not here</h1>", ""},
		{"POST /big.txt", "405 only POST|405 only GET, HEAD, OPTIONSPOST", "text/html; charset=utf-8"},
		{"GET /plain/<a>&\nX: <script>\nAccept: text/html", "404 <b>/plain/&lt;a&gt;&amp;</b> &lt;script&gt;", "text/html"},
		{"GET /json/%22%0a", "404 {\"path\":\"/json/\\\"\\n\"}", "application/json"},
		{"GET /missing-page/x\nAccept: text/html", "404 <!DOCTYPE html>", "text/html; charset=utf-8"},
		{"GET /folder-page/x", "404 404 Not Found", ""},
		{"GET /by-path/x?q=1", "404 /show/it why=404 /by-path/x?q=1 404", "text/plain; charset=utf-8"},
		{"POST /by-path/x", "405 only ", ""},
		{"GET /circle/x", "404 404 Not Found", ""},
		{"GET /slashless/x", "404 404 Not Found", ""},
		{"GET /sent/a b&c", "302 302 Found: https://example.com/?/sent/a%20b&c|302 302 Found: https://example.com/?/sent/a%20b%26c", ""},
		{"GET /single/x", "200 told", ""},
		{"GET /filled/x\nX: a<b", "404 /filled/x a<b", "text/plain; charset=utf-8"},
		{"GET /big.txt\nIf-Match: \"x\"", "412 outer 412", ""},
		{"GET /big.txt\nRange: bytes=100-", "416 outer 416", ""},
	} {
		r := w.ask(t, strings.Replace(c.head, "a b&c", "a%20b&c", 1))
		ok := false
		for want := range strings.SplitSeq(c.want, "|") {
			status, body, _ := strings.Cut(want, " ")
			ok = ok || strconv.Itoa(r.status) == status && strings.HasPrefix(r.body, body)
		}
		if !ok || c.mediaType != "" && r.get("Content-Type") != c.mediaType || r.get("X-Site") != "1" {
			t.Errorf("%q: %d %q %q %v, want %s", c.head, r.status, r.body, r.get("Content-Type"), r.reasons, c.want)
		}
		if e := r.get("X-Error"); (e != "") != (r.status >= 400 && r.status < 500) || r.status >= 400 && r.get("Cache-Control") != "" {
			t.Errorf("%q: X-Error is %q, Cache-Control %q", c.head, e, r.get("Cache-Control"))
		}
		if r.status >= 400 && !strings.Contains(r.get("Vary"), "Accept") {
			t.Errorf("%q: Vary is %q", c.head, r.get("Vary"))
		}
	}
	for _, told := range w.told {
		if !strings.Contains(told, "vitrine.hcl:") {
			t.Error(told)
		}
	}
	if len(w.told) != 4 {
		t.Errorf("the error log has %q", w.told)
	}
}

func TestTheReasonOfAnErrorStaysWithItsPage(t *testing.T) {
	w := newWorld(t, errorFiles, errorsWorld)
	for path, why := range map[string]string{"/missing": "resource.missing", "/by-path/x": "resource.missing", "/circle/x": "resource.missing", "/single/x": "resource.missing"} {
		if r := w.ask(t, "GET "+path); !strings.HasSuffix(r.reasons, why) {
			t.Errorf("%s: %s", path, r.reasons)
		}
	}
	w.tracer = true
	for path, want := range map[string]string{
		"/missing": "site.error-page 404 (vitrine.hcl:", "/missing-page/x": "site.error-page-failed 404 (vitrine.hcl:", "/by-path/x": "site.error-path /show/it (vitrine.hcl:",
		"/big.txt": "header.elsewhere X-Error (vitrine.hcl:",
	} {
		if story := w.story(w.ask(t, "GET "+path).journey); !strings.Contains(story, want) {
			t.Errorf("%s:\n%s", path, story)
		}
	}
}

func TestAPageIsNoLongerServedWhenItIsALinkOut(t *testing.T) {
	w := newWorld(t, errorFiles, errorsWorld+"\nmemory { fresh = \"0\" }")
	page := filepath.Join(w.dir, "www/e/404.html")
	os.Remove(page)
	os.Symlink("/etc/passwd", page)
	if r := w.ask(t, "GET /missing\nAccept: text/html"); r.status != 404 || strings.Contains(r.body, "root:") || !strings.HasPrefix(r.body, "<!DOCTYPE") {
		t.Errorf("%d %q", r.status, r.body)
	}
}

func TestTheOwnPageHasTheFormThatTheClientWants(t *testing.T) {
	w := newWorld(t, nil, `site "example.org" {
  root = "$ROOT"
}`)
	for accept, want := range map[string]string{
		"": "text/plain; charset=utf-8", "*/*": "text/plain; charset=utf-8", "text/*": "text/plain; charset=utf-8", "text/html": "text/html; charset=utf-8", "text/html, */*;q=0.8": "text/html; charset=utf-8",
		"application/json": "application/problem+json", "application/problem+json": "application/problem+json", "application/*": "application/problem+json", "image/png": "text/plain; charset=utf-8",
		"application/json, text/plain, */*": "application/problem+json", "text/html;q=0.1, application/json;q=0.2": "application/problem+json", "text/html;q=0, */*": "text/plain; charset=utf-8",
		"text/html, application/json": "text/html; charset=utf-8", "application/xhtml+xml": "text/html; charset=utf-8", "text/plain, text/html": "text/html; charset=utf-8", "text/plain;q=1, text/html;q=0.9": "text/plain; charset=utf-8",
		"*/*, application/json": "application/problem+json", "text/html, */*": "text/html; charset=utf-8",
	} {
		head := "GET /missing/%3Cscript%3E"
		if accept != "" {
			head += "\nAccept: " + accept
		}
		r := w.ask(t, head)
		if r.get("Content-Type") != want || strings.Contains(r.body, "script") {
			t.Errorf("%q: %q", accept, r.get("Content-Type"))
		}
		var problem struct {
			Type, Title, Detail, Reason, Journey string
			Status                               int
		}
		if want == "application/problem+json" && (json.Unmarshal([]byte(r.body), &problem) != nil || problem.Status != 404 || problem.Title != "Not Found" || problem.Type != "about:blank" || problem.Detail == "") {
			t.Errorf("%s", r.body)
		}
	}
}

func TestAnswersExpireByType(t *testing.T) {
	w := newWorld(t, map[string]string{"a.html": "a", "b.png": "b", "c.bin": "c", "d.css": "d"}, `
expires {
  default = "1h"
  types   = { "image/*" = "30d" }
}
site "example.org" {
  root = "$ROOT"
  expires {
    types = { "text/html" = "0", "image/png" = "1d" }
  }
  route "/d.css" {
    header { set = { Cache-Control = "no-store" } }
  }
  route "/since/*" {
    root         = "$ROOT"
    strip_prefix = "/since"
    expires { modified = true }
  }
}`)
	for path, want := range map[string]string{"/a.html": "max-age=0", "/b.png": "max-age=86400", "/c.bin": "max-age=3600", "/d.css": "no-store", "/missing": "", "/since/a.html": "max-age=0"} {
		for range 2 {
			if r := w.ask(t, "GET "+path); r.get("Cache-Control") != want {
				t.Errorf("%s: %q, want %q", path, r.get("Cache-Control"), want)
			}
		}
	}
	etag := w.ask(t, "GET /b.png").get("ETag")
	if r := w.ask(t, "GET /b.png\nIf-None-Match: "+etag); r.status != 304 || r.get("Cache-Control") != "max-age=86400" {
		t.Errorf("%d %q", r.status, r.get("Cache-Control"))
	}
	w.tracer = true
	if story := w.story(w.ask(t, "GET /d.css").journey); !strings.Contains(story, "header.expires-idle") {
		t.Error(story)
	}
	if story := w.story(w.ask(t, "GET /b.png").journey); !strings.Contains(story, "header.expires Cache-Control (vitrine.hcl:9:") {
		t.Error(story)
	}
}

func TestHeaderRulesByTypeAndMethod(t *testing.T) {
	w := newWorld(t, map[string]string{"a.html": "a", "b.png": "b"}, `
site "example.org" {
  root = "$ROOT"
  header {
    set   = { X-Text = "1" }
    types = ["text/*"]
  }
  header {
    set     = { X-Get = "1" }
    methods = ["GET"]
  }
}`)
	for range 3 {
		for head, want := range map[string]string{"GET /a.html": "11", "HEAD /a.html": "1", "GET /b.png": "1", "GET /missing\nAccept: text/html": "11"} {
			if r := w.ask(t, head); r.get("X-Text")+r.get("X-Get") != want {
				t.Errorf("%s: %q %q", head, r.get("X-Text"), r.get("X-Get"))
			}
		}
	}
}
