package site

import (
	"net/netip"

	"vitrine/site/access"
	"vitrine/trace"
	"vitrine/web/exchange"
)

// proxiesOf is who is believed about the clients of a connection; nil: nobody.
func (h *Handler) proxiesOf(peer *exchange.Peer) *access.Proxies {
	if !h.proxied {
		return nil
	}
	if l := h.listener(peer); l != nil {
		return l.proxies
	}
	return nil
}

// identify notes who the client is. It reports false when the request must be refused, which the walk will say.
func (h *Handler) identify(x *exchange.Exchange) bool {
	p := h.proxiesOf(x.Peer)
	if p == nil {
		return true
	}
	var why *trace.Reason
	x.Client, why = p.Client(x.Peer.Remote, &x.Request.Fields, nil)
	return why.Kind != trace.Refused
}

// whoAsks tells who the client is, which was found out before anything else, and refuses a request whose client a trusted
// proxy names in a way that nobody understands.
func (v *visit) whoAsks() (step, *trace.Reason) {
	x := v.x
	p := v.h.proxiesOf(x.Peer)
	if p == nil {
		return choose, nil
	}
	line := p.Position()
	var tell func(*trace.Reason, string, bool)
	if v.looking() {
		tell = func(why *trace.Reason, subject string, taken bool) {
			v.tell("client", why.Reach(), line, subject, taken)
		}
	}
	client, why := p.Client(x.Peer.Remote, &x.Request.Fields, tell)
	why.Reach()
	if why.Kind == trace.Refused {
		v.refusal.status = 400
		return v.refused(why, line, []trace.Detail{trace.D("field", p.Field())})
	}
	if v.looking() {
		v.tell("client", why, line, shownClient(client.Addr()), true, trace.D("connection", x.Peer.Remote.Addr().Unmap().String()), trace.D("field", p.Field()))
	}
	return choose, nil
}

// shownClient is a client's address as the journey has it.
func shownClient(a netip.Addr) string {
	if !a.IsValid() {
		return "unknown" // a trusted proxy hides it
	}
	return a.Unmap().String()
}

// trustProxies gives each listener those whose word about clients counts there.
func (c *compiler) trustProxies() {
	conf := c.h.conf
	everywhere := access.NewProxies(&conf.Proxies)
	for _, l := range append(c.h.listeners[:len(c.h.listeners):len(c.h.listeners)], c.h.anywhere) {
		l.proxies = everywhere
		if l.conf != nil && l.conf.Proxies != nil {
			l.proxies = access.NewProxies(l.conf.Proxies)
		}
		c.h.proxied = c.h.proxied || l.proxies != nil
	}
}
