package ip

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// The Internet checksum (RFC 1071) is the ones' complement sum of 16-bit words. Adding 64-bit words with the carry
// brought round gives the same after folding, because 2^16, 2^32 and 2^64 are all 1 modulo 65535 (§2 C), and adding
// them in the other byte order gives the same with its bytes swapped (§2 B): so memory is read as it lies.

// Sum adds b to initial, which is what another Sum or PseudoHeader returned, or 0. The result is at most 65535, and 0
// only if everything that was added is zero. A piece of odd length counts as followed by a zero byte, so in a chain of
// Sums only the last piece may be odd; after another one, use Swap.
func Sum(b []byte, initial uint32) uint32 {
	var s, c uint64
	for len(b) >= 64 {
		p := b[:64:64]
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(p[0:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(p[8:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(p[16:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(p[24:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(p[32:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(p[40:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(p[48:]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(p[56:]), c)
		b = b[64:]
	}
	s, c = bits.Add64(s, 0, c)
	s += c
	for len(b) >= 8 {
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(b), 0)
		s += c
		b = b[8:]
	}
	var tail uint64
	switch {
	case len(b) >= 4:
		tail = uint64(binary.LittleEndian.Uint32(b))
		for i, x := range b[4:] {
			tail |= uint64(x) << (32 + 8*i)
		}
	default:
		for i, x := range b {
			tail |= uint64(x) << (8 * i)
		}
	}
	s, c = bits.Add64(s, tail, 0)
	s += c

	s = s>>32 + s&0xffffffff
	s = s>>32 + s&0xffffffff
	return uint32(Fold(uint32(bits.ReverseBytes16(Fold(uint32(s)))) + uint32(Fold(initial))))
}

// Fold brings a sum to 16 bits without complementing it: what a transmit checksum offload wants in the checksum field.
// The checksum itself is ^Fold(sum), and data with its checksum inside folds to 0xffff.
func Fold(sum uint32) uint16 {
	sum = sum>>16 + sum&0xffff
	return uint16(sum>>16 + sum)
}

// Checksum is what belongs into the checksum field, which is zero in b: the complement of everything's sum.
func Checksum(b []byte, initial uint32) uint16 { return ^Fold(Sum(b, initial)) }

// Valid reports whether b with its checksum inside, added to initial, is undamaged.
func Valid(b []byte, initial uint32) bool { return Fold(Sum(b, initial)) == 0xffff }

// Swap turns the sum of a piece around that begins at an odd position of the whole, or the sum so far when the next
// piece begins there and the result is swapped again at the end.
func Swap(sum uint32) uint32 { return uint32(bits.ReverseBytes16(Fold(sum))) }

// Update is the checksum after one 16-bit word that it covers changed from old to new (RFC 1624 §3, equation 3).
// If nothing but zeros is left, which no packet is, the result is the wrong one of the two zeros.
func Update(checksum, old, new uint16) uint16 {
	return ^Fold(uint32(^checksum) + uint32(^old) + uint32(new))
}

// PseudoHeader is the sum of what TCP, UDP and ICMPv6 checksums cover besides the segment itself: both addresses, the
// protocol and the segment's length in bytes (RFC 9293 §3.1, RFC 8200 §8.1). Both addresses are of one version.
func PseudoHeader(src, dst netip.Addr, proto uint8, length int) uint32 {
	var s uint64
	if src.Is4() {
		a, b := src.As4(), dst.As4()
		s = uint64(binary.BigEndian.Uint32(a[:])) + uint64(binary.BigEndian.Uint32(b[:]))
	} else {
		a, b := src.As16(), dst.As16()
		s = add128(&a) + add128(&b)
	}
	s += uint64(proto) + uint64(uint32(length))
	s = s>>32 + s&0xffffffff
	s = s>>32 + s&0xffffffff
	return uint32(Fold(uint32(s)))
}

// add128 adds the four words of an address; four of them leave room for more in 64 bits.
func add128(a *[16]byte) uint64 {
	return uint64(binary.BigEndian.Uint32(a[0:4])) + uint64(binary.BigEndian.Uint32(a[4:8])) +
		uint64(binary.BigEndian.Uint32(a[8:12])) + uint64(binary.BigEndian.Uint32(a[12:16]))
}
