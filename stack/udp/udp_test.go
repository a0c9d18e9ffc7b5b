package udp

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"testing"

	"vitrine/stack/ip"
)

var (
	us4   = netip.MustParseAddrPort("198.18.0.2:53")
	peer4 = netip.MustParseAddrPort("198.18.0.1:40000")
	us6   = netip.MustParseAddrPort("[fd00:198:18::2]:53")
	peer6 = netip.MustParseAddrPort("[fd00:198:18::1]:40000")
)

func datagram(src, dst netip.AddrPort, payload string) []byte {
	b := make([]byte, HeaderLen+len(payload))
	copy(b[HeaderLen:], payload)
	Put(b, src, dst, len(payload))
	return b
}

func with(b []byte, i int, v ...byte) []byte {
	copy(b[i:], v)
	return b
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		sentence string
		in       []byte
		v6       bool
		verified bool
		why      string
	}{
		{"a datagram", datagram(peer4, us4, "hello"), false, false, "-"},
		{"a datagram in IPv6", datagram(peer6, us6, "hello"), true, false, "-"},
		{"it may be empty", datagram(peer4, us4, ""), false, false, "-"},
		{"what is behind its length is not part of it", append(datagram(peer4, us4, "hello"), "xyz"...), false, false, "-"},
		{"shorter than a header", datagram(peer4, us4, "")[:7], false, false, "udp.short"},
		{"a length shorter than the header", with(datagram(peer4, us4, "hello"), 4, 0, 7), false, false, "udp.length"},
		{"a length beyond the packet", with(datagram(peer4, us4, "hello"), 4, 0, 14), false, false, "udp.length"},
		{"damaged", with(datagram(peer4, us4, "hello"), 8, 'j'), false, false, "udp.checksum"},
		{"damaged in IPv6", with(datagram(peer6, us6, "hello"), 8, 'j'), true, false, "udp.checksum"},
		{"delivered to the wrong address: the pseudo-header is covered", datagram(peer6, us6, "hello"), false, false, "udp.checksum"},
		{"the adapter verified it", with(datagram(peer4, us4, "hello"), 8, 'j'), false, true, "-"},
		{"without checksum in IPv4: permitted", with(datagram(peer4, us4, "hello"), 6, 0, 0), false, false, "-"},
		{"without checksum in IPv6: not", with(datagram(peer6, us6, "hello"), 6, 0, 0), true, false, "udp.no-checksum"},
		{"nor when the adapter had none to verify", with(datagram(peer6, us6, "hello"), 6, 0, 0), true, true, "udp.no-checksum"},
		{"port 0 is nobody's", datagram(peer4, netip.AddrPortFrom(us4.Addr(), 0), "hello"), false, false, "udp.port"},
		{"from port 0: no answer is wanted", datagram(netip.AddrPortFrom(peer4.Addr(), 0), us4, "hello"), false, false, "-"},
	} {
		src, dst := peer4.Addr(), us4.Addr()
		if c.v6 {
			src, dst = peer6.Addr(), us6.Addr()
		}
		d, why := Parse(c.in, src, dst, c.verified)
		if why.String() != c.why {
			t.Errorf("%s: %v instead of %s", c.sentence, why, c.why)
		}
		if why == nil && (d.DstPort != 53 || len(d.Payload) != 5 && len(d.Payload) != 0) {
			t.Errorf("%s: %+v", c.sentence, d)
		}
	}
}

// RFC 768: a checksum that would be zero is sent as all ones.
func TestAZeroChecksumIsSentAsOnes(t *testing.T) {
	sum := ip.PseudoHeader(peer4.Addr(), us4.Addr(), ip.UDP, 10) + 40000 + 53 + 10
	rest := ^ip.Fold(sum)
	b := datagram(peer4, us4, string([]byte{byte(rest >> 8), byte(rest)}))
	if hex.EncodeToString(b[6:8]) != "ffff" {
		t.Errorf("% x", b[6:8])
	}
	if _, why := Parse(b, peer4.Addr(), us4.Addr(), false); why != nil {
		t.Error(why)
	}
}

func TestNoAllocation(t *testing.T) {
	b := datagram(peer6, us6, "hello")
	if n := testing.AllocsPerRun(100, func() {
		Parse(b, peer6.Addr(), us6.Addr(), false)
		Put(b, peer6, us6, 5)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(datagram(peer4, us4, "hello"), true)
	f.Add(with(datagram(peer4, us4, "hello"), 6, 0, 0), false)
	f.Add([]byte("short"), false)
	f.Fuzz(func(t *testing.T, b []byte, verified bool) {
		d, why := Parse(b, peer4.Addr(), us4.Addr(), verified)
		if why != nil {
			return
		}
		if len(d.Payload) > len(b)-HeaderLen || !bytes.Equal(d.Payload, b[HeaderLen:][:len(d.Payload)]) {
			t.Fatalf("%+v is no view of % x", d, b)
		}
		again := datagram(netip.AddrPortFrom(peer4.Addr(), d.SrcPort), netip.AddrPortFrom(us4.Addr(), d.DstPort), string(d.Payload))
		if e, why := Parse(again, peer4.Addr(), us4.Addr(), false); why != nil || e.SrcPort != d.SrcPort || !bytes.Equal(e.Payload, d.Payload) {
			t.Fatalf("%v: %+v became %+v", why, d, e)
		}
	})
}
