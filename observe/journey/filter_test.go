package journey

import (
	"bytes"
	"net/netip"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"vitrine/trace"
)

func TestAFilterIsReadFromText(t *testing.T) {
	query := map[string][]string{
		"site": {"a", "b"}, "host": {"Example.org"}, "path": {"/a/*"}, "method": {"GET"}, "status": {"404", "5xx"},
		"client": {"192.0.2.7", "2001:db8::/32", "[::1]", "::ffff:192.0.2.8"}, "reason": {"route.matched", "file."}, "slower": {"250ms"},
		"failed": {"1"}, "slow": {""}, "connection": {"12"}, "text": {"x y"}, "limit": {"12"}, "before": {"x"},
	}
	f, err := ParseFilter(query)
	if err != nil {
		t.Fatal(err)
	}
	want := &Filter{Sites: []string{"a", "b"}, Hosts: []string{"Example.org"}, Paths: []string{"/a/*"}, Methods: []string{"GET"},
		Statuses: []string{"404", "5xx"}, Clients: []netip.Prefix{netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("2001:db8::/32"),
			netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("192.0.2.8/32")},
		Reasons: []string{"route.matched", "file."}, Slower: 250 * time.Millisecond, Failed: true, Slow: true, Connection: 12, Text: "x y"}
	if !reflect.DeepEqual(f, want) {
		t.Errorf("got  %+v\nwant %+v", f, want)
	}
	again, err := ParseFilter(f.Query())
	if err != nil || !reflect.DeepEqual(again, want) {
		t.Errorf("asked again: %+v, %v", again, err)
	}
	if f, err := ParseFilter(nil); err != nil || !reflect.DeepEqual(f, &Filter{}) || len(f.Query()) != 0 || len((*Filter)(nil).Query()) != 0 {
		t.Errorf("nothing is %+v, %v", f, err)
	}
}

func TestWhatIsNoConditionIsRefused(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"status", "40", `status="40": not a status: write it as "404", or a class as "4xx"`},
		{"status", "4x4", `not a status`},
		{"status", "-12", `not a status`},
		{"client", "example.org", `client="example.org": not an address: write it as "192.0.2.7"`},
		{"client", "192.0.2.7/99", `not an address`},
		{"slower", "5", `slower="5": not a duration: write it as "250ms" or "1.5s"`},
		{"slower", "-5s", `not a duration`},
		{"failed", "maybe", `failed="maybe": write 1, or leave it out`},
		{"connection", "x", `not a connection's number`},
		{"host", "", `host="": a value is missing`},
		{"text", strings.Repeat("x", 1001), `longer than 1000 bytes`},
		{"stauts", "404", `"stauts" is no condition: there are site, host, path, method, status, client, peer, user, reason, slower, failed, slow, connection, text`},
	} {
		if err := new(Filter).Set(c.name, c.value); err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 300 {
			t.Errorf("%s=%s: %v", c.name, clip(c.value), err)
		}
	}
	if _, err := ParseFilter(map[string][]string{"host": make([]string, 101)}); err == nil || err.Error() != "host is given 101 times: at most 100" {
		t.Error(err)
	}
	if _, err := ParseFilter(map[string][]string{"status": {"x"}}); err == nil {
		t.Error("a bad status is taken")
	}
}

// Each condition chooses the same from what is recorded as it does while it is recorded (Settings.When).
func TestConditions(t *testing.T) {
	const head = "GET /a/b%20c?d=e HTTP/1.1\nHost: Example.ORG:8080\nX-Word: Lorem ipsum\nCookie: secret\n"
	const strange = "BREW http://[2001:db8::1]/x HTTP/1.0\nX: y\n"
	a := answer{status: 404, took: 300 * time.Millisecond, why: []*trace.Reason{matched, missing}, site: "Main"}
	for _, c := range []struct {
		name, values string
		head         string
		want         bool
	}{
		{"site", "main", head, true}, {"site", "mai", head, false}, {"site", "x|MAIN", head, true},
		{"host", "example.org", head, true}, {"host", "EXAMPLE.org.", head, true}, {"host", "example.org:8080", head, true},
		{"host", "example.org:81", head, false}, {"host", "www.example.org", head, false},
		{"host", "2001:db8::1", strange, true}, {"host", "[2001:DB8::1]", strange, true}, {"host", "[2001:db8::1]:80", strange, false},
		{"path", "/a/*", head, true}, {"path", "/a/b%20c", head, true}, {"path", "/a", head, false}, {"path", "*c", head, true},
		{"path", "*/b*c", head, true}, {"path", "/*/*/*", head, false}, {"path", "/x", strange, true}, {"path", "*", strange, true},
		{"method", "get", head, true}, {"method", "POST", head, false}, {"method", "BREW", strange, true},
		{"status", "404", head, true}, {"status", "4XX", head, true}, {"status", "405|5xx", head, false},
		{"client", "203.0.113.0/24", head, true}, {"client", "203.0.113.9", head, true}, {"client", "203.0.114.0/24", head, false},
		{"client", "::1", head, false}, {"client", "::ffff:203.0.113.0/120", head, true},
		{"reason", "journeytest.missing", head, true}, {"reason", "journeytest.", head, true}, {"reason", "journeytest", head, false},
		{"reason", "journeytest.found", head, false}, {"reason", "journeytest.keep", head, true},
		{"slower", "300ms", head, true}, {"slower", "301ms", head, false},
		{"failed", "1", head, false}, {"slow", "1", head, true},
		{"connection", "9", head, true}, {"connection", "10", head, false},
		{"text", "EXAMPLE.org:80", head, true}, {"text", "lorem IPSUM", head, true}, {"text", "x-word", head, true},
		{"text", "b%20", head, true}, {"text", "203.0.113.9:9", head, true}, {"text", "secret", head, false}, {"text", "cookiex", head, false},
	} {
		f := new(Filter)
		for _, value := range strings.Split(c.values, "|") {
			if err := f.Set(c.name, value); err != nil {
				t.Fatal(err)
			}
		}
		r := recorder(t, 1, Settings{Slow: 250 * time.Millisecond})
		k := connect(t, r, 9)
		id := k.ask(c.head, a)
		if found, _ := r.Last(f, 10, Mark{}); (len(found) == 1) != c.want {
			t.Errorf("%s=%s finds %d", c.name, c.values, len(found))
		}
		if c.name == "text" { // an id is text, too
			found, _ := r.Last(&Filter{Text: strings.ToUpper(id.String()[3:])}, 10, Mark{})
			if len(found) != 1 {
				t.Error("the id is not found")
			}
		}
		r.Configure(Settings{When: f, Slow: 250 * time.Millisecond})
		if _, got := r.Find(k.ask(c.head, a)); got != c.want {
			t.Errorf("when %s=%s: recorded is %v", c.name, c.values, got)
		}
	}
}

// Behind trusted proxies, client is whom they name, and peer the proxy.
func TestTheClientBehindAProxyIsFound(t *testing.T) {
	for _, c := range []struct {
		name, value string
		client      string
		want        bool
	}{
		{"client", "198.51.100.7", "198.51.100.7:0", true}, {"client", "203.0.113.9", "198.51.100.7:0", false},
		{"client", "198.51.100.0/24", "[::ffff:198.51.100.7]:4711", true}, {"client", "0.0.0.0/0", "", false},
		{"peer", "203.0.113.9", "198.51.100.7:0", true}, {"peer", "198.51.100.7", "198.51.100.7:0", false}, {"peer", "203.0.113.0/24", "", true},
		{"user", "alice", "198.51.100.7:0", true}, {"user", "Alice", "", false},
		{"text", "198.51.100.7", "198.51.100.7:0", true}, {"text", "203.0.113.9", "198.51.100.7:0", true}, {"text", "ALICE", "", true},
	} {
		f := new(Filter)
		if err := f.Set(c.name, c.value); err != nil {
			t.Fatal(err)
		}
		client := netip.AddrPort{}
		if c.client != "" {
			client = netip.MustParseAddrPort(c.client)
		}
		r := recorder(t, 1, Settings{})
		k := connect(t, r, 9)
		a := answer{status: 200, client: &client, user: "alice"}
		id := k.ask(usual, a)
		if found, _ := r.Last(f, 10, Mark{}); (len(found) == 1) != c.want {
			t.Errorf("%s=%s of %s finds %d", c.name, c.value, c.client, len(found))
		}
		if j := mustFind(t, r, id); plainAddress(j.Client) != plainAddress(client) || j.User != "alice" || !j.Forwarded() {
			t.Errorf("%s is %s, user %q", c.client, j.Client, j.User)
		}
		r.Configure(Settings{When: f})
		if _, got := r.Find(k.ask(usual, a)); got != c.want {
			t.Errorf("when %s=%s: recorded is %v", c.name, c.value, got)
		}
	}
}

func TestSlowAndFailedTogetherAreEither(t *testing.T) {
	r := recorder(t, 1, Settings{Slow: time.Second})
	c := connect(t, r, 1)
	c.hot()
	c.ask(usual, answer{status: 200, took: time.Minute})
	c.ask(usual, answer{status: 500})
	for want, f := range map[int]*Filter{3: {}, 2: {Slow: true, Failed: true}, 1: {Slow: true, Slower: time.Second}, 0: {Failed: true, Slower: time.Second}} {
		if found, _ := r.Last(f, 10, Mark{}); len(found) != want {
			t.Errorf("%+v finds %d", f, len(found))
		}
	}
}

func TestDecisionsThatWereTakenAreFound(t *testing.T) {
	r := recorder(t, 1, Settings{})
	c := connect(t, r, 1)
	a := answer{status: 200, told: trace.NewDecisions(c.id.Next(), []trace.Event{{Reason: found, Taken: true}, {Reason: missing}})}
	c.ask(usual, a)
	for id, want := range map[string]int{"journeytest.found": 1, "journeytest.missing": 0} {
		if all, _ := r.Last(&Filter{Reasons: []string{id}}, 10, Mark{}); len(all) != want {
			t.Errorf("%s finds %d", id, len(all))
		}
	}
}

func FuzzParseFilter(f *testing.F) {
	f.Add("status", "4xx")
	f.Add("client", "192.0.2.0/24")
	f.Add("client", "fe80::1%eth0")
	f.Add("slower", "1h")
	f.Add("text", "")
	f.Fuzz(func(t *testing.T, name, value string) {
		filter, err := ParseFilter(map[string][]string{name: {value}})
		if err != nil {
			return
		}
		again, err := ParseFilter(filter.Query())
		if err != nil || !reflect.DeepEqual(filter, again) {
			t.Fatalf("%+v becomes %+v: %v", filter, again, err)
		}
		filter.compile()
	})
}

func FuzzParseMark(f *testing.F) {
	f.Add("2026-01-31T12:00:00Z")
	f.Add("1753-08-31T12:00:00Z")
	f.Add(Mark{time.Unix(0, 1), 2, 3}.String())
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseMark(s)
		if err != nil || m.IsZero() {
			return
		}
		if again, err := ParseMark(m.String()); err != nil || again.Start.UnixNano() != m.Start.UnixNano() || again.ID != m.ID || again.Serial != m.Serial {
			t.Fatalf("%v becomes %v: %v", m, again, err)
		}
	})
}

// The quick ways of matching find what the dull ones find.
func FuzzHolds(f *testing.F) {
	f.Add([]byte("Lorem ipsum"), "REM", "*o*p?m")
	f.Fuzz(func(t *testing.T, b []byte, text, pattern string) {
		low := lowered(text)
		if got, want := holds(b, low), bytes.Contains(lowered(string(b)), low); got != want {
			t.Errorf("%q in %q: %v", low, b, got)
		}
		if strings.Count(pattern, "*") > 10 {
			return
		}
		words := strings.Split(pattern, "*")
		for i := range words {
			words[i] = regexp.QuoteMeta(words[i])
		}
		dull, err := regexp.Compile("(?s)^" + strings.Join(words, ".*") + "$")
		if err != nil || !isText(b) {
			return
		}
		if got, want := like(b, pattern), dull.Match(b); got != want {
			t.Errorf("%q is like %q: %v", b, pattern, got)
		}
	})
}

func isText(b []byte) bool { return bytes.Equal(bytes.ToValidUTF8(b, nil), b) }
