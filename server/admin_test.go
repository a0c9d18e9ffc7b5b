package server

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	weburl "net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"vitrine/config"
	"vitrine/observe/glass/api"
	"vitrine/trace"
)

const looked = "admin \"127.0.0.1:0\" {\n%s}\n"

// withAdmin is a configuration with a page on a free port.
func withAdmin(settings string) string {
	return fmt.Sprintf(looked, settings) + answering(anywhere, "hello")
}

// admin is where the page of a server is, as host:port.
func (l *live) admin() string {
	l.t.Helper()
	u, err := weburl.Parse(l.server.AdminURL())
	if err != nil || u.Host == "" {
		l.t.Fatalf("the page is at %q; the error log is\n%s", l.server.AdminURL(), l.errors())
	}
	return u.Host
}

// send sends bytes to an address and reads one response, or what else is answered.
func send(t *testing.T, address, text string) (status int, fields http.Header, body string) {
	t.Helper()
	c, err := net.DialTimeout("tcp", address, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	io.WriteString(c, text)
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body)
	return r.StatusCode, r.Header, string(b)
}

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
		if test.why.Reached() != before+1 || !strings.Contains(body, test.why.Sentence[1:]) {
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

// pairFiles writes a certificate and its key into the server's folder to be.
func pairFiles(t *testing.T, hosts ...string) (settings string, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: hosts, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(dir+"/"+name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(leaf)
	return fmt.Sprintf("  certificate = %q\n  key = %q\n", dir+"/cert.pem", dir+"/key.pem"), roots
}

const secretWord = "correct-horse-battery-staple"

// browser is a client that knows a certificate and keeps what it is given, and follows nothing.
func browser(roots *x509.CertPool) *http.Client {
	return &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func fetch(t *testing.T, c *http.Client, method, url, body string, fields ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp, string(b)
}

func TestWhereOthersReachThePageItSpeaksTLSAndAsksForTheToken(t *testing.T) {
	pair, roots := pairFiles(t, "glass.example.org")
	l := run(t, "admin \"0.0.0.0:0\" {\n  token = \""+secretWord+"\"\n  hosts = [\"glass.example.org\"]\n"+pair+"}\n"+answering(anywhere, "hello"))
	if !strings.HasPrefix(l.server.AdminURL(), "https://glass.example.org:") {
		t.Errorf("the page is at %s", l.server.AdminURL())
	}
	_, port, _ := net.SplitHostPort(l.admin())
	base := "https://127.0.0.1:" + port
	c := browser(roots)
	delay := &l.server.admin.gate.tries.delay
	if *delay != triesDelay {
		t.Errorf("a wrong token waits %v", *delay)
	}

	resp, body := fetch(t, c, "GET", base+"/api/status", "")
	if resp.StatusCode != 401 || !strings.HasPrefix(resp.Header.Get("WWW-Authenticate"), "Bearer") || !strings.Contains(body, "brings none") {
		t.Errorf("without a token: %d %s", resp.StatusCode, body)
	}
	resp, body = fetch(t, c, "GET", base+"/metrics", "")
	if resp.StatusCode != 401 {
		t.Errorf("the metrics without a token: %d %s", resp.StatusCode, body)
	}
	resp, body = fetch(t, c, "GET", base+"/api/status", "", "Authorization", "Bearer "+secretWord)
	if resp.StatusCode != 200 {
		t.Errorf("with the token: %d %s", resp.StatusCode, body)
	}
	resp, _ = fetch(t, c, "GET", base+"/api/status", "", "Authorization", "Basic "+secretWord)
	if resp.StatusCode != 401 {
		t.Errorf("with another scheme: %d", resp.StatusCode)
	}
	began := time.Now()
	resp, body = fetch(t, c, "GET", base+"/api/status", "", "Authorization", "Bearer "+secretWord+"x")
	if resp.StatusCode != 401 || !strings.Contains(body, "another token") || time.Since(began) < triesDelay {
		t.Errorf("with another token, after %v: %d %s", time.Since(began), resp.StatusCode, body)
	}

	// A browser gets a form, and a cookie for the token.
	const html = "text/html,application/xhtml+xml"
	resp, body = fetch(t, c, "GET", base+"/", "", "Accept", html)
	if resp.StatusCode != 401 || !strings.Contains(body, `<form method="post" action="/sign-in">`) || !strings.Contains(resp.Header.Get("Content-Security-Policy"), "sha256-") {
		t.Errorf("a browser gets %d %s", resp.StatusCode, body)
	}
	form := func(token string, fields ...string) (*http.Response, string) {
		return fetch(t, c, "POST", base+"/sign-in", weburl.Values{"token": {token}}.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded", "Accept", html}, fields...)...)
	}
	resp, body = form(secretWord, "Origin", "https://evil.example")
	if resp.StatusCode != 403 || len(resp.Cookies()) != 0 {
		t.Errorf("another page signs in: %d %s", resp.StatusCode, body)
	}
	resp, body = form("wrong")
	if resp.StatusCode != 401 || len(resp.Cookies()) != 0 || !strings.Contains(body, "That was another token") {
		t.Errorf("a wrong token in the form: %d %s", resp.StatusCode, body)
	}
	resp, _ = form(secretWord, "Origin", base)
	if resp.StatusCode != 303 || resp.Header.Get("Location") != "/" || len(resp.Cookies()) != 1 {
		t.Fatalf("the token in the form: %d, %v", resp.StatusCode, resp.Cookies())
	}
	cookie := resp.Cookies()[0]
	if !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" || cookie.Domain != "" || !strings.HasPrefix(cookie.Name, "__Host-") || strings.Contains(cookie.Value, secretWord) {
		t.Errorf("the cookie is %v", cookie)
	}
	resp, _ = fetch(t, c, "GET", base+"/api/status", "", "Cookie", cookie.Name+"="+cookie.Value)
	if resp.StatusCode != 200 {
		t.Errorf("with the cookie: %d", resp.StatusCode)
	}
	forged := []byte(cookie.Value)
	forged[2] ^= 1
	resp, _ = fetch(t, c, "GET", base+"/api/status", "", "Cookie", cookie.Name+"="+string(forged))
	if resp.StatusCode != 401 {
		t.Errorf("with a forged cookie: %d", resp.StatusCode)
	}

	// Another token ends what was signed in with the old one, and a page without TLS is another page.
	if status, _, text := send(t, "127.0.0.1:"+port, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"); status != 400 || !strings.Contains(text, "begins with https://") {
		t.Errorf("plain HTTP gets %d %s", status, text)
	}
	l.reload("admin \"0.0.0.0:0\" {\n  token = \"another-" + secretWord + "\"\n  hosts = [\"glass.example.org\"]\n" + pair + "}\n" + answering(anywhere, "hello"))
	if _, p, _ := net.SplitHostPort(l.admin()); p != port {
		t.Errorf("the page moved from port %s to %s", port, p)
	}
	resp, _ = fetch(t, c, "GET", base+"/api/status", "", "Cookie", cookie.Name+"="+cookie.Value)
	if resp.StatusCode != 401 {
		t.Errorf("with the cookie of another token: %d", resp.StatusCode)
	}
	if strings.Contains(l.errors(), secretWord) {
		t.Errorf("the error log tells the token:\n%s", l.errors())
	}
	resp, body = fetch(t, c, "GET", base+"/api/status", "", "Authorization", "Bearer another-"+secretWord)
	if resp.StatusCode != 200 {
		t.Fatalf("with the new token: %d", resp.StatusCode)
	}
	var st api.Status
	json.Unmarshal([]byte(body), &st)
	_, body = fetch(t, c, "GET", base+"/api/source?file="+weburl.QueryEscape(st.Config[0]), "", "Authorization", "Bearer another-"+secretWord)
	if !strings.Contains(body, "token = ") || strings.Contains(body, secretWord) {
		t.Errorf("the page shows the file as %s", body)
	}

	// The certificate is read anew.
	other, otherRoots := pairFiles(t, "glass.example.org")
	l.reload("admin \"0.0.0.0:0\" {\n  token = \"another-" + secretWord + "\"\n  hosts = [\"glass.example.org\"]\n" + other + "}\n" + answering(anywhere, "hello"))
	resp, _ = fetch(t, browser(otherRoots), "GET", base+"/api/status", "", "Authorization", "Bearer another-"+secretWord)
	if resp.StatusCode != 200 {
		t.Errorf("with the new certificate: %d", resp.StatusCode)
	}
}

func TestWhoTriesManyTokensHasToWait(t *testing.T) {
	var tried tries
	now := time.Now()
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for range triesBurst {
		if !tried.may(a, now) {
			t.Fatal("too early")
		}
		tried.failed(a, now)
	}
	if tried.may(a, now) || !tried.may(b, now) {
		t.Error("who has used up the tries has to wait, and nobody else")
	}
	if tried.may(a, now.Add(triesEvery-time.Second)) || !tried.may(a, now.Add(triesEvery+time.Second)) {
		t.Error("one more comes with time")
	}
	for i := range 3 * triesClients {
		tried.failed(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), now)
	}
	if len(tried.clients) > triesClients+1 {
		t.Errorf("%d clients are remembered", len(tried.clients))
	}
	if tried.may(b, now) {
		t.Error("with so many who try, a stranger has to wait too")
	}
	if tried.failed(b, now.Add(time.Hour)); !tried.may(b, now.Add(time.Hour)) || len(tried.clients) > 3 {
		t.Errorf("later all is forgotten, and %d are remembered", len(tried.clients))
	}
}

func TestTooManyWrongTokensAreAnsweredWithoutALook(t *testing.T) {
	l := run(t, withAdmin("  token = \""+secretWord+"\"\n"))
	at := l.admin()
	for range triesBurst {
		l.server.admin.gate.tries.failed(netip.MustParseAddr("127.0.0.1"), time.Now())
	}
	status, fields, body := send(t, at, "GET /api/status HTTP/1.1\r\nHost: "+at+"\r\nAuthorization: Bearer "+secretWord+"\r\nConnection: close\r\n\r\n")
	if status != 429 || fields.Get("Retry-After") == "" || !strings.Contains(body, "too many") {
		t.Errorf("%d %s", status, body)
	}
}

func TestWhoSpeaksTLSWhereThereIsNoneIsTold(t *testing.T) {
	l := run(t, withAdmin(""))
	before := AdminSecure.Reached()
	_, err := tls.Dial("tcp", l.admin(), &tls.Config{InsecureSkipVerify: true})
	if err == nil || !strings.Contains(err.Error(), "protocol version") || AdminSecure.Reached() == before {
		t.Errorf("it is told %v", err)
	}
}

func TestABusyPortIsAWarning(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	l := run(t, "admin \""+address+"\" {\n}\n"+answering(anywhere, "hello"))
	if _, body := l.get("/"); body != "hello" || l.server.AdminURL() != "" {
		t.Errorf("it answers %q, and the page is at %q", body, l.server.AdminURL())
	}
	if !strings.Contains(l.errors(), "there is no admin page") || !strings.Contains(l.errors(), "listens on "+address+" already") {
		t.Errorf("the error log is\n%s", l.errors())
	}
	taken.Close()
	l.reload("admin \"" + address + "\" {\n}\n" + answering(anywhere, "hello"))
	if status, _, _ := send(t, l.admin(), "GET /api/status HTTP/1.1\r\nHost: "+address+"\r\nConnection: close\r\n\r\n"); status != 200 {
		t.Errorf("when the port is free the page answers %d", status)
	}
}

func TestServeTakesTheNextPortForThePage(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	first := taken.Addr().(*net.TCPAddr).Port
	log := new(journal)
	defer log.Close()
	a := newAdmin(http.NotFoundHandler(), log)
	defer a.close()
	c := config.Default(config.ServeOptions{Root: t.TempDir()})
	c.Admin.Address.V = "127.0.0.1:" + strconv.Itoa(first)
	a.adopt(prepareAdmin(c, new(config.Diagnostics)))
	u, err := weburl.Parse(a.url())
	if err != nil || u.Port() == "" {
		t.Fatalf("the page is at %q", a.url())
	}
	if port, _ := strconv.Atoi(u.Port()); port <= first || port >= first+adminTries {
		t.Errorf("the page is on port %d, and %d is taken", port, first)
	}
}

func TestThePageMovesWithAReload(t *testing.T) {
	l := run(t, withAdmin(""))
	old := l.admin()
	to := freeAddress(t)
	l.reload("admin \"" + to + "\" {\n}\njourneys {\n  off = true\n}\n" + answering(anywhere, "two"))
	if l.admin() != to {
		t.Fatalf("the page is at %s", l.admin())
	}
	if _, err := net.DialTimeout("tcp", old, patience); err == nil {
		t.Error("it is at the old address too")
	}
	_, _, body := send(t, to, "GET /api/status HTTP/1.1\r\nHost: "+to+"\r\nConnection: close\r\n\r\n")
	var st api.Status
	if json.Unmarshal([]byte(body), &st); st.Recording.On || st.Admin != "http://"+to+"/" {
		t.Errorf("the server is %+v", st)
	}
	if said := l.reload("admin \"" + to + "\" {\n  token_file = \"none\"\n}\n" + answering(anywhere, "three")); !strings.Contains(said, "server.reload-refused") {
		t.Errorf("the error log says\n%s", said)
	}
	if status, _, _ := send(t, to, "GET /api/status HTTP/1.1\r\nHost: "+to+"\r\nConnection: close\r\n\r\n"); status != 200 {
		t.Errorf("a reload that failed changed the page: %d", status)
	}
	if at := netip.MustParseAddrPort(to); !l.server.IsAdmin(at) || !l.server.IsAdmin(netip.AddrPortFrom(netip.AddrFrom16(at.Addr().As16()), at.Port())) ||
		l.server.IsAdmin(netip.MustParseAddrPort(l.address())) || !l.server.IsAdmin(netip.AddrPortFrom(netip.IPv4Unspecified(), at.Port())) {
		t.Error("the server does not know its own page")
	}
	watching, err := net.DialTimeout("tcp", to, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer watching.Close()
	watching.SetDeadline(time.Now().Add(patience))
	io.WriteString(watching, "GET /api/journeys/stream HTTP/1.1\r\nHost: "+to+"\r\n\r\n")
	if _, err := watching.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	l.reload(answering(anywhere, "four"))
	if _, err := io.Copy(io.Discard, watching); os.IsTimeout(err) {
		t.Error("there is no page any more, and who watched still does")
	}
	if l.server.AdminURL() != "" || l.server.IsAdmin(netip.MustParseAddrPort(to)) {
		t.Errorf("the page is still at %s", l.server.AdminURL())
	}
	if _, err := net.DialTimeout("tcp", to, patience); err == nil {
		t.Error("the page is still there")
	}
}

func TestWhoLooksIsToldOfTheEndAndDoesNotDelayIt(t *testing.T) {
	l := run(t, "timeouts {\n  drain = \"20s\"\n}\n"+withAdmin(""))
	at := l.admin()
	var streams []*bufio.Reader
	for _, path := range []string{"/api/journeys/stream", "/api/house/stream"} {
		c, err := net.DialTimeout("tcp", at, patience)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(patience))
		io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: "+at+"\r\n\r\n")
		r := bufio.NewReader(c)
		if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, "200") {
			t.Fatalf("%s: %q, %v", path, line, err)
		}
		for { // until something was sent, so that it runs
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(line, "data: ") {
				break
			}
		}
		streams = append(streams, r)
	}
	idle, err := net.DialTimeout("tcp", at, patience) // and one who only connects
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	began := time.Now()
	l.signals <- syscall.SIGTERM
	if e := l.end(); e != Drained {
		t.Errorf("it ended as %d", e)
	}
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("stopping took %v", took)
	}
	for _, r := range streams {
		if b, _ := io.ReadAll(r); !strings.Contains(string(b), "event: end") {
			t.Errorf("a stream ended with %q", b)
		}
	}
	if _, err := net.DialTimeout("tcp", at, patience); err == nil {
		t.Error("the page is still there")
	}
}

func TestAStreamOutlivesTheTimeForABody(t *testing.T) {
	more, left := make(chan struct{}), make(chan struct{})
	late := make(chan error)
	log := new(journal)
	defer log.Close()
	a := newAdmin(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			_, err := io.ReadAll(r.Body)
			late <- err
			return
		}
		io.WriteString(w, "begins\n")
		http.NewResponseController(w).Flush()
		select {
		case <-more:
			io.WriteString(w, "goes on\n")
		case <-r.Context().Done():
			close(left)
		}
	}), log)
	defer a.close()
	a.body = 20 * time.Millisecond
	c := config.Default(config.ServeOptions{Root: t.TempDir()})
	c.Admin.Address.V = "127.0.0.1:0"
	a.adopt(prepareAdmin(c, new(config.Diagnostics)))
	u, err := weburl.Parse(a.url())
	if err != nil || u.Host == "" {
		t.Fatalf("the page is at %q", a.url())
	}
	open := func(head string) (net.Conn, *bufio.Reader) {
		c, err := net.DialTimeout("tcp", u.Host, patience)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(patience))
		io.WriteString(c, head+"\r\nHost: "+u.Host+"\r\n\r\n")
		return c, bufio.NewReader(c)
	}
	_, stream := open("GET /stream HTTP/1.1")
	resp, err := http.ReadResponse(stream, nil)
	if err != nil {
		t.Fatal(err)
	}
	body := bufio.NewReader(resp.Body)
	if line, err := body.ReadString('\n'); line != "begins\n" {
		t.Fatalf("the stream begins with %q, %v", line, err)
	}
	// A body that does not come ends by the same time, which tells that it has passed: twice, so that the stream's has as well.
	for range 2 {
		open("POST /body HTTP/1.1\r\nContent-Length: 5")
		select {
		case err := <-late:
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("a body that does not come ends with %v", err)
			}
		case <-time.After(patience):
			t.Fatal("a body that does not come is waited for")
		}
	}
	select {
	case more <- struct{}{}:
	case <-left:
		t.Fatal("the stream was ended")
	}
	if line, err := body.ReadString('\n'); line != "goes on\n" {
		t.Errorf("the stream goes on with %q, %v", line, err)
	}
}

func TestMoreConnectionsThanThereAreAreClosed(t *testing.T) {
	l := run(t, withAdmin(""))
	at := l.admin()
	for range adminConnections {
		l.server.admin.conns <- struct{}{}
	}
	before := AdminFull.Reached()
	c, err := net.DialTimeout("tcp", at, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
		t.Errorf("one too many gets %v", err)
	}
	if AdminFull.Reached() == before {
		t.Error("it is not counted")
	}
	for range adminConnections {
		<-l.server.admin.conns
	}
	if status, _, _ := send(t, at, "GET /api/status HTTP/1.1\r\nHost: "+at+"\r\nConnection: close\r\n\r\n"); status != 200 {
		t.Errorf("afterwards it answers %d", status)
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

func TestOneClientElsewhereDoesNotTakeEveryPlace(t *testing.T) {
	a := newAdmin(nil, nil)
	at := func(text string) *placed { return &placed{admin: a, client: clientAt(text)} }
	for i := range adminClient {
		if !a.admit(at(fmt.Sprintf("[2001:db8::%x]:1", i))) {
			t.Fatalf("connection %d has no place", i)
		}
	}
	if a.admit(at("[2001:db8::ffff]:2")) {
		t.Error("a client has more places than there are for one")
	}
	if !a.admit(at("[2001:db8:0:1::1]:2")) || !a.admit(at("192.0.2.1:3")) {
		t.Error("others have none")
	}
	for range adminClient + 1 {
		if !a.admit(at("127.0.0.1:4")) {
			t.Fatal("this machine's users share one address, and there are too few places for them")
		}
	}
}

func TestStrangersDoNotKeepTheirPlace(t *testing.T) {
	l := run(t, withAdmin("  token = \"0123456789abcdef\"\n"))
	at := l.admin()
	for _, request := range []string{
		"GET / HTTP/1.1\r\nHost: evil.example",
		"GET / HTTP/1.1\r\nHost: " + at + "\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate",
		"GET / HTTP/1.1\r\nHost: " + at,
		"GET / HTTP/1.1\r\nHost: " + at + "\r\nAccept: text/html",
		"GET / HTTP/1.1\r\nHost: " + at + "\r\nAuthorization: Bearer fedcba9876543210",
	} {
		if n := answers(t, at, request); n != 1 {
			t.Errorf("of two requests that begin with %q on a connection %d are answered", request, n)
		}
	}
	if n := answers(t, at, "GET /api/status HTTP/1.1\r\nHost: "+at+"\r\nAuthorization: Bearer 0123456789abcdef"); n != 2 {
		t.Errorf("of two requests with the token on a connection %d are answered", n)
	}
}

// answers is how many answers there are when a request is sent twice on one connection.
func answers(t *testing.T, at, request string) int {
	t.Helper()
	c, err := net.DialTimeout("tcp", at, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(patience))
	io.WriteString(c, request+"\r\n\r\n"+request+"\r\nConnection: close\r\n\r\n")
	all, _ := io.ReadAll(c) // a reset ends it as well
	return strings.Count(string(all), "HTTP/1.1 ")
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
