package stack

import (
	"math/rand/v2"
	"net/netip"
	"syscall"

	"vitrine/stack/ethernet"
	"vitrine/stack/icmp"
	"vitrine/stack/ip"
	"vitrine/stack/ipv4"
	"vitrine/stack/ipv6"
	"vitrine/stack/link"
	"vitrine/stack/tcp/segment"
)

// inputICMP4 takes an ICMP message in.
func (h *Shard) inputICMP4(k *ipv4.Packet, class ip.Class, p *handed) {
	m, why := icmp.ParseV4(k.Payload, false)
	if why != nil {
		return
	}
	h.counters.ICMPIn++
	switch {
	case m.Kind == icmp.EchoRequest:
		h.echo(&m, class, k.Src, k.Dst)
	case m.Error():
		h.icmpError(&m, p)
	default:
		reasonICMPIgnored.Reach()
	}
}

// inputICMP6 takes an ICMPv6 message in.
func (h *Shard) inputICMP6(k *ipv6.Packet, class ip.Class, p *handed) {
	m, why := icmp.ParseV6(k.Payload, k.Src, k.Dst, p.trusted)
	if why != nil {
		return
	}
	h.counters.ICMPIn++
	a := icmp.Arrival{Src: k.Src, Dst: k.Dst, HopLimit: k.HopLimit, Fragmented: k.Fragmented, RouterAlert: k.RouterAlert}
	switch m.Kind {
	case icmp.EchoRequest:
		h.echo(&m, class, k.Src, k.Dst)
	case icmp.NeighborSolicitation, icmp.NeighborAdvertisement, icmp.RouterAdvertisement, icmp.RouterSolicitation:
		h.inputDiscovery(&m, &a, p.from)
	case icmp.MLDQuery:
		if q, why := m.MLDQuery(&a); why == nil {
			h.detection.query(h, q)
		}
	default:
		if m.Error() {
			h.icmpError(&m, p)
		} else {
			reasonICMPIgnored.Reach()
		}
	}
}

// echo answers an echo request (RFC 1122 §3.2.2.6, RFC 4443 §4.2).
func (h *Shard) echo(m *icmp.Message, class ip.Class, src, dst netip.Addr) {
	if icmp.MayReply(m, class) != nil || h.echoes.Allow(h.now, src) != nil {
		return
	}
	from := dst
	if class != ip.Own {
		var err error
		if from, err = h.sourceFor(src); err != nil {
			return
		}
	}
	n := icmp.EchoReplyLen(m)
	h.sendICMP(from, src, n, func(b []byte) { icmp.PutEchoReply(b, m, from, src) })
}

// complain sends an ICMP error about a packet, within the rules and the limits.
func (h *Shard) complain(e icmp.Error, o *icmp.Offender, packet []byte) {
	if icmp.MayAnswer(e, o) != nil || h.errors.Allow(h.now, o.Src) != nil {
		return
	}
	from := o.Dst
	if !h.isOwn(from) {
		var err error
		if from, err = h.sourceFor(o.Src); err != nil {
			return
		}
	}
	h.counters.ICMPErrorsOut++
	h.sendICMP(from, o.Src, e.Len(packet), func(b []byte) { e.Put(b, from, o.Src, packet) })
}

// sendICMP sends a message of n bytes.
func (h *Shard) sendICMP(src, dst netip.Addr, n int, put func(b []byte)) {
	via, err := h.nextHop(dst)
	if err != nil {
		return
	}
	hop := h.hopTo(via)
	head, protocol := ipv4.HeaderLen, uint8(ip.ICMP)
	if dst.Is6() {
		head, protocol = ipv6.HeaderLen, ip.ICMPv6
	}
	if mtu := h.pathMTU(dst); head+n > mtu {
		whole := make([]byte, n)
		put(whole)
		h.sendInPieces(hop, src, dst, protocol, mtu, whole)
		h.counters.ICMPOut++
		return
	}
	at := link.HeaderLen + head
	b, held := h.frame(hop, at+n)
	if b == nil {
		reasonTransmitFull.Reach()
		return
	}
	put(b[at : at+n])
	if dst.Is4() {
		ethernet.Put(b, hop.mac, h.mac, ethernet.TypeIPv4)
		// A router may cut it: nobody here would hear that the path is too narrow for it.
		ipv4.Put(b[link.HeaderLen:], &ipv4.Header{Src: src, Dst: dst, Protocol: ip.ICMP, Length: n, Fragmentable: true, ID: uint16(rand.Uint32())})
	} else {
		ethernet.Put(b, hop.mac, h.mac, ethernet.TypeIPv6)
		ipv6.Put(b[link.HeaderLen:], &ipv6.Header{Src: src, Dst: dst, Protocol: ip.ICMPv6, Length: n})
	}
	h.commit(hop, b, at+n, link.Meta{}, held)
	h.counters.ICMPOut++
}

// icmpError takes an ICMP error in. Anybody can send one, so it counts only when it quotes a segment that is in flight
// (RFC 5927 §4.1).
func (h *Shard) icmpError(m *icmp.Message, p *handed) {
	e, why := m.Embedded()
	if why != nil {
		return
	}
	if !h.isOwn(e.Src) {
		reasonICMPStranger.Reach()
		return
	}
	if e.Protocol != ip.TCP {
		h.datagramError(m, &e)
		return
	}
	t := makeTuple(netip.AddrPortFrom(e.Src, e.SrcPort), netip.AddrPortFrom(e.Dst, e.DstPort))
	c := h.conns.find(&t, t.hash(h.stack.seed))
	if c == nil {
		if o, ok := h.stack.directory.find(&t); ok && o.shard() != h.index && o&entryWaits == 0 {
			reasonHanded.Reach()
			h.send(o.shard(), *p)
			return
		}
		reasonICMPStranger.Reach()
		return
	}
	if !c.tcp.InFlight(segment.Number(e.Seq)) {
		c.why = reasonICMPSequence.Reach()
		return
	}
	if m.Kind == icmp.PacketTooBig {
		mtu, lower := m.PathMTU(h.pathMTU(e.Dst), e.Length)
		if !lower {
			reasonICMPIgnored.Reach()
			return
		}
		reasonPathMTU.Reach()
		h.counters.PathMTUs++
		h.narrowTo(e.Dst, mtu)
		h.narrowed(e.Dst)
		h.elsewhere(func(o *Shard) {
			o.narrowTo(e.Dst, mtu)
			o.narrowed(e.Dst)
		})
		return
	}
	hard := m.Hard()
	c.err = syscall.EHOSTUNREACH
	if hard {
		c.err = syscall.ECONNREFUSED
	}
	h.note(c, c.tcp.Unreachable(h.now, hard, reasonICMPUnreachable.Reach()))
	h.touch(c)
}

// narrowed tells every connection to a destination what its path carries now.
func (h *Shard) narrowed(dst netip.Addr) {
	want := dst.As16()
	h.conns.each(func(c *Conn) {
		if [16]byte(c.tuple[:16]) == want {
			h.note(c, c.tcp.SetPathMTU(h.now, h.path(&c.tuple).MSS))
			h.touch(c)
		}
	})
}
