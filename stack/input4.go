package stack

import (
	"vitrine/stack/icmp"
	"vitrine/stack/ip"
	"vitrine/stack/ipv4"
)

// input4 takes an IPv4 packet in: is it well formed, from whom, for whom, whole, and for which protocol?
func (h *Shard) input4(p *handed) {
	k, why := ipv4.Parse(p.packet)
	if why != nil {
		if k.Pointer != 0 && ip.Source(k.Src, h.own) == nil && h.isOwn(k.Dst) {
			// RFC 1122 §3.2.2.5: the sender is told about a parameter that makes no sense.
			h.complain(icmp.ParameterProblem4(k.Pointer), &icmp.Offender{Src: k.Src, Dst: k.Dst, Protocol: k.Protocol,
				Fragment: k.Fragment, Payload: k.Bytes()[len(k.Header):], Group: p.group}, k.Bytes())
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
		if ip.Source(k.Src, h.own) != nil {
			return
		}
	}
	class, why := ip.Destination(k.Dst, h.own, h.groups)
	if why != nil {
		return
	}
	if class == ip.Own && p.group {
		// RFC 1122 §3.3.6: SHOULD be discarded.
		reasonLinkGroup.Reach()
		return
	}
	if k.Fragment.Is() {
		if owner := h.fragmentOwner(k.Src, k.Dst, k.Fragment.ID); owner != h.index && !p.local {
			reasonHanded.Reach()
			h.send(owner, *p)
			return
		}
		var whole bool
		if k, whole, _ = ipv4.Reassemble(h.parts4, h.now, &k); !whole {
			return
		}
		h.counters.Reassembled++
		p = h.joined(p, k.Header, k.Payload)
	}
	o := icmp.Offender{Src: k.Src, Dst: k.Dst, Protocol: k.Protocol, Group: p.group || class != ip.Own}
	switch k.Protocol {
	case ip.TCP:
		h.inputTCP(k.Src, k.Dst, k.Payload, class, p)
	case ip.UDP:
		if h.inputUDP(k.Src, k.Dst, k.Payload, p) {
			h.complain(icmp.PortUnreachable(false), &o, p.packet)
		}
	case ip.ICMP:
		h.inputICMP4(&k, class, p)
	default:
		// RFC 1122 §3.2.2.1.
		reasonProtocol.Reach()
		h.complain(icmp.ProtocolUnreachable(false, 0), &o, p.packet)
	}
}

// joined is the arrival of a packet that was put together from fragments. Its checksum was not verified by anybody.
func (h *Shard) joined(p *handed, header, payload []byte) *handed {
	h.whole = append(append(h.whole[:0], header...), payload...)
	return &handed{packet: h.whole, local: p.local, group: p.group, from: p.from}
}

// expireFragments gives up datagrams of which something did not come in time.
func (h *Shard) expireFragments() {
	if d := h.parts4.Deadline(); d != 0 && d <= h.now {
		for _, x := range h.parts4.Advance(h.now) {
			h.incomplete(&x)
		}
	}
	if d := h.parts6.Deadline(); d != 0 && d <= h.now {
		for _, x := range h.parts6.Advance(h.now) {
			h.incomplete(&x)
		}
	}
}

// incomplete tells the sender of a datagram's first fragment that the others did not come (RFC 792, RFC 8200 §4.5).
func (h *Shard) incomplete(x *ip.Expired) {
	h.counters.ReassemblyTimeouts++
	if x.First == nil {
		return
	}
	o := icmp.Offender{Src: x.Key.Src, Dst: x.Key.Dst, Group: !h.isOwn(x.Key.Dst)}
	if x.Key.Src.Is4() {
		o.Protocol, o.Payload = x.Key.Protocol, x.First[int(x.First[0]&15)*4:]
	} else {
		o.Protocol, o.Payload = carried6(x.First)
	}
	h.complain(icmp.ReassemblyTimeout(!x.Key.Src.Is4()), &o, x.First)
}
