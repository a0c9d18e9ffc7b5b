package ipv6

import (
	"bytes"
	"net/netip"
	"testing"

	"vitrine/stack/ip"
)

// Where Parse takes a packet, View sees the same; of one that is cut it sees what is there.
func FuzzView(f *testing.F) {
	whole := make([]byte, 80)
	Put(whole, &Header{Src: netip.MustParseAddr("fd00::1"), Dst: netip.MustParseAddr("fd00::2"), Protocol: ip.TCP, Length: 40})
	f.Add(whole, 60)
	Put(whole, &Header{Src: netip.MustParseAddr("fd00::1"), Dst: netip.MustParseAddr("fd00::2"), Protocol: ip.HopByHop, Length: 40})
	PutRouterAlert(whole[40:], ip.FragmentHeader)
	PutFragment(whole[48:], ip.TCP, 7, 0, true)
	f.Add(whole, 50)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		p, why := Parse(b)
		v, length, ok := View(b)
		if why == nil && (!ok || v.Src != p.Src || v.Dst != p.Dst || v.Protocol != p.Protocol || v.Fragment != p.Fragment ||
			!bytes.Equal(v.Payload, p.Payload) || length != len(p.Payload)) {
			t.Fatalf("%+v (%d, %v), parsed %+v", v, length, ok, p)
		}
		if cut < 0 || cut > len(b) || !ok {
			return
		}
		if c, n, ok := View(b[:cut]); ok && (n < 0 || c.Src != v.Src || len(c.Payload) > cut) {
			t.Fatalf("cut to %d: %+v (%d), whole %+v (%d)", cut, c, n, v, length)
		}
	})
}
