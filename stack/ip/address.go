package ip

import (
	"encoding/binary"
	"net/netip"

	"vitrine/trace"
)

// The groups that every host is in.
var (
	AllSystems = netip.AddrFrom4([4]byte{224, 0, 0, 1})              // RFC 1112 §4
	AllNodes   = netip.AddrFrom16([16]byte{0: 0xff, 1: 2, 15: 1})    // RFC 4291 §2.7.1
	AllRouters = netip.AddrFrom16([16]byte{0: 0xff, 1: 2, 15: 2})    // likewise
	MLDRouters = netip.AddrFrom16([16]byte{0: 0xff, 1: 2, 15: 0x16}) // RFC 3810 §5.2.14: where reports go
	limited4   = netip.AddrFrom4([4]byte{255, 255, 255, 255})
	nodeLocal  = netip.AddrFrom16([16]byte{0: 0xff, 1: 1, 15: 1})
)

// SolicitedNode is the group in which the holder of an IPv6 address listens for who looks for it (RFC 4291 §2.7.1).
func SolicitedNode(a netip.Addr) netip.Addr {
	b := a.As16()
	return netip.AddrFrom16([16]byte{0: 0xff, 1: 2, 11: 1, 12: 0xff, 13: b[13], 14: b[14], 15: b[15]})
}

// GroupMAC is the hardware address to which packets for a group, or for everybody, are sent (RFC 1112 §6.4, RFC 2464
// §7). It is false for an address that is one host's. The broadcast of a subnet is the caller's to know, see Broadcast.
func GroupMAC(a netip.Addr) (mac [6]byte, ok bool) {
	switch {
	case a == limited4:
		return [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, true
	case !a.IsMulticast():
		return mac, false
	case a.Is4():
		b := a.As4()
		return [6]byte{0x01, 0x00, 0x5e, b[1] & 0x7f, b[2], b[3]}, true
	}
	b := a.As16()
	return [6]byte{0x33, 0x33, b[12], b[13], b[14], b[15]}, true
}

// Broadcast is the address of everybody in an IPv4 subnet. It is false where there is none: in IPv6, and in subnets of
// one or two addresses (RFC 3021 §2.2).
func Broadcast(p netip.Prefix) (netip.Addr, bool) {
	if !p.Addr().Is4() || p.Bits() > 30 || p.Bits() < 0 {
		return netip.Addr{}, false
	}
	b := p.Addr().As4()
	all := binary.BigEndian.Uint32(b[:]) | ^uint32(0)>>p.Bits()
	binary.BigEndian.PutUint32(b[:], all)
	return netip.AddrFrom4(b), true
}

// everybody reports whether the address is the subnet's broadcast address, or its host number is zero, which some old
// systems use as one (RFC 1122 §3.3.6).
func everybody(a netip.Addr, p netip.Prefix) bool {
	if !a.Is4() || p.Bits() > 30 || !p.Contains(a) {
		return false
	}
	b := a.As4()
	host := ^uint32(0) >> p.Bits()
	n := binary.BigEndian.Uint32(b[:]) & host
	return n == host || n == 0
}

// Source says whether an address may be where a packet comes from that arrived on a link; nil: it may. own are the
// addresses of this host there, each with its subnet. Answers to what is refused here would go to many, to nobody, or
// round in this host (RFC 1122 §3.2.1.3, RFC 4291 §2.5 and §2.7, RFC 6890 §2.2).
func Source(a netip.Addr, own []netip.Prefix) *trace.Reason {
	if a.IsUnspecified() {
		return reasonSourceUnspecified.Reach()
	}
	return SourceICMPv6(a, own)
}

// SourceICMPv6 is Source for ICMPv6, in which a host that has no address yet may ask and report: the unspecified address
// is permitted there (RFC 4861 §4.1 and §4.3, RFC 4862 §5.4.2), and icmp checks for what.
func SourceICMPv6(a netip.Addr, own []netip.Prefix) *trace.Reason {
	switch {
	case a.IsUnspecified():
		return nil
	case a.IsMulticast():
		return reasonSourceGroup.Reach()
	case a.IsLoopback():
		return reasonSourceLoopback.Reach()
	case a.Is4In6():
		return reasonSourceMapped.Reach()
	}
	if a.Is4() {
		b := a.As4()
		switch {
		case b[0] == 0:
			// This host on this network: only in the very first steps of configuration, which is not ours.
			return reasonSourceUnspecified.Reach()
		case a == limited4:
			return reasonSourceBroadcast.Reach()
		case b[0] >= 240:
			return reasonSourceReserved.Reach()
		}
	}
	for _, p := range own {
		if p.Addr() == a {
			// The "land" attack: we would answer ourselves for ever.
			return reasonSourceOwn.Reach()
		}
		if everybody(a, p) {
			return reasonSourceBroadcast.Reach()
		}
	}
	return nil
}

// Class is whom a destination means.
type Class uint8

const (
	Foreign   Class = iota // not us
	Own                    // one of our addresses
	Everybody              // a broadcast address of IPv4
	Group                  // a multicast group that we are in
)

var classNames = [...]string{"foreign", "own", "broadcast", "multicast"}

func (c Class) String() string { return classNames[c] }

// Destination says whom a packet that arrived on a link is for. own is as in Source; groups are those that were joined
// besides the ones every host is in (all hosts, all nodes, and the solicited-node group of each own address). Foreign
// comes with a Reason. An address that is still being tested for duplicates is in own too; that only neighbour discovery
// may use it is the caller's to see to (RFC 4862 §5.4).
func Destination(a netip.Addr, own []netip.Prefix, groups []netip.Addr) (Class, *trace.Reason) {
	for _, p := range own {
		if p.Addr() == a {
			return Own, nil
		}
	}
	switch {
	case a.IsMulticast():
		if a == AllSystems || a == AllNodes || a == nodeLocal {
			return Group, nil
		}
		for _, p := range own {
			if p.Addr().Is6() && SolicitedNode(p.Addr()) == a {
				return Group, nil
			}
		}
		for _, g := range groups {
			if g == a {
				return Group, nil
			}
		}
		return Foreign, reasonGroup.Reach()
	case a.IsLoopback(), a.IsUnspecified():
		return Foreign, reasonDestinationHost.Reach()
	case a == limited4:
		return Everybody, nil
	}
	for _, p := range own {
		if everybody(a, p) {
			return Everybody, nil
		}
	}
	return Foreign, reasonForeign.Reach()
}
