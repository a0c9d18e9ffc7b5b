// Package icmp reads and writes the Internet Control Message Protocol of both versions (RFC 792, RFC 1122 §3.2.2,
// RFC 4443), with neighbour discovery (RFC 4861) and the reports of multicast listeners (RFC 3810), which are ICMPv6.
//
// Messages are checked views; nothing is copied, nothing allocates, and everything is safe for concurrent use. The packet
// that an error quotes was written by anybody: Embedded reads it with care, and whether it is one of ours is for the caller
// to say. What is not done: redirects are recognised and refused, timestamp and address mask requests are not answered,
// RFC 4884 extensions are not read.
package icmp

import (
	"encoding/binary"
	"net/netip"

	"vitrine/stack/ip"
	"vitrine/trace"
)

// HeaderLen is the part that all messages have, in bytes.
const HeaderLen = 8

// The types of ICMP (RFC 792).
const (
	type4EchoReply        = 0
	type4Unreachable      = 3
	type4Redirect         = 5
	type4Echo             = 8
	type4TimeExceeded     = 11
	type4ParameterProblem = 12
)

// The types of ICMPv6 (RFC 4443, RFC 4861 §4, RFC 3810 §5).
const (
	type6Unreachable           = 1
	type6PacketTooBig          = 2
	type6TimeExceeded          = 3
	type6ParameterProblem      = 4
	type6Echo                  = 128
	type6EchoReply             = 129
	type6MLDQuery              = 130
	type6RouterSolicitation    = 133
	type6RouterAdvertisement   = 134
	type6NeighborSolicitation  = 135
	type6NeighborAdvertisement = 136
	type6Redirect              = 137
	type6MLDReport             = 143
)

// The codes that mean something here.
const (
	code4FragmentationNeeded    = 4
	code4Protocol               = 2
	code4Port                   = 3
	code6Port                   = 4
	code6UnrecognizedNextHeader = 1
	code6UnrecognizedOption     = 2
)

// Kind is what a message says, whatever the version of IP.
type Kind uint8

const (
	Other Kind = iota // an unknown error of ICMPv6
	EchoRequest
	EchoReply
	Unreachable
	PacketTooBig // in version 4: unreachable because fragmentation is needed and forbidden
	TimeExceeded
	ParameterProblem
	RouterSolicitation
	RouterAdvertisement
	NeighborSolicitation
	NeighborAdvertisement
	MLDQuery
)

var kindNames = [...]string{"other", "echo request", "echo reply", "unreachable", "packet too big", "time exceeded",
	"parameter problem", "router solicitation", "router advertisement", "neighbour solicitation",
	"neighbour advertisement", "multicast listener query"}

func (k Kind) String() string { return kindNames[k] }

// Message is a checked view of a message.
type Message struct {
	Kind       Kind
	V6         bool
	Type, Code uint8
	Rest       uint32 // the second half of the header; its meaning depends on the kind
	Body       []byte // after the header; aliases what was parsed
	raw        []byte
}

// Error reports whether the message tells of something that went wrong with a packet of ours, which it quotes.
func (m *Message) Error() bool {
	switch m.Kind {
	case Other, Unreachable, PacketTooBig, TimeExceeded, ParameterProblem:
		return true
	}
	return false
}

// Echo is the identifier and the number of an echo request or reply.
func (m *Message) Echo() (id, sequence uint16) { return uint16(m.Rest >> 16), uint16(m.Rest) }

// ParseV4 reads a message of ICMP. verified says that the adapter did the checksum. A Reason means that it is to be
// dropped silently, whatever it is (RFC 1122 §3.2.2).
func ParseV4(b []byte, verified bool) (m Message, why *trace.Reason) {
	if len(b) < HeaderLen {
		return m, reasonShort.Reach()
	}
	if !verified && !ip.Valid(b, 0) {
		return m, reasonChecksum.Reach()
	}
	m = view(b)
	if why = m.kind4(); why != nil {
		return m, why.Reach()
	}
	return m, nil
}

// kind4 says what a message of ICMP is; a Reason: it is nothing that we take.
func (m *Message) kind4() *trace.Reason {
	switch {
	case m.Type == type4Unreachable && m.Code == code4FragmentationNeeded:
		m.Kind = PacketTooBig
	case m.Type == type4Unreachable:
		m.Kind = Unreachable
	case m.Type == type4TimeExceeded:
		m.Kind = TimeExceeded
	case m.Type == type4ParameterProblem:
		m.Kind = ParameterProblem
	case m.Type == type4Echo:
		m.Kind = EchoRequest
	case m.Type == type4EchoReply:
		m.Kind = EchoReply
	case m.Type == type4Redirect:
		return reasonRedirect
	default:
		return reasonUnknown
	}
	return nil
}

// ParseV6 reads a message of ICMPv6 from a packet between the two addresses. verified says that the adapter did the
// checksum. A Reason means that it is to be dropped silently. An error of unknown type is let through as Other, an unknown
// message of another sort is not (RFC 4443 §2.4(a) and (b)).
func ParseV6(b []byte, src, dst netip.Addr, verified bool) (m Message, why *trace.Reason) {
	if len(b) < HeaderLen {
		return m, reasonShort.Reach()
	}
	if !verified && !ip.Valid(b, ip.PseudoHeader(src, dst, ip.ICMPv6, len(b))) {
		return m, reasonChecksum.Reach()
	}
	m = view(b)
	m.V6 = true
	if why = m.kind6(); why != nil {
		return m, why.Reach()
	}
	if src.IsUnspecified() && m.Kind != NeighborSolicitation && m.Kind != RouterSolicitation {
		// Only these may come from a host that has no address yet.
		return m, reasonUnspecified.Reach()
	}
	return m, nil
}

// kind6 says what a message of ICMPv6 is; a Reason: it is nothing that we take.
func (m *Message) kind6() *trace.Reason {
	switch m.Type {
	case type6Unreachable:
		m.Kind = Unreachable
	case type6PacketTooBig:
		m.Kind = PacketTooBig
	case type6TimeExceeded:
		m.Kind = TimeExceeded
	case type6ParameterProblem:
		m.Kind = ParameterProblem
	case type6Echo:
		m.Kind = EchoRequest
	case type6EchoReply:
		m.Kind = EchoReply
	case type6RouterSolicitation:
		m.Kind = RouterSolicitation
	case type6RouterAdvertisement:
		m.Kind = RouterAdvertisement
	case type6NeighborSolicitation:
		m.Kind = NeighborSolicitation
	case type6NeighborAdvertisement:
		m.Kind = NeighborAdvertisement
	case type6MLDQuery:
		m.Kind = MLDQuery
	case type6Redirect:
		return reasonRedirect
	default:
		if m.Type >= 128 {
			return reasonUnknown
		}
	}
	return nil
}

func view(b []byte) Message {
	return Message{Type: b[0], Code: b[1], Rest: binary.BigEndian.Uint32(b[4:]), Body: b[HeaderLen:], raw: b}
}

// seal writes the checksum of a message of ICMP, or of ICMPv6 between the two addresses.
func seal(b []byte, v6 bool, src, dst netip.Addr) {
	b[2], b[3] = 0, 0
	var initial uint32
	if v6 {
		initial = ip.PseudoHeader(src, dst, ip.ICMPv6, len(b))
	}
	binary.BigEndian.PutUint16(b[2:], ip.Checksum(b, initial))
}
