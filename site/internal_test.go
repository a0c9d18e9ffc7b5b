package site

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"vitrine/web/serve"
)

const internalSite = `
site "example.org" {
  root = "$ROOT"
  errors {
    page "403" {
      path = "/store/gone.txt"
    }
  }
  route "/store/*" {
    internal = true
    methods  = ["GET", "HEAD"]
  }
  route "/only/*" {
    internal = true
    respond {
      body = "only"
    }
  }
  route "/gone" {
    access {
      deny = ["0.0.0.0/0"]
    }
    respond {
    }
  }
  route "/pages/*" {
    ssi {
    }
  }
  route "/app/*" {
    strip_prefix = "/app"
    fastcgi "$APP" {
      accel_redirect = ["/store/", "/only/"]
    }
  }
}
`

var internalFiles = map[string]string{"index.php": "", "store/a.txt": "stored", "store/gone.txt": "gone for good", "pages/x.shtml": `<!--#include virtual="/store/a.txt" -->`}

func TestAnInternalRouteAnswersOnlyWhereTheSiteItselfLeads(t *testing.T) {
	app := anApplication(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Accel-Redirect", r.URL.Query().Get("to"))
		io.WriteString(w, "own body")
	})
	c := newCounter(t, serve.EventsPerCore, app, internalFiles, internalSite)
	for range 3 { // the files are in memory by then, and outsiders still get nothing of them
		for _, test := range []struct {
			method, target string
			status         int
			body, why      string
		}{
			{"GET", "/app/?to=/store/a.txt", 200, "stored", "fcgi.accel-redirect"},
			{"HEAD", "/app/?to=/store/a.txt", 200, "", "fcgi.accel-redirect"},
			{"GET", "/app/?to=/only/x", 200, "only", "fcgi.accel-redirect"},
			{"GET", "/app/?to=/app/", 200, "own body", ""},
			{"GET", "/pages/x.shtml", 200, "stored", ""},
			{"GET", "/gone", 403, "gone for good", ""},
			{"GET", "/store/a.txt", 404, "", "site.internal"},
			{"GET", "/store", 404, "", "site.internal"},
			{"GET", "/store/", 404, "", "site.internal"},
			{"GET", "/app/../store/a.txt", 404, "", "site.internal"},
			{"GET", "/%73tore/a.txt", 404, "", "site.internal"},
			{"HEAD", "/store/a.txt", 404, "", "site.internal"},
			{"POST", "/store/a.txt", 404, "", "site.internal"},
			{"DELETE", "/store/none", 404, "", "site.internal"},
			{"OPTIONS", "/store/a.txt", 404, "", "site.internal"},
			{"OPTIONS", "/only/x", 404, "", "site.internal"},
			{"BREW", "/only/x", 404, "", "site.internal"},
		} {
			status, h, body := c.ask(test.method, test.target, nil)
			got := c.ended()
			if status != test.status || test.body != "" && strings.TrimSpace(body) != test.body || !strings.Contains(got, test.why) {
				t.Errorf("%s %s: %d %q, %s", test.method, test.target, status, body, got)
			}
			if test.status == 404 && (strings.Contains(body, "internal") || h.Get("Allow") != "") {
				t.Errorf("%s %s tells the client %v %q", test.method, test.target, h, body)
			}
		}
	}
	_, _, internal := c.ask("GET", "/store/a.txt", nil)
	_, _, missing := c.ask("GET", "/none", nil)
	cut := func(s string) string { s, _, _ = strings.Cut(s, "journey"); return s }
	if cut(internal) != cut(missing) {
		t.Errorf("a client can tell them apart: %q and %q", internal, missing)
	}
}

func TestTheOwnerIsToldOfAnInternalRoute(t *testing.T) {
	w := newWorld(t, internalFiles, strings.Replace(internalSite, "$APP", "127.0.0.1:9", 1))
	w.tracer = true
	r := w.ask(t, "GET /store/a.txt")
	story := w.story(r.journey)
	if r.status != 404 || !strings.Contains(story, "site.internal") || !strings.Contains(story, "vitrine.hcl:10") {
		t.Errorf("%d\n%s", r.status, story)
	}
}

func TestWhoMayNotEnterTheSiteLearnsNothingOfItsInternalRoutes(t *testing.T) {
	w := newWorld(t, nil, `
site "example.org" {
  access {
    deny = ["0.0.0.0/0"]
  }
  route "/store/*" {
    internal = true
    respond {
    }
  }
}`)
	if r := w.ask(t, "GET /store/a.txt"); r.status != 403 {
		t.Errorf("%d", r.status)
	}
}

// TestAFolderIsAnsweredByItsIndexWhoeverThatBelongsTo holds that the text of a program is not shown because the folder's own
// route serves files.
func TestAFolderIsAnsweredByItsIndexWhoeverThatBelongsTo(t *testing.T) {
	c := newCounter(t, serve.EventsPerCore, echo(t, func(env map[string]string, _ string) string {
		return env["SCRIPT_NAME"] + "|" + env["QUERY_STRING"] + "|" + env["REQUEST_URI"]
	}), map[string]string{
		"index.php": "<?php source", "a b/index.php": "<?php source", "c/index.html": "page", "d/index.shtml": `<!--#echo var="DOCUMENT_NAME" -->`,
		"e/index.htm": "locked", "404.php": "<?php source",
	}, `
site "example.org" {
  root = "$ROOT"
  files {
    index = ["index.php", "index.html", "index.shtml", "index.htm"]
    missing "/404.php" {
    }
  }
  route "/**/*.php" {
    fastcgi "$APP" {
    }
  }
  route "/**/*.shtml" {
    ssi {
    }
  }
  route "/**/*.htm" {
    access {
      deny = ["0.0.0.0/0"]
    }
  }
  route "/c/index.html" {
    redirect "/c/" {
    }
  }
}
`)
	for range 3 {
		for _, test := range []struct {
			target string
			status int
			body   string
		}{
			{"/", 200, "/index.php||/"},
			{"/?x=1", 200, "/index.php|x=1|/?x=1"},
			{"/a%20b/?x", 200, "/a b/index.php|x|/a%20b/?x"},
			{"/c/", 200, "page"},
			{"/c/index.html", 302, ""},
			{"/d/", 200, "index.shtml"},
			{"/e/", 403, ""},
			{"/none", 404, ""},
		} {
			status, _, body := c.ask("GET", test.target, nil)
			if status != test.status || test.body != "" && body != test.body || strings.Contains(body, "source") || strings.Contains(body, "locked") {
				t.Errorf("%s: %d %q, %s", test.target, status, body, c.errors())
			}
		}
	}
}

func TestNoVariantAndNoSiblingShowsWhatAProgramIsMadeOf(t *testing.T) {
	files := map[string]string{
		"page.php": "<?php source", "page.php.en": "<?php source", "page.php.gz": "source", "page.en.php.gz": "source", "page.html": "plain",
		"index.php": "<?php source", "index.php.br": "source", "index.php.gz": "source",
		"part.shtml": "run", "part.shtml.en": "source", "part.shtml.gz": "source",
		"list.var": "URI: page.php.en\nContent-Type: text/html\n\nURI: page.php\nContent-Type: text/html\n\nURI: page.html\nContent-Type: text/html; qs=0.1\n",
	}
	c := newCounter(t, serve.EventsPerCore, echo(t, scriptDump), files, `
site "example.org" {
  root = "$ROOT"
  files {
    index = ["index.php"]
  }
  negotiate {
    variants    = true
    type_maps   = true
    precompressed = ["br", "gzip"]
  }
  route "/*" {
    ssi {
    }
    fastcgi "$APP" {
      static = true
    }
  }
}
`)
	d := newCounter(t, serve.EventsPerCore, "127.0.0.1:9", files, `
site "example.org" {
  root = "$ROOT"
  negotiate {
    variants    = true
    precompressed = ["br", "gzip"]
  }
  ssi {
  }
  route "/**/*.php" {
    fastcgi "$APP" {
    }
  }
}
`)
	for range 2 {
		for _, test := range []struct {
			c      *counter
			target string
			status int
			body   string
		}{
			{c, "/list.var", 200, "plain"},
			{c, "/page.php", 200, "/page.php|"},
			{c, "/", 200, "/index.php|"},
			{c, "/part.shtml", 200, "run"},
			{d, "/part", 200, "run"},
			{d, "/page", 200, "plain"},
		} {
			status, _, body := test.c.ask("GET", test.target, nil, "Accept-Encoding: br, gzip", "Accept-Language: en")
			if status != test.status || body != test.body {
				t.Errorf("%s: %d %q", test.target, status, body)
			}
		}
	}
}
