package site

import (
	"strings"
	"testing"
)

func TestRedirectsLeadWhereTheirAuthorMeant(t *testing.T) {
	w := newWorld(t, nil, `
site "example.org" {
  route "/old/*" {
    redirect "/new/{path.tail}" { status = 301 }
  }
  route "/fixed" {
    redirect "https://example.org/other?a=b#c" { status = 308 }
  }
  route "/query" {
    redirect "/search?{query}" {}
  }
  route "/more" {
    redirect "/search?in=all&{query}" {}
  }
  route "/secure/*" {
    redirect "https://{host}{uri}" { status = 307 }
  }
  route "/uri/*" {
    redirect "{uri}" {}
  }
  route "/letters/*" {
    redirect "/한국/a\"b/{path.tail}" {}
  }
  route "/one/*" {
    redirect "/one?next={query.next}" {}
  }
  route "/away/*" {
    redirect "{path.tail}" {}
  }
  route "~ ^/year/(\\d{4})/(?P<rest>.*)$" {
    redirect "/archive/{match.rest}?y={match.1}" {}
  }
  route "~ ^/cut(.*)$" {
    redirect "/{match.1}" {}
  }
  route "~* ^/scheme/(.*)$" {
    redirect "{match.1}" {}
  }
  route "~ ^/user/(.*)$" {
    redirect "http://{match.1}.example.org:8080/x" {}
  }
  route "/asked" {
    redirect "{query}" {}
  }
  route "/by-agent" {
    redirect "/a/{request.X-Name}" {}
  }
}`)
	for _, test := range []struct {
		request  string
		status   int
		location string
	}{
		{"GET /old/a/b", 301, "/new/a/b"},
		{"GET /old/", 301, "/new/"},
		{"GET /old", 301, "/new/"},
		{"GET /old/a%20b%3Fc%23d%25e", 301, "/new/a%20b%3Fc%23d%25e"},
		{"GET /old/a%0d%0aSet-Cookie:x", 301, "/new/a%0D%0ASet-Cookie:x"},
		{"GET /old/%EA%B0%80", 301, "/new/%EA%B0%80"},
		{"GET /old/a\\b", 301, "/new/a%5Cb"},
		{"GET /user/anna", 302, "http://anna.example.org:8080/x"},
		{"GET /user/anna.example.net/", 500, ""},
		{"GET /user/anna@example.net", 500, ""},
		{"GET /user/anna%40example.net", 500, ""},
		{"GET /user/example.net:80", 500, ""},
		{"GET /user/example.net%3F", 500, ""},
		{"GET /user/example.net%5C", 500, ""},
		{"GET /asked?//example.net", 302, "/example.net"},
		{"GET /asked?http://example.net", 302, "./http://example.net"},
		{"GET /asked?javascript:alert(1)", 302, "./javascript:alert(1)"},
		{"POST /fixed", 308, "https://example.org/other?a=b#c"},
		{"GET /query", 302, "/search"},
		{"GET /query?", 302, "/search"},
		{"GET /query?a=b&c=%20d", 302, "/search?a=b&c=%20d"},
		{"GET /query?why?", 302, "/search?why?"},
		{"GET /more", 302, "/search?in=all"},
		{"GET /more?a=b", 302, "/search?in=all&a=b"},
		{"GET /secure/x%2Fy?z", 307, "https://example.org/secure/x%2Fy?z"},
		{"GET //uri/evil.example", 302, "/uri/evil.example"},
		{"GET /letters/x", 302, "/%ED%95%9C%EA%B5%AD/a%22b/x"},
		{"GET /one/?next=http://evil.example/%0d%0aX:y", 302, "/one?next=http%3A%2F%2Fevil.example%2F%0D%0AX%3Ay"},
		{"GET /away/http://evil.example", 302, "./http:/evil.example"},
		{"GET /away/x/y:z", 302, "x/y:z"},
		{"GET /away/", 500, ""},
		{"GET /year/2026/a%20b/%3Fx", 302, "/archive/a%20b/%3Fx?y=2026"},
		{"GET /year/26/a", 404, ""},
		{"GET /cut/evil.example", 302, "/evil.example"}, // and not //evil.example, which is another host
		{"GET /cut/%2fevil.example", 302, "/evil.example"},
		{"GET /SCHEME/javascript:alert(1)", 302, "./javascript:alert(1)"},
		{"GET /by-agent\nX-Name: a/b?c", 302, "/a/a%2Fb%3Fc"},
	} {
		for range 2 {
			r := w.ask(t, test.request)
			if r.status != test.status || r.get("Location") != test.location {
				t.Errorf("%q: %d %q, want %d %q", test.request, r.status, r.get("Location"), test.status, test.location)
			}
			if test.status < 400 && r.body != strings.TrimSpace(r.body[:4])+" "+r.body[4:] {
				t.Errorf("%q: body %q", test.request, r.body)
			}
		}
	}
}

func TestAFolderWithoutItsSlashIsRedirectedRelativeToItsLastSegment(t *testing.T) {
	w := newWorld(t, map[string]string{"docs/index.html": "docs", "a:b/index.html": "colon", "a b/index.html": "space", "가/index.html": "가"}, `
site "example.org" {
  root = "$ROOT"
  route "/static/*" {
    root = "$ROOT"
    strip_prefix = "/static"
  }
}`)
	for _, test := range []struct{ target, location string }{
		{"/docs", "docs/"},
		{"/docs?a=b&c=%20", "docs/?a=b&c=%20"},
		{"/docs?", "docs/?"},
		{"/x/../docs", "docs/"},
		{"/a:b", "./a:b/"},
		{"/a%20b", "a%20b/"},
		{"/%EA%B0%80", "%EA%B0%80/"},
		{"/가", "%EA%B0%80/"},
		{"/x%2F..%2Fdocs", "x%2F..%2Fdocs/"},
		{"/static", "static/"},
		{"/static/docs", "docs/"},
		{"http://example.org/docs", "docs/"},
	} {
		r := w.ask(t, "GET "+test.target)
		if r.status != 301 || r.get("Location") != test.location || !strings.HasSuffix(r.reasons, "site.slash-missing") {
			t.Errorf("%s: %d %q %s, want %q", test.target, r.status, r.get("Location"), r.reasons, test.location)
		}
	}
}

func TestARedirectFromMemoryIsTheSame(t *testing.T) {
	w := newWorld(t, nil, `
site "example.org" {
  route "/a" {
    redirect "/b" { status = 301 }
  }
}`)
	first := w.ask(t, "GET /a")
	second := w.ask(t, "GET /a")
	if !strings.Contains(second.reasons, "site.remembered") || first.get("Location") != second.get("Location") || first.body != second.body {
		t.Errorf("%q %q %s", second.get("Location"), second.body, second.reasons)
	}
	if head := w.ask(t, "HEAD /a"); head.get("Content-Length") != first.get("Content-Length") || head.body != "" {
		t.Errorf("HEAD: %q %q", head.get("Content-Length"), head.body)
	}
}
