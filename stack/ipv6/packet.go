// Package ipv6 reads and writes packets of version 6 of the Internet Protocol (RFC 8200), with the extension headers that
// a host meets: hop-by-hop and destination options, routing, fragment.
//
// Parse checks a packet once and returns a view; nothing is copied and nothing allocates. Whom a packet is for and who may
// have sent it are questions to package ip. What is not done: routing headers with work left (refused), jumbograms,
// authentication and encryption headers (they count as protocols that this host does not speak), forwarding.
package ipv6

import (
	"encoding/binary"
	"net/netip"

	"vitrine/stack/ip"
	"vitrine/trace"
)

const (
	HeaderLen         = 40 // without extension headers
	FragmentHeaderLen = 8
	DefaultHopLimit   = 64
	MinimumMTU        = 1280 // RFC 8200 §5: what every link carries
)

// Packet is a checked view of a packet.
type Packet struct {
	Src, Dst    netip.Addr
	Protocol    uint8 // what Payload is, after all extension headers that were walked
	HopLimit    uint8
	TOS         uint8       // the traffic class
	RouterAlert bool        // a hop-by-hop option (RFC 2711), which MLD wants
	Fragmented  bool        // there was a fragment header, even if it says that the packet is whole (RFC 6946)
	Fragment    ip.Fragment // when it is one, Payload begins behind the fragment header, and Protocol is what that names
	Flow        uint32      // 20 bits
	NamedAt     int         // where the field is that names Protocol, from the packet's beginning: for icmp.ProtocolUnreachable
	Header      []byte      // everything before Payload; aliases what was parsed, and so does what lies behind it, see Bytes
	Payload     []byte      // cut to the payload length, so without a frame's padding; aliases what was parsed

	// Answer says that a refusal asks to tell the sender: a parameter problem with Code and Pointer.
	Answer  bool
	Code    uint8
	Pointer uint32
}

// Bytes is the packet as it came, without padding: what an ICMP error quotes.
func (p *Packet) Bytes() []byte { return p.Header[:cap(p.Header)] }

// Parse reads a packet from what a frame carries. A Reason means that it is to be dropped; then the fields that were read
// so far are filled in, but Payload is not. With Answer set, the sender is told, if package icmp's rules permit it.
func Parse(b []byte) (p Packet, why *trace.Reason) {
	if len(b) < HeaderLen {
		return p, reasonShort.Reach()
	}
	first := binary.BigEndian.Uint32(b)
	if first>>28 != 6 {
		return p, reasonVersion.Reach()
	}
	total := HeaderLen + int(binary.BigEndian.Uint16(b[4:]))
	if total > len(b) {
		return p, reasonTruncated.Reach()
	}
	p.Src, p.Dst = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	p.TOS, p.Flow, p.HopLimit = uint8(first>>20), first&0xfffff, b[7]
	p.Protocol, p.NamedAt = b[6], 6
	b = b[:total:total]
	p.Header = b[:HeaderLen]
	switch p.Protocol {
	case ip.TCP, ip.UDP, ip.ICMPv6:
		p.Payload = b[HeaderLen:]
		return p, nil
	}
	return p, p.walk(b)
}
