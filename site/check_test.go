package site

import (
	"fmt"
	"strings"
	"testing"
)

func TestWarningsShowWhatIsProbablyNotMeant(t *testing.T) {
	for _, test := range []struct{ routes, want string }{
		{`
  route "/docs/*" {
    respond {}
  }
  route "/docs/api" {
    respond {}
  }`, `5: the route "/docs/api" can never answer
    For example, GET /docs/api is answered by the route "/docs/*" in front of it.
    put it before the other one, or remove it
    2: this route takes all that it matches
`},
		{`
  route "/a" {
    respond {}
  }
  route "/a/" {
    respond {}
  }
  route "/a/*" {
    respond {}
  }`, ""},
		{`
  route "/*" {
    redirect "https://{host}{uri}" {}
  }`, ""},
		{`
  route "/*" {
    redirect "http://{host}:8080{uri}" {}
  }`, `3: this redirect leads back to itself
    For example: http://example.org:8080/ → http://example.org:8080/
    let it lead to a path that its route does not match, or put a route for that path before it
`},
		{`
  route "/old/*" {
    redirect "/old/new/{path.tail}" {}
  }`, `3: this redirect comes to no end
    For example: http://example.org:8080/old → http://example.org:8080/old/new/ → http://example.org:8080/old/new/new/ → http://example.org:8080/old/new/new/new/
    let it lead to a path that its route does not match, or put a route for that path before it
`},
		{`
  route "/a/*" {
    redirect "/b/{path.tail}" {}
  }
  route "/b/*" {
    redirect "../a/" {}
  }`, `3: this redirect leads back to itself
    For example: http://example.org:8080/b/ → http://example.org:8080/a/ → http://example.org:8080/b/
    let it lead to a path that its route does not match, or put a route for that path before it
6: this redirect leads back to itself
    For example: http://example.org:8080/a/ → http://example.org:8080/b/ → http://example.org:8080/a/
    let it lead to a path that its route does not match, or put a route for that path before it
`},
		{`
  route "/a" {
    redirect "/b" {}
  }
  route "/b" {
    redirect "/b" {}
  }`, `6: this redirect leads back to itself
    For example: http://example.org:8080/b → http://example.org:8080/b
    let it lead to a path that its route does not match, or put a route for that path before it
`},
		{`
  route "/form" {
    methods = ["POST"]
    redirect "/form" { status = 303 }
  }
  route "/form" {
    respond {}
  }`, ""},
		{`
  route "/put" {
    methods = ["PUT"]
    redirect "/put" { status = 308 }
  }`, `4: this redirect leads back to itself
    For example: http://example.org:8080/put → http://example.org:8080/put
    let it lead to a path that its route does not match, or put a route for that path before it
`},
		{`
  route "/*" {
    redirect "http://elsewhere.example{uri}" {}
  }`, ""},
	} {
		w := newWorld(t, nil, "site \"example.org\" {"+test.routes+"\n}\n")
		var got strings.Builder
		for _, d := range w.h.Warnings() {
			fmt.Fprintf(&got, "%d: %s\n    %s\n    %s\n", d.Pos.Line, d.Summary, d.Detail, d.Hint)
			for _, r := range d.Related {
				fmt.Fprintf(&got, "    %d: %s\n", r.Pos.Line, r.Text)
			}
		}
		if got.String() != test.want {
			t.Errorf("%s\ngot\n%s\nwant\n%s", test.routes, got.String(), test.want)
		}
	}
}
