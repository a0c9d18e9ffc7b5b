package server

import (
	"net/netip"
	"slices"

	"vitrine/config"
	"vitrine/trace"
	"vitrine/web/serve"
)

// clients is a clients block, compiled: who may connect to a listener. It is immutable and safe for concurrent use.
type clients struct {
	rules []clientRule // the most specific network first, and deny before allow for the same one
	only  bool         // allow lists something: nobody else may connect
	pos   trace.Position
}

// clientRule is one network of allow or deny.
type clientRule struct {
	network netip.Prefix
	deny    bool
	pos     trace.Position
}

// newClients compiles the clients block of a listener.
func newClients(l *config.Listen) *clients {
	c := &clients{only: len(l.Clients.Allow) > 0, pos: l.Pos}
	add := func(networks []config.Value[netip.Prefix], deny bool) {
		for _, n := range networks {
			c.rules = append(c.rules, clientRule{n.V.Masked(), deny, n.Pos})
		}
	}
	add(l.Clients.Deny, true) // first, so that the stable sort keeps it before allow
	add(l.Clients.Allow, false)
	slices.SortStableFunc(c.rules, func(a, b clientRule) int { return b.network.Bits() - a.network.Bits() })
	return c
}

// admit decides about a client's address before anything is read. It returns nil to allow it.
func (c *clients) admit(a netip.Addr) *trace.Reason {
	if len(c.rules) == 0 {
		return nil
	}
	if r := c.find(a); r != nil && !r.deny || r == nil && !c.only {
		return nil
	}
	return serve.ReasonDenied.Reach()
}

// admitFunc is admit as a listener wants it: nil when nobody is ever refused.
func (c *clients) admitFunc() func(netip.Addr) *trace.Reason {
	if len(c.rules) == 0 {
		return nil
	}
	return c.admit
}

// find is the most specific rule that contains the address, or nil.
func (c *clients) find(a netip.Addr) *clientRule {
	a = plain(a)
	for i := range c.rules {
		if c.rules[i].network.Contains(a) {
			return &c.rules[i]
		}
	}
	return nil
}

// plain is the address as networks contain it: IPv4 as itself, and without the zone.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// tell adds the decision about an address to a journey: the rules that were passed over, and the one that decided.
// It returns nil when the client may connect.
func (c *clients) tell(j *trace.Journey, a netip.Addr) *trace.Reason {
	decisive := c.find(a)
	for i := range c.rules {
		r := &c.rules[i]
		if r == decisive {
			continue
		}
		why := "does not contain the address"
		if r.network.Contains(plain(a)) {
			why = "a more specific network decides, or deny for the same one"
		}
		j.Add(trace.Event{Step: "clients", Reason: Considered.Reach(), Position: r.pos, Subject: r.String(),
			Details: []trace.Detail{trace.D("why", why)}})
	}
	e := trace.Event{Step: "clients", Taken: true, Position: c.pos, Subject: a.String(), Reason: serve.ReasonAccepted.Reach()}
	switch {
	case decisive != nil:
		e.Position = decisive.pos
		e.Details = []trace.Detail{trace.D("rule", decisive.String())}
		if decisive.deny {
			e.Reason = serve.ReasonDenied.Reach()
		}
	case c.only:
		e.Reason = serve.ReasonDenied.Reach()
		e.Details = []trace.Detail{trace.D("rule", "allow lists networks, and none contains the address")}
	case len(c.rules) > 0:
		e.Details = []trace.Detail{trace.D("rule", "no network of deny contains the address")}
	default:
		e.Details = []trace.Detail{trace.D("rule", "there is no clients block, so everybody may connect")}
	}
	j.Add(e)
	if e.Reason == serve.ReasonAccepted {
		return nil
	}
	return e.Reason
}

func (r *clientRule) String() string {
	if r.deny {
		return "deny " + short(r.network)
	}
	return "allow " + short(r.network)
}

// responsible is the line that an address is refused by.
func (c *clients) responsible(a netip.Addr) trace.Position {
	if r := c.find(a); r != nil {
		return r.pos
	}
	return c.pos
}
