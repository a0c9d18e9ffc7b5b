package stack

import (
	"encoding/binary"
	"net/netip"

	"vitrine/stack/icmp"
	"vitrine/stack/ip"
	"vitrine/stack/ipv6"
)

// input6 takes an IPv6 packet in. The steps are those of input4.
func (h *Shard) input6(p *handed) {
	k, why := ipv6.Parse(p.packet)
	if why != nil {
		if k.Answer && ip.Source(k.Src, h.own) == nil && h.isOwn(k.Dst) {
			o := icmp.Offender{Src: k.Src, Dst: k.Dst, Fragment: k.Fragment, Group: p.group}
			o.Protocol, o.Payload = carried6(k.Bytes())
			h.complain(icmp.ParameterProblem6(k.Code, k.Pointer), &o, k.Bytes())
		}
		return
	}
	p.packet = k.Bytes() // the frame's padding is not the packet's: no error quotes it
	h.counters.PacketsIn++
	if !p.local {
		if k.Src == k.Dst {
			reasonLand.Reach()
			return
		}
		if k.Protocol == ip.ICMPv6 {
			why = ip.SourceICMPv6(k.Src, h.own)
		} else {
			why = ip.Source(k.Src, h.own)
		}
		if why != nil {
			return
		}
	}
	class, why := ip.Destination(k.Dst, h.own, h.groups)
	if why != nil {
		return
	}
	if k.Fragment.Is() {
		if owner := h.fragmentOwner(k.Src, k.Dst, k.Fragment.ID); owner != h.index && !p.local {
			reasonHanded.Reach()
			h.send(owner, *p)
			return
		}
		var whole bool
		if k, whole, _ = ipv6.Reassemble(h.parts6, h.now, &k); !whole {
			return
		}
		h.counters.Reassembled++
		p = h.joined(p, k.Header, k.Payload)
	}
	o := icmp.Offender{Src: k.Src, Dst: k.Dst, Protocol: k.Protocol, Payload: k.Payload, Group: p.group || class != ip.Own}
	switch k.Protocol {
	case ip.TCP:
		h.inputTCP(k.Src, k.Dst, k.Payload, class, p)
	case ip.UDP:
		if h.inputUDP(k.Src, k.Dst, k.Payload, p) {
			h.complain(icmp.PortUnreachable(true), &o, p.packet)
		}
	case ip.ICMPv6:
		h.inputICMP6(&k, class, p)
	default:
		// RFC 8200 §4: a next header that is not known is a parameter problem.
		reasonProtocol.Reach()
		h.complain(icmp.ProtocolUnreachable(true, uint32(k.NamedAt)), &o, p.packet)
	}
}

// carried6 is what an IPv6 packet carries behind all extension headers, as far as that can be seen, without judging them:
// whoever is complained about must not have complained itself (RFC 4443 §2.4(e)).
func carried6(b []byte) (protocol uint8, payload []byte) {
	protocol, b = b[6], b[ipv6.HeaderLen:]
	for {
		n := ipv6.FragmentHeaderLen
		switch protocol {
		case ip.HopByHop, ip.Routing, ip.DestinationOptions:
			if len(b) > 1 {
				n = 8 + 8*int(b[1])
			}
		case ip.FragmentHeader:
		default:
			return protocol, b
		}
		if len(b) < n {
			return protocol, nil
		}
		protocol, b = b[0], b[n:]
	}
}

// fragmentOwner is the shard that puts a datagram together, whatever queues its fragments arrive on.
func (h *Shard) fragmentOwner(src, dst netip.Addr, id uint32) int {
	if len(h.stack.shards) == 1 {
		return h.index
	}
	var t tuple
	s, d := src.As16(), dst.As16()
	copy(t[0:], s[:])
	copy(t[16:], d[:])
	binary.BigEndian.PutUint32(t[32:], id)
	return int(t.hash(h.stack.seed)>>1) % len(h.stack.shards)
}
