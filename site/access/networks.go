package access

import (
	"net/netip"
	"slices"

	"vitrine/config"
	"vitrine/trace"
)

// Networks are the allow and deny settings of an access block, compiled: of the networks that contain an address the most
// specific one decides, and deny wins a tie. They are immutable.
type Networks struct {
	rules []Network
	only  bool // allow lists something: nobody else may
}

// Network is one entry of allow or deny.
type Network struct {
	Prefix netip.Prefix
	Deny   bool
	Pos    *trace.Position
}

func (n *Network) String() string {
	word := "allow "
	if n.Deny {
		word = "deny "
	}
	if n.Prefix.IsSingleIP() {
		return word + n.Prefix.Addr().String()
	}
	return word + n.Prefix.String()
}

// NewNetworks compiles the two lists.
func NewNetworks(allow, deny []config.Value[netip.Prefix]) Networks {
	n := Networks{only: len(allow) > 0}
	add := func(list []config.Value[netip.Prefix], deny bool) {
		for i := range list {
			n.rules = append(n.rules, Network{list[i].V.Masked(), deny, &list[i].Pos})
		}
	}
	add(deny, true) // first, so that the stable sort keeps it before allow
	add(allow, false)
	slices.SortStableFunc(n.rules, func(a, b Network) int { return b.Prefix.Bits() - a.Prefix.Bits() })
	return n
}

// Empty reports whether there are no networks at all.
func (n *Networks) Empty() bool { return len(n.rules) == 0 }

// Only reports whether allow lists something, so that whom nothing contains may not.
func (n *Networks) Only() bool { return n.only }

// All are the networks in the order in which they are asked.
func (n *Networks) All() []Network { return n.rules }

// Find is the network that decides about an address, or nil. It does not allocate.
func (n *Networks) Find(a netip.Addr) *Network {
	a = plain(a)
	for i := range n.rules {
		if n.rules[i].Prefix.Contains(a) {
			return &n.rules[i]
		}
	}
	return nil
}

// contains reports whether one of the networks contains an address.
func contains(list []config.Value[netip.Prefix], a netip.Addr) bool {
	a = plain(a)
	for i := range list {
		if list[i].V.Contains(a) {
			return true
		}
	}
	return false
}

// plain is an address as networks contain it: IPv4 as itself, and without the zone.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
