//go:build linux

package site

import (
	"strings"
	"testing"

	"vitrine/web/serve"
)

const copiesSite = `
site "example.org" {
  root = "$ROOT"
  cgi {
    extensions = [".cgi"]
  }
  negotiate {
    variants      = true
    precompressed = ["gzip"]
  }
  route "/meant/*" {
    root         = "$ROOT"
    strip_prefix = "/meant"
  }
  route "/app/*" {
    strip_prefix = "/app"
    fastcgi "$APP" {
      static         = true
      accel_redirect = ["/open/", "/shut/"]
    }
  }
  route "/shut/*" {
    internal = true
  }
}
`

func TestWhatScriptsAreMadeOfIsNeverSentUnderAnotherName(t *testing.T) {
	app := echo(t, func(map[string]string, string) string { return "app" })
	c := newCounter(t, serve.EventsPerCore, app, map[string]string{
		"a.cgi": "#!/bin/sh\necho Content-Type: text/plain; echo; echo ran", "a.cgi.gz": "<source>", "a.cgi.bak": "<source>", "a.cgi~": "<source>",
		"b.php": "", "b.php.jpg": "<source>", "b.php.gz": "<source>", "b.PHP.bak": "<source>", "x.cgi.d/plain.txt": "plain", "plain.txt": "plain", "cgi.txt": "plain",
	}, copiesSite)
	for range 3 { // also when they are in memory
		for _, test := range []struct {
			target string
			status int
			body   string
		}{
			{"/a.cgi", 200, "ran\n"}, // and not a.cgi.gz, which is wanted
			{"/a", 404, ""},          // and no variant
			{"/a.cgi.gz", 403, ""}, {"/a.cgi.bak", 403, ""}, {"/a.cgi~", 403, ""},
			{"/app/b.php", 200, "app"}, {"/app/b.php.jpg", 403, ""}, {"/app/b.php.gz", 403, ""}, {"/app/b.PHP.bak", 403, ""}, {"/app/b", 404, ""},
			{"/meant/a.cgi.bak", 200, "<source>"}, {"/x.cgi.d/plain.txt", 200, "plain"}, {"/cgi.txt", 200, "plain"}, {"/plain.txt", 200, "plain"},
		} {
			status, _, body := c.ask("GET", test.target, nil, "Accept-Encoding: gzip")
			if status != test.status || test.body != "" && body != test.body || strings.Contains(body, "<source>") && test.body != "<source>" {
				t.Errorf("%s: %d %q, want %d %q", test.target, status, body, test.status, test.body)
			}
		}
	}
	found := c.h.SourceWarnings()
	if len(found) != 1 || !strings.Contains(found[0].Summary, c.dir+"/a.cgi.bak and 2 more") {
		t.Errorf("%v", found)
	}
	var about []string
	for _, w := range c.h.Warnings() {
		about = append(about, w.Pos.String()+" "+w.Summary+" "+w.Detail)
	}
	if len(about) != 1 || !strings.Contains(about[0], "GET /open/x is answered to everybody") {
		t.Errorf("%q", about)
	}
}

func TestCopiesOfScriptsAreToldOfOnceAndWhereTheyAreServed(t *testing.T) {
	c := newCounter(t, serve.EventsPerCore, "", map[string]string{
		"www/sub/c.cgi.old": "", "own/one.txt": "", "own/d.cgi.bak": "",
	}, `
site "example.org" {
  cgi {
    extensions = [".cgi"]
  }
  root = "$ROOT/www"
  route "/one.txt" {
    file = "$ROOT/own/one.txt"
  }
}
site "example.net" {
  cgi {
    extensions = [".cgi"]
  }
  root = "$ROOT/www/sub"
}
`)
	if found := c.h.SourceWarnings(); len(found) != 1 || !strings.HasSuffix(found[0].Summary, c.dir+"/www/sub/c.cgi.old") {
		t.Errorf("%v", found)
	}
}
