package stack

import (
	"bytes"
	"net/netip"
	"testing"

	"vitrine/stack/icmp"
	"vitrine/stack/ip"
	"vitrine/stack/ipv4"
	"vitrine/stack/ipv6"
	"vitrine/stack/link"
)

// inPieces cuts a message into packets of at most 1500 bytes, simple on purpose.
func inPieces(src, dst netip.Addr, message []byte) (packets [][]byte) {
	const piece = 1440
	for at := 0; at < len(message); at += piece {
		part := message[at:min(at+piece, len(message))]
		more := at+len(part) < len(message)
		if src.Is4() {
			b := make([]byte, ipv4.HeaderLen+len(part))
			ipv4.Put(b, &ipv4.Header{Src: src, Dst: dst, Protocol: ip.ICMP, Length: len(part), Fragmentable: true, ID: 7, Offset: at, More: more})
			copy(b[ipv4.HeaderLen:], part)
			packets = append(packets, b)
			continue
		}
		head := ipv6.HeaderLen + ipv6.FragmentHeaderLen
		b := make([]byte, head+len(part))
		ipv6.Put(b, &ipv6.Header{Src: src, Dst: dst, Protocol: ip.FragmentHeader, Length: ipv6.FragmentHeaderLen + len(part)})
		ipv6.PutFragment(b[ipv6.HeaderLen:], ip.ICMPv6, 7, at, more)
		copy(b[head:], part)
		packets = append(packets, b)
	}
	return packets
}

// An echo comes back whole, also when question and answer are longer than the link takes.
func TestLongEchoesAreAnswered(t *testing.T) {
	for _, size := range []int{1472, 1473, 4000, 60000} {
		for _, c := range [][2]netip.Addr{{peer4, stack4}, {peer6, stack6}} {
			r := newRaw(t)
			body := bytes.Repeat([]byte("0123456789abcdef!"), size/17+1)[:size]
			question := make([]byte, size+64)
			question = question[:icmp.PutEchoRequest(question, 1, 2, body, c[0], c[1])]
			for _, p := range inPieces(c[0], c[1], question) {
				r.packet(p)
			}
			frames := r.run()
			if size > 1480 && len(frames) != (size+8+1479)/1480 && len(frames) != (size+8+1447)/1448 {
				t.Errorf("%v: an echo of %d bytes is answered with %d frames", c[1], size, len(frames))
			}
			whole, longest := make([]byte, 0, size), 0
			for _, f := range frames {
				longest = max(longest, len(f)-link.HeaderLen)
				if c[0].Is4() {
					p, why := ipv4.Parse(f[link.HeaderLen:])
					if why != nil || p.Fragment.Offset != len(whole) || p.DF {
						t.Fatalf("%v: fragment %+v after %d bytes: %v", c[1], p.Fragment, len(whole), why)
					}
					whole = append(whole, p.Payload...)
				} else {
					p, why := ipv6.Parse(f[link.HeaderLen:])
					if why != nil || p.Fragment.Offset != len(whole) {
						t.Fatalf("%v: fragment %+v after %d bytes: %v", c[1], p.Fragment, len(whole), why)
					}
					whole = append(whole, p.Payload...)
				}
			}
			if longest > 1500 {
				t.Errorf("%v: a packet of %d bytes", c[1], longest)
			}
			m, why := icmp.ParseV4(whole, false)
			if c[0].Is6() {
				m, why = icmp.ParseV6(whole, c[1], c[0], false)
			}
			if why != nil || m.Kind != icmp.EchoReply || !bytes.Equal(m.Body, body) {
				t.Errorf("%v: an echo of %d bytes comes back damaged: %v", c[1], size, why)
			}
		}
	}
}
