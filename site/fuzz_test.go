package site

import (
	"net/url"
	"strings"
	"testing"

	"vitrine/web/exchange"
	"vitrine/web/message"
)

// FuzzAnswer asks for anything with any fields: there is an answer, its head has no line of the client's making, and
// no redirect leads to a host that the configuration does not name.
func FuzzAnswer(f *testing.F) {
	w := newWorld(f, map[string]string{"index.html": "index", "a:b/x": "", "docs/x": "", "\\evil.example/x": ""}, `
site "example.org" {
  default = true
  root = "$ROOT"
  header {
    set = { X-Query = "{query.q}", X-Tail = "{path.tail}", X-Agent = "{request.User-Agent}" }
  }
  route "/tail/*" {
    redirect "{path.tail}" {}
  }
  route "/uri/**" {
    redirect "{uri}" {}
  }
  route "/raw/*" {
    redirect "{path.raw}?{query}" {}
  }
  route "/path/*" {
    redirect "{path}" {}
  }
  route "/q/*" {
    redirect "/x?{query.q}#{request.User-Agent}" {}
  }
  route "/html/*" {
    respond {
      type = "text/html"
      body = "<p>{path.tail}{query.q}{request.User-Agent}</p>"
    }
  }
}`)
	for _, seed := range [][3]string{
		{"GET", "/", ""}, {"GET", "/docs", "text/html"}, {"GET", "//evil.example", ""}, {"GET", "//tail/https://evil.example/", ""},
		{"POST", "/uri//evil.example", ""}, {"GET", "/raw/%0d%0aX: y?q=%0d%0aX: y", ""}, {"GET", "/path/\\evil.example", ""},
		{"HEAD", "/q/?q=<script>", "<script>"}, {"GET", "/html/%3Cscript%3E?q=<script>", "<script>"}, {"OPTIONS", "*", ""}, {"TRACE", "/x", ""},
		{"GET", "/a:b?c", ""}, {"GET", "/\\evil.example", ""}, {"GET", "/tail/%2F%2Fevil.example", ""}, {"BREW", "/tail/javascript:alert(1)", ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, method, target, agent string) {
		if !message.IsToken(method) || !message.IsValue(agent) {
			return
		}
		const names = "AcceptUser-AgentHostexample.org"
		arena := names + method + target + agent
		span := func(off, n int) message.Span { return message.Span{Off: uint32(off), Len: uint32(n)} }
		r := new(message.Request)
		r.Reset([]byte(arena))
		r.Major, r.Minor = 1, 1
		r.MethodText = span(len(names), len(method))
		r.Method = message.LookupMethod([]byte(method))
		if fault, _ := r.ParseTarget(span(len(names)+len(method), len(target))); fault != message.NoFault {
			return
		}
		value := span(len(arena)-len(agent), len(agent))
		r.Fields.Add(span(0, 6), value)
		r.Fields.Add(span(6, 10), value)
		host := span(20, 11)
		r.Fields.Add(span(16, 4), host)
		if fault, _ := r.ParseHost(host); fault != message.NoFault {
			t.Fatal(fault)
		}
		x := w.begin(t, "GET /")
		x.Begin(w, r, x.Peer, exchange.Limits{Input: 1, Output: 1})
		w.h.Serve(x)
		reply := w.finish(t, x)
		w.logged = nil
		for name, value := range reply.fields.Each() {
			if !message.IsToken(name) || !message.IsValue(value) {
				t.Fatalf("%s %q: field %q: %q", method, target, name, value)
			}
		}
		tags := 15 // of an error page
		if reply.status == 200 {
			tags = 2 // of the fixed answer
		}
		if strings.Contains(reply.get("Content-Type"), "html") && strings.Count(reply.body, "<") > tags {
			t.Fatalf("%s %q: the client has written into the page:\n%s", method, target, reply.body)
		}
		if reply.status/100 == 3 && reply.status != 304 {
			to, err := url.Parse(reply.get("Location"))
			if err != nil {
				t.Fatalf("%s %q: Location: %q", method, target, reply.get("Location"))
			}
			if at := (&url.URL{Scheme: "http", Host: "example.org", Path: "/"}).ResolveReference(to); at.Host != "example.org" || at.Scheme != "http" ||
				strings.Contains(reply.get("Location"), "\\") {
				t.Fatalf("%s %q leads to %s", method, target, reply.get("Location"))
			}
		}
	})
}
