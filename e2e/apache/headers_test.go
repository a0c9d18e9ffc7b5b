package apache

import (
	"strings"
	"testing"
)

// Fields that rules put there or take away, by status; how long answers keep; pages for errors.
func TestHeaders(t *testing.T) {
	root := folder(t, map[string]string{
		"page.html": "<p>page", "picture.png": "\x89PNG\r\n\x1a\n", "data.json": "{}", "errors/404.html": "<p>nothing here", "own/page.html": "own",
		"closed/x": "x", "away/y": "y",
	})
	theirs := startApache(t, root, []string{"headers", "expires"}, ""+
		"Header set X-Frame-Options DENY\nHeader always set X-Always yes\nHeader add X-Several one\nHeader add X-Several two\n"+
		"Header setifempty X-Frame-Options ALLOW\nHeader setifempty X-Empty filled\nHeader unset Last-Modified\n"+
		"Header always set X-Missing yes \"expr=%{REQUEST_STATUS} == 404\"\n"+
		"ExpiresActive On\nExpiresByType text/html \"access plus 1 hour\"\nExpiresByType image/png \"access plus 30 days\"\n"+
		"<Location /own/>\nHeader set X-Frame-Options SAMEORIGIN\nHeader set Cache-Control no-store\nExpiresActive Off\n</Location>\n"+
		"<Location /closed/>\nRequire all denied\n</Location>\n<Location /away/>\nRequire all denied\nErrorDocument 403 http://www.example.org/who\n</Location>\n"+
		"ErrorDocument 404 /errors/404.html\nErrorDocument 403 \"not for you\"\n")
	ours := startVitrine(t, root, `
  header {
    set     = { X-Frame-Options = "DENY" }
    status  = ["2xx", "3xx"]
    remove  = ["Last-Modified"]
  }
  header {
    set = { X-Always = "yes" }
  }
  header {
    add     = { X-Several = "one" }
    default = { X-Frame-Options = "ALLOW", X-Empty = "filled" }
    status  = ["2xx", "3xx"]
  }
  header {
    add    = { X-Several = "two" }
    status = ["2xx", "3xx"]
  }
  header {
    set    = { X-Missing = "yes" }
    status = [404]
  }
  expires {
    types = { "text/html" = "1h", "image/png" = "30d" }
  }
  errors {
    page "404" {
      file = "/errors/404.html"
    }
    page "403" {
      body = "not for you"
    }
  }
  route "/own/*" {
    header {
      set = { X-Frame-Options = "SAMEORIGIN", Cache-Control = "no-store" }
    }
  }
  route "/closed/*" {
    access {
      deny = ["0.0.0.0/0"]
    }
  }
  route "/away/*" {
    access {
      deny = ["0.0.0.0/0"]
    }
    errors {
      page "403" {
        redirect = "http://www.example.org/who"
      }
    }
  }`)

	expires := differs{"Expires", "Cache-Control says the same, and whoever reads it ignores Expires (RFC 9111 §5.3)"}
	kept := []differs{expires}
	of := "for Apache the page about the error is a file that was found; it would be that page's, and not what was asked for's"
	page := []differs{{"Accept-Ranges", of}, {"Etag", of},
		{"X-Frame-Options", "for Apache the page about the error was a success, without which Header does nothing; here a rule with a status means the status that is sent"},
		{"X-Several", "likewise"}, {"X-Empty", "likewise"}}
	compare(t, theirs, ours, []question{
		{"GET /page.html", kept},
		{"HEAD /page.html", kept},
		{"GET /picture.png", kept},
		{"GET /data.json", nil},
		{"GET /own/page.html", nil},
		{"GET /page.html\nIf-None-Match: *", []differs{expires, {"Accept-Ranges", "it says nothing that a client who keeps the response needs again"}}},
		{"GET /page.html\nRange: bytes=0-1", kept},
		{"GET /nothing", page},
		{"HEAD /nothing", page},
		{"GET /nothing\nIf-None-Match: *", page},
		{"GET /nothing\nRange: bytes=0-1", page},
		{"GET /closed/x", nil},
		{"GET /away/y", []differs{expires, {"Cache-Control", "it is an error, and nobody said how long errors keep"},
			{"X-Frame-Options", "a rule with a status means the status that is sent; Header without always knows the error that it was"},
			{"X-Several", "likewise"}, {"X-Empty", "likewise"}}},
		{"GET /errors/404.html", kept},
	})
	for request, want := range map[string]string{"GET /nothing": "<p>nothing here", "GET /closed/x": "not for you"} {
		for _, address := range []string{theirs, ours} {
			if got := ask(t, "127.0.0.1", address, request).body; got != want {
				t.Errorf("%s: the page is %q", request, got)
			}
		}
	}
}

// Responses in gzip. What is compared is what they decode to.
func TestCompression(t *testing.T) {
	text := strings.Repeat("the quick brown fox jumps over the lazy dog\n", 100)
	root := folder(t, map[string]string{"page.html": text, "small.html": "<p>", "picture.png": text, "none": text})
	theirs := startApache(t, root, []string{"filter", "deflate"}, "AddOutputFilterByType DEFLATE text/html\n")
	ours := startVitrine(t, root, `
  compress {
    types      = ["text/html"]
    algorithms = ["gzip"]
  }`)
	part := differs{"Accept-Ranges", "a part of the encoded form cannot be asked for: another version of an encoder gives other bytes"}
	const (
		all     = "* is every coding that is not named (RFC 9110 §12.5.3)"
		old     = "x-gzip is gzip (RFC 9110 §8.4.1.3)"
		weights = "the client says that it would rather have it as it is"
		whole   = "a part is one of the file as it is, which every client can put together with another part"
	)
	meant := map[string][]differs{
		"gzip": {part}, "gzip, br": {part}, "GZIP": {part},
		"*":                    {part, {"Content-Encoding", all}, {"Content-Length", all}},
		"x-gzip":               {part, {"Content-Encoding", old}, {"Content-Length", old}},
		"gzip;q=0.5, identity": {{"Content-Encoding", weights}, {"Content-Length", weights}},
	}
	var questions []question
	for _, request := range []string{"GET /page.html", "HEAD /page.html", "GET /small.html", "GET /picture.png", "GET /nothing"} {
		for _, wish := range []string{"", "gzip", "gzip, br", "gzip;q=0", "deflate", "identity", "*", "gzip;q=0.5, identity", "x-gzip", "GZIP"} {
			q := question{request: request}
			if wish != "" {
				q.request += "\nAccept-Encoding: " + wish
			}
			if strings.HasSuffix(request, " /page.html") {
				q.differs = meant[wish]
			}
			questions = append(questions, q)
		}
	}
	unmodified := []differs{
		{"Last-Modified", "a 304 with an entity tag needs no date: RFC 9110 §15.4.5 would have it left out"},
		{"Accept-Ranges", "it says nothing that a client who keeps the response needs again"},
		{"Vary", "RFC 9110 §15.4.5: it is among what 304 must say when 200 would"},
	}
	compare(t, theirs, ours, append(questions, []question{
		{"GET /page.html\nAccept-Encoding: gzip\nRange: bytes=0-9", []differs{
			{"Content-Encoding", whole}, {"Content-Length", whole}, {"Content-Range", whole}, {body, whole}}},
		{"GET /page.html\nAccept-Encoding: gzip\nIf-None-Match: *", unmodified},
		{"GET /page.html\nRange: bytes=0-9", nil},
		{"GET /page.html\nAccept-Encoding: gzip\nIf-Modified-Since: Thu, 29 Feb 2024 12:30:00 GMT", unmodified},
	}...))
}
