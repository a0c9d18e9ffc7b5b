package stack

import (
	"math/rand/v2"
	"net/netip"
	"slices"

	"vitrine/stack/arp"
	"vitrine/stack/ethernet"
	"vitrine/stack/icmp"
	"vitrine/stack/ip"
	"vitrine/stack/ipv6"
	"vitrine/stack/link"
	"vitrine/stack/neighbor"
)

// detection is what the first shard does for the whole stack when it begins: it tells the link who we are (RFC 5227 §2.3),
// tests our IPv6 addresses for duplicates while they are in use already (RFC 4862 §5.4, "optimistic" as in RFC 4429), and
// reports the groups that we are in (RFC 3810).
type detection struct {
	on       bool
	started  bool
	tests    []*neighbor.DAD
	reportAt int64
}

func (h *Shard) joinGroups() {
	h.detection.on = h.index == 0 && !h.stack.cfg.Quiet
	six := false
	for _, p := range h.own {
		if p.Addr().Is6() {
			six = true
			mac, _ := ip.GroupMAC(ip.SolicitedNode(p.Addr()))
			h.card.Join(mac)
		}
	}
	if six {
		mac, _ := ip.GroupMAC(ip.AllNodes)
		h.card.Join(mac)
	}
	mac, _ := ip.GroupMAC(ip.AllSystems)
	h.card.Join(mac)
}

func (d *detection) deadline() int64 {
	if !d.on {
		return 0
	}
	if !d.started {
		return 1 // at once
	}
	at := d.reportAt
	for _, t := range d.tests {
		if due := t.Deadline(); due != 0 && (at == 0 || due < at) {
			at = due
		}
	}
	return at
}

func (d *detection) advance(h *Shard) {
	if !d.on {
		return
	}
	if !d.started {
		d.started = true
		for _, p := range h.own {
			if p.Addr().Is4() {
				tell := arp.Announcement(h.mac, p.Addr())
				h.sendARP(link.Broadcast, &tell)
				continue
			}
			d.tests = append(d.tests, neighbor.NewDAD(p.Addr(), h.mac, h.now, 1, 0))
			d.reportAt = h.now
		}
	}
	if d.reportAt != 0 && d.reportAt <= h.now {
		d.report(h, d.reportAt == h.now)
		d.reportAt = 0
	}
	for _, t := range d.tests {
		if due := t.Deadline(); due == 0 || due > h.now {
			continue
		}
		if send, _ := t.Advance(h.now); send {
			src, dst := netip.IPv6Unspecified(), ip.SolicitedNode(t.Addr)
			mac, _ := ip.GroupMAC(dst)
			h.sendDiscovery(mac, src, dst, icmp.SolicitationLen, func(b []byte) int {
				return icmp.PutSolicitation(b, src, dst, t.Addr, h.mac)
			})
		}
	}
}

// testing reports whether an address is still being tested.
func (d *detection) testing(a netip.Addr) bool {
	return slices.ContainsFunc(d.tests, func(t *neighbor.DAD) bool { return t.Addr == a && t.State() == neighbor.Tentative })
}

// solicitation reports whether somebody else tests the same address at the same time: then neither has it.
func (d *detection) solicitation(h *Shard, s *icmp.Solicitation, from link.MAC) bool {
	if !s.Probe {
		return false
	}
	for _, t := range d.tests {
		if t.Addr == s.Target && t.State() == neighbor.Tentative {
			t.Solicitation(s, from)
			d.conflict(h, t)
			return true
		}
	}
	return false
}

// advertisement reports whether somebody else has an address that is being tested.
func (d *detection) advertisement(h *Shard, n *icmp.Advertisement, from link.MAC) bool {
	for _, t := range d.tests {
		if t.Addr == n.Target && t.State() == neighbor.Tentative {
			t.Advertisement(n, from)
			d.conflict(h, t)
			return true
		}
	}
	return false
}

// conflict gives an address up that somebody else has (RFC 4862 §5.4.5).
func (d *detection) conflict(h *Shard, t *neighbor.DAD) {
	if t.State() != neighbor.Duplicate {
		return
	}
	reasonConflict.Reach()
	give := func(o *Shard) {
		o.own = slices.DeleteFunc(slices.Clone(o.own), func(p netip.Prefix) bool { return p.Addr() == t.Addr })
		clear(o.hops)
	}
	give(h)
	h.elsewhere(give)
}

// query has the groups reported at a random moment of the time that a router gives (RFC 3810 §6.2).
func (d *detection) query(h *Shard, q icmp.Query) {
	if at := h.now + 1 + rand.Int64N(max(q.Delay, 1)); d.on && (d.reportAt == 0 || at < d.reportAt) {
		d.reportAt = at
	}
}

// report tells routers and switches which groups we are in (RFC 3810 §5.2).
func (d *detection) report(h *Shard, joined bool) {
	var groups []netip.Addr
	src := netip.IPv6Unspecified()
	for _, p := range h.own {
		if !p.Addr().Is6() {
			continue
		}
		if g := ip.SolicitedNode(p.Addr()); !slices.Contains(groups, g) {
			groups = append(groups, g)
		}
		if linkLocal.Contains(p.Addr()) && !d.testing(p.Addr()) {
			src = p.Addr()
		}
	}
	if len(groups) == 0 {
		return
	}
	at := link.HeaderLen + ipv6.HeaderLen
	b := h.card.Reserve(at + ipv6.RouterAlertLen + icmp.MLDReportLen(len(groups)))
	if b == nil {
		reasonTransmitFull.Reach()
		return
	}
	mac, _ := ip.GroupMAC(ip.MLDRouters)
	n := ipv6.PutRouterAlert(b[at:], ip.ICMPv6)
	n += icmp.PutMLDReport(b[at+n:], src, joined, groups...)
	ethernet.Put(b, mac, h.mac, ethernet.TypeIPv6)
	ipv6.Put(b[link.HeaderLen:], &ipv6.Header{Src: src, Dst: ip.MLDRouters, Protocol: ip.HopByHop, HopLimit: 1, Length: n})
	h.card.Commit(at+n, link.Meta{})
	h.counters.ICMPOut++
}
