package site

import (
	"net/netip"

	"vitrine/config"
	"vitrine/config/template"
	"vitrine/site/names"
	"vitrine/web/exchange"
)

// enquiry is what a log wants to know of clients that the exchange does not tell.
type enquiry struct{ name, user bool }

// enquiry finds out what the settings' log asks for.
func (c *compiler) enquiry(l *config.Log) *enquiry {
	if l.Off.V || c.h.opt.Log == nil {
		return nil
	}
	name, user := AskedByLog(l)
	e := enquiry{name && c.h.opt.Names != nil, user && c.h.opt.Ident != nil}
	if e == (enquiry{}) {
		return nil
	}
	return &e
}

// AskedByLog reports whether the lines of a log have the client's name, and whether they have its user by ident.
func AskedByLog(l *config.Log) (name, user bool) {
	name = l.Names.V
	switch l.Format.V {
	case "common", "combined", "json":
		return name, true
	case "custom":
		name = false
		for v := range l.Custom.V.Vars() {
			name = name || v == template.ClientHost
			user = user || v == template.Ident
		}
	}
	return name, user
}

// enquire begins to find out what the log will want to know, so that it is known by then. Nobody waits for it here.
func (h *Handler) enquire(e *enquiry, x *exchange.Exchange) {
	client := x.Client.Addr()
	if e.name && client.IsValid() {
		if _, known := h.opt.Names.Known(client); !known {
			h.opt.Names.Ask(client, func([]string, error) {})
		}
	}
	if e.user && h.opt.Ident.Wants(x.Peer.Remote.Addr()) {
		// It is the connection's user, whoever stands behind the machine at its other end.
		pair := ConnectionOf(x.Peer)
		if _, known := h.opt.Ident.Known(pair); !known {
			h.opt.Ident.Ask(pair, func(string, error) {})
		}
	}
}

// ConnectionOf is a connection as ident is asked about it.
func ConnectionOf(p *exchange.Peer) names.Pair {
	return names.Pair{Remote: p.Remote, Local: netip.AddrPortFrom(p.Local.Addr().Unmap(), p.Local.Port()), Connection: p.Connection}
}
