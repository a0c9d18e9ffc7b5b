package site

import (
	"net/netip"

	"vitrine/config"
	"vitrine/site/access"
	"vitrine/trace"
	"vitrine/web/exchange"
)

// guard is an access block, compiled. It is immutable but for the files that it reads again.
type guard struct {
	conf     *config.Access
	networks access.Networks
	hosts    []access.NameRule
	either   bool // a place or a user is enough
	schemes  []*scheme
	groups   *access.Watched[access.Groups] // nil: no groups are named
}

// guard compiles an access block; nil when it asks nothing.
func (c *compiler) guard(conf *config.Access) *guard {
	if !conf.Asks() {
		return nil
	}
	g := &guard{conf: conf, networks: access.NewNetworks(conf.Allow, conf.Deny), either: conf.Satisfy.V == "any"}
	for _, h := range conf.Hosts {
		g.hosts = append(g.hosts, access.NameRule(h.V))
	}
	c.schemes(g)
	return g
}

// remembers reports whether a client may get an answer from memory: nothing but networks is asked, and they let it in. Whoever
// looks takes the walk, since what is remembered was told about another client. It does not allocate.
func (g *guard) remembers(x *exchange.Exchange) bool {
	if x.Trace != nil || !g.onlyNetworks() {
		return false
	}
	why, _ := g.place(x.Client.Addr())
	return why == nil
}

// onlyNetworks reports whether the address alone decides.
func (g *guard) onlyNetworks() bool { return len(g.hosts) == 0 && len(g.conf.Auth) == 0 }

// asksPlace reports whether it matters where the client is.
func (g *guard) asksPlace() bool { return !g.networks.Empty() || len(g.hosts) > 0 }

// place asks the networks. The Reason is nil when they let the client in, and NameAsked when its names must say. The line is
// the one that decides.
func (g *guard) place(a netip.Addr) (*trace.Reason, *trace.Position) {
	n := g.networks.Find(a)
	switch {
	case !a.IsValid() && g.asksPlace():
		return AddressHidden, &g.conf.Pos
	case n != nil && n.Deny:
		return AddressDenied, n.Pos
	case n != nil:
		return nil, n.Pos
	case len(g.hosts) > 0:
		return NameAsked, &g.conf.Hosts[0].Pos
	case g.networks.Only():
		return AddressElsewhere, &g.conf.Allow[0].Pos
	}
	return nil, &g.conf.Pos
}

// named finds the entry of hosts that one of the names matches, or nil.
func (g *guard) named(names []string) (*trace.Position, string) {
	for i, rule := range g.hosts {
		for _, name := range names {
			if rule.Matches(name) {
				return &g.conf.Hosts[i].Pos, name
			}
		}
	}
	return nil, ""
}
