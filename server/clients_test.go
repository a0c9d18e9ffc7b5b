package server

import (
	"net/netip"
	"slices"
	"testing"

	"vitrine/config"
	"vitrine/trace"
	"vitrine/web/serve"
)

// networks are a list of allow or deny, each on a line of its own from line first on.
func networks(first int, texts ...string) (list []config.Value[netip.Prefix]) {
	for i, text := range texts {
		list = append(list, config.Value[netip.Prefix]{V: netip.MustParsePrefix(text), Pos: trace.Position{File: "f", Line: first + i}})
	}
	return list
}

func TestTheMostSpecificNetworkDecidesAndDenyWinsATie(t *testing.T) {
	for name, c := range map[string]struct {
		allow, deny []string
		client      string
		refused     bool
		line        int // that is responsible: 1 the block, from 10 allow, from 20 deny
	}{
		"no rules":                          {client: "192.0.2.1", line: 1},
		"allowed alone":                     {allow: []string{"192.0.2.0/24"}, client: "192.0.2.1", line: 10},
		"another one, when some are":        {allow: []string{"192.0.2.0/24"}, client: "198.51.100.1", refused: true, line: 1},
		"denied":                            {deny: []string{"192.0.2.0/24"}, client: "192.0.2.1", refused: true, line: 20},
		"another one, when some are denied": {deny: []string{"192.0.2.0/24"}, client: "198.51.100.1", line: 1},
		"denied within allowed":             {allow: []string{"192.0.2.0/24"}, deny: []string{"192.0.2.7/32"}, client: "192.0.2.7", refused: true, line: 20},
		"allowed within denied":             {allow: []string{"192.0.2.7/32"}, deny: []string{"192.0.2.0/24"}, client: "192.0.2.7", line: 10},
		"a tie":                             {allow: []string{"192.0.2.0/24"}, deny: []string{"192.0.2.0/24"}, client: "192.0.2.1", refused: true, line: 20},
		"in whatever order they stand":      {allow: []string{"0.0.0.0/0", "192.0.2.7/32"}, deny: []string{"192.0.2.0/24"}, client: "192.0.2.7", line: 11},
		"IPv4 in IPv6 is IPv4":              {deny: []string{"192.0.2.0/24"}, client: "::ffff:192.0.2.1", refused: true, line: 20},
		"IPv6":                              {allow: []string{"2001:db8::/32"}, client: "2001:db8::1", line: 10},
		"IPv6 with a zone":                  {deny: []string{"fe80::/10"}, client: "fe80::1%eth0", refused: true, line: 20},
		"all of IPv4 is not IPv6":           {deny: []string{"0.0.0.0/0"}, client: "2001:db8::1", line: 1},
	} {
		t.Run(name, func(t *testing.T) {
			rules := newClients(&config.Listen{Pos: trace.Position{File: "f", Line: 1},
				Clients: config.Clients{Allow: networks(10, c.allow...), Deny: networks(20, c.deny...)}})
			client := netip.MustParseAddr(c.client)
			if got := rules.admit(client) != nil; got != c.refused {
				t.Errorf("refused is %v", got)
			}
			var j trace.Journey
			if got := rules.tell(&j, client); (got != nil) != c.refused {
				t.Errorf("explain says %v", got)
			}
			last := j.Events[len(j.Events)-1]
			if !last.Taken || last.Position.Line != c.line {
				t.Errorf("line %d is said to be responsible, not %d", last.Position.Line, c.line)
			}
			if want := len(c.allow) + len(c.deny); len(j.Events) < want {
				t.Errorf("of %d rules only %d are told", want, len(j.Events))
			}
			if c.refused {
				if got := rules.responsible(client); got.Line != c.line {
					t.Errorf("the error log would name line %d, not %d", got.Line, c.line)
				}
				if last.Reason != serve.ReasonDenied {
					t.Error(last.Reason)
				}
			}
		})
	}
}

func TestAdmittingAClientDoesNotAllocate(t *testing.T) {
	rules := newClients(&config.Listen{Clients: config.Clients{Allow: networks(1, "10.0.0.0/8", "192.0.2.0/24"), Deny: networks(9, "192.0.2.3/32")}})
	client := netip.MustParseAddr("192.0.2.1")
	if n := testing.AllocsPerRun(100, func() { rules.admit(client) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAddressesAreResolvedWithoutLookingUpNames(t *testing.T) {
	for text, want := range map[string][]string{
		":80":                 {"[::]:80"},
		"0.0.0.0:80":          {"0.0.0.0:80"},
		"127.0.0.1:0":         {"127.0.0.1:0"},
		"[::1]:8080":          {"[::1]:8080"},
		"[::ffff:1.2.3.4]:80": {"1.2.3.4:80"},
		"example.org:80":      nil,
		"80":                  nil,
		":http":               nil,
	} {
		got, err := Resolve(text)
		if (err != nil) != (want == nil) {
			t.Errorf("%s: %v", text, err)
		}
		var texts []string
		for _, a := range got {
			texts = append(texts, a.String())
		}
		if !slices.Equal(texts, want) {
			t.Errorf("%s is %v, not %v", text, texts, want)
		}
	}
	got, err := Resolve("localhost:80")
	if err != nil || len(got) == 0 || got[0].String() != "127.0.0.1:80" || len(got) > 1 && got[1].String() != "[::1]:80" {
		t.Errorf("localhost is %v, %v", got, err)
	}
}

func TestAddressesOverlapWhenTwoProgramsCouldNotHaveThem(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"127.0.0.1:80", "127.0.0.1:80", true},
		{"127.0.0.1:80", "127.0.0.1:81", false},
		{"127.0.0.1:80", "127.0.0.2:80", false},
		{"127.0.0.1:80", "[::]:80", true},
		{"[::1]:80", "[::]:80", true},
		{"127.0.0.1:80", "0.0.0.0:80", true},
		{"[::1]:80", "0.0.0.0:80", false},
		{"127.0.0.1:0", "127.0.0.1:0", false},
	} {
		a, b := &listening{address: netip.MustParseAddrPort(c.a)}, &listening{address: netip.MustParseAddrPort(c.b)}
		if a.overlaps(b) != c.want || b.overlaps(a) != c.want {
			t.Errorf("%s and %s: not %v", c.a, c.b, c.want)
		}
	}
}
