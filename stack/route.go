package stack

import (
	"net/netip"
	"syscall"

	"vitrine/stack/ip"
	"vitrine/stack/link"
)

// hop is the next station on the way to a destination, as a shard's connections share it. It remembers what the neighbour
// table said, so that a segment costs no look there.
type hop struct {
	addr      netip.Addr
	mac       link.MAC
	known     bool  // mac may be used until check
	local     bool  // it is ourselves
	check     int64 // when the table is to be asked again, so that a stale entry is probed
	confirmed int64 // when the table was last told that packets arrive there
	uses      int   // connections that point here
}

// hopCheck is how long a known MAC is used without asking the neighbour table, in nanoseconds; what a connection confirms
// is not passed on more often either.
const hopCheck = 1e9

// hopTo is the hop to a neighbour.
func (h *Shard) hopTo(via netip.Addr) *hop {
	p := h.hops[via]
	if p == nil {
		if len(h.hops) >= max(h.sweepAt, 2*h.limits.Neighbors) {
			for a, q := range h.hops {
				if q.uses == 0 {
					delete(h.hops, a)
				}
			}
			h.sweepAt = 2 * len(h.hops)
		}
		p = &hop{addr: via, local: h.isOwn(via)}
		h.hops[via] = p
	}
	return p
}

func (h *Shard) isOwn(a netip.Addr) bool {
	for _, p := range h.own {
		if p.Addr() == a {
			return true
		}
	}
	return false
}

// linkLocal is the network that every IPv6 link has (RFC 4291 §2.5.6).
var linkLocal = netip.MustParsePrefix("fe80::/10")

// nextHop says to whom a packet for dst is given: to itself on an own network, else to the gateway.
func (h *Shard) nextHop(dst netip.Addr) (netip.Addr, error) {
	if h.isOwn(dst) {
		return dst, nil
	}
	if linkLocal.Contains(dst) {
		return dst, nil
	}
	for _, p := range h.own {
		if p.Contains(dst) {
			return dst, nil
		}
	}
	for _, g := range h.stack.gateways {
		if g.Is4() == dst.Is4() {
			return g, nil
		}
	}
	reasonNoRoute.Reach()
	return netip.Addr{}, syscall.ENETUNREACH
}

// sources calls f for the own addresses from which a packet to dst may come, the best one first (RFC 6724 §5, in short:
// the same family and scope, then the network that dst or its gateway is in), until f returns true.
func (h *Shard) sources(dst netip.Addr, f func(netip.Addr) bool) bool {
	via, err := h.nextHop(dst)
	if err != nil {
		return false
	}
	if h.isOwn(dst) {
		return f(dst)
	}
	local := linkLocal.Contains(dst)
	for _, near := range [...]bool{true, false} {
		for _, p := range h.own {
			a := p.Addr()
			if a.Is4() != dst.Is4() || a.Is6() && linkLocal.Contains(a) != local {
				continue
			}
			if (p.Contains(via) || local) == near && f(a) {
				return true
			}
		}
	}
	return false
}

// sourceFor is the own address that a packet to dst comes from.
func (h *Shard) sourceFor(dst netip.Addr) (src netip.Addr, err error) {
	if !h.sources(dst, func(a netip.Addr) bool { src = a; return true }) {
		if _, err := h.nextHop(dst); err != nil {
			return src, err
		}
		return src, syscall.EADDRNOTAVAIL
	}
	return src, nil
}

// isBroadcast reports whether everybody on an own network is meant.
func (h *Shard) isBroadcast(a netip.Addr) bool {
	if a == limitedBroadcast {
		return true
	}
	for _, p := range h.own {
		if b, ok := ip.Broadcast(p); ok && a == b {
			return true
		}
	}
	return false
}

var limitedBroadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// pathMTU is how large a packet to dst may be.
func (h *Shard) pathMTU(dst netip.Addr) int {
	if len(h.narrow) != 0 {
		if n, ok := h.narrow[dst]; ok && n.until > h.now {
			return min(n.mtu, h.mtu)
		}
	}
	return h.mtu
}

// narrowPath is what a router said about the path to a destination.
type narrowPath struct {
	mtu   int
	until int64
}

// pathMTULife is how long a path is taken to stay narrow (RFC 1191 §6.3, RFC 8201 §4: ten minutes), in nanoseconds.
const pathMTULife = 600e9

// Smallest packets that a path is believed to need, whatever a router says. IPv4: as Linux (min_pmtu), since 68 would cut
// everything into crumbs; IPv6: the standard's (RFC 8200 §5).
const (
	leastMTU4 = 552
	leastMTU6 = 1280
)

// narrowTo remembers that the path to dst carries no more than mtu bytes.
func (h *Shard) narrowTo(dst netip.Addr, mtu int) {
	if _, ok := h.narrow[dst]; !ok && len(h.narrow) >= h.limits.PathMTUs {
		for a, n := range h.narrow { // the first that comes, an outdated one if there is one at once
			delete(h.narrow, a)
			if n.until <= h.now {
				continue
			}
			break
		}
	}
	h.narrow[dst] = narrowPath{mtu, h.now + pathMTULife}
}
