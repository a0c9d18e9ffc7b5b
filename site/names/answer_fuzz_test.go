package names

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// FuzzConfirms holds an answer to what confirms says of it: there is a record with the address, and nothing of it is under a
// name that neither was asked about nor is an alias's.
func FuzzConfirms(f *testing.F) {
	a := netip.MustParseAddr("192.0.2.1")
	for _, lines := range [][]string{
		{"a.example.org. 60 IN A 192.0.2.1"}, {"b.example.org. 60 IN A 192.0.2.1"}, {"a.example.org. 0 IN CNAME b.example.org.", "b.example.org. 60 IN A 192.0.2.1"},
		{"a.example.org. 60 IN CNAME a.example.org."}, {"a.example.org. 60 IN AAAA ::ffff:192.0.2.1"}, {"A.EXAMPLE.org. 60 IN A 192.0.2.1", "a.example.org. 60 IN TXT \"x\""},
	} {
		m := new(dns.Msg)
		m.SetQuestion("a.example.org.", dns.TypeA)
		for _, l := range lines {
			rr, err := dns.NewRR(l)
			if err != nil {
				f.Fatal(err)
			}
			m.Answer = append(m.Answer, rr)
		}
		wire, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wire)
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		m := new(dns.Msg)
		if m.Unpack(wire) != nil || len(m.Question) != 1 {
			return
		}
		ttl := time.Hour
		if !confirms(m, a, &ttl) {
			return
		}
		names := map[string]bool{strings.ToLower(m.Question[0].Name): true}
		for _, rr := range m.Answer {
			if c, ok := rr.(*dns.CNAME); ok {
				names[strings.ToLower(c.Target)] = true
			}
		}
		for _, rr := range m.Answer {
			if names[strings.ToLower(rr.Header().Name)] && strings.Contains(rr.String(), a.String()) {
				return
			}
		}
		t.Errorf("nothing confirms it:\n%v", m)
	})
}
