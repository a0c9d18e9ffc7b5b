package site

import (
	"strings"
	"testing"
)

func TestErrorPagesSayWhyInTheFormThatTheClientReads(t *testing.T) {
	w := newWorld(t, nil, "site \"example.org\" {\n  route \"/a\" {\n    methods = [\"PUT\"]\n    respond {}\n  }\n}\n")
	const text = "404 Not Found\n\nNothing answers here: no route matches the path, and the site has no files of its own.\n\n" +
		"site.nothing-here · RFC 9110 §15.5.5 · journey 1f2e3d4c5b6a7988\n"
	for _, test := range []struct {
		accept string
		html   bool
	}{
		{"", false}, {"*/*", false}, {"text/html", true}, {"text/*", false},
		{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true},
		{"image/png, TEXT/HTML;q=0.1", true}, {"text/html;q=0", false}, {"text/html; level=1; Q=0.0, */*", false},
	} {
		request := "GET /<script>alert(1)</script>"
		if test.accept != "" {
			request += "\nAccept: " + test.accept
		}
		r := w.ask(t, request)
		if got := strings.HasPrefix(r.get("Content-Type"), "text/html"); r.status != 404 || got != test.html || r.get("Vary") != "Accept" {
			t.Errorf("Accept: %s gives %d %s", test.accept, r.status, r.get("Content-Type"))
		}
		if strings.Contains(r.body, "script") {
			t.Errorf("the page repeats the request:\n%s", r.body)
		}
		if !test.html && r.body != text {
			t.Errorf("got\n%s\nwant\n%s", r.body, text)
		}
		if test.html && (!strings.Contains(r.body, "<title>404 Not Found</title>") || !strings.Contains(r.body, "site.nothing-here · RFC 9110 §15.5.5 · journey 1f2e3d4c5b6a7988")) {
			t.Errorf("got\n%s", r.body)
		}
	}
	if r := w.ask(t, "GET /a\nAccept: text/html"); r.status != 405 || r.get("Allow") != "PUT, OPTIONS" || !strings.Contains(r.body, "405 Method Not Allowed") {
		t.Errorf("%d %v\n%s", r.status, r.fields, r.body)
	}
}
