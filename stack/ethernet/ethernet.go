// Package ethernet reads and writes the frames of a local network: two addresses, what the frame carries, and where the
// medium has it, the check sequence at the end (IEEE 802.3 §3, RFC 894).
//
// Frames are Ethernet II only: with a type, without tags. What else comes is dropped with a Reason. Nothing allocates,
// views do not copy, and everything is safe for concurrent use.
package ethernet

import (
	"encoding/binary"
	"fmt"

	"vitrine/trace"
)

// MAC is a hardware address. It is an alias, so that a named array of another package can be assigned to it.
type MAC = [6]byte

// Broadcast is the address that every station on the link listens to.
var Broadcast = MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

const (
	HeaderLen  = 14 // two addresses and the type
	FCSLen     = 4
	MinimumLen = 60 // the shortest frame on a cable, without FCS; shorter ones are padded there
)

// Type is what a frame carries (the EtherType of IEEE 802.3 §3.2.6).
type Type uint16

const (
	TypeIPv4 Type = 0x0800
	TypeARP  Type = 0x0806
	TypeVLAN Type = 0x8100 // IEEE 802.1Q: a tag and then the type
	TypeIPv6 Type = 0x86dd
	TypeQinQ Type = 0x88a8 // IEEE 802.1ad: the outer one of two tags
)

// firstType is the smallest number that is a type; what is smaller is a length (IEEE 802.3 §3.2.6).
const firstType Type = 0x0600

func (t Type) String() string {
	switch t {
	case TypeIPv4:
		return "IPv4"
	case TypeARP:
		return "ARP"
	case TypeVLAN:
		return "802.1Q"
	case TypeIPv6:
		return "IPv6"
	case TypeQinQ:
		return "802.1ad"
	}
	return fmt.Sprintf("0x%04x", uint16(t))
}

// Frame is a checked view of a frame. Payload may have padding at its end: only the protocol inside knows its length.
type Frame struct {
	Dst, Src  MAC
	EtherType Type
	Payload   []byte // aliases what was parsed
}

// Group reports whether the address stands for several stations: the lowest bit of the first byte (IEEE 802 §8.2.2).
// The broadcast address is one of them.
func Group(a MAC) bool { return a[0]&1 != 0 }

// Parse reads a frame without its FCS. A Reason means that the frame is to be dropped; Dst and Src are filled in
// whenever the frame is long enough to have them.
func Parse(b []byte) (f Frame, why *trace.Reason) {
	if len(b) < HeaderLen {
		return f, reasonShort.Reach()
	}
	f.Dst, f.Src = MAC(b[0:6]), MAC(b[6:12])
	f.EtherType = Type(binary.BigEndian.Uint16(b[12:14]))
	f.Payload = b[HeaderLen:]
	switch {
	case f.EtherType == TypeVLAN, f.EtherType == TypeQinQ:
		return f, reasonTagged.Reach()
	case f.EtherType < firstType:
		return f, reasonLength.Reach()
	case Group(f.Src):
		// Answers to such a frame would go to everybody.
		return f, reasonSource.Reach()
	}
	return f, nil
}

// Put writes a header into b, which has room for HeaderLen bytes, and returns HeaderLen.
func Put(b []byte, dst, src MAC, t Type) int {
	_ = b[HeaderLen-1]
	*(*MAC)(b[0:6]) = dst
	*(*MAC)(b[6:12]) = src
	binary.BigEndian.PutUint16(b[12:14], uint16(t))
	return HeaderLen
}
