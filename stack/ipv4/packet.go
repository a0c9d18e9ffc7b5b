// Package ipv4 reads and writes packets of version 4 of the Internet Protocol (RFC 791, RFC 1122 §3.2).
//
// Parse checks a packet once and returns a view; nothing is copied and nothing allocates. Whom a packet is for and who may
// have sent it are questions to package ip. What is not done: source routing (refused), forwarding, record route and
// timestamp options (skipped: this is a host), and the options of multicast and security protocols.
package ipv4

import (
	"encoding/binary"
	"math/bits"
	"net/netip"

	"vitrine/stack/ip"
	"vitrine/trace"
)

const (
	HeaderLen    = 20 // without options
	MaxHeaderLen = 60
	DefaultTTL   = 64  // RFC 1700; RFC 1122 §3.2.1.7 wants it large enough for the Internet's diameter
	MinimumMTU   = 68  // RFC 791 §3.2: what every link carries
	Assured      = 576 // RFC 791 §3.1: what every host takes; ICMP errors stay within it
)

// The flags and the offset share a field (RFC 791 §3.1).
const (
	flagDF     = 0x4000
	flagMore   = 0x2000
	offsetMask = 0x1fff
)

// Packet is a checked view of a packet.
type Packet struct {
	Src, Dst netip.Addr
	Protocol uint8
	TTL, TOS uint8
	DF       bool // not to be fragmented on the way
	Fragment ip.Fragment
	Header   []byte // with options; aliases what was parsed, and so does what lies behind it, see Bytes
	Payload  []byte // cut to the total length, so without a frame's padding; aliases what was parsed

	// Pointer is the byte that a refusal is about, for an ICMP parameter problem; 0: there is nothing to tell the sender.
	Pointer uint8
}

// Bytes is the packet as it came, header and payload, without padding: what an ICMP error quotes.
func (p *Packet) Bytes() []byte { return p.Header[:cap(p.Header)] }

// Parse reads a packet from what a frame carries. A Reason means that it is to be dropped; then the fields that were read
// so far are filled in, but Payload is not.
func Parse(b []byte) (p Packet, why *trace.Reason) {
	if len(b) < HeaderLen {
		return p, reasonShort.Reach()
	}
	if b[0]>>4 != 4 {
		return p, reasonVersion.Reach()
	}
	n := int(b[0]&15) * 4
	if n < HeaderLen || n > len(b) {
		return p, reasonHeaderLength.Reach()
	}
	// RFC 1122 §3.2.1.2: the checksum of every packet is verified, silently.
	if !valid(b[:n]) {
		return p, reasonChecksum.Reach()
	}
	total := int(binary.BigEndian.Uint16(b[2:]))
	if total < n {
		return p, reasonTotalLength.Reach()
	}
	if total > len(b) {
		return p, reasonTruncated.Reach()
	}
	p.Src, p.Dst = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	p.TOS, p.TTL, p.Protocol = b[1], b[8], b[9]
	p.Header = b[:n:total]
	flags := binary.BigEndian.Uint16(b[6:])
	p.DF = flags&flagDF != 0
	p.Fragment = ip.Fragment{
		ID:     uint32(binary.BigEndian.Uint16(b[4:])),
		Offset: int(flags&offsetMask) * 8,
		More:   flags&flagMore != 0,
	}
	if n > HeaderLen {
		if p.Pointer, why = options(b[:n]); why != nil {
			return p, why
		}
	}
	if p.Fragment.Offset == 8 && p.Protocol == ip.TCP {
		// RFC 3128: such a fragment exists to get a TCP header past a filter.
		return p, reasonTiny.Reach()
	}
	p.Payload = b[n:total:total]
	return p, nil
}

// valid verifies the header's checksum; the ordinary header of 20 bytes is summed without a loop.
func valid(h []byte) bool {
	if len(h) != HeaderLen {
		return ip.Valid(h, 0)
	}
	s, c := bits.Add64(binary.LittleEndian.Uint64(h[0:8]), binary.LittleEndian.Uint64(h[8:16]), 0)
	s, c = bits.Add64(s, uint64(binary.LittleEndian.Uint32(h[16:20])), c)
	s, c = bits.Add64(s, 0, c)
	s += c
	s = s>>32 + s&0xffffffff
	s = s>>32 + s&0xffffffff
	return ip.Fold(uint32(s)) == 0xffff
}

// Options (RFC 791 §3.1). Those with a length count themselves.
const (
	optionEnd         = 0
	optionNop         = 1
	optionLooseRoute  = 131
	optionStrictRoute = 137
)

// options walks the options of a header. Unknown ones are skipped (RFC 1122 §3.2.1.8), source routes are refused as
// Linux does by default and RFC 7126 §4.3 advises: they let an attacker choose the way of the answers.
func options(h []byte) (pointer uint8, why *trace.Reason) {
	for i := HeaderLen; i < len(h); {
		switch h[i] {
		case optionEnd:
			return 0, nil
		case optionNop:
			i++
			continue
		case optionLooseRoute, optionStrictRoute:
			return 0, reasonSourceRoute.Reach()
		}
		if i+1 >= len(h) || h[i+1] < 2 || i+int(h[i+1]) > len(h) {
			return uint8(i), reasonOption.Reach()
		}
		i += int(h[i+1])
	}
	return 0, nil
}
