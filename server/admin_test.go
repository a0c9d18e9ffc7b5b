package server

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	weburl "net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"vitrine/observe/glass/api"
	"vitrine/trace"
)

func TestThePageIsOnlyForWhoeverSitsBeforeIt(t *testing.T) {
	l := run(t, withAdmin("  hosts = [\"glass.example.org\"]\n"))
	at := l.admin()
	_, port, _ := net.SplitHostPort(at)
	const get = "GET /api/status HTTP/1.1\r\n"
	for _, test := range []struct {
		name, request string
		status        int
		why           *trace.Reason // nil: it is answered
	}{
		{"the address itself", get + "Host: " + at, 200, nil},
		{"localhost", get + "Host: localhost:" + port, 200, nil},
		{"localhost with a dot", get + "Host: LocalHost.:" + port, 200, nil},
		{"another loopback address", get + "Host: [::1]:" + port, 200, nil},
		{"through a tunnel with another port", get + "Host: localhost:1234", 200, nil},
		{"a host that the configuration names", get + "Host: Glass.Example.Org:" + port, 200, nil},
		{"the page's own request", get + "Host: localhost:" + port + "\r\nOrigin: http://localhost:" + port + "\r\nSec-Fetch-Site: same-origin", 200, nil},
		{"an address that was typed", get + "Host: localhost:" + port + "\r\nSec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate", 200, nil},
		{"a name that leads here", get + "Host: evil.example:" + port, 421, AdminHost},
		{"a name that begins as ours does", get + "Host: localhost.evil.example:" + port, 421, AdminHost},
		{"a name that ends as ours does", get + "Host: evil-localhost", 421, AdminHost},
		{"a number that is an address elsewhere", get + "Host: 0x7f000001", 421, AdminHost},
		{"all addresses", get + "Host: 0.0.0.0:" + port, 421, AdminHost},
		{"another address", get + "Host: 192.0.2.1:" + port, 421, AdminHost},
		{"no host", "GET /api/status HTTP/1.0", 421, AdminHost},
		{"a port that is none", get + "Host: localhost:" + port + ",evil.example", 421, AdminHost},
		{"brackets that are none", get + "Host: ]localhost[", 421, AdminHost},
		{"an empty host", get + "Host:", 421, AdminHost},
		{"a host with a name before it", get + "Host: localhost@evil.example", 400, nil},
		{"another page's request", get + "Host: localhost:" + port + "\r\nOrigin: http://evil.example", 403, AdminOrigin},
		{"a page of another port", get + "Host: localhost:" + port + "\r\nOrigin: http://localhost:3000", 403, AdminOrigin},
		{"a page of another scheme", get + "Host: localhost:" + port + "\r\nOrigin: https://localhost:" + port, 403, AdminOrigin},
		{"a page without an origin", get + "Host: localhost:" + port + "\r\nOrigin: null", 403, AdminOrigin},
		{"two origins", get + "Host: localhost:" + port + "\r\nOrigin: http://localhost:" + port + "\r\nOrigin: http://evil.example", 403, AdminOrigin},
		{"an image on another page", get + "Host: localhost:" + port + "\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors", 403, AdminCrossSite},
		{"a page of another port, without an origin", get + "Host: localhost:" + port + "\r\nSec-Fetch-Site: same-site", 403, AdminCrossSite},
		{"a link on another page", "GET / HTTP/1.1\r\nHost: localhost:" + port + "\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate", 403, AdminCrossSite},
		{"a proxy", "GET http://localhost:" + port + "/api/status HTTP/1.1\r\nHost: localhost:" + port, 403, AdminProxied},
		{"a proxy that says so", get + "Host: localhost:" + port + "\r\nVia: 1.1 proxy", 403, AdminProxied},
		{"a proxy that says for whom", get + "Host: localhost:" + port + "\r\nForwarded: for=192.0.2.1", 403, AdminProxied},
		{"a proxy of the usual kind", get + "Host: localhost:" + port + "\r\nX-Forwarded-For: 192.0.2.1", 403, AdminProxied},
		{"another field of such proxies", get + "Host: localhost:" + port + "\r\nx-forwarded-host: a.example", 403, AdminProxied},
		{"nginx", get + "Host: localhost:" + port + "\r\nX-Real-IP: 192.0.2.1", 403, AdminProxied},
		{"nginx as it comes", "GET /api/status HTTP/1.0\r\nHost: localhost:" + port, 403, AdminProxied},
		{"a network of caches", get + "Host: localhost:" + port + "\r\nCDN-Loop: a.example", 403, AdminProxied},
		{"a field of somebody's own proxy", get + "Host: localhost:" + port + "\r\nX-Forwarded: for=192.0.2.1", 403, AdminProxied},
		{"a proxy that changes the host", get + "Host: localhost:" + port + "\r\nReferer: https://shop.example/", 403, AdminCrossSite},
		{"the page behind a path", get + "Host: localhost:" + port + "\r\nReferer: http://localhost:" + port + "/a/b", 200, nil},
		{"two words about where it comes from", get + "Host: localhost:" + port + "\r\nSec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site", 403, AdminCrossSite},
		{"a tunnel", "CONNECT localhost:" + port + " HTTP/1.1\r\nHost: localhost:" + port, 405, AdminMethod},
		{"an echo", "TRACE / HTTP/1.1\r\nHost: localhost:" + port, 405, AdminMethod},
		{"the whole server", "OPTIONS * HTTP/1.1\r\nHost: localhost:" + port, 403, AdminProxied},
		{"a change", "POST /api/status HTTP/1.1\r\nContent-Length: 0\r\nHost: localhost:" + port, 405, nil},
		{"what only the control socket does", "POST /api/force?client=127.0.0.1:1 HTTP/1.1\r\nContent-Length: 0\r\nHost: localhost:" + port, 405, nil},
	} {
		before := uint64(0)
		if test.why != nil {
			before = test.why.Reached()
		}
		status, fields, body := send(t, at, test.request+"\r\nConnection: close\r\n\r\n")
		if status != test.status {
			t.Errorf("%s: the answer is %d %s", test.name, status, body)
		}
		if test.why == nil {
			continue
		}
		if test.why.Reached() != before+1 || !strings.Contains(body, test.why.Clause()[1:]) {
			t.Errorf("%s: it says %s and counts %d", test.name, body, test.why.Reached()-before)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin"} {
			if fields.Get(name) != want {
				t.Errorf("%s: %s is %q", test.name, name, fields.Get(name))
			}
		}
		if csp := fields.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: the policy is %q", test.name, csp)
		}
		if fields.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: others may read the answer", test.name)
		}
	}
	if !strings.Contains(l.errors(), `it asks for the host "evil.example:`+port) || !strings.Contains(l.errors(), "admin.host") {
		t.Errorf("the error log is\n%s", l.errors())
	}
}

func TestThePageShowsWhatTheServerDoes(t *testing.T) {
	l := run(t, withAdmin(""))
	l.get("/")
	at := l.admin()
	get := func(path string, into any) {
		t.Helper()
		status, _, body := send(t, at, "GET "+path+" HTTP/1.1\r\nHost: "+at+"\r\nConnection: close\r\n\r\n")
		if status != 200 {
			t.Fatalf("%s: %d %s", path, status, body)
		}
		if into != nil {
			if err := json.Unmarshal([]byte(body), into); err != nil {
				t.Fatalf("%s: %v in %s", path, err, body)
			}
		}
	}
	var st api.Status
	get("/api/status", &st)
	if st.PID != os.Getpid() || len(st.Config) != 1 || len(st.Sites) != 1 || st.Admin != l.server.AdminURL() || st.Addresses[0] != l.address() {
		t.Errorf("the server is %+v", st)
	}
	var journeys api.Journeys
	l.await(func() bool { get("/api/journeys", &journeys); return len(journeys.Journeys) == 1 })
	if j := journeys.Journeys[0]; j.Status != 200 || j.Target != "/" || !strings.Contains(j.Position, "vitrine.hcl") {
		t.Errorf("the journey is %+v", j)
	}
	var house api.House
	get("/api/house", &house)
	if house.Requests != 1 || house.Statuses[2] != 1 || len(house.Layers) < 6 || house.Memory <= 0 || len(house.Sites) != 1 {
		t.Errorf("the house is %+v", house)
	}
	var x api.Explanation
	get("/api/explain?url=http://"+l.address()+"/some/where&header=Cookie:+a%3Db", &x)
	if x.Status != 200 || x.Verdict == nil || x.Position == nil || x.Body != "hello" || len(x.Events) == 0 || x.Response.Line != "HTTP/1.1 200 OK" {
		t.Errorf("the explanation is %+v", x)
	}
	for _, f := range x.Request.Fields {
		if f.Name == "Cookie" && (f.Value != "" || !f.Hidden) {
			t.Errorf("a secret is shown: %+v", f)
		}
	}
	get("/api/explain?url=http://127.0.0.1:1/", &x)
	if x.Status == 200 {
		t.Errorf("nobody listens there, and the explanation is %+v", x)
	}
	if status, _, body := send(t, at, "GET /api/explain?url=ftp://a/&from=x HTTP/1.1\r\nHost: "+at+"\r\nConnection: close\r\n\r\n"); status != 400 {
		t.Errorf("%d %s", status, body)
	}
	var src api.Source
	get("/api/source?file="+weburl.QueryEscape(st.Config[0]), &src)
	if src.Total < 10 || !strings.Contains(strings.Join(src.Lines, "\n"), "admin \"127.0.0.1:0\" {") {
		t.Errorf("the file is %+v", src)
	}
	if status, _, _ := send(t, at, "GET /api/source?file=/etc/passwd HTTP/1.1\r\nHost: "+at+"\r\nConnection: close\r\n\r\n"); status != 404 {
		t.Errorf("a file that is none of the configuration: %d", status)
	}
	var sockets []api.Socket
	get("/api/sockets", &sockets)
	if len(sockets) == 0 || sockets[0].State != "LISTEN" {
		t.Errorf("the sockets are %+v", sockets)
	}
	get("/", nil)
	get("/api/files", nil)
	get("/api/reasons", nil)
	if _, _, body := send(t, at, "GET /metrics HTTP/1.1\r\nHost: "+at+"\r\nConnection: close\r\n\r\n"); !strings.Contains(body, "vitrine_build_info") {
		t.Errorf("the metrics are\n%s", body)
	}
}

func TestADryRunTellsNoSecret(t *testing.T) {
	l := run(t, withAdmin("")+`journeys {
  hide = ["X-Api-Key"]
  show = ["Cookie"]
}
header {
  set = { X-Api-Key = "hidden-word", Set-Cookie = "hidden-cookie", X-Word = "seen" }
}
`)
	_, _, body := send(t, l.admin(), "GET /api/explain?url=http://"+l.address()+"/&header=Authorization:+hidden-basic&header=x-api-key:+hidden-key&header=Cookie:+shown HTTP/1.1\r\nHost: "+
		l.admin()+"\r\nConnection: close\r\n\r\n")
	if strings.Contains(body, "hidden-") || !strings.Contains(body, "seen") || !strings.Contains(body, "shown") {
		t.Errorf("it tells\n%s", body)
	}
}

func TestACollectorThatIsNotThereIsSaidOnceAndHoldsNobodyUp(t *testing.T) {
	l := run(t, "journeys {\n  otlp \"http://"+freeAddress(t)+"\" {\n    interval = \"100ms\"\n    timeout = \"200ms\"\n  }\n}\n"+withAdmin(""))
	l.get("/")
	began := time.Now()
	l.signals <- syscall.SIGTERM
	if l.end(); time.Since(began) > 10*time.Second {
		t.Errorf("it took %v", time.Since(began))
	}
	if !strings.Contains(l.errors(), "server.spans-lost") {
		t.Errorf("the error log is\n%s", l.errors())
	}
}

func TestTheControlSocketAnswersWhatThePageDoes(t *testing.T) {
	socket := t.TempDir() + "/c.sock"
	l := run(t, "control {\n  socket = \""+socket+"\"\n}\njourneys {\n  sample = 1000000\n}\n"+answering(anywhere, "hello"))
	c := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	for path, want := range map[string]string{"/api/status": `"pid"`, "/api/journeys": `"journeys"`, "/metrics": "vitrine_build_info", "/api/house": `"layers"`} {
		if resp, body := fetch(t, c, "GET", "http://vitrine"+path, ""); resp.StatusCode != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
	// A client that is forced is recorded whatever is sampled.
	conn, err := l.dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	r, err := http.NewRequest("POST", "http://vitrine/api/force?client="+weburl.QueryEscape(conn.LocalAddr().String()), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(r)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%v, %v", resp, err)
	}
	if _, _, err := conn.ask("/forced"); err != nil {
		t.Fatal(err)
	}
	l.await(func() bool {
		_, body := fetch(t, c, "GET", "http://vitrine/api/journeys", "")
		return strings.Contains(body, "/forced")
	})
	resp.Body.Close()
	if resp, _ := fetch(t, c, "POST", "http://vitrine/api/force?client=somebody", ""); resp.StatusCode != 400 {
		t.Errorf("a client that is none: %d", resp.StatusCode)
	}
}
