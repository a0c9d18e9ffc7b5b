package site

import (
	"strings"
	"testing"

	"vitrine/web/exchange"
)

func TestTheSiteIsChosenByAddressThenHostThenWildcardThenDefault(t *testing.T) {
	w := newWorld(t, nil, `
listen ":8080" {}
listen ":9090" {}
site "a.example" "*.wild.example" {
  route "/*" {
    respond { body = "a" }
  }
}
site "b.wild.example" "*.deep.wild.example" "[2001:db8::1]" {
  route "/*" {
    respond { body = "b" }
  }
}
site "c.example" {
  address = ["192.0.2.7:0", "192.0.2.8:8080"]
  route "/*" {
    respond { body = "c" }
  }
}
site "own.example" {
  listen ":7070" {}
  route "/*" {
    respond { body = "own" }
  }
}
`)
	for _, test := range []struct{ local, host, want string }{
		{"192.0.2.1:8080", "a.example", "a"},
		{"192.0.2.1:8080", "A.Example:8080", "a"},
		{"192.0.2.1:8080", "a.example.", "a"},
		{"192.0.2.1:8080", "x.wild.example", "a"},
		{"192.0.2.1:8080", "y.x.wild.example", "a"},
		{"192.0.2.1:8080", "b.wild.example", "b"},
		{"192.0.2.1:8080", "x.deep.wild.example", "b"},
		{"192.0.2.1:8080", "[2001:DB8::1]:8080", "b"},
		{"192.0.2.1:8080", "[2001:db8:0::1]", "b"},
		{"192.0.2.1:8080", "c.example", "c"},
		{"192.0.2.7:8080", "a.example", "c"},
		{"192.0.2.8:8080", "a.example", "c"},
		{"192.0.2.8:9090", "a.example", "a"},
		{"[::ffff:192.0.2.7]:8080", "nobody", "c"},
		{"192.0.2.1:8080", "wild.example", "421 site.unknown-host"},
		{"192.0.2.1:8080", "notwild.example", "421 site.unknown-host"},
		{"192.0.2.1:8080", "own.example", "421 site.unknown-host"},
	} {
		for _, w.tracer = range []bool{false, true, false} { // the last may come from memory
			w.local = test.local
			r := w.ask(t, "GET /\nHost: "+test.host)
			got := r.body
			if r.status != 200 {
				got = "421 " + r.reasons
			}
			if got != test.want {
				t.Errorf("%s at %s: %s, want %s", test.host, test.local, got, test.want)
			}
		}
	}
	if r := w.ask(t, "GET / HTTP/1.0"); r.status != 400 || r.reasons != "site.no-host" {
		t.Errorf("no host: %d %s", r.status, r.reasons)
	}
	w.listen, w.local = w.conf.Sites[3].Listens[0], "192.0.2.1:7070"
	if r := w.ask(t, "GET /\nHost: own.example"); r.body != "own" {
		t.Errorf("a site's own listener: %d %s", r.status, r.reasons)
	}
	if r := w.ask(t, "GET /\nHost: a.example"); r.status != 421 {
		t.Errorf("another site on a site's own listener: %d %s", r.status, r.body)
	}
	if r := w.ask(t, "HEAD / HTTP/1.0"); r.status != 200 {
		t.Errorf("no host, and one site: %d %s", r.status, r.reasons)
	}
	other := *w.listen
	w.listen = &other
	if r := w.ask(t, "GET /\nHost: own.example"); r.status != 421 || r.reasons != "site.listener-gone" {
		t.Errorf("a listener that is gone: %d %s", r.status, r.reasons)
	}
}

func TestSitesMayShareAnAddressThatBothName(t *testing.T) {
	w := newWorld(t, nil, `
site "a.example" {
  listen ":7070" ":7071" {}
  route "/*" {
    respond { body = "a" }
  }
}
site "b.example" {
  listen ":7070" {}
  route "/*" {
    respond { body = "b" }
  }
}
`)
	a, b := w.conf.Sites[0].Listens[0], w.conf.Sites[1].Listens[0]
	for _, test := range []struct {
		block bool // of b
		local string
		host  string
		want  int
	}{
		{false, "192.0.2.1:7070", "a.example", 200}, {false, "192.0.2.1:7070", "b.example", 200},
		{true, "192.0.2.1:7070", "a.example", 200}, {true, "192.0.2.1:7070", "b.example", 200},
		{false, "192.0.2.1:7071", "a.example", 200}, {false, "192.0.2.1:7071", "b.example", 421},
	} {
		if w.listen, w.local = a, test.local; test.block {
			w.listen = b
		}
		if r := w.ask(t, "GET /\nHost: "+test.host); r.status != test.want {
			t.Errorf("%s at %s: %d, want %d", test.host, test.local, r.status, test.want)
		}
	}
}

func TestTheDefaultAnswersForHostsThatNobodyClaims(t *testing.T) {
	w := newWorld(t, nil, `
site "a.example" {
  route "/*" {
    respond { body = "a" }
  }
}
site "b.example" {
  default = true
  route "/*" {
    respond { body = "b" }
  }
}
`)
	for head, want := range map[string]string{
		"GET /\nHost: a.example": "a", "GET /\nHost: other": "b", "GET / HTTP/1.0": "b", "GET /\nHost: 192.0.2.1": "b",
	} {
		if r := w.ask(t, head); r.body != want {
			t.Errorf("%q: %q, want %q", head, r.body, want)
		}
	}
}

const methodsConfig = `
site "example.org" {
  root = "$ROOT"
  route "/get" {
    methods = ["GET"]
    respond { body = "got" }
  }
  route "/form" {
    methods = ["POST"]
    respond { body = "posted" }
  }
  route "/form" {
    methods = ["PUT", "BREW"]
    respond { body = "put" }
  }
  route "/any" {
    respond { body = "any" }
  }
  route "/cors" {
    methods = ["OPTIONS"]
    respond { status = 204 }
  }
  route "/echo" {
    methods = ["TRACE"]
    respond { body = "no echo" }
  }
  route "/posted.txt" {
    methods = ["POST", "GET"]
    files { methods = ["GET", "POST"] }
  }
  route "/never.txt" {
    methods = ["POST"]
  }
  route "/small" {
    body_bytes = 10
    respond { body = "small" }
  }
}
site "empty.example" {
  route "/x" {
    respond { body = "x" }
  }
}
`

func TestMethodsAreAnsweredWhereTheyAreTakenAndRefusedElsewhere(t *testing.T) {
	w := newWorld(t, map[string]string{"file.txt": "file", "posted.txt": "posted", "never.txt": "never"}, methodsConfig)
	for _, test := range []struct {
		request string
		status  int
		reason  string
		allow   string
	}{
		{"GET /get", 200, "site.respond", ""},
		{"HEAD /get", 200, "site.respond", ""},
		{"POST /get", 405, "route.method-refused", "GET, HEAD, OPTIONS"},
		{"OPTIONS /get", 204, "site.options", "GET, HEAD, OPTIONS"},
		{"GET /form", 405, "route.method-refused", "POST, PUT, OPTIONS, BREW"},
		{"POST /form", 200, "site.respond", ""},
		{"BREW /form", 200, "site.respond", ""},
		{"WHEN /form", 501, "site.unknown-method", ""},
		{"OPTIONS /form", 204, "site.options", "POST, PUT, OPTIONS, BREW"},
		{"DELETE /any", 200, "site.respond", ""},
		{"BREW /any", 501, "site.unknown-method", ""},
		{"TRACE /any", 405, "site.no-echo", "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH"},
		{"TRACE /get", 405, "site.no-echo", "GET, HEAD, OPTIONS"},
		{"TRACE /echo", 200, "site.respond", ""},
		{"OPTIONS /cors", 204, "site.respond", ""},
		{"OPTIONS /any", 204, "site.options", "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH"},
		{"GET /file.txt", 200, "", ""},
		{"POST /file.txt", 405, "site.files-method", "GET, HEAD, OPTIONS"},
		{"DELETE /file.txt", 405, "site.files-method", "GET, HEAD, OPTIONS"},
		{"OPTIONS /file.txt", 204, "site.options", "GET, HEAD, OPTIONS"},
		{"BREW /file.txt", 501, "site.unknown-method", ""},
		{"TRACE /file.txt", 405, "site.no-echo", "GET, HEAD, OPTIONS"},
		{"POST /posted.txt", 200, "", ""},
		{"PUT /posted.txt", 405, "route.method-refused", "GET, HEAD, POST, OPTIONS"},
		{"POST /never.txt", 405, "site.files-method", "OPTIONS"},
		{"OPTIONS *", 204, "site.server-options", "GET, HEAD, OPTIONS"},
		{"CONNECT example.org:443", 501, "site.no-tunnel", ""},
		{"GET http://example.org/get", 200, "site.respond", ""},
		{"GET https://example.org/get", 421, "site.scheme-unmet", ""},
		{"GET HTTPS://example.org/get", 421, "site.scheme-unmet", ""},
		{"POST /small\nContent-Length: 10", 200, "site.respond", ""},
		{"POST /small\nContent-Length: 11", 413, "site.body-too-large", ""},
		{"GET /get\nExpect: 100-continue", 200, "site.respond", ""},
		{"GET /get\nExpect: 100-Continue", 200, "site.respond", ""},
		{"GET /get\nExpect: 100-continue, tea", 417, "site.unknown-expectation", ""},
		{"GET /get\nExpect: tea\nHost: nobody", 417, "site.unknown-expectation", ""},
		{"GET /get HTTP/1.0\nExpect: tea\nHost: example.org", 200, "site.respond", ""},
		{"GET /y\nHost: empty.example", 404, "site.nothing-here", ""},
		{"POST /y\nHost: empty.example", 404, "site.nothing-here", ""},
		{"OPTIONS /y\nHost: empty.example", 404, "site.nothing-here", ""},
		{"BREW /y\nHost: empty.example", 501, "site.unknown-method", ""},
		{"TRACE /y\nHost: empty.example", 405, "site.no-echo", "GET, HEAD, OPTIONS"},
	} {
		for range 2 { // the second may come from memory
			r := w.ask(t, test.request)
			if r.status != test.status || !strings.HasSuffix(r.reasons, test.reason) || r.get("Allow") != test.allow {
				t.Errorf("%s: %d %s, Allow: %s; want %d %s, Allow: %s", strings.ReplaceAll(test.request, "\n", ", "),
					r.status, r.reasons, r.get("Allow"), test.status, test.reason, test.allow)
			}
			if r.status == 405 && !r.fields.Has("Allow") {
				t.Errorf("%s: 405 without Allow", test.request)
			}
		}
	}
}

func TestRequestsThatTheProtocolRefusedGetTheirPage(t *testing.T) {
	w := newWorld(t, nil, `site "a.example" { default = true }`)
	x := w.begin(t, "GET /<script>")
	x.Refused = &exchange.Refusal{Status: 431, Reason: UnknownHost}
	x.Because(UnknownHost, nil)
	w.h.Serve(x)
	r := w.finish(t, x)
	if r.status != 431 || r.off || r.reasons != "site.unknown-host" || strings.Contains(r.body, "script") ||
		!strings.HasPrefix(r.body, "431 Request Header Fields Too Large\n\nNo site here has the host") {
		t.Errorf("%d %s off the loop: %v\n%s", r.status, r.reasons, r.off, r.body)
	}
}
