package icmp

import (
	"bytes"
	"testing"

	"vitrine/stack/ip"
)

// FuzzParse reads hostile messages of both versions as everything that they can be. They come with good checksums, or
// nothing would get far.
func FuzzParse(f *testing.F) {
	f.Add(message(false, 3, 4, 0, quote(false, ip.TCP, 0, "12345678")), false, uint8(0))
	f.Add(message(true, 2, 0, 1400, quote(true, ip.DestinationOptions, 0, "\x06\x00\x01\x04\x00\x00\x00\x0012345678")), true, uint8(0))
	f.Add(message(true, 135, 0, 0, target(us6)+sourceMAC), true, uint8(1))
	f.Add(message(true, 134, 0, 0, "12345678"+sourceMAC), true, uint8(2))
	f.Add(message(true, 130, 0, 0, target(nobody)+"1234"), true, uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, v6 bool, how uint8) {
		a := arrived(hops(255))
		switch how % 4 {
		case 1:
			a.Src, a.Dst = nobody, asked
		case 2:
			a.Src = near6
		case 3:
			a = arrived(from(near6), hops(1), alert)
		}
		if len(b) >= HeaderLen {
			seal(b, v6, a.Src, a.Dst)
		}
		var m Message
		if v6 {
			got, why := ParseV6(b, a.Src, a.Dst, false)
			if why != nil {
				return
			}
			m = got
		} else {
			got, why := ParseV4(b, false)
			if why != nil {
				return
			}
			m = got
		}
		e, why := m.Embedded()
		if why == nil && (!m.Error() || !e.Src.IsValid() || !e.Dst.IsValid() || e.Src.Is4() == v6) {
			t.Fatalf("%+v from %+v", e, m)
		}
		if mtu, ok := m.PathMTU(1500, e.Length); mtu > 1500 || mtu < Floor4 || v6 && mtu < Floor6 || ok && mtu == 1500 {
			t.Fatalf("path MTU %d from %+v", mtu, m)
		}
		m.Hard()
		switch m.Kind {
		case NeighborSolicitation:
			if s, why := m.NeighborSolicitation(a); why == nil && (s.Target.IsMulticast() || s.HasMAC && s.MAC[0]&1 != 0) {
				t.Fatalf("%+v", s)
			}
		case NeighborAdvertisement:
			if v, why := m.NeighborAdvertisement(a); why == nil && (v.Target.IsMulticast() || v.HasMAC && v.MAC[0]&1 != 0) {
				t.Fatalf("%+v", v)
			}
		case RouterAdvertisement:
			if r, why := m.RouterAdvertisement(a); why == nil && r.MTU != 0 && r.MTU < Floor6 {
				t.Fatalf("%+v", r)
			}
		case RouterSolicitation:
			m.RouterSolicitation(a)
		case MLDQuery:
			if q, why := m.MLDQuery(a); why == nil && q.Delay < 0 {
				t.Fatalf("%+v", q)
			}
		case EchoRequest:
			out := make([]byte, EchoReplyLen(&m))
			PutEchoReply(out, &m, a.Dst, a.Src)
			if !bytes.Equal(out[4:], b[4:]) {
				t.Fatal("the data does not come back")
			}
		}
	})
}
