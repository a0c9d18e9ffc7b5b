package icmp

import (
	"encoding/binary"
	"net/netip"

	"vitrine/stack/ip"
	"vitrine/trace"
)

// HopLimit is the hop limit with which neighbour discovery is sent: a packet that arrives with it passed no router, so
// its sender is on the link (RFC 4861 §3.1, §7.1).
const HopLimit = 255

// Arrival is what neighbour discovery and MLD ask about the packet that a message came in.
type Arrival struct {
	Src, Dst    netip.Addr
	HopLimit    uint8
	Fragmented  bool // it had a fragment header
	RouterAlert bool // it had the hop-by-hop option of that name
}

// Solicitation asks who has Target (RFC 4861 §4.3).
type Solicitation struct {
	Target netip.Addr
	MAC    [6]byte // the sender's, when HasMAC
	HasMAC bool
	Probe  bool // the sender has no address: it asks whether it may have Target (RFC 4862 §5.4)
}

// Advertisement tells where Target is (RFC 4861 §4.4).
type Advertisement struct {
	Target    netip.Addr
	MAC       [6]byte // Target's, when HasMAC
	HasMAC    bool
	Router    bool
	Solicited bool
	Override  bool // it replaces what was known
}

// The options of neighbour discovery (RFC 4861 §4.6).
const (
	optionSourceMAC = 1
	optionTargetMAC = 2
	optionPrefix    = 3
	optionMTU       = 5
)

// discovery does the checks that all messages of neighbour discovery have in common: RFC 4861 §6.1.1, §6.1.2, §7.1.1 and
// §7.1.2; the checksum was verified by ParseV6. length is the kind's, without options.
func (m *Message) discovery(a *Arrival, length int) *trace.Reason {
	switch {
	case a.HopLimit != HopLimit:
		return reasonHopLimit.Reach()
	case a.Fragmented:
		return reasonFragmented.Reach()
	case m.Code != 0:
		return reasonCode.Reach()
	case len(m.raw) < length:
		return reasonLength.Reach()
	}
	return nil
}

// each walks the options. Unknown ones are passed over; one without length makes the whole message invalid
// (RFC 4861 §4.6).
func each(b []byte, f func(kind uint8, option []byte)) *trace.Reason {
	for len(b) > 0 {
		if len(b) < 8 || b[1] == 0 || len(b) < 8*int(b[1]) {
			return reasonOption.Reach()
		}
		f(b[0], b[:8*int(b[1])])
		b = b[8*int(b[1]):]
	}
	return nil
}

// mac finds the hardware address in the options.
func mac(b []byte, kind uint8) (mac [6]byte, found bool, why *trace.Reason) {
	why = each(b, func(k uint8, o []byte) {
		if k == kind && len(o) == 8 {
			mac, found = [6]byte(o[2:8]), true
		}
	})
	if why == nil && found && (mac[0]&1 != 0 || mac == [6]byte{}) {
		why = reasonMAC.Reach()
	}
	return mac, found, why
}

// NeighborSolicitation reads the message with all checks of RFC 4861 §7.1.1.
func (m *Message) NeighborSolicitation(a *Arrival) (s Solicitation, why *trace.Reason) {
	if why = m.discovery(a, 24); why != nil {
		return s, why
	}
	s.Target = netip.AddrFrom16([16]byte(m.Body))
	s.Probe = a.Src.IsUnspecified()
	if s.Target.IsMulticast() {
		return s, reasonTarget.Reach()
	}
	if s.MAC, s.HasMAC, why = mac(m.Body[16:], optionSourceMAC); why != nil {
		return s, why
	}
	if s.Probe && a.Dst != ip.SolicitedNode(s.Target) {
		return s, reasonProbeGroup.Reach()
	}
	if s.Probe && s.HasMAC {
		return s, reasonProbeMAC.Reach()
	}
	return s, nil
}

// NeighborAdvertisement reads the message with all checks of RFC 4861 §7.1.2.
func (m *Message) NeighborAdvertisement(a *Arrival) (v Advertisement, why *trace.Reason) {
	if why = m.discovery(a, 24); why != nil {
		return v, why
	}
	v.Target = netip.AddrFrom16([16]byte(m.Body))
	v.Router, v.Solicited, v.Override = m.Rest>>31&1 != 0, m.Rest>>30&1 != 0, m.Rest>>29&1 != 0
	if v.Target.IsMulticast() {
		return v, reasonTarget.Reach()
	}
	if v.Solicited && a.Dst.IsMulticast() {
		return v, reasonSolicited.Reach()
	}
	v.MAC, v.HasMAC, why = mac(m.Body[16:], optionTargetMAC)
	return v, why
}

// RouterSolicitation reads the message with all checks of RFC 4861 §6.1.1. Hosts have no use for it but the sender's
// hardware address.
func (m *Message) RouterSolicitation(a *Arrival) (sender [6]byte, has bool, why *trace.Reason) {
	if why = m.discovery(a, HeaderLen); why != nil {
		return sender, false, why
	}
	if sender, has, why = mac(m.Body, optionSourceMAC); why == nil && has && a.Src.IsUnspecified() {
		why = reasonProbeMAC.Reach()
	}
	return sender, has, why
}

// RouterInfo is what a router says about itself and the link (RFC 4861 §4.2). Addresses are not made from it.
type RouterInfo struct {
	HopLimit       uint8 // 0: unspecified
	Lifetime       int   // seconds as a default router; 0: it is none
	Reachable      int64 // nanoseconds that a neighbour counts as reachable; 0: unspecified
	Retransmission int64 // nanoseconds between solicitations; 0: unspecified
	MTU            int   // of the link; 0: unspecified. At least 1280, or it was ignored (RFC 4861 §6.3.4)
	MAC            [6]byte
	HasMAC         bool
	OnLink         netip.Prefix // the first prefix that is said to be on the link; invalid: none
}

// RouterAdvertisement reads the message with all checks of RFC 4861 §6.1.2.
func (m *Message) RouterAdvertisement(a *Arrival) (r RouterInfo, why *trace.Reason) {
	if !a.Src.IsLinkLocalUnicast() {
		return r, reasonRouter.Reach()
	}
	if why = m.discovery(a, 16); why != nil {
		return r, why
	}
	r.HopLimit, r.Lifetime = uint8(m.Rest>>24), int(uint16(m.Rest))
	r.Reachable = int64(binary.BigEndian.Uint32(m.Body)) * 1e6
	r.Retransmission = int64(binary.BigEndian.Uint32(m.Body[4:])) * 1e6
	if r.MAC, r.HasMAC, why = mac(m.Body[8:], optionSourceMAC); why != nil {
		return r, why
	}
	why = each(m.Body[8:], func(kind uint8, o []byte) {
		switch {
		case kind == optionMTU && len(o) == 8:
			if n := binary.BigEndian.Uint32(o[4:]); n >= Floor6 && n <= ip.MaxPacket {
				r.MTU = int(n)
			}
		case kind == optionPrefix && len(o) == 32 && o[3]&0x80 != 0 && !r.OnLink.IsValid():
			if p, err := netip.AddrFrom16([16]byte(o[16:32])).Prefix(int(o[2])); err == nil {
				r.OnLink = p
			}
		}
	})
	return r, why
}
