package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitrine/observe/glass/api"
)

// glassConfig is a server to look into: sites, and routes for each way to an answer. A test finds the line that is
// responsible by the comment at its end. ADMIN is where the page is, JOURNEYS is more of what to record.
const glassConfig = `
io = "events-per-core"
listen "ADDR" {}
log {
  off = true
}
admin "ADMIN" {
}
journeys {
  most        = 0
  frames_most = 0
  JOURNEYS
}
header {
  set = { Vitrine-Journey = "{journey}", Server-Timing = "{timing}" }
}
site "shop.test" { # shop
  default = true
  root    = "site" # files
  route "/hello" {
    respond { # hello
      body = "hello {query.name}\n"
    }
  }
  route "/old/*" {
    redirect "/{path.tail}" { # old
      status = 308
    }
  }
  route "/down" {
    respond { # down
      status = 503
      body   = "closed\n"
    }
  }
  route "/form" {
    methods = ["POST"]
    respond { # form
      status = 201
    }
  }
}
site "quiet.test" {
  route "/*" {
    respond { # quiet
      body = "shh\n"
    }
  }
}
`

// glazed is a server with its admin page.
type glazed struct {
	*crowded
	admin string // the page's address: host and port
	text  string // of the configuration
	http  *http.Client
	other *http.Client // each request on a connection of its own
}

// glaze runs a server with a page.
func glaze(t *testing.T, n *network, config, journeys string, files ...file) *glazed {
	t.Helper()
	where, err := place() // in a namespace, too: it is free there
	if err != nil {
		t.Fatal(err)
	}
	config = strings.NewReplacer("ADMIN", where.Host, "JOURNEYS", journeys).Replace(config)
	g := &glazed{crowded: crowd(t, n, config, files...), admin: where.Host, text: config}
	dial := func(_ context.Context, _, address string) (net.Conn, error) { return g.dialTo(address) }
	asked := &http.Transport{DialContext: dial, DisableCompression: true, MaxIdleConnsPerHost: 16}
	alone := &http.Transport{DialContext: dial, DisableCompression: true, DisableKeepAlives: true}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	g.http = &http.Client{Transport: asked, Timeout: deadline, CheckRedirect: stay}
	g.other = &http.Client{Transport: alone, Timeout: deadline, CheckRedirect: stay}
	t.Cleanup(asked.CloseIdleConnections)
	return g
}

// onBoth runs a test on the kernel's sockets and on the own stack.
func onBoth(t *testing.T, test func(t *testing.T, n *network)) {
	for _, n := range named(kernelNetwork, tapNetwork) {
		t.Run(n.name, func(t *testing.T) { test(t, n) })
	}
}

// line is where the configuration has the comment: what the page shows for a position.
func (g *glazed) line(t *testing.T, comment string) string {
	t.Helper()
	if comment == "" {
		return ""
	}
	before, _, ok := strings.Cut(g.text, " # "+comment+"\n")
	if !ok {
		t.Fatalf("the configuration has no comment %q", comment)
	}
	return fmt.Sprintf("vitrine.hcl:%d", strings.Count(before, "\n")+1)
}

// wanted is a request, and what must be known of it.
type wanted struct {
	method, host, target string
	header               http.Header
	body                 string
	status               int
	reason               string
	line                 string // the comment at the end of the line that is responsible; "": none is
}

// sent is a request that was answered.
type sent struct {
	wanted
	id, client string
	response   *http.Response
	body       []byte
}

// send makes a request, and holds its answer against what was wanted.
func (g *glazed) send(t *testing.T, client *http.Client, w wanted) sent {
	t.Helper()
	u, err := url.Parse("http://" + g.address + w.target)
	if err != nil {
		t.Fatal(err)
	}
	r := &http.Request{Method: w.method, URL: u, Host: w.host, Header: w.header.Clone(), Body: io.NopCloser(strings.NewReader(w.body)), ContentLength: int64(len(w.body))}
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	if w.body == "" {
		r.Body = nil
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", w.method, w.target, err, g.errors())
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", w.method, w.target, err)
	}
	if resp.StatusCode != w.status {
		t.Errorf("%s %s was answered with %d, not %d", w.method, w.target, resp.StatusCode, w.status)
	}
	return sent{wanted: w, id: resp.Header.Get("Vitrine-Journey"), response: resp, body: body}
}

// get asks the API into a value.
func (g *glazed) get(t *testing.T, path string, into any) {
	t.Helper()
	if err := json.Unmarshal(g.raw(t, path), into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// raw asks the admin listener, and wants success.
func (g *glazed) raw(t *testing.T, path string) []byte {
	t.Helper()
	resp, err := g.http.Get("http://" + g.admin + path)
	if err != nil {
		t.Fatalf("%v\n%s", err, g.errors())
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v\n%s", path, resp.StatusCode, err, body)
	}
	return body
}

// recorded waits until the API knows a journey.
func (g *glazed) recorded(t *testing.T, id string) *api.Journey {
	t.Helper()
	for end := time.Now().Add(deadline); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		resp, err := g.http.Get("http://" + g.admin + "/api/journeys/" + id)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			var j api.Journey
			if err := json.Unmarshal(body, &j); err != nil {
				t.Fatal(err)
			}
			return &j
		}
	}
	t.Fatalf("journey %s never came", id)
	return nil
}

// export writes what the API exports to a file.
func (g *glazed) export(t *testing.T, path string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(name, g.raw(t, path), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// several are requests of each kind, for the configuration above.
func several() []wanted {
	return []wanted{
		{method: "GET", host: "shop.test", target: "/", status: 200, reason: "content.whole", line: "shop"},
		{method: "GET", host: "shop.test", target: "/middle.bin", header: http.Header{"Range": {"bytes=10-19"}}, status: 206, reason: "content.part", line: "shop"},
		{method: "HEAD", host: "shop.test", target: "/middle.bin", status: 200, reason: "content.whole", line: "shop"},
		{method: "GET", host: "shop.test", target: "/hello?name=W%C3%B6rld", header: http.Header{"Cookie": {"session=" + secretCookie}, "Authorization": {"Bearer " + secretCookie}},
			status: 200, reason: "site.respond", line: "hello"},
		{method: "GET", host: "shop.test", target: "/old/hello?name=x", status: 308, reason: "site.redirect", line: "old"},
		{method: "GET", host: "shop.test", target: "/missing.html", status: 404, reason: "resource.missing", line: "files"},
		{method: "POST", host: "shop.test", target: "/form", body: "a=b", status: 201, reason: "site.respond", line: "form"},
		{method: "GET", host: "shop.test", target: "/form", status: 405, reason: "route.method-refused", line: "shop"},
		{method: "GET", host: "shop.test", target: "/down", status: 503, reason: "site.respond", line: "down"},
		{method: "GET", host: "quiet.test", target: "/anything", status: 200, reason: "site.respond", line: "quiet"},
	}
}

// secretCookie is in no page and in no export.
const secretCookie = "Kq7fRz0bWm3xYtA9"

// untold fails when a text tells the secret.
func untold(t *testing.T, what string, text []byte) {
	t.Helper()
	if bytes.Contains(text, []byte(secretCookie)) {
		t.Errorf("%s tells a secret that is not to be recorded", what)
	}
}
