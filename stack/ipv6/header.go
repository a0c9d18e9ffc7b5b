package ipv6

import (
	"encoding/binary"
	"net/netip"
)

// Header is what Put writes. The zero values mean: hop limit 64, no special treatment, no flow.
type Header struct {
	Src, Dst netip.Addr
	Protocol uint8 // of what follows: the next header
	HopLimit uint8
	TOS      uint8
	Flow     uint32 // 20 bits (RFC 6437)
	Length   int    // of what follows, in bytes, with extension headers; at most 65535
}

// Put writes a header into b and returns HeaderLen.
func Put(b []byte, h *Header) int {
	_ = b[HeaderLen-1]
	hops := h.HopLimit
	if hops == 0 {
		hops = DefaultHopLimit
	}
	src, dst := h.Src.As16(), h.Dst.As16()
	binary.BigEndian.PutUint32(b, 6<<28|uint32(h.TOS)<<20|h.Flow&0xfffff)
	binary.BigEndian.PutUint16(b[4:], uint16(h.Length))
	b[6], b[7] = h.Protocol, hops
	*(*[16]byte)(b[8:24]) = src
	*(*[16]byte)(b[24:40]) = dst
	return HeaderLen
}

// PutFragment writes a fragment header into b and returns FragmentHeaderLen (RFC 8200 §4.5). The header before it names
// ip.FragmentHeader; protocol is what the whole packet carries. offset is a multiple of eight, see ip.PieceLen.
func PutFragment(b []byte, protocol uint8, id uint32, offset int, more bool) int {
	field := uint16(offset)
	if more {
		field |= 1
	}
	b[0], b[1] = protocol, 0
	binary.BigEndian.PutUint16(b[2:], field)
	binary.BigEndian.PutUint32(b[4:], id)
	return FragmentHeaderLen
}

// RouterAlertLen is the length of PutRouterAlert's header in bytes.
const RouterAlertLen = 8

// PutRouterAlert writes a hop-by-hop options header with a router alert for MLD into b and returns its length (RFC 2711
// §2.1, RFC 3810 §5). The header before it names ip.HopByHop; protocol is what follows.
func PutRouterAlert(b []byte, protocol uint8) int {
	return copy(b, []byte{protocol, 0, optionRouterAlert, 2, 0, 0, optionPadN, 0})
}
