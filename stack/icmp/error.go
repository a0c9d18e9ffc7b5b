package icmp

import (
	"encoding/binary"
	"net/netip"

	"vitrine/stack/ip"
	"vitrine/trace"
)

// Error is an error message to be sent, without what it quotes.
type Error struct {
	V6         bool
	Type, Code uint8
	Rest       uint32
}

// PortUnreachable: nobody listens on the datagram's port (RFC 1122 §3.2.2.1, RFC 4443 §3.1).
func PortUnreachable(v6 bool) Error {
	if v6 {
		return Error{V6: true, Type: type6Unreachable, Code: code6Port}
	}
	return Error{Type: type4Unreachable, Code: code4Port}
}

// ProtocolUnreachable: this host does not speak what the packet carries. In version 6 that is a parameter problem, and
// pointer is the offset of the field that names the protocol (RFC 8200 §4); in version 4 it is not used.
func ProtocolUnreachable(v6 bool, pointer uint32) Error {
	if v6 {
		return ParameterProblem6(code6UnrecognizedNextHeader, pointer)
	}
	return Error{Type: type4Unreachable, Code: code4Protocol}
}

// ReassemblyTimeout: fragments are missing. It may only be sent when the first one is there to be quoted.
func ReassemblyTimeout(v6 bool) Error {
	if v6 {
		return Error{V6: true, Type: type6TimeExceeded, Code: 1}
	}
	return Error{Type: type4TimeExceeded, Code: 1}
}

// ParameterProblem4: the byte of the header at pointer makes no sense (RFC 792).
func ParameterProblem4(pointer uint8) Error {
	return Error{Type: type4ParameterProblem, Rest: uint32(pointer) << 24}
}

// ParameterProblem6: the field at pointer bytes from the packet's beginning makes no sense (RFC 4443 §3.4).
func ParameterProblem6(code uint8, pointer uint32) Error {
	return Error{V6: true, Type: type6ParameterProblem, Code: code, Rest: pointer}
}

// Quoted packets are cut so that the error fits what every host and link takes: RFC 1812 §4.3.2.3 (576 bytes with a
// header of 20), RFC 4443 §2.4(c) (1280 bytes with a header of 40).
const (
	quote4 = 576 - 20 - HeaderLen
	quote6 = 1280 - 40 - HeaderLen
)

// Len is the length of Put's message in bytes.
func (e Error) Len(original []byte) int {
	if e.V6 {
		return HeaderLen + min(len(original), quote6)
	}
	return HeaderLen + min(len(original), quote4)
}

// Put writes the error into b, which has room for Len bytes, and returns its length. original is the packet that it is
// about, from the IP header on and without padding.
func (e Error) Put(b []byte, src, dst netip.Addr, original []byte) int {
	n := e.Len(original)
	b = b[:n]
	b[0], b[1] = e.Type, e.Code
	binary.BigEndian.PutUint32(b[4:], e.Rest)
	copy(b[HeaderLen:], original)
	seal(b, e.V6, src, dst)
	return n
}

// Offender is the packet that an error would be about.
type Offender struct {
	Src, Dst netip.Addr
	Protocol uint8
	Fragment ip.Fragment
	Payload  []byte // of the packet; only its first byte is looked at, when it is ICMP

	// Group says that the packet was for more than this host: its address was a group's or everybody's, or the frame's was.
	Group bool
}

// MayAnswer says whether an error may be sent; nil: it may, if the rate limit agrees too. Without these rules errors would
// cause errors, or one packet a storm of answers (RFC 1122 §3.2.2, RFC 1812 §4.3.2.7, RFC 4443 §2.4(e)).
func MayAnswer(e Error, o *Offender) *trace.Reason {
	switch {
	case o.Src.IsUnspecified() || o.Src.IsMulticast() || o.Src.IsLoopback():
		return reasonAnswerSource.Reach()
	case o.Src.Is4() && (o.Src.As4()[0] == 0 || o.Src.As4()[0] >= 240):
		return reasonAnswerSource.Reach()
	case isError(o):
		return reasonAnswerError.Reach()
	case !e.V6 && o.Fragment.Offset != 0:
		return reasonAnswerFragment.Reach()
	case !o.Group:
		return nil
	case e.V6 && (e.Type == type6PacketTooBig || e.Type == type6ParameterProblem && e.Code == code6UnrecognizedOption):
		// These two must reach the senders to a group: path MTU discovery, and options that say so themselves.
		return nil
	}
	return reasonAnswerGroup.Reach()
}

// isError reports whether the packet is an ICMP error or redirect itself. As in Linux an ICMP message of unknown type
// counts as one.
func isError(o *Offender) bool {
	if o.Fragment.Offset != 0 {
		return false // not to be seen; version 4 does not answer it anyhow
	}
	switch o.Protocol {
	case ip.ICMP:
		if len(o.Payload) == 0 {
			return true
		}
		switch t := o.Payload[0]; t {
		case type4EchoReply, type4Echo, 9, 10:
			return false
		default:
			return t < 13 || t > 18 // timestamps, information and address mask: RFC 792, RFC 950
		}
	case ip.ICMPv6:
		return len(o.Payload) == 0 || o.Payload[0] < 128 || o.Payload[0] == type6Redirect
	}
	return false
}
