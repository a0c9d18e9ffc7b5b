package access

import (
	"net/netip"
	"strings"
	"testing"

	"vitrine/config"
	"vitrine/trace"
	"vitrine/trace/tracetest"
	"vitrine/web/message"
)

func TestMain(m *testing.M) { tracetest.Main(m, "client.") }

// networks reads networks as a configuration has them.
func networks(texts ...string) []config.Value[netip.Prefix] {
	var all []config.Value[netip.Prefix]
	for i, text := range texts {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a := netip.MustParseAddr(text)
			p = netip.PrefixFrom(a, a.BitLen())
		}
		all = append(all, config.Value[netip.Prefix]{V: p, Pos: trace.Position{File: "f", Line: i + 1}})
	}
	return all
}

// fields makes a field section of lines "Name: value".
func fields(lines ...string) *message.Fields {
	var f message.Fields
	arena := []byte(strings.Join(lines, "\n"))
	f.Reset(arena)
	at := uint32(0)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		f.Add(message.Span{Off: at, Len: uint32(len(name))}, message.Span{Off: at + uint32(len(name)) + 2, Len: uint32(len(value))})
		at += uint32(len(line)) + 1
	}
	return &f
}

func proxies(field string, hops int, trusted ...string) *Proxies {
	return NewProxies(&config.Proxies{Trusted: networks(trusted...), Field: config.Value[string]{V: field}, Hops: config.Value[int]{V: hops}})
}

func TestTheMostSpecificNetworkDecidesAndDenyWinsATie(t *testing.T) {
	n := NewNetworks(networks("10.0.0.0/8", "10.1.2.3", "2001:db8::/32"), networks("10.1.0.0/16", "2001:db8::/32"))
	for address, want := range map[string]string{
		"10.2.0.1": "allow 10.0.0.0/8", "10.1.0.1": "deny 10.1.0.0/16", "10.1.2.3": "allow 10.1.2.3", "::ffff:10.1.2.3": "allow 10.1.2.3",
		"2001:db8::1": "deny 2001:db8::/32", "2001:db8::1%eth0": "deny 2001:db8::/32", "192.0.2.1": "",
	} {
		got := ""
		if r := n.Find(netip.MustParseAddr(address)); r != nil {
			got = r.String()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
	if n.Find(netip.Addr{}) != nil || !n.Only() || n.Empty() {
		t.Error("no address is in a network")
	}
}

func TestHopsAreBelievedFromTheRightThroughTrustedOnesOnly(t *testing.T) {
	many := "X-Forwarded-For: " + strings.Repeat("10.0.0.9, ", 16) + "10.0.0.8"
	for _, test := range []struct {
		peer, field string
		lines       []string
		client, why string
	}{
		{"203.0.113.9:1", "X-Forwarded-For", []string{"X-Forwarded-For: 10.0.0.1"}, "203.0.113.9:1", "client.direct"},
		{"10.0.0.1:1", "X-Forwarded-For", nil, "10.0.0.1:1", "client.forwarded-inside"},
		{"10.0.0.1:1", "X-Forwarded-For", []string{"X-Forwarded-For: 203.0.113.9"}, "203.0.113.9:0", "client.forwarded"},
		{"[::ffff:10.0.0.1]:1", "X-Forwarded-For", []string{"X-Forwarded-For: 203.0.113.9"}, "203.0.113.9:0", "client.forwarded"},
		{"10.0.0.1:1", "X-Forwarded-For", []string{"X-Forwarded-For: 192.0.2.1, 203.0.113.9, 10.0.0.2"}, "203.0.113.9:0", "client.forwarded"},
		{"10.0.0.1:1", "X-Forwarded-For", []string{"X-Forwarded-For: 127.0.0.1", "x-forwarded-for: 203.0.113.9"}, "203.0.113.9:0", "client.forwarded"},
		{"10.0.0.1:1", "X-Forwarded-For", []string{"X-Forwarded-For: \x01 <nonsense>, 203.0.113.9,,"}, "203.0.113.9:0", "client.forwarded"},
		{"10.0.0.1:1", "X-Forwarded-For", []string{"X-Forwarded-For: 10.0.0.3,10.0.0.2"}, "10.0.0.3:0", "client.forwarded-inside"},
		{"10.0.0.1:1", "X-Forwarded-For", []string{"X-Forwarded-For: 203.0.113.9:4711"}, "203.0.113.9:4711", "client.forwarded"},
		{"10.0.0.1:1", "X-Forwarded-For", []string{"X-Forwarded-For: 2001:db8::1"}, "[2001:db8::1]:0", "client.forwarded"},
		{"10.0.0.1:1", "X-Forwarded-For", []string{"X-Forwarded-For: [2001:db8::1]:80"}, "[2001:db8::1]:80", "client.forwarded"},
		{"10.0.0.1:1", "X-Forwarded-For", []string{"X-Forwarded-For: ::ffff:203.0.113.9"}, "203.0.113.9:0", "client.forwarded"},
		{"10.0.0.1:1", "X-Forwarded-For", []string{"X-Forwarded-For: 203.0.113.9, unknown"}, "invalid AddrPort", "client.forwarded-hidden"},
		{"10.0.0.1:1", "X-Forwarded-For", []string{"X-Forwarded-For: 203.0.113.9 10.0.0.2"}, "", "client.forwarded-malformed"},
		{"10.0.0.1:1", "X-Forwarded-For", []string{"X-Forwarded-For: 2001:db8::1%eth0"}, "", "client.forwarded-malformed"},
		{"10.0.0.1:1", "X-Forwarded-For", []string{"X-Forwarded-For: 203.0.113.9:99999"}, "", "client.forwarded-malformed"},
		{"10.0.0.1:1", "X-Forwarded-For", []string{many}, "", "client.forwarded-too-long"},
		{"10.0.0.1:1", "X-Forwarded-For", []string{"X-Forwarded-For: 192.0.2.7" + strings.Repeat(",", 20<<10)}, "", "client.forwarded-too-long"},
		{"10.0.0.1:1", "X-Forwarded-For", []string{"Forwarded: for=192.0.2.1"}, "10.0.0.1:1", "client.forwarded-inside"},

		{"10.0.0.1:1", "Forwarded", []string{"Forwarded: for=203.0.113.9;proto=http;by=10.0.0.2"}, "203.0.113.9:0", "client.forwarded"},
		{"10.0.0.1:1", "Forwarded", []string{`Forwarded: for=192.0.2.1, For="[2001:db8::1]:4711" ; host=a, for=10.0.0.2`}, "[2001:db8::1]:4711", "client.forwarded"},
		{"10.0.0.1:1", "Forwarded", []string{`Forwarded: host="a,b";for=203.0.113.9`}, "203.0.113.9:0", "client.forwarded"},
		{"10.0.0.1:1", "Forwarded", []string{`Forwarded: for=203.0.113.9:80`}, "203.0.113.9:80", "client.forwarded"},
		{"10.0.0.1:1", "Forwarded", []string{`Forwarded: for="203.0.113.9:_port"`}, "203.0.113.9:0", "client.forwarded"},
		{"10.0.0.1:1", "Forwarded", []string{`Forwarded: for=203.0.113.9, for=_hidden`}, "invalid AddrPort", "client.forwarded-hidden"},
		{"10.0.0.1:1", "Forwarded", []string{`Forwarded: for=203.0.113.9, by=10.0.0.3`}, "invalid AddrPort", "client.forwarded-hidden"},
		{"10.0.0.1:1", "Forwarded", []string{`Forwarded: for=unknown`}, "invalid AddrPort", "client.forwarded-hidden"},
		{"10.0.0.1:1", "Forwarded", []string{`Forwarded: for=203.0.113.9;for=10.0.0.9`}, "", "client.forwarded-malformed"},
		{"10.0.0.1:1", "Forwarded", []string{`Forwarded: 203.0.113.9`}, "", "client.forwarded-malformed"},
		{"10.0.0.1:1", "Forwarded", []string{`Forwarded: for="`, `Forwarded: for=203.0.113.9`}, "203.0.113.9:0", "client.forwarded"},
		// What a client wrote in front in the same line cannot swallow what the proxy added.
		{"10.0.0.1:1", "Forwarded", []string{`Forwarded: for=10.0.0.7;x=", for=203.0.113.9`}, "", "client.forwarded-malformed"},
		{"10.0.0.1:1", "Forwarded", []string{`Forwarded: for=10.0.0.7;x=", for="[2001:db8::9]"`}, "", "client.forwarded-malformed"},
		{"10.0.0.1:1", "Forwarded", []string{`Forwarded: for=10.0.0.7;x="\", for="[2001:db8::9]"`}, "", "client.forwarded-malformed"},
		{"10.0.0.1:1", "Forwarded", []string{`Forwarded: ` + strings.Repeat("for=10.0.0.7,", 300)}, "", "client.forwarded-too-long"},
		{"10.0.0.1:1", "Forwarded", []string{"X-Forwarded-For: 192.0.2.1"}, "10.0.0.1:1", "client.forwarded-inside"},
	} {
		p := proxies(test.field, 16, "10.0.0.0/8")
		client, why := p.Client(netip.MustParseAddrPort(test.peer), fields(test.lines...), func(why *trace.Reason, subject string, taken bool) {
			if why.Reach() != Hop || taken {
				t.Errorf("%s is told for %s", why, subject)
			}
		})
		if why.Reach().ID != test.why || why.Kind != trace.Refused && client.String() != test.client {
			t.Errorf("%s %q: %s %s, want %s %s", test.peer, test.lines, client, why, test.client, test.why)
		}
	}
	if NewProxies(&config.Proxies{}) != nil || NewProxies(nil) != nil {
		t.Error("trusting nobody is something")
	}
}

func TestChoosingTheClientDoesNotAllocate(t *testing.T) {
	p, peer := proxies("Forwarded", 16, "10.0.0.0/8"), netip.MustParseAddrPort("10.0.0.1:1")
	f := fields(`Forwarded: for="[2001:db8::1]:4711", for=10.0.0.2;proto=http`)
	x, g := proxies("X-Forwarded-For", 16, "10.0.0.0/8"), fields("X-Forwarded-For: 203.0.113.9, 10.0.0.2")
	if n := testing.AllocsPerRun(100, func() { p.Client(peer, f, nil); x.Client(peer, g, nil) }); n > 4 { // two addresses become text for netip
		t.Errorf("%v allocations", n)
	}
}

func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{`for=203.0.113.9`, `for="[2001:db8::1]:80";by=_x, for=10.0.0.2`, `for="`, `a="b\"c,d";for=1.2.3.4`, ",,;=", "10.0.0.2, 1.2.3.4:5", "unknown"} {
		f.Add(seed)
	}
	forwarded, list := proxies("Forwarded", 16, "10.0.0.0/8"), proxies("X-Forwarded-For", 16, "10.0.0.0/8")
	peer := netip.MustParseAddrPort("10.0.0.1:1")
	f.Fuzz(func(t *testing.T, value string) {
		if strings.ContainsAny(value, "\n\r") {
			return
		}
		for _, p := range []*Proxies{forwarded, list} {
			client, why := p.Client(peer, fields(p.Field()+": "+value), nil)
			if why == Forwarded && (!client.IsValid() || contains(p.conf.Trusted, client.Addr())) {
				t.Fatalf("%q: %s is %s", value, client, why)
			}
			// Whatever a client writes in front, what the proxy adds after it is the client or a refusal.
			for _, add := range []string{value + ", ", value + ","} {
				last := add + "203.0.113.77"
				if p == forwarded {
					last = add + `for=203.0.113.77`
				}
				client, why := p.Client(peer, fields(p.Field()+": "+last), nil)
				if why.Kind != trace.Refused && client.Addr().String() != "203.0.113.77" {
					t.Fatalf("%q: %s, %s", last, client, why)
				}
			}
		}
	})
}
