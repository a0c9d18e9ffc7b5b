package message

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
)

// parsed is a request whose target and, unless it is "-", Host were parsed.
func parsed(method Method, target, host string) (*Request, Fault) {
	arena := []byte("<" + target + ">" + host)
	r := new(Request)
	r.Reset(arena)
	r.Method = method
	fault, _ := r.ParseTarget(Span{1, uint32(len(target))})
	if fault == NoFault && host != "-" {
		fault, _ = r.ParseHost(Span{uint32(len(target)) + 2, uint32(len(host))})
	}
	return r, fault
}

func TestTargets(t *testing.T) {
	for _, test := range []struct {
		method           Method
		target           string
		form             TargetForm
		path, raw, query string
		authority, host  string
		port             uint16
	}{
		{GET, "/", OriginForm, "/", "/", "-", "h", "h", 0},
		{GET, "/a/b?c=d", OriginForm, "/a/b", "/a/b", "c=d", "h", "h", 0},
		{GET, "/a?", OriginForm, "/a", "/a", "", "h", "h", 0},
		{GET, "/a?b?c/../%41", OriginForm, "/a", "/a", "b?c/../%41", "h", "h", 0},
		{GET, "//h2/a", OriginForm, "/h2/a", "//h2/a", "-", "h", "h", 0},
		{GET, "/http://x/", OriginForm, "/http:/x/", "/http://x/", "-", "h", "h", 0},
		{GET, "/a|b[c]{d}\"<>^`é\\", OriginForm, "/a|b[c]{d}\"<>^`é\\", "/a|b[c]{d}\"<>^`é\\", "-", "h", "h", 0},
		{GET, "http://X.example/a", AbsoluteForm, "/a", "/a", "-", "X.example", "x.example", 0},
		{GET, "HTTPS://x:8443/?q", AbsoluteForm, "/", "/", "q", "x:8443", "x", 8443},
		{GET, "http://x", AbsoluteForm, "/", "", "-", "x", "x", 0},
		{GET, "http://x?a/b", AbsoluteForm, "/", "", "a/b", "x", "x", 0},
		{GET, "http://x:/a@b", AbsoluteForm, "/a@b", "/a@b", "-", "x:", "x", 0},
		{GET, "http://[2001:DB8::1]:80/", AbsoluteForm, "/", "/", "-", "[2001:DB8::1]:80", "2001:db8::1", 80},
		{CONNECT, "X.example.:443", AuthorityForm, "", "", "-", "X.example.:443", "x.example", 443},
		{CONNECT, "[::1]:1", AuthorityForm, "", "", "-", "[::1]:1", "::1", 1},
		{OPTIONS, "*", AsteriskForm, "", "", "-", "h", "h", 0},
	} {
		r, fault := parsed(test.method, test.target, "h")
		if fault != NoFault {
			t.Errorf("%s: %v", test.target, fault)
			continue
		}
		query := string(r.Query())
		if !r.Target.HasQuery {
			query = "-"
		}
		if r.Target.Form != test.form || string(r.Path()) != test.path || string(r.RawPath()) != test.raw || query != test.query {
			t.Errorf("%s is in %v form, with path %q (%q) and query %q", test.target, r.Target.Form, r.Path(), r.RawPath(), query)
		}
		if a := r.Authority.Of(r.Arena()); string(a) != test.authority || string(r.Host()) != test.host || r.Port() != test.port {
			t.Errorf("%s is for %q: host %q, port %d", test.target, a, r.Host(), r.Port())
		}
		if string(r.RawTarget()) != test.target {
			t.Errorf("%s became %q", test.target, r.RawTarget())
		}
	}
}

func TestFaultyTargets(t *testing.T) {
	for _, test := range []struct {
		method Method
		target string
		want   Fault
		at     int
	}{
		{GET, "", EmptyTarget, 0},
		{GET, "/a b", BadTargetByte, 2},
		{GET, "/a\x00", BadTargetByte, 2},
		{GET, "/a?b\x7f", BadTargetByte, 4},
		{GET, "/a\tb", BadTargetByte, 2},
		{GET, "/a\r", BadTargetByte, 2},
		{GET, "/a#b", Fragment, 2},
		{GET, "/a?b#c", Fragment, 4},
		{GET, "http://x#c", Fragment, 8},
		{GET, "http://x/\x01", BadTargetByte, 9},
		{GET, "/%", BadEscape, 1},
		{GET, "/%4", BadEscape, 1},
		{GET, "/%4g", BadEscape, 1},
		{GET, "/%g4", BadEscape, 1},
		{GET, "/%%41", BadEscape, 1},
		{GET, "/a%00b", NULEscape, 2},
		{GET, "/..", PathAboveRoot, 3},
		{GET, "/../", PathAboveRoot, 3},
		{GET, "/a/../..", PathAboveRoot, 8},
		{GET, "/%2e%2E/", PathAboveRoot, 7},
		{GET, "/a%2f..%2f..%2fb", PathAboveRoot, 14},
		{GET, "/./../a", PathAboveRoot, 5},
		{GET, "//../a", PathAboveRoot, 4},
		{GET, "http://x/..", PathAboveRoot, 11},
		{GET, "http://user@x/", UserInTarget, 7},
		{GET, "http://u:p@x/", UserInTarget, 7},
		{GET, "http:///a", EmptyHost, 7},
		{GET, "http://", EmptyHost, 7},
		{GET, "http://:80/", EmptyHost, 7},
		{GET, "http://a_b..c/", BadHost, 11},
		{GET, "http://%41/", BadHost, 7},
		{GET, "http://x:65536/", BadPort, 9},
		{GET, "http://x:8o/", BadPort, 9},
		{GET, "ftp://x/", UnknownScheme, 0},
		{GET, "mailto:x", UnknownScheme, 0},
		{GET, "http:/x", UnknownScheme, 0},
		{GET, "x", WrongForm, 0},
		{GET, "1x:y", WrongForm, 0},
		{GET, "x/y:z", WrongForm, 0},
		{GET, "*", WrongForm, 0},
		{OPTIONS, "**", WrongForm, 0},
		{POST, "x.example:443", UnknownScheme, 0},
		{CONNECT, "/", BadHost, 0},
		{CONNECT, "http://x/", BadPort, 5},
		{CONNECT, "x", BadPort, 1},
		{CONNECT, "x:", BadPort, 2},
		{CONNECT, "x:0", BadPort, 3},
		{CONNECT, "*", BadPort, 1},
	} {
		arena := []byte(test.target)
		var r Request
		r.Reset(arena)
		r.Method = test.method
		fault, at := r.ParseTarget(Span{0, uint32(len(arena))})
		if fault != test.want || int(at) != test.at {
			t.Errorf("%v %q: %v at %d instead of %v at %d", test.method, test.target, fault, at, test.want, test.at)
		}
		if fault.String() == "" {
			t.Errorf("fault %d has no text", fault)
		}
	}
}

func TestPathsAreNormalisedOnce(t *testing.T) {
	for raw, want := range map[string]string{
		"/":                               "/",
		"//":                              "/",
		"///a":                            "/a",
		"/a//b":                           "/a/b",
		"/a//":                            "/a/",
		"/a/./b":                          "/a/b",
		"/a/.":                            "/a/",
		"/.":                              "/",
		"/a/..":                           "/",
		"/a/../":                          "/",
		"/a/b/..":                         "/a/",
		"/a/b/../..":                      "/",
		"/a/b/../c":                       "/a/c",
		"/a//../b":                        "/b",
		"/a/%2e/b":                        "/a/b",
		"/a/.%2E/b":                       "/b",
		"/a%2Fb":                          "/a/b",
		"/a%2f%2fb":                       "/a/b",
		"/a%2f..":                         "/",
		"/a%2fb%2f%2e%2e":                 "/a/",
		"/...":                            "/...",
		"/.a/..b/c..":                     "/.a/..b/c..",
		"/.well-known/acme":               "/.well-known/acme",
		"/a/..;x/b":                       "/a/..;x/b",
		"/a/..\\b":                        "/a/..\\b",
		"/%5c..%5cb":                      "/\\..\\b",
		"/%41%20%c3%A9":                   "/A é",
		"/%252e%252e/":                    "/%2e%2e/", // once, and not twice
		"/%2541":                          "/%41",
		"/%0a":                            "/\n",
		"/" + strings.Repeat("a/../", 50): "/",
	} {
		r, fault := parsed(GET, raw, "-")
		if fault != NoFault || string(r.Path()) != want {
			t.Errorf("%q became %q (%v) instead of %q", raw, r.Path(), fault, want)
		}
		inArena := len(raw) > 0 && len(r.Path()) > 0 && &r.Path()[0] == &r.Arena()[1]
		if inArena != (raw == want) {
			t.Errorf("%q: the path lies in the arena: %v", raw, inArena)
		}
	}
}

func TestHosts(t *testing.T) {
	for _, test := range []struct {
		value, host string
		port        uint16
		want        Fault
	}{
		{"example.org", "example.org", 0, NoFault},
		{"EXAMPLE.Org:8080", "example.org", 8080, NoFault},
		{"example.org.", "example.org", 0, NoFault},
		{"example.org.:80", "example.org", 80, NoFault},
		{"127.0.0.1:23000", "127.0.0.1", 23000, NoFault},
		{"localhost:", "localhost", 0, NoFault},
		{"x:0", "x", 0, NoFault},
		{"x:00080", "x", 80, NoFault},
		{"x:65535", "x", 65535, NoFault},
		{"a_b-c~d!$&'()*+,;=", "a_b-c~d!$&'()*+,;=", 0, NoFault},
		{"[::1]", "::1", 0, NoFault},
		{"[::FFFF:1.2.3.4]:80", "::ffff:1.2.3.4", 80, NoFault},
		{"", "", 0, EmptyHost},
		{":80", "", 0, EmptyHost},
		{".", "", 0, BadHost},
		{"..", "", 0, BadHost},
		{".a", "", 0, BadHost},
		{"a..b", "", 0, BadHost},
		{"a..", "", 0, BadHost},
		{"a b", "", 0, BadHost},
		{"a/b", "", 0, BadHost},
		{"a@b", "", 0, BadHost},
		{"a\x00", "", 0, BadHost},
		{"a%41", "", 0, BadHost},
		{"é", "", 0, BadHost},
		{"http://a", "", 0, BadPort},
		{"a,b c", "", 0, BadHost},
		{"a\\b", "", 0, BadHost},
		{"::1", "", 0, EmptyHost},
		{"1::2", "", 0, BadPort},
		{"[::1", "", 0, BadHost},
		{"[::1]x", "", 0, BadHost},
		{"[]", "", 0, BadHost},
		{"[", "", 0, BadHost},
		{"[1.2.3.4]", "", 0, BadHost},
		{"[fe80::1%25eth0]", "", 0, BadHost},
		{"[v1.x]", "", 0, BadHost},
		{"[a]", "", 0, BadHost},
		{"x:65536", "", 0, BadPort},
		{"x:-1", "", 0, BadPort},
		{"x:+1", "", 0, BadPort},
		{"x: 1", "", 0, BadPort},
		{"x:80:80", "", 0, BadPort},
		{"x:99999999999999999999", "", 0, BadPort},
	} {
		r, fault := parsed(GET, "/", test.value)
		if fault != test.want || fault == NoFault && (string(r.Host()) != test.host || r.Port() != test.port) {
			t.Errorf("Host %q: %q, port %d, %v", test.value, r.Host(), r.Port(), fault)
		}
	}
}

func TestTheTargetsAuthorityWinsOverHost(t *testing.T) {
	r, fault := parsed(GET, "http://A.example:81/", "B.example:82")
	if fault != NoFault || string(r.Host()) != "a.example" || r.Port() != 81 || string(r.Authority.Of(r.Arena())) != "A.example:81" {
		t.Errorf("%q, port %d, %v", r.Host(), r.Port(), fault)
	}
	if _, fault := parsed(GET, "http://a.example/", "b example"); fault != BadHost {
		t.Errorf("an invalid Host next to an authority in the target: %v", fault)
	}
	if r, fault := parsed(CONNECT, "a.example:443", "b.example"); fault != NoFault || r.Port() != 443 {
		t.Errorf("CONNECT with a Host without port: %v", fault)
	}
}

func TestIPv6LiteralsAreThoseOfRFC4291(t *testing.T) {
	seeds := []string{
		"::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::8", "1:2:3:4:5:6:1.2.3.4",
		"::1.2.3.4", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "1::2::3", ":1", "1:", ":::", "12345::", "::1.2.3",
		"::1.2.3.256", "::1.2.3.04", "1:2:3:4:5:6:7:1.2.3.4", "::g", "::1.2.3.4:5", "", ":", "1.2.3.4", "::.1.2.3", "::1..2.3",
		"::1.2.3.4.5", "::1.2.3.", "FFFF:ffff::", "::00001", "0:0:0:0:0:0:0:0", "::1.2.3.0",
	}
	check := func(s string) {
		a, err := netip.ParseAddr(s)
		want := err == nil && a.Is6() && a.Zone() == "" && !strings.Contains(s, "%")
		if got := isIPv6([]byte(s)); got != want {
			t.Errorf("%q is an IPv6 address: %v", s, got)
		}
	}
	for _, s := range seeds {
		check(s)
		for i := range s { // and whatever lies near
			check(s[:i] + s[i+1:])
			for _, c := range ":.01g" {
				check(s[:i] + string(c) + s[i:])
			}
		}
	}
}

func FuzzTarget(f *testing.F) {
	for _, s := range []string{"/", "/a/../b%2f..%2fc//?x", "http://A:80/b", "*", "/%00", "/..%2f", "https://[::1]?", "/a/./.%2e/"} {
		f.Add(s, byte(GET))
	}
	f.Add("x:443", byte(CONNECT))
	f.Fuzz(func(t *testing.T, target string, m byte) {
		method := Method(m) % (PATCH + 1)
		r, fault := parsed(method, target, "-")
		if fault != NoFault {
			return
		}
		if strings.ContainsAny(target, "# \r\n\x00\t\x7f") {
			t.Fatalf("%q was accepted", target)
		}
		if host := string(r.Host()); strings.ContainsAny(host, "/\\@%#? ") || strings.HasPrefix(host, ".") || strings.Contains(host, "..") {
			t.Fatalf("%q has the host %q", target, host)
		}
		path := r.Path()
		if r.Target.Form == AuthorityForm || r.Target.Form == AsteriskForm {
			if path != nil {
				t.Fatalf("%q has the path %q", target, path)
			}
			return
		}
		segments := bytes.Split(path, []byte("/"))
		if len(path) == 0 || path[0] != '/' || bytes.IndexByte(path, 0) >= 0 {
			t.Fatalf("%q has the path %q", target, path)
		}
		for i, s := range segments[1:] {
			last := i == len(segments)-2
			if string(s) == "." || string(s) == ".." || len(s) == 0 && !last {
				t.Fatalf("%q has the path %q", target, path)
			}
		}
		if want, ok := naivePath(string(r.RawPath())); !ok || want != string(path) {
			t.Fatalf("%q has the path %q instead of %q, %v", target, path, want, ok)
		}
	})
}

// naivePath normalises a valid raw path as the words of the doc comment say, with a list of segments.
func naivePath(raw string) (string, bool) {
	var decoded []byte
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '%' {
			c = unhex[raw[i+1]]<<4 | unhex[raw[i+2]]
			i += 2
		}
		decoded = append(decoded, c)
	}
	var kept []string
	all := strings.Split(string(decoded), "/")
	if raw == "" {
		all = []string{"", ""}
	}
	for i, s := range all[1:] {
		last := i == len(all)-2
		switch {
		case s == "..":
			if len(kept) == 0 {
				return "", false
			}
			kept = kept[:len(kept)-1]
		case s != "" && s != ".":
			kept = append(kept, s)
			continue
		}
		if last {
			kept = append(kept, "")
		}
	}
	return "/" + strings.Join(kept, "/"), true
}

func BenchmarkPath(b *testing.B) {
	arena := []byte("/assets/app/main.4f2c1a.js?v=20240611")
	var r Request
	for b.Loop() {
		r.Reset(arena)
		r.ParseTarget(Span{0, uint32(len(arena))})
	}
}
