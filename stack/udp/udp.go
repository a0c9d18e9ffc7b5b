// Package udp reads and writes datagrams of the User Datagram Protocol (RFC 768, RFC 1122 §4.1, RFC 8200 §8.1).
// Nothing is copied and nothing allocates.
package udp

import (
	"encoding/binary"
	"net/netip"

	"vitrine/stack/ip"
	"vitrine/trace"
)

// HeaderLen is the length of a header in bytes.
const HeaderLen = 8

// Datagram is a checked view of a datagram.
type Datagram struct {
	SrcPort, DstPort uint16 // SrcPort may be 0: no answer is wanted (RFC 768)
	Payload          []byte // cut to the length field; aliases what was parsed
}

// Parse reads a datagram from what a packet between the two addresses carries. verified says that the adapter did the
// checksum, or that there was none to do. A Reason means that it is to be dropped silently.
func Parse(b []byte, src, dst netip.Addr, verified bool) (d Datagram, why *trace.Reason) {
	if len(b) < HeaderLen {
		return d, reasonShort.Reach()
	}
	n := int(binary.BigEndian.Uint16(b[4:]))
	if n < HeaderLen || n > len(b) {
		return d, reasonLength.Reach()
	}
	d.SrcPort, d.DstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	switch {
	case b[6]|b[7] == 0:
		// RFC 768: no checksum was made. RFC 8200 §8.1: there is always one in IPv6, which protects its header only so.
		if !src.Is4() {
			return d, reasonNoChecksum.Reach()
		}
	case !verified && !ip.Valid(b[:n], ip.PseudoHeader(src, dst, ip.UDP, n)):
		return d, reasonChecksum.Reach()
	}
	if d.DstPort == 0 {
		return d, reasonPort.Reach()
	}
	d.Payload = b[HeaderLen:n:n]
	return d, nil
}

// Put writes the header of a datagram whose payload of length bytes is in b already, from HeaderLen on, and returns the
// datagram's length. The checksum is complete.
func Put(b []byte, src, dst netip.AddrPort, length int) int {
	n := HeaderLen + length
	b = b[:n]
	binary.BigEndian.PutUint16(b[0:], src.Port())
	binary.BigEndian.PutUint16(b[2:], dst.Port())
	binary.BigEndian.PutUint16(b[4:], uint16(n))
	b[6], b[7] = 0, 0
	sum := ip.Checksum(b, ip.PseudoHeader(src.Addr(), dst.Addr(), ip.UDP, n))
	if sum == 0 {
		sum = 0xffff // RFC 768: zero means that there is none, and both are zero in ones' complement
	}
	binary.BigEndian.PutUint16(b[6:], sum)
	return n
}
