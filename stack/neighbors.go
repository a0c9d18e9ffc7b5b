package stack

import (
	"encoding/binary"
	"net/netip"
	"syscall"

	"vitrine/stack/arp"
	"vitrine/stack/ethernet"
	"vitrine/stack/icmp"
	"vitrine/stack/ip"
	"vitrine/stack/ipv4"
	"vitrine/stack/ipv6"
	"vitrine/stack/link"
	"vitrine/stack/neighbor"
	"vitrine/trace"
)

func (h *Shard) startNeighbors() {
	h.neighbors = neighbor.New(neighbor.Config{Entries: h.limits.Neighbors})
}

func (h *Shard) self() neighbor.Self { return neighbor.Self{MAC: h.mac, Own: h.own} }

// resolve asks the neighbour table for a hop's hardware address.
func (h *Shard) resolve(p *hop) bool {
	if mac, ok := h.groupMAC(p.addr); ok {
		p.mac, p.known, p.check = mac, true, 1<<62
		return true
	}
	p.mac, p.known = h.neighbors.Lookup(h.now, p.addr)
	p.check = h.now + hopCheck
	return p.known
}

// groupMAC is where packets for a group or for everybody go.
func (h *Shard) groupMAC(a netip.Addr) (link.MAC, bool) {
	if mac, ok := ip.GroupMAC(a); ok {
		return mac, true
	}
	if a.Is4() && h.isBroadcast(a) {
		return link.Broadcast, true
	}
	return link.MAC{}, false
}

// heldHead is room in front of a packet that waits for its neighbour, for what is known of it beside its bytes.
const heldHead = 10

// hold gives memory for a frame of n bytes that the adapter cannot have yet.
func (h *Shard) hold(n int) []byte {
	if len(h.scratch) < heldHead+n {
		h.scratch = make([]byte, max(heldHead+n, smallBuffer))
	}
	return h.scratch[heldHead : heldHead+n]
}

// await leaves the frame that hold has given memory for to the neighbour table.
func (h *Shard) await(p *hop, b []byte, m link.Meta) {
	x := h.scratch[:heldHead+len(b)]
	x[0], x[1] = byte(m.Checksum), byte(m.GSO)
	binary.BigEndian.PutUint16(x[2:], m.Start)
	binary.BigEndian.PutUint16(x[4:], m.Offset)
	binary.BigEndian.PutUint16(x[6:], m.SegmentSize)
	binary.BigEndian.PutUint16(x[8:], m.HeaderLen)
	if h.neighbors.Hold(h.now, p.addr, x) == neighbor.ReasonUnreachable {
		h.undelivered(x)
	}
	h.asking = true
}

// releaseHeld sends packets that have waited for a neighbour.
func (h *Shard) releaseHeld(held [][]byte, to link.MAC) {
	for _, x := range held {
		b := h.card.Reserve(len(x) - heldHead)
		if b == nil {
			reasonTransmitFull.Reach()
			continue
		}
		n := copy(b, x[heldHead:])
		copy(b, to[:])
		h.card.Commit(n, link.Meta{Checksum: link.Checksum(x[0]), GSO: link.GSO(x[1]), Start: binary.BigEndian.Uint16(x[2:]),
			Offset: binary.BigEndian.Uint16(x[4:]), SegmentSize: binary.BigEndian.Uint16(x[6:]), HeaderLen: binary.BigEndian.Uint16(x[8:])})
	}
}

// undelivered tells the connection whose packet did not find its neighbour.
func (h *Shard) undelivered(x []byte) {
	b := x[heldHead:]
	var local, remote netip.AddrPort
	switch b = b[link.HeaderLen:]; b[0] >> 4 {
	case 4:
		if b[9] != ip.TCP {
			return
		}
		t := b[ipv4.HeaderLen:]
		local = netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[12:16])), binary.BigEndian.Uint16(t))
		remote = netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[16:20])), binary.BigEndian.Uint16(t[2:]))
	default:
		if b[6] != ip.TCP {
			return
		}
		t := b[ipv6.HeaderLen:]
		local = netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[8:24])), binary.BigEndian.Uint16(t))
		remote = netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[24:40])), binary.BigEndian.Uint16(t[2:]))
	}
	t := makeTuple(local, remote)
	if c := h.conns.find(&t, t.hash(h.stack.seed)); c != nil {
		c.err = syscall.EHOSTUNREACH
		c.why = reasonUnreachable.Reach()
		// As Linux: before the connection is open there is nothing to wait for.
		h.note(c, c.tcp.Unreachable(h.now, true, reasonUnreachable))
		h.touch(c)
	}
}

// learned passes the news on: to this shard's hops, to the packets that waited, and to the other shards.
func (h *Shard) learned(v *neighbor.Verdict, addr netip.Addr) {
	if p := h.hops[addr]; p != nil && !p.local {
		p.known = false
	}
	h.releaseHeld(v.Held, v.To)
}

// inputARP takes an ARP packet in.
func (h *Shard) inputARP(e *ethernet.Frame) {
	p, why := arp.Parse(e.Payload)
	if why != nil {
		return
	}
	h.counters.ARPIn++
	self := h.self()
	v := h.neighbors.ARP(h.now, &p, &self)
	h.learned(&v, p.SenderIP)
	if v.Reply {
		answer := arp.Answer(&p, h.mac)
		h.sendARP(p.SenderMAC, &answer)
	}
	if v.Defend {
		tell := arp.Announcement(h.mac, p.SenderIP)
		h.sendARP(link.Broadcast, &tell)
	}
	if v.Why == nil || p.Operation == arp.Reply { // another shard may have asked
		h.elsewhere(func(o *Shard) {
			s := o.self()
			v := o.neighbors.ARP(o.now, &p, &s)
			o.learned(&v, p.SenderIP)
		})
	}
}

func (h *Shard) sendARP(to link.MAC, p *arp.Packet) {
	b := h.card.Reserve(link.HeaderLen + arp.Len)
	if b == nil {
		reasonTransmitFull.Reach()
		return
	}
	ethernet.Put(b, to, h.mac, ethernet.TypeARP)
	h.card.Commit(link.HeaderLen+arp.Put(b[link.HeaderLen:], p), link.Meta{})
	h.counters.ARPOut++
}

// expireNeighbors asks for neighbours, and gives up those that do not answer.
func (h *Shard) expireNeighbors() {
	h.asking = false
	if d := h.neighbors.Deadline(); d != 0 && d <= h.now {
		h.neighbors.Advance(h.now, h.neighborEvent)
	}
	h.detection.advance(h)
}

func (h *Shard) neighborEvent(e neighbor.Event) {
	switch e.Kind {
	case neighbor.Solicit:
		h.solicit(e.Addr, e.MAC, e.Unicast)
	case neighbor.Deliver:
		h.releaseHeld(e.Held, e.MAC)
	case neighbor.Unreachable:
		h.counters.Unreachable++
		if p := h.hops[e.Addr]; p != nil {
			p.known = false
		}
		for _, x := range e.Held {
			h.undelivered(x)
		}
	}
}

// solicit asks who has an address.
func (h *Shard) solicit(addr netip.Addr, mac link.MAC, unicast bool) {
	src, err := h.sourceFor(addr)
	if err != nil {
		return
	}
	if addr.Is4() {
		ask := arp.Ask(h.mac, src, addr)
		to := link.Broadcast
		if unicast {
			to = mac
		}
		h.sendARP(to, &ask)
		return
	}
	dst := ip.SolicitedNode(addr)
	if unicast {
		dst = addr
	} else {
		mac, _ = ip.GroupMAC(dst)
	}
	h.sendDiscovery(mac, src, dst, icmp.SolicitationLen, func(b []byte) int {
		return icmp.PutSolicitation(b, src, dst, addr, h.mac)
	})
}

// sendDiscovery sends a message of neighbour discovery to a hardware address.
func (h *Shard) sendDiscovery(to link.MAC, src, dst netip.Addr, room int, put func(b []byte) int) {
	at := link.HeaderLen + ipv6.HeaderLen
	b := h.card.Reserve(at + room)
	if b == nil {
		reasonTransmitFull.Reach()
		return
	}
	n := put(b[at:])
	ethernet.Put(b, to, h.mac, ethernet.TypeIPv6)
	ipv6.Put(b[link.HeaderLen:], &ipv6.Header{Src: src, Dst: dst, Protocol: ip.ICMPv6, HopLimit: icmp.HopLimit, Length: n})
	h.card.Commit(at+n, link.Meta{})
	h.counters.ICMPOut++
}

// inputDiscovery takes a message of neighbour discovery in. It is for every shard.
func (h *Shard) inputDiscovery(m *icmp.Message, a *icmp.Arrival, from link.MAC) (why *trace.Reason) {
	self := h.self()
	var v neighbor.Verdict
	switch m.Kind {
	case icmp.NeighborSolicitation:
		s, why := m.NeighborSolicitation(a)
		if why != nil {
			return why
		}
		if h.detection.solicitation(h, &s, from) {
			return nil
		}
		v = h.neighbors.Solicitation(h.now, &s, a, &self)
		h.learned(&v, a.Src)
		if v.Reply {
			h.advertise(&s, a, from)
		}
		if v.Why == nil && !s.Probe {
			h.elsewhere(func(o *Shard) {
				self := o.self()
				v := o.neighbors.Solicitation(o.now, &s, a, &self)
				o.learned(&v, a.Src)
			})
		}
	case icmp.NeighborAdvertisement:
		n, why := m.NeighborAdvertisement(a)
		if why != nil {
			return why
		}
		if h.detection.advertisement(h, &n, from) {
			return nil
		}
		v = h.neighbors.Advertisement(h.now, &n, &self)
		h.learned(&v, n.Target)
		if v.Defend {
			dst := ip.AllNodes
			mac, _ := ip.GroupMAC(dst)
			h.sendDiscovery(mac, n.Target, dst, icmp.AdvertisementLen, func(b []byte) int {
				return icmp.PutAdvertisement(b, n.Target, dst, n.Target, h.mac, false, true)
			})
		}
		h.elsewhere(func(o *Shard) {
			self := o.self()
			v := o.neighbors.Advertisement(o.now, &n, &self)
			o.learned(&v, n.Target)
		})
	case icmp.RouterAdvertisement:
		r, why := m.RouterAdvertisement(a)
		if why != nil {
			return why
		}
		if r.HasMAC {
			h.router(a, r.MAC)
		}
	case icmp.RouterSolicitation:
		mac, has, why := m.RouterSolicitation(a)
		if why != nil {
			return why
		}
		if has {
			h.router(a, mac)
		}
	}
	return nil
}

// router learns the hardware address that a router told.
func (h *Shard) router(a *icmp.Arrival, mac link.MAC) {
	learn := func(o *Shard) {
		held, _ := o.neighbors.Router(o.now, a, mac)
		o.learned(&neighbor.Verdict{Held: held, To: mac}, a.Src)
	}
	learn(h)
	h.elsewhere(learn)
}

// advertise answers a neighbour solicitation (RFC 4861 §7.2.4).
func (h *Shard) advertise(s *icmp.Solicitation, a *icmp.Arrival, from link.MAC) {
	dst, to := a.Src, from
	if s.HasMAC {
		to = s.MAC
	}
	if s.Probe {
		dst = ip.AllNodes
		to, _ = ip.GroupMAC(dst)
	}
	h.sendDiscovery(to, s.Target, dst, icmp.AdvertisementLen, func(b []byte) int {
		// RFC 4429 §3.3: as long as an address is tested, nobody's knowledge is replaced.
		return icmp.PutAdvertisement(b, s.Target, dst, s.Target, h.mac, !s.Probe, !h.detection.testing(s.Target))
	})
}
