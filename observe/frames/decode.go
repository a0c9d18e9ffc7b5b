package frames

import (
	"net/netip"

	"vitrine/stack/arp"
	"vitrine/stack/ethernet"
	"vitrine/stack/icmp"
	"vitrine/stack/ip"
	"vitrine/stack/ipv4"
	"vitrine/stack/ipv6"
	"vitrine/stack/tcp/segment"
)

// packet is a frame, as far as it can be read: only its beginning may be there, and anybody may have written it. The
// stack's own views read it, which decide nothing and so count no Reason.
type packet struct {
	kind     string // as Frame.Kind
	from, to [6]byte
	src, dst netip.Addr
	part     bool // a fragment that is not the first: its ports are elsewhere
	length   int  // payload of the transport, as the headers say
	head     int  // bytes before it, of those that are there

	segment segment.Segment // "tcp"
	arp     arp.Packet      // "arp"
	icmp    icmp.Message    // "icmp", "icmpv6", when known
	known   bool
	quoted  icmp.Embedded // of an error, when quotes
	quotes  bool
	srcPort uint16
	dstPort uint16
}

// icmpHead is what of a message of ICMP is shown to everybody: all of neighbour discovery with its one option, and of the
// segment that an error quotes the ports and the number at least.
const icmpHead = 56

// decode reads a frame.
func decode(b []byte, p *packet) {
	*p = packet{kind: "other", head: min(len(b), ethernet.HeaderLen)}
	e, ok := ethernet.View(b)
	if !ok {
		return
	}
	p.from, p.to = e.Src, e.Dst
	switch e.EtherType {
	case ethernet.TypeARP:
		if p.arp, ok = arp.View(e.Payload); ok {
			p.kind = "arp"
			p.head += arp.Len
		}
	case ethernet.TypeIPv4:
		if v, length, ok := ipv4.View(e.Payload); ok {
			p.src, p.dst, p.part, p.length = v.Src, v.Dst, v.Fragment.Offset != 0, length
			p.head += len(v.Header)
			p.transport(v.Protocol, v.Payload)
		}
	case ethernet.TypeIPv6:
		if v, length, ok := ipv6.View(e.Payload); ok {
			p.src, p.dst, p.part, p.length = v.Src, v.Dst, v.Fragment.Offset != 0, length
			p.head += len(v.Header)
			p.transport(v.Protocol, v.Payload)
		}
	}
}

func (p *packet) transport(protocol uint8, b []byte) {
	p.kind = "ip"
	if p.part {
		return
	}
	switch {
	case protocol == ip.TCP:
		if head, ok := segment.View(b, &p.segment); ok {
			p.kind, p.length = "tcp", max(p.length-head, 0)
			p.head += len(b) - len(p.segment.Payload)
			p.srcPort, p.dstPort = p.segment.SrcPort, p.segment.DstPort
		}
	case protocol == ip.UDP && len(b) >= 8:
		p.kind, p.length = "udp", max(p.length-8, 0)
		p.head += 8
		p.srcPort, p.dstPort = uint16(b[0])<<8|uint16(b[1]), uint16(b[2])<<8|uint16(b[3])
	case protocol == ip.ICMP && p.src.Is4(), protocol == ip.ICMPv6 && p.src.Is6():
		p.kind = "icmp"
		p.head += min(len(b), icmpHead)
		if p.src.Is6() {
			p.kind = "icmpv6"
		}
		if p.icmp, p.known = icmp.View(b, p.src.Is6()); p.known && p.icmp.Error() {
			p.quoted, p.quotes = p.icmp.Quoted()
		}
	}
}

// between reports whether a segment is of the connection between two ends, and which of them sent it.
func (p *packet) between(local, remote netip.AddrPort, out bool) bool {
	if out {
		return p.kind == "tcp" && p.src == local.Addr() && p.dst == remote.Addr() && p.srcPort == local.Port() && p.dstPort == remote.Port()
	}
	return p.kind == "tcp" && p.src == remote.Addr() && p.dst == local.Addr() && p.srcPort == remote.Port() && p.dstPort == local.Port()
}

// about reports whether an ICMP error is about a segment of the connection, of ours or of the peer's.
func (p *packet) about(local, remote netip.AddrPort) bool {
	e := &p.quoted
	if !p.quotes || e.Protocol != ip.TCP {
		return false
	}
	src, dst := netip.AddrPortFrom(e.Src, e.SrcPort), netip.AddrPortFrom(e.Dst, e.DstPort)
	return src == local && dst == remote || src == remote && dst == local
}

// neighbor is whom a message of ARP or neighbour discovery is about, and which hardware addresses it names.
func (p *packet) neighbor() (about netip.Addr, sender, named [6]byte, ok bool) {
	switch {
	case p.kind == "arp":
		about, sender, named = p.arp.TargetIP, p.arp.SenderMAC, p.arp.TargetMAC
		if p.arp.Operation == arp.Reply {
			about = p.arp.SenderIP
		}
		return about, sender, named, true
	case p.kind == "icmpv6" && p.known:
		about, named, ok = p.icmp.Target()
		return about, p.from, named, ok
	}
	return about, sender, named, false
}
