package site

import (
	"slices"
	"strings"
	"testing"
)

func TestHeaderRulesAreAppliedOuterFirst(t *testing.T) {
	w := newWorld(t, map[string]string{"404.html": "gone"}, `
server = "test"
header {
  set     = { X-Outer = "top", X-Both = "top" }
  default = { X-Default = "top" }
}
site "example.org" {
  header {
    set    = { X-Both = "site" }
    add    = { X-List = "one" }
    remove = ["X-Outer"]
  }
  route "/route" {
    header {
      set     = { X-Client = "{client.address}", X-Status = "{status}", X-Empty = "{request.X-None}" }
      add     = { X-List = "two" }
      default = { X-Both = "route", X-Type = "{response.Content-Type}" }
    }
    respond { body = "hello" }
  }
  route "/cached/*" {
    root = "$ROOT"
    strip_prefix = "/cached"
    header {
      set = { Cache-Control = "max-age=9", Expires = "Thu, 01 Dec 2033 16:00:00 GMT", X-Frame-Options = "DENY" }
    }
    files {
      missing "/404.html" {}
    }
  }
  route "/error" {
    header {
      set = { Cache-Control = "max-age=9" }
    }
    respond {
      status = 410
      body   = ""
    }
  }
  route "/plain" {
    header {
      remove = ["x-both", "X-List", "X-Default"]
    }
    respond {}
  }
}`)
	for _, test := range []struct{ request, want string }{
		{"GET /route", "X-Both: site | X-Client: 203.0.113.9 | X-Default: top | X-List: one | X-List: two | X-Status: 200 | X-Type: text/plain; charset=utf-8"},
		{"PUT /plain", ""},
		{"GET /none", "X-Both: site | X-Default: top | X-List: one"},
		{"GET /cached/none", "X-Both: site | X-Default: top | X-Frame-Options: DENY | X-List: one"},
		{"GET /cached/404.html", "Cache-Control: max-age=9 | Expires: Thu, 01 Dec 2033 16:00:00 GMT | X-Both: site | X-Default: top | X-Frame-Options: DENY | X-List: one"},
		{"DELETE /cached/404.html", "X-Both: site | X-Default: top | X-Frame-Options: DENY | X-List: one"},
		{"GET /error", "Cache-Control: max-age=9 | X-Both: site | X-Default: top | X-List: one"},
		{"GET /\nHost: nobody", "X-Both: top | X-Default: top | X-Outer: top"},
	} {
		for range 2 { // the second may come from memory
			r := w.ask(t, test.request)
			var got []string
			for name, value := range r.fields.Each() {
				if strings.HasPrefix(name, "X-") || name == "Cache-Control" || name == "Expires" {
					got = append(got, name+": "+value)
				}
			}
			slices.Sort(got)
			if joined := strings.Join(got, " | "); joined != test.want {
				t.Errorf("%s: %s\nwant %s", test.request, joined, test.want)
			}
			if r.get("Server") != "test" {
				t.Errorf("%s: Server %q", test.request, r.get("Server"))
			}
		}
	}
}
