package stack

import (
	"math/rand/v2"
	"net/netip"

	"vitrine/stack/ethernet"
	"vitrine/stack/ip"
	"vitrine/stack/ipv4"
	"vitrine/stack/ipv6"
	"vitrine/stack/link"
)

// sendInPieces sends what is longer than a packet to this destination may be, in fragments. An echo must come back whole
// (RFC 1122 §3.2.2.6), so it is cut when its question was; whoever writes datagrams is told of the bound instead.
func (h *Shard) sendInPieces(hop *hop, src, dst netip.Addr, protocol uint8, mtu int, payload []byte) {
	headers := ipv4.HeaderLen
	if dst.Is6() {
		headers = ipv6.HeaderLen + ipv6.FragmentHeaderLen
	}
	piece := ip.PieceLen(mtu, headers)
	if piece == 0 {
		reasonTooLarge.Reach()
		return
	}
	id := rand.Uint32() // nobody shall guess it, who could then put fragments of theirs between ours (RFC 7739 §5)
	for offset := 0; offset < len(payload); offset += piece {
		n := min(piece, len(payload)-offset)
		at := link.HeaderLen + headers
		b, held := h.frame(hop, at+n)
		if b == nil {
			reasonTransmitFull.Reach()
			return
		}
		more := offset+n < len(payload)
		if dst.Is4() {
			ethernet.Put(b, hop.mac, h.mac, ethernet.TypeIPv4)
			ipv4.Put(b[link.HeaderLen:], &ipv4.Header{Src: src, Dst: dst, Protocol: protocol, Length: n,
				Fragmentable: true, ID: uint16(id), Offset: offset, More: more})
		} else {
			ethernet.Put(b, hop.mac, h.mac, ethernet.TypeIPv6)
			ipv6.Put(b[link.HeaderLen:], &ipv6.Header{Src: src, Dst: dst, Protocol: ip.FragmentHeader, Length: ipv6.FragmentHeaderLen + n})
			ipv6.PutFragment(b[link.HeaderLen+ipv6.HeaderLen:], protocol, id, offset, more)
		}
		copy(b[at:], payload[offset:offset+n])
		h.commit(hop, b, at+n, link.Meta{}, held)
	}
}
