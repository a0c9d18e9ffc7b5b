package icmp

import (
	"encoding/binary"
	"net/netip"
)

// The lengths of the messages below, in bytes, with a hardware address; b must have room for as many.
const (
	SolicitationLen       = 32
	AdvertisementLen      = 32
	RouterSolicitationLen = 16
)

// PutSolicitation writes a neighbour solicitation for target into b and returns its length. It is sent with HopLimit. From
// the unspecified address it is a probe, which carries no hardware address (RFC 4861 §4.3, RFC 4862 §5.4.2).
func PutSolicitation(b []byte, src, dst, target netip.Addr, mac [6]byte) int {
	t := target.As16()
	b = b[:24]
	head(b, type6NeighborSolicitation, 0)
	copy(b[8:], t[:])
	if !src.IsUnspecified() {
		b = putMAC(b, optionSourceMAC, mac)
	}
	seal(b, true, src, dst)
	return len(b)
}

// PutAdvertisement writes a neighbour advertisement into b and returns its length: "target is at mac". It is sent with
// HopLimit, to who asked, or to all nodes when that one has no address; then it is not Solicited (RFC 4861 §7.2.4).
func PutAdvertisement(b []byte, src, dst, target netip.Addr, mac [6]byte, solicited, override bool) int {
	var flags uint32
	if solicited {
		flags |= 1 << 30
	}
	if override {
		flags |= 1 << 29
	}
	t := target.As16()
	b = b[:24]
	head(b, type6NeighborAdvertisement, flags)
	copy(b[8:], t[:])
	b = putMAC(b, optionTargetMAC, mac)
	seal(b, true, src, dst)
	return len(b)
}

// PutRouterSolicitation writes a router solicitation into b and returns its length. It is sent with HopLimit to
// ip.AllRouters.
func PutRouterSolicitation(b []byte, src, dst netip.Addr, mac [6]byte) int {
	b = b[:HeaderLen]
	head(b, type6RouterSolicitation, 0)
	if !src.IsUnspecified() {
		b = putMAC(b, optionSourceMAC, mac)
	}
	seal(b, true, src, dst)
	return len(b)
}

func head(b []byte, kind uint8, rest uint32) {
	b[0], b[1] = kind, 0
	binary.BigEndian.PutUint32(b[4:], rest)
}

// putMAC extends the message by an option with a hardware address.
func putMAC(b []byte, kind uint8, mac [6]byte) []byte {
	n := len(b)
	b = b[:n+8]
	b[n], b[n+1] = kind, 1
	copy(b[n+2:], mac[:])
	return b
}
