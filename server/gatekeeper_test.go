package server

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	weburl "net/url"
	"strings"
	"testing"
	"time"
)

// requestOn is a request that came in on a local address.
func requestOn(local, host string, fields ...string) *http.Request {
	at := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(local))
	r := &http.Request{Method: "GET", RequestURI: "/", URL: &weburl.URL{Path: "/"}, Host: host, Header: make(http.Header), RemoteAddr: "192.0.2.9:1"}
	for i := 0; i+1 < len(fields); i += 2 {
		r.Header.Add(fields[i], fields[i+1])
	}
	return r.WithContext(context.WithValue(context.Background(), http.LocalAddrContextKey, at))
}

func TestAHostIsKnownByTheAddressThatItWasReachedAt(t *testing.T) {
	p := &policy{hosts: []string{"glass.example.org"}}
	for _, test := range []struct {
		local, host string
		known       bool
	}{
		{"192.0.2.1:9180", "192.0.2.1:9180", true},
		{"192.0.2.1:9180", "glass.example.org", true},
		{"192.0.2.1:9180", "localhost:9180", false}, // no browser that means this machine comes from outside
		{"192.0.2.1:9180", "127.0.0.1:9180", false},
		{"192.0.2.1:9180", "192.0.2.2:9180", false},
		{"[2001:db8::1]:9180", "[2001:db8:0::1]:9180", true},
		{"[2001:db8::1]:9180", "2001:db8::1", true},
		{"[::ffff:192.0.2.1]:9180", "192.0.2.1", true},
		{"[::1]:9180", "localhost", true},
		{"127.0.0.1:9180", "127.0.0.2", true},
		{"127.0.0.1:9180", "localhost.", true},
		{"127.0.0.1:9180", "localhost.localdomain", false},
		{"127.0.0.1:9180", "glass.example.org.evil.example", false},
		{"127.0.0.1:9180", ":9180", false},
		{"127.0.0.1:9180", "localhost:99999", false},
		{"127.0.0.1:9180", "localhost:80:80", false},
		{"127.0.0.1:9180", "[localhost]:80", false},
		{"127.0.0.1:9180", "[127.0.0.1]", false},
		{"127.0.0.1:9180", "[::1", false},
		{"127.0.0.1:9180", "::1]", false},
		{"127.0.0.1:9180", "[::1%lo]", false},
		{"127.0.0.1:9180", "[::1]evil", false},
		{"127.0.0.1:9180", "[::ffff:127.0.0.1]:1", true},
		{"127.0.0.1:9180", "::1", true},
		{"127.0.0.1:9180", "", false},
	} {
		if got := p.known(requestOn(test.local, test.host)); got != test.known {
			t.Errorf("on %s the host %q is known: %v", test.local, test.host, got)
		}
	}
}

func TestAMarkIsFoundBehindAnother(t *testing.T) {
	g, p := newGatekeeper(nil, nil), &policy{token: []byte("x"), mark: [32]byte{1}}
	r := requestOn("127.0.0.1:9180", "localhost", "Cookie", "vitrine=of-another-program; vitrine="+g.sign(p, time.Now().Add(time.Hour)))
	if !g.signedIn(p, r) {
		t.Error("another program on this host signs us out")
	}
}

func TestAMarkHoldsForItsTimeAndItsToken(t *testing.T) {
	g, other := newGatekeeper(nil, nil), newGatekeeper(nil, nil)
	p, q := &policy{mark: [32]byte{1}}, &policy{mark: [32]byte{2}}
	now := time.Now()
	mark := g.sign(p, now.Add(time.Hour))
	if !g.valid(p, mark, now) || g.valid(p, mark, now.Add(2*time.Hour)) || g.valid(q, mark, now) || other.valid(p, mark, now) {
		t.Error("a mark is valid where it must not be, or is not where it must be")
	}
	for _, text := range []string{"", "x", mark[1:], mark + "AAAA", strings.Repeat("A", len(mark))} {
		if g.valid(p, text, now) {
			t.Errorf("%q is valid", text)
		}
	}
}

// FuzzForeign holds who is let in to what another parser of hosts and origins says.
func FuzzForeign(f *testing.F) {
	f.Add("localhost:9180", "http://localhost:9180", "same-origin")
	f.Add("[::1]", "null", "cross-site")
	f.Add("evil@localhost", "", "")
	f.Add("127.0.0.1:9180:80", "http://127.0.0.1", "none")
	p := &policy{hosts: []string{"glass.example.org"}}
	f.Fuzz(func(t *testing.T, host, origin, site string) {
		r := requestOn("127.0.0.1:9180", host, "Origin", origin, "Sec-Fetch-Site", site)
		if why, _ := p.foreign(r); why != nil {
			return
		}
		u, err := weburl.Parse("http://" + host + "/")
		name := host
		if err == nil {
			name = u.Hostname()
		}
		name = strings.ToLower(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
		a, _ := netip.ParseAddr(name)
		if name != "localhost" && name != "glass.example.org" && !a.Unmap().IsLoopback() {
			t.Errorf("the host %q is let in", host)
		}
		if o, err := weburl.Parse(origin); err != nil || !strings.EqualFold(o.Host, host) || o.Scheme != "http" {
			t.Errorf("the origin %q is let in for the host %q", origin, host)
		}
		if site != "" && site != "none" && site != "same-origin" {
			t.Errorf("%q is let in", site)
		}
	})
}
