package gateway

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"vitrine/trace/tracetest"
	"vitrine/web/message"
)

func TestMain(m *testing.M) { tracetest.Main(m, "gateway.") }

// request is a request's head as the protocol hands it over.
func request(t testing.TB, method, target string, lines ...string) *message.Request {
	t.Helper()
	var arena []byte
	put := func(s string) message.Span {
		at := len(arena)
		arena = append(arena, s...)
		return message.Span{Off: uint32(at), Len: uint32(len(s))}
	}
	type field struct{ name, value message.Span }
	m, u := put(method), put(target)
	var fields []field
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ":")
		fields = append(fields, field{put(name), put(strings.TrimSpace(value))})
	}
	r := new(message.Request)
	r.Reset(arena)
	r.Method, r.MethodText, r.Major, r.Minor, r.Scheme = message.LookupMethod([]byte(method)), m, 1, 1, "http"
	if fault, _ := r.ParseTarget(u); fault != message.NoFault {
		t.Fatalf("%s: %s", target, fault)
	}
	r.Fields.Reset(r.Arena())
	for _, f := range fields {
		if r.Fields.Add(f.name, f.value) == message.Host {
			if fault, _ := r.ParseHost(f.value); fault != message.NoFault {
				t.Fatalf("%q: %s", lines, fault)
			}
		}
	}
	return r
}

func shownVariables(v *Variables) string {
	var b strings.Builder
	for name, value := range v.Each() {
		fmt.Fprintf(&b, "%s=%s\n", name, value)
	}
	return b.String()
}

func TestARequestsMetaVariables(t *testing.T) {
	var v Variables
	v.Collect(&Request{
		Head: request(t, "POST", "/blog/index.php/2024/a%20b?x=1&y=%2F", "Host: Example.org:8080", "Content-Type: text/plain",
			"Content-Length: 5", "Cookie: a=1", "Accept: text/html", "Cookie: b=2", "Accept: */*", "X-One: 1", "x-one: 2"),
		Client: netip.MustParseAddrPort("[::ffff:198.18.0.7]:4711"), Server: netip.MustParseAddrPort("[fe80::1%eth0]:80"),
		Software: "vitrine", Script: []byte("/blog/index.php"), Info: []byte("/2024/a b"), Translated: "/srv/www/2024/a b",
		File: "/srv/www/blog/index.php", Root: "/srv/www", Host: "client.example.org", Ident: "somebody", User: "ada", AuthType: "Basic",
		Length: 5,
	})
	want := `GATEWAY_INTERFACE=CGI/1.1
SERVER_SOFTWARE=vitrine
SERVER_NAME=example.org
SERVER_ADDR=fe80::1
SERVER_PORT=80
SERVER_PROTOCOL=HTTP/1.1
REQUEST_SCHEME=http
REQUEST_METHOD=POST
REQUEST_URI=/blog/index.php/2024/a%20b?x=1&y=%2F
DOCUMENT_URI=/blog/index.php/2024/a b
QUERY_STRING=x=1&y=%2F
SCRIPT_NAME=/blog/index.php
PATH_INFO=/2024/a b
PATH_TRANSLATED=/srv/www/2024/a b
SCRIPT_FILENAME=/srv/www/blog/index.php
DOCUMENT_ROOT=/srv/www
REMOTE_ADDR=198.18.0.7
REMOTE_PORT=4711
REMOTE_HOST=client.example.org
REMOTE_IDENT=somebody
AUTH_TYPE=Basic
REMOTE_USER=ada
CONTENT_LENGTH=5
CONTENT_TYPE=text/plain
REDIRECT_STATUS=200
HTTP_HOST=Example.org:8080
HTTP_COOKIE=a=1; b=2
HTTP_ACCEPT=text/html, */*
HTTP_X_ONE=1, 2
`
	if got := shownVariables(&v); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if env := strings.Join(v.Environ(), "\n") + "\n"; env != want {
		t.Errorf("the environment is\n%s", env)
	}
}

func TestWhatARequestCannotMakeAScriptBelieve(t *testing.T) {
	for _, c := range []struct {
		what        string
		line        string
		credentials bool
		absent      string // a variable, or its beginning
		refused     int
	}{
		{"Proxy would send the script's own requests elsewhere", "Proxy: http://evil.example", false, "HTTP_PROXY", 1},
		{"and in any case", "pRoXy: http://evil.example", false, "HTTP_PROXY", 1},
		{"an underscore poses as a hyphen", "X_Real_IP: 127.0.0.1", false, "HTTP_X_REAL_IP", 1},
		{"also beside the real one", "X-Real_IP: 127.0.0.1", false, "HTTP_X_REAL_IP", 1},
		{"other characters of tokens become something else in shells and in PHP", "X.Real.IP: 127.0.0.1", false, "HTTP_X", 1},
		{"the password stays with the server", "Authorization: Basic YTpi", false, "HTTP_AUTHORIZATION", 0},
		{"that for a proxy always", "Proxy-Authorization: Basic YTpi", true, "HTTP_PROXY", 0},
		{"the body's framing was the server's business", "Transfer-Encoding: chunked", false, "HTTP_TRANSFER", 0},
		{"as was the connection", "Connection: close", false, "HTTP_CONNECTION", 0},
		{"the type has a variable of its own", "Content-Type: text/plain", false, "HTTP_CONTENT", 0},
		{"and so has the length", "Content-Length: 0", false, "HTTP_CONTENT", 0},
	} {
		var v Variables
		v.Collect(&Request{Head: request(t, "GET", "/x", "Host: a", c.line), Credentials: c.credentials})
		for name := range v.Each() {
			if strings.HasPrefix(string(name), c.absent) {
				t.Errorf("%s: there is %s", c.what, name)
			}
		}
		if n, first := v.Refused(); n != c.refused || n > 0 && !strings.HasPrefix(c.line, first+":") {
			t.Errorf("%s: %d refused, the first %q", c.what, n, first)
		}
	}
	var v Variables
	v.Collect(&Request{Head: request(t, "GET", "/x", "Authorization: Basic YTpi"), Credentials: true})
	if got, _ := v.Get("HTTP_AUTHORIZATION"); string(got) != "Basic YTpi" {
		t.Errorf("a script that is to see the credentials gets %q", got)
	}
}

func TestTheHostOfTheTargetWins(t *testing.T) {
	var v Variables
	v.Collect(&Request{Head: request(t, "GET", "http://one.example/a?b", "Host: two.example")})
	for name, want := range map[string]string{"HTTP_HOST": "one.example", "SERVER_NAME": "one.example", "REQUEST_URI": "/a?b"} {
		if got, _ := v.Get(name); string(got) != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	v.Reset()
	v.Collect(&Request{Head: request(t, "GET", "http://one.example?b"), Server: netip.MustParseAddrPort("198.18.0.1:80")})
	if got, _ := v.Get("REQUEST_URI"); string(got) != "/" {
		t.Errorf("without a path, REQUEST_URI is %q", got)
	}
	v.Reset()
	v.Collect(&Request{Head: request(t, "GET", "/"), Server: netip.MustParseAddrPort("198.18.0.1:80")})
	if got, _ := v.Get("SERVER_NAME"); string(got) != "198.18.0.1" {
		t.Errorf("a server without a name is called %q", got)
	}
}

func TestVariablesAreReplacedAndTakenAway(t *testing.T) {
	var v Variables
	for _, ok := range []bool{v.SetString("A", "1"), v.Set("B", []byte("2")), v.SetString("A", "3")} {
		if !ok {
			t.Error("a plain variable was refused")
		}
	}
	for _, bad := range []bool{v.SetString("", "1"), v.SetString("A=B", "1"), v.SetString("A\x00", "1"), v.SetString("C", "a\x00b"), v.Set("C", []byte{0})} {
		if bad {
			t.Error("a variable that cannot be was set")
		}
	}
	v.Unset("B")
	v.Unset("nobody")
	if got := shownVariables(&v); got != "A=3\n" || v.Len() != 1 {
		t.Errorf("there is %q", got)
	}
	if _, ok := v.Get("B"); ok {
		t.Error("B is still there")
	}
}

func TestCollectingAllocatesNothing(t *testing.T) {
	q := &Request{Head: request(t, "GET", "/index.php?a=b", "Host: example.org", "Accept: */*", "Cookie: a=b", "Cookie: c=d", "X-Own: 1"),
		Client: netip.MustParseAddrPort("198.18.0.7:4711"), Server: netip.MustParseAddrPort("198.18.0.1:80"), Script: []byte("/index.php"),
		File: "/srv/www/index.php"}
	var v Variables
	v.Collect(q)
	if n := testing.AllocsPerRun(100, func() { v.Reset(); v.Collect(q) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
