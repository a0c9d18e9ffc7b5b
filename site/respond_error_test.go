//go:build linux

package site

import (
	"strings"
	"testing"

	"vitrine/web/serve"
)

const errorAnswers = `
site "example.org" {
  root = "$ROOT"
  errors {
    page "410" {
      body = "<h1>{status}"
      type = "text/html"
    }
    page "503" {
      path = "/down"
    }
  }
  cgi {
    extensions = [".cgi"]
  }
  files {
    missing "/missing.cgi" {
      status = 410
    }
  }
  route "/gone" {
    respond {
      status = 410
    }
  }
  route "/teapot" {
    respond {
      status = 418
    }
  }
  route "/method" {
    methods = ["GET"]
    respond {
      status = 405
    }
  }
  route "/said" {
    respond {
      status = 410
      body   = "said"
    }
  }
  route "/nothing" {
    respond {
      status = 410
      body   = ""
    }
  }
  route "/down" {
    respond {
      status = 503
    }
  }
}
`

// What a route answers with an error and without a body has the page for it, as after nginx's return 404.
func TestAFixedErrorHasThePageForIt(t *testing.T) {
	c := newCounter(t, serve.EventsPerCore, "", map[string]string{
		"missing.cgi": "#!/bin/sh\ncase $QUERY_STRING in\nsaid) echo Status: 500; echo;; away) echo Location: http://example.com/; echo;;\n" +
			"same) echo 'ETag: \"x\"'; echo; printf page;;\nfile) echo Location: /a.txt; echo;;\n*) echo Content-Type: text/plain; echo; printf page;; esac",
		"a.txt": "a",
	}, errorAnswers)
	for range 2 {
		for _, test := range []struct {
			target string
			status int
			body   string
			why    string
		}{
			{"/gone", 410, "<h1>410", "site.respond-error"},
			{"/teapot", 418, "418\n", "site.respond-error"},
			{"/method", 405, "405 Method Not Allowed", "site.respond-error"},
			{"/said", 410, "said", "site.respond"},
			{"/nothing", 410, "", "site.respond"},
			{"/down", 503, "503 Service Unavailable", "site.respond-error"}, // its page is itself
			{"/x", 410, "page", "cgi.answered"},
			{"/x?file", 410, "a", "content.whole"},
			{"/x?same", 410, "page", "cgi.answered"},
			{"/x?said", 500, "", "cgi.answered"},
			{"/x?away", 302, "", "cgi.answered"},
			{"/missing.cgi", 200, "page", "cgi.answered"},
		} {
			status, header, body := c.ask("GET", test.target, nil, `If-None-Match: "x"`)
			why := c.ended()
			if status != test.status || !strings.HasPrefix(body, test.body) || test.body == "" && body != "" || !strings.Contains(why, " "+test.why) {
				t.Errorf("%s: %d %q, %s; want %d %q, %s", test.target, status, body, why, test.status, test.body, test.why)
			}
			if status == 405 && header.Get("Allow") != "GET, HEAD, OPTIONS" {
				t.Errorf("Allow is %q", header.Get("Allow"))
			}
		}
	}
}
