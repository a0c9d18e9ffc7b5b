package ipv4

import (
	"encoding/binary"
	"net/netip"

	"vitrine/stack/ip"
)

// Header is what Put writes. The zero values of TTL and TOS mean 64 and no special treatment.
type Header struct {
	Src, Dst netip.Addr
	Protocol uint8
	TTL, TOS uint8

	// Length is the payload's, in bytes. With the header it is at most 65535.
	Length int

	// Fragmentable lets routers cut the packet; then ID tells its fragments from others'. Without it the packet is sent with
	// DF, and the ID, which nobody needs then, is 0 (RFC 6864 §4.1).
	Fragmentable bool
	ID           uint16

	// Offset and More make the packet a fragment that we cut ourselves; see ip.PieceLen.
	Offset int
	More   bool
}

// Put writes a header of HeaderLen bytes into b with its checksum, and returns HeaderLen.
func Put(b []byte, h *Header) int {
	_ = b[HeaderLen-1]
	ttl := h.TTL
	if ttl == 0 {
		ttl = DefaultTTL
	}
	flags, id := uint16(h.Offset/8), h.ID
	if h.More {
		flags |= flagMore
	}
	if !h.Fragmentable && flags == 0 {
		flags, id = flagDF, 0
	}
	src, dst := h.Src.As4(), h.Dst.As4()
	b[0], b[1] = 0x45, h.TOS
	binary.BigEndian.PutUint16(b[2:], uint16(HeaderLen+h.Length))
	binary.BigEndian.PutUint16(b[4:], id)
	binary.BigEndian.PutUint16(b[6:], flags)
	b[8], b[9] = ttl, h.Protocol
	b[10], b[11] = 0, 0
	*(*[4]byte)(b[12:16]) = src
	*(*[4]byte)(b[16:20]) = dst
	Seal(b[:HeaderLen])
	return HeaderLen
}

// Seal writes the checksum into a header that was changed.
func Seal(h []byte) {
	h[10], h[11] = 0, 0
	binary.BigEndian.PutUint16(h[10:], ip.Checksum(h, 0))
}
