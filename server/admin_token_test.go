package server

import (
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	weburl "net/url"
	"strings"
	"testing"
	"time"

	"vitrine/observe/glass/api"
)

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
