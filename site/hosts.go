package site

import (
	"bytes"
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"vitrine/config"
	"vitrine/site/access"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
)

// listener is one listen block with the sites that it serves, or, when sites have blocks of their own with an address
// in common, one address of a block. It is immutable.
type listener struct {
	conf     *config.Listen // nil: of connections that came from no listen block
	address  netip.AddrPort // the one address; invalid: the block's addresses all serve the same sites
	sites    []*site        // in file order
	claims   []claim        // local addresses; those with a port first
	hosts    hosts
	wild     []wildcard      // longest first
	fallback *site           // the default, or nil
	proxies  *access.Proxies // nil: nobody is believed about the client
}

// claim is a local address that chooses a site whatever host is asked for.
type claim struct {
	addr netip.AddrPort // a zero port is any port
	site *site
	at   *trace.Position
}

// wildcard is a host with one or more labels in front of it.
type wildcard struct {
	suffix string // ".example.org"
	site   *site
	at     *trace.Position
}

// named is one exact host.
type named struct {
	host string
	site *site
	at   *trace.Position
}

// hosts finds exact hosts. A few are compared one by one, which is faster than to hash.
type hosts struct {
	few  []named
	many map[string]*named
}

const fewHosts = 4

func newHosts(all []named) hosts {
	if len(all) <= fewHosts {
		return hosts{few: all}
	}
	many := make(map[string]*named, len(all))
	for i := range all {
		if n := &all[i]; many[n.host] == nil {
			many[n.host] = n
		}
	}
	return hosts{many: many}
}

func (h *hosts) find(host []byte) *named {
	for i := range h.few {
		if n := &h.few[i]; n.host == string(host) {
			return n
		}
	}
	if h.many != nil {
		return h.many[string(host)]
	}
	return nil
}

// newListener makes the table of the sites of one listen block.
func newListener(conf *config.Listen, sites []*site) *listener {
	l := &listener{conf: conf, sites: sites}
	var exact []named
	for _, s := range sites {
		for i := range s.conf.Address {
			a := &s.conf.Address[i]
			l.claims = append(l.claims, claim{netip.AddrPortFrom(a.V.Addr().Unmap(), a.V.Port()), s, &a.Pos})
		}
		for i := range s.conf.Hosts {
			h := &s.conf.Hosts[i]
			if suffix, ok := strings.CutPrefix(h.V, "*"); ok {
				l.wild = append(l.wild, wildcard{suffix, s, &h.Pos})
			} else {
				exact = append(exact, named{strings.Trim(h.V, "[]"), s, &h.Pos}) // a request has IPv6 without brackets
			}
		}
		if s.conf.Default.V && l.fallback == nil {
			l.fallback = s
		}
	}
	l.hosts = newHosts(exact)
	slices.SortStableFunc(l.claims, func(a, b claim) int { // a port is the better claim
		return cmp.Compare(min(b.addr.Port(), 1), min(a.addr.Port(), 1))
	})
	slices.SortStableFunc(l.wild, func(a, b wildcard) int { return cmp.Compare(len(b.suffix), len(a.suffix)) })
	return l
}

// choose chooses the site that answers, in this order: the one that claims the local address; the exact host; the
// longest wildcard; the default. A request without a host, as HTTP/1.0 allows, goes to the default, or to the only
// site. The site is nil when none answers; the position is of the value that decided.
func (l *listener) choose(r *message.Request, peer *exchange.Peer) (*site, *trace.Reason, *trace.Position) {
	if len(l.claims) > 0 {
		local := netip.AddrPortFrom(peer.Local.Addr().Unmap(), peer.Local.Port())
		for i := range l.claims {
			c := &l.claims[i]
			if c.addr.Addr() == local.Addr() && (c.addr.Port() == 0 || c.addr.Port() == local.Port()) {
				return c.site, ByAddress, c.at
			}
		}
	}
	host := r.Host()
	if len(host) > 0 {
		if n := l.hosts.find(host); n != nil {
			return n.site, ByHost, n.at
		}
		if n := l.canonical(host); n != nil {
			return n.site, ByHost, n.at
		}
		for i := range l.wild {
			w := &l.wild[i]
			if len(host) > len(w.suffix) && string(host[len(host)-len(w.suffix):]) == w.suffix {
				return w.site, ByWildcard, w.at
			}
		}
	}
	switch {
	case l.fallback != nil:
		return l.fallback, ByDefault, &l.fallback.conf.Default.Pos
	case len(host) > 0:
		return nil, UnknownHost, nil
	case len(l.sites) == 1:
		return l.sites[0], ByBeingOnly, &l.sites[0].conf.Pos
	}
	return nil, NoHost, nil
}

// canonical finds a host that is an IPv6 address in its shortest form, since that is how the configuration has it.
func (l *listener) canonical(host []byte) *named {
	if bytes.IndexByte(host, ':') < 0 {
		return nil
	}
	addr, err := netip.ParseAddr(string(host))
	if err != nil {
		return nil
	}
	return l.hosts.find([]byte(addr.String()))
}

// listenersOf makes the listeners of a configuration. Blocks of different sites may name the same address; then there is
// one socket for both, and it serves the sites of both.
func listenersOf(conf *config.Config, sites []*site) []*listener {
	blocks := conf.Listens[:len(conf.Listens):len(conf.Listens)]
	for _, s := range sites {
		blocks = append(blocks, s.conf.Listens...)
	}
	serves := func(s *site, l *config.Listen) bool {
		if len(s.conf.Listens) == 0 {
			return slices.Contains(conf.Listens, l)
		}
		return slices.Contains(s.conf.Listens, l)
	}
	var all []*listener
	for _, l := range blocks {
		shared := slices.ContainsFunc(blocks, func(other *config.Listen) bool { return other != l && haveCommon(l, other) })
		if !shared {
			all = append(all, newListener(l, slices.DeleteFunc(slices.Clone(sites), func(s *site) bool { return !serves(s, l) })))
			continue
		}
		for i := range l.Addresses {
			address := listenAddress(l.Addresses[i].V)
			mine := slices.DeleteFunc(slices.Clone(sites), func(s *site) bool {
				return !slices.ContainsFunc(blocks, func(other *config.Listen) bool { return serves(s, other) && namesAddress(other, address) })
			})
			one := newListener(l, mine)
			one.address = address
			all = append(all, one)
		}
	}
	return all
}

// namesAddress reports whether a listen block names an address.
func namesAddress(l *config.Listen, address netip.AddrPort) bool {
	return slices.ContainsFunc(l.Addresses, func(a config.Value[string]) bool { return listenAddress(a.V) == address })
}

// haveCommon reports whether two listen blocks name the same address.
func haveCommon(a, b *config.Listen) bool {
	return slices.ContainsFunc(a.Addresses, func(v config.Value[string]) bool {
		address := listenAddress(v.V)
		return address.Port() != 0 && namesAddress(b, address)
	})
}

// listenAddress is an address as a listen block writes it. No host is every address.
func listenAddress(text string) netip.AddrPort {
	if strings.HasPrefix(text, ":") {
		text = "[::]" + text
	}
	address, _ := netip.ParseAddrPort(text)
	return netip.AddrPortFrom(address.Addr().Unmap(), address.Port())
}

// covers reports whether a connection to a local address can have come in here.
func (l *listener) covers(local netip.AddrPort) bool {
	if !l.address.IsValid() {
		return true
	}
	return l.address.Port() == local.Port() && (l.address.Addr().IsUnspecified() || l.address.Addr() == local.Addr().Unmap())
}

// listener finds where a connection came in. It is nil when that is no listen block of this configuration.
func (h *Handler) listener(peer *exchange.Peer) *listener {
	conf, ok := peer.Listener.(*config.Listen)
	if !ok || conf == nil {
		return h.anywhere
	}
	for _, l := range h.listeners {
		if l.conf == conf && l.covers(peer.Local) {
			return l
		}
	}
	return nil
}

// tell adds the listener and every site that it serves to a journey.
func (l *listener) tell(tr *trace.Journey, chosen *site, why *trace.Reason, at *trace.Position, r *message.Request, peer *exchange.Peer) {
	if l.conf != nil {
		var addresses []string
		for _, a := range l.conf.Addresses {
			if !l.address.IsValid() || listenAddress(a.V) == l.address {
				addresses = append(addresses, a.V)
			}
		}
		tr.Add(trace.Event{Step: "listener", Reason: Arrived.Reach(), Position: l.conf.Pos,
			Subject: strings.Join(addresses, " "), Taken: true,
			Details: []trace.Detail{trace.D("local address", peer.Local.String())}})
	}
	for _, s := range l.sites {
		if s != chosen {
			tr.Add(trace.Event{Step: "site", Reason: PassedOver.Reach(), Position: s.conf.Pos, Subject: s.name, Details: s.claimed()})
		}
	}
	if chosen != nil { // else the refusal tells
		tr.Add(trace.Event{Step: "site", Reason: why, Position: *at, Subject: chosen.name, Taken: true,
			Details: []trace.Detail{trace.D("host", string(r.Host()))}})
	}
}

// claimed is what the site answers for.
func (s *site) claimed() []trace.Detail {
	var all []trace.Detail
	for _, h := range s.conf.Hosts {
		all = append(all, trace.D("has host", h.V))
	}
	for _, a := range s.conf.Address {
		all = append(all, trace.D("claims address", a.V.String()))
	}
	if s.conf.Default.V {
		all = append(all, trace.D("default", "true"))
	}
	return all
}
