package server

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vitrine/config"
)

// parsed is a configuration written in a test, whose relative paths are in a new folder with the given files.
func parsed(t *testing.T, text string, files ...string) (*config.Config, *config.Diagnostics) {
	t.Helper()
	folder := t.TempDir()
	for _, name := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("content of "+name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c, diags := config.Parse([]byte(text), filepath.Join(folder, "vitrine.hcl"), config.Options{})
	if c == nil {
		t.Fatal(diags)
	}
	return c, diags
}

func dry(t *testing.T, text string, files ...string) *Dry {
	t.Helper()
	c, diags := parsed(t, text, files...)
	d := NewDry(c, diags)
	if d == nil {
		t.Fatal(diags)
	}
	t.Cleanup(d.Close)
	return d
}

const twoListeners = `
listen "127.0.0.1:8080" {}
listen "192.0.2.1:8081" {
  clients {
    allow = ["192.0.2.0/24"]
  }
}
site "a.test" {
  root = "site"
}
site "b.test" {
  listen "[::1]:9000" {}
  route "/*" {
    respond {}
  }
}
`

func TestAnURLArrivesAtTheListenerThatAClientWouldReach(t *testing.T) {
	d := dry(t, twoListeners, "site/index.html")
	for _, c := range []struct{ url, local, reason string }{
		{"http://a.test:8080/", "127.0.0.1:8080", "listener.chosen"},
		{"http://127.0.0.1:8080/", "127.0.0.1:8080", "listener.chosen"},
		{"http://192.0.2.1:8081/", "192.0.2.1:8081", "listener.chosen"},
		{"http://[::1]:9000/", "[::1]:9000", "listener.chosen"},
		{"http://a.test/", "127.0.0.1:8080", "listener.assumed"},
		{"http://b.test/", "[::1]:9000", "listener.assumed"},
		{"http://192.0.2.1:8080/", "", "listener.none"},
		{"http://a.test:80/", "", "listener.none"},
		{"http://nobody.test/", "", "listener.none"},
	} {
		a, err := d.Ask(Query{URL: c.url, From: netip.MustParseAddr("192.0.2.9")})
		if err != nil {
			t.Errorf("%s: %v", c.url, err)
			continue
		}
		if !a.Decided(c.reason) {
			t.Errorf("%s: not %s: %v", c.url, c.reason, a.Events)
		}
		if c.local == "" {
			if a.Result != nil || a.Refused != ListenerNone {
				t.Errorf("%s is answered", c.url)
			}
		} else if a.Peer.Local.String() != c.local {
			t.Errorf("%s arrives at %v, not %s", c.url, a.Peer.Local, c.local)
		}
		if others := len(d.listening); c.local != "" && strings.Count(reasons(a), "listener.passed-over") != others-1 {
			t.Errorf("%s: not every other listener is told: %s", c.url, reasons(a))
		}
	}
}

func reasons(a *Answer) string {
	var ids []string
	for _, e := range a.Events {
		ids = append(ids, e.Reason.ID)
	}
	return strings.Join(ids, " ")
}

func TestAClientThatMayNotConnectIsNotRead(t *testing.T) {
	d := dry(t, twoListeners, "site/index.html")
	a, err := d.Ask(Query{URL: "http://192.0.2.1:8081/", From: netip.MustParseAddr("198.51.100.1")})
	if err != nil || a.Result != nil || a.Refused == nil || a.Refused.ID != "accept.denied" {
		t.Errorf("%+v, %v", a, err)
	}
	if e := a.Decisive(); e == nil || e.Reason != a.Refused {
		t.Errorf("the decision that counts is %v", e)
	}
}

func TestTheRequestIsSentAsItWasWritten(t *testing.T) {
	d := dry(t, twoListeners, "site/index.html")
	for _, c := range []struct {
		q    Query
		want string
	}{
		{Query{URL: "http://a.test:8080"}, "GET / HTTP/1.1\r\nHost: a.test:8080\r\n\r\n"},
		{Query{URL: "a.test:8080/x"}, "GET /x HTTP/1.1\r\nHost: a.test:8080\r\n\r\n"},
		{Query{URL: "http://a.test:8080?q#part"}, "GET /?q HTTP/1.1\r\nHost: a.test:8080\r\n\r\n"},
		{Query{URL: "http://a.test:8080/ü%2f x"}, "GET /%C3%BC%2f x HTTP/1.1\r\nHost: a.test:8080\r\n\r\n"},
		{Query{URL: "http://Bücher.test:8080/"}, "GET / HTTP/1.1\r\nHost: xn--bcher-kva.test:8080\r\n\r\n"},
		{Query{URL: "http://me:secret@a.test:8080/"},
			"GET / HTTP/1.1\r\nHost: a.test:8080\r\nAuthorization: Basic bWU6c2VjcmV0\r\n\r\n"},
		{Query{URL: "http://me@a.test:8080/", Fields: [][2]string{{"authorization", "x"}}},
			"GET / HTTP/1.1\r\nHost: a.test:8080\r\nauthorization: x\r\n\r\n"},
		{Query{URL: "http://a.test:8080/", Method: "POST", Old: true, Fields: [][2]string{{"host", "c.test"}, {"X", "y"}}},
			"POST / HTTP/1.0\r\nhost: c.test\r\nX: y\r\n\r\n"},
	} {
		a, err := d.Ask(c.q)
		if err != nil || string(a.Head) != c.want {
			t.Errorf("%+v is %q, %v", c.q, a.Head, err)
		}
	}
	for _, url := range []string{"https://a.test/", "ftp://a.test/", "http:///x", "http://a.test:99999/", "/x", "http://me@/", "http://[::1", "http://::1]/"} {
		if a, err := d.Ask(Query{URL: url}); err == nil {
			t.Errorf("%s is asked: %q", url, a.Head)
		}
	}
}

func TestAnAnswerSaysSiteRouteAndFile(t *testing.T) {
	d := dry(t, `
listen ":8080" {}
site "a.test" {
  root = "site"
  route "/r/*" {
    strip_prefix = "/r"
    files {
      missing "/index.html" {
        status = 200
      }
    }
  }
  route "/go" {
    redirect "/" {}
  }
}
`, "site/index.html", "site/sub/page.txt")
	for _, c := range []struct{ path, route, file string }{
		{"/", "", "index.html"},
		{"/sub/page.txt", "", "sub/page.txt"},
		{"/r/sub/page.txt", "/r/*", "sub/page.txt"},
		{"/r/nowhere", "/r/*", "index.html"},
		{"/nowhere", "", ""},
		{"/sub/", "", ""},
		{"/go", "/go", ""},
	} {
		a, err := d.Ask(Query{URL: "http://a.test:8080" + c.path})
		if err != nil {
			t.Fatal(err)
		}
		if a.Site() != "a.test" || a.Route() != c.route || a.File() != c.file {
			t.Errorf("%s: site %q, route %q, file %q", c.path, a.Site(), a.Route(), a.File())
		}
	}
}
