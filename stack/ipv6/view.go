package ipv6

import (
	"encoding/binary"
	"net/netip"

	"vitrine/stack/ip"
)

// View reads a packet for people, whatever is wrong with it and even when its end is missing: no Reason is reached. Payload is
// what is there; length is how long the headers say that it was. It is false when the fixed header is not there, or is none.
func View(b []byte) (p Packet, length int, ok bool) {
	if len(b) < HeaderLen || b[0]>>4 != 6 {
		return p, 0, false
	}
	first := binary.BigEndian.Uint32(b)
	length = int(binary.BigEndian.Uint16(b[4:]))
	b = b[:min(len(b), HeaderLen+length)]
	p = Packet{Src: netip.AddrFrom16([16]byte(b[8:24])), Dst: netip.AddrFrom16([16]byte(b[24:40])),
		Protocol: b[6], NamedAt: 6, HopLimit: b[7], TOS: uint8(first >> 20), Flow: first & 0xfffff}
	at := HeaderLen
	for range maxHeaders {
		if p.Fragment.Is() || len(b)-at < 8 {
			break
		}
		n := 8
		switch p.Protocol {
		case ip.HopByHop, ip.Routing, ip.DestinationOptions:
			n += 8 * int(b[at+1])
		case ip.FragmentHeader:
			field := binary.BigEndian.Uint16(b[at+2:])
			p.Fragmented = true
			if f := (ip.Fragment{ID: binary.BigEndian.Uint32(b[at+4:]), Offset: int(field &^ 7), More: field&1 != 0}); f.Is() {
				p.Fragment = f
			}
		default:
			n = 0
		}
		if n == 0 || n > len(b)-at {
			break
		}
		p.Protocol, p.NamedAt = b[at], at
		at += n
	}
	p.Header, p.Payload = b[:at], b[at:]
	return p, length - (at - HeaderLen), true
}
