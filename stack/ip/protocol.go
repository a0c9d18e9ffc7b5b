// Package ip holds what version 4 and version 6 of the Internet Protocol have in common: the numbers of the protocols
// inside, the Internet checksum, which addresses may send and receive, the reassembly of fragments, and the limiter of
// answers that nobody asked for.
//
// Functions are safe for concurrent use. A Reassembler and a Limiter belong to one goroutine, know no clock and take
// the time as an argument: nanoseconds with an arbitrary origin above 0.
package ip

import "strconv"

// The protocols inside an IP packet (IANA, "Assigned Internet Protocol Numbers"). In IPv6 the same numbers also name
// extension headers.
const (
	HopByHop           uint8 = 0
	ICMP               uint8 = 1
	TCP                uint8 = 6
	UDP                uint8 = 17
	Routing            uint8 = 43
	FragmentHeader     uint8 = 44
	ICMPv6             uint8 = 58
	NoNextHeader       uint8 = 59
	DestinationOptions uint8 = 60
)

// ProtocolName is the name of a protocol number for people; a number that is not known here is written as it is.
func ProtocolName(p uint8) string {
	switch p {
	case HopByHop:
		return "hop-by-hop options"
	case ICMP:
		return "ICMP"
	case TCP:
		return "TCP"
	case UDP:
		return "UDP"
	case Routing:
		return "routing header"
	case FragmentHeader:
		return "fragment header"
	case ICMPv6:
		return "ICMPv6"
	case NoNextHeader:
		return "no next header"
	case DestinationOptions:
		return "destination options"
	}
	return strconv.Itoa(int(p))
}

// MaxPacket is the largest IP packet: 65535 bytes of length field. In IPv6 the fixed header comes on top.
const MaxPacket = 65535

// Fragment is a packet's place in the larger one that it was cut from. The zero value: the packet is whole.
type Fragment struct {
	ID     uint32 // which packet; 16 bits in IPv4
	Offset int    // of the payload's first byte in the whole payload
	More   bool   // this is not the last one
}

// Is reports whether the packet is a fragment.
func (f Fragment) Is() bool { return f.More || f.Offset != 0 }

// PieceLen is how many bytes of payload a fragment may have when headers and payload have to fit mtu: a multiple of
// eight, since offsets count eights (RFC 791 §3.1, RFC 8200 §4.5). It is 0 when nothing fits.
func PieceLen(mtu, headers int) int { return max(mtu-headers, 0) &^ 7 }
