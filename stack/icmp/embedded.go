package icmp

import (
	"encoding/binary"
	"net/netip"

	"vitrine/stack/ip"
	"vitrine/trace"
)

// Embedded is what an error tells of the packet that it is about: one of ours, if the error is honest. The caller checks
// that: the source is its address, there is such a connection, and for TCP that Seq lies in what is in flight
// (RFC 5927 §4.1).
type Embedded struct {
	Src, Dst         netip.Addr
	Protocol         uint8
	SrcPort, DstPort uint16 // TCP and UDP; for an echo SrcPort is its identifier
	Seq              uint32 // TCP's sequence number
	Length           int    // of the whole packet in bytes, as its header says
}

// transportLen is what must be quoted of the protocol inside: 64 bits (RFC 792).
const transportLen = 8

// embeddedHeaders bounds the walk through the extension headers of a quoted packet. We send at most one.
const embeddedHeaders = 4

// Embedded reads the quoted packet of an error. A Reason means that the error says nothing that could be acted upon.
func (m *Message) Embedded() (e Embedded, why *trace.Reason) {
	if e, why = m.quoted(); why != nil {
		why.Reach()
	}
	return e, why
}

// quoted is Embedded for those who take no decision.
func (m *Message) quoted() (e Embedded, why *trace.Reason) {
	if !m.Error() {
		return e, reasonEmbeddedNone
	}
	var rest []byte
	if m.V6 {
		rest, why = e.header6(m.Body)
	} else {
		rest, why = e.header4(m.Body)
	}
	if why != nil {
		return e, why
	}
	if len(rest) < transportLen {
		return e, reasonEmbeddedShort
	}
	switch e.Protocol {
	case ip.TCP:
		e.Seq = binary.BigEndian.Uint32(rest[4:])
		fallthrough
	case ip.UDP:
		e.SrcPort, e.DstPort = binary.BigEndian.Uint16(rest), binary.BigEndian.Uint16(rest[2:])
	case ip.ICMP, ip.ICMPv6:
		e.SrcPort = binary.BigEndian.Uint16(rest[4:])
	}
	return e, nil
}

// header4 reads a quoted IPv4 header. Its checksum is not verified: routers and translators on the way changed it.
func (e *Embedded) header4(b []byte) (rest []byte, why *trace.Reason) {
	if len(b) < 20 {
		return nil, reasonEmbeddedShort
	}
	n := int(b[0]&15) * 4
	if b[0]>>4 != 4 || n < 20 {
		return nil, reasonEmbedded
	}
	if n > len(b) {
		return nil, reasonEmbeddedShort
	}
	if binary.BigEndian.Uint16(b[6:])&0x1fff != 0 {
		return nil, reasonEmbeddedFragment
	}
	e.Src, e.Dst = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	e.Protocol, e.Length = b[9], int(binary.BigEndian.Uint16(b[2:]))
	return b[n:], nil
}

// header6 reads a quoted IPv6 header and passes over a few extension headers.
func (e *Embedded) header6(b []byte) (rest []byte, why *trace.Reason) {
	if len(b) < 40 {
		return nil, reasonEmbeddedShort
	}
	if b[0]>>4 != 6 {
		return nil, reasonEmbedded
	}
	e.Src, e.Dst = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	e.Protocol, e.Length = b[6], 40+int(binary.BigEndian.Uint16(b[4:]))
	b = b[40:]
	for range embeddedHeaders {
		n := 8
		switch e.Protocol {
		default:
			return b, nil
		case ip.HopByHop, ip.Routing, ip.DestinationOptions:
			if len(b) < 2 {
				return nil, reasonEmbeddedShort
			}
			n = 8 * (int(b[1]) + 1)
		case ip.FragmentHeader:
			if len(b) >= 4 && binary.BigEndian.Uint16(b[2:])&^7 != 0 {
				return nil, reasonEmbeddedFragment
			}
		}
		if len(b) < n {
			return nil, reasonEmbeddedShort
		}
		e.Protocol, b = b[0], b[n:]
	}
	return nil, reasonEmbedded
}
