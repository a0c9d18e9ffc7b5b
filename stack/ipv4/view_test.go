package ipv4

import (
	"bytes"
	"net/netip"
	"testing"
)

// Where Parse takes a packet, View sees the same; of one that is cut it sees what is there.
func FuzzView(f *testing.F) {
	whole := make([]byte, 60)
	Put(whole, &Header{Src: netip.MustParseAddr("198.18.0.1"), Dst: netip.MustParseAddr("198.18.0.2"), Protocol: 6, Length: 40})
	f.Add(whole, 60)
	f.Add(whole, 23)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		p, why := Parse(b)
		v, length, ok := View(b)
		if why == nil && (!ok || v.Src != p.Src || v.Dst != p.Dst || v.Protocol != p.Protocol || v.Fragment != p.Fragment ||
			!bytes.Equal(v.Payload, p.Payload) || length != len(p.Payload)) {
			t.Fatalf("%+v (%d, %v), parsed %+v", v, length, ok, p)
		}
		if cut < 0 || cut > len(b) || !ok || cut < HeaderLen {
			return
		}
		if c, n, ok := View(b[:cut]); !ok || n != length || !bytes.HasPrefix(v.Payload, c.Payload) {
			t.Fatalf("cut to %d: %+v (%d, %v), whole %+v (%d)", cut, c, n, ok, v, length)
		}
	})
}
