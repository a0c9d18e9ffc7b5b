package ipv4

import (
	"encoding/binary"
	"net/netip"

	"vitrine/stack/ip"
)

// View reads a packet for people, whatever is wrong with it and even when its end is missing: no Reason is reached, and its
// checksum is not verified. Payload is what is there; length is how long the header says that it was. It is false when the
// header without its options is not there, or is none.
func View(b []byte) (p Packet, length int, ok bool) {
	if len(b) < HeaderLen || b[0]>>4 != 4 {
		return p, 0, false
	}
	n := int(b[0]&15) * 4
	total := int(binary.BigEndian.Uint16(b[2:]))
	if n < HeaderLen || total < n {
		return p, 0, false
	}
	b = b[:min(len(b), total)]
	n = min(n, len(b))
	flags := binary.BigEndian.Uint16(b[6:])
	return Packet{
		Src: netip.AddrFrom4([4]byte(b[12:16])), Dst: netip.AddrFrom4([4]byte(b[16:20])),
		Protocol: b[9], TTL: b[8], TOS: b[1], DF: flags&flagDF != 0,
		Fragment: ip.Fragment{ID: uint32(binary.BigEndian.Uint16(b[4:])), Offset: int(flags&offsetMask) * 8, More: flags&flagMore != 0},
		Header:   b[:n], Payload: b[n:],
	}, total - int(b[0]&15)*4, true
}
