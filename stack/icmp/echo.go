package icmp

import (
	"encoding/binary"
	"net/netip"

	"vitrine/stack/ip"
	"vitrine/trace"
)

// MayReply says whether an echo request that was sent to class is answered; nil: it is. In version 4 what was sent to
// many is not answered (RFC 1122 §3.2.2.6 permits it; otherwise anybody can make a whole network answer a victim), in
// version 6 it is, from one of our own addresses (RFC 4443 §4.2).
func MayReply(m *Message, class ip.Class) *trace.Reason {
	if !m.V6 && class != ip.Own {
		return reasonEchoGroup.Reach()
	}
	return nil
}

// EchoReplyLen is the length of PutEchoReply's message.
func EchoReplyLen(request *Message) int { return HeaderLen + len(request.Body) }

// PutEchoReply writes the answer to an echo request into b, with all of its data (RFC 1122 §3.2.2.6), and returns its
// length. src is our address.
func PutEchoReply(b []byte, request *Message, src, dst netip.Addr) int {
	return putEcho(b, request.V6, true, request.Rest, request.Body, src, dst)
}

// PutEchoRequest writes an echo request into b and returns its length. The addresses decide on the version.
func PutEchoRequest(b []byte, id, sequence uint16, data []byte, src, dst netip.Addr) int {
	return putEcho(b, dst.Is6(), false, uint32(id)<<16|uint32(sequence), data, src, dst)
}

func putEcho(b []byte, v6, reply bool, rest uint32, data []byte, src, dst netip.Addr) int {
	n := HeaderLen + len(data)
	b = b[:n]
	switch {
	case v6 && reply:
		b[0] = type6EchoReply
	case v6:
		b[0] = type6Echo
	case reply:
		b[0] = type4EchoReply
	default:
		b[0] = type4Echo
	}
	b[1] = 0
	binary.BigEndian.PutUint32(b[4:], rest)
	copy(b[HeaderLen:], data)
	seal(b, v6, src, dst)
	return n
}
