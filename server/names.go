package server

import (
	"context"
	"net"
	"net/netip"
	"time"

	"vitrine/config"
	"vitrine/observe/accesslog"
	"vitrine/site"
	"vitrine/site/names"
	"vitrine/stack"
	"vitrine/web/variables"
)

// inquirers find out what nobody tells about clients: host names, and users. Either may be nil: nobody asks for it.
type inquirers struct {
	names *names.Resolver
	ident *names.Ident
}

// inquirers makes those that a configuration asks for.
func (s *Server) inquirers(c *config.Config) *inquirers {
	name, user := asked(c)
	q := &inquirers{}
	if name {
		n := &c.Names
		o := names.Options{Timeout: n.Timeout.V, Entries: n.Entries.V, MinTTL: n.MinTTL.V, MaxTTL: max(n.MinTTL.V, n.MaxTTL.V),
			Unknown: n.Unknown.V, Concurrent: n.Concurrent.V, Waiting: n.Waiting.V}
		for _, server := range n.Servers {
			o.Servers = append(o.Servers, server.V)
		}
		q.names = names.NewResolver(o)
	}
	if i := &c.Ident; user && len(i.Networks) > 0 {
		o := names.IdentOptions{Port: uint16(i.Port.V), Timeout: i.Timeout.V, Entries: i.Entries.V, Concurrent: i.Concurrent.V, Waiting: i.Waiting.V}
		for _, n := range i.Networks {
			o.Networks = append(o.Networks, n.V)
		}
		if c.Network != nil {
			o.Dial = s.dialOwn
		}
		q.ident = names.NewIdent(o)
	}
	return q
}

// dialOwn connects over the own stack: the clients are on its network.
func (s *Server) dialOwn(ctx context.Context, local netip.Addr, remote netip.AddrPort) (net.Conn, error) {
	d := stack.Dialer{Stack: s.network.stack, Local: netip.AddrPortFrom(local, 0)}
	if until, ok := ctx.Deadline(); ok {
		d.Timeout = time.Until(until)
	}
	return d.DialContext(ctx, "tcp", remote.String())
}

// close gives up what is being asked.
func (q *inquirers) close() {
	if q.names != nil {
		q.names.Close()
	}
	if q.ident != nil {
		q.ident.Close()
	}
}

// loads is what each of them is at.
func (q *inquirers) loads() (all []names.Load) {
	if q.names != nil {
		all = append(all, q.names.Load())
	}
	if q.ident != nil {
		all = append(all, q.ident.Load())
	}
	return all
}

// asked reports whether any rule or log of a configuration asks for clients' names, and any log for their users.
func asked(c *config.Config) (name, user bool) {
	look := func(t *config.Settings) {
		name = name || len(t.Guard.Hosts) > 0
		if !t.Access.Off.V {
			n, u := site.AskedByLog(&t.Access)
			name, user = name || n, user || u
		}
	}
	look(&c.Base)
	for _, s := range c.Sites {
		look(&s.Settings)
		for _, r := range s.Routes {
			look(&r.Settings)
		}
	}
	return name, user
}

// write writes the line of an exchange, at once when all that the log asks for is known, and else when it is.
func (q *inquirers) write(lines *accesslog.Logger, wantsName, wantsUser bool, v *variables.Values) {
	x := v.Exchange
	var name, user bool // that are to be waited for
	client := x.Client.Addr()
	if wantsName && q.names != nil && client.IsValid() {
		found, known := q.names.Known(client)
		if v.Name, name = first(found), !known; known {
			name = false
		}
	}
	pair := site.ConnectionOf(x.Peer)
	if wantsUser && q.ident != nil && q.ident.Wants(x.Peer.Remote.Addr()) {
		found, known := q.ident.Known(pair)
		v.Ident, user = found, !known
	}
	if !name && !user {
		lines.Log(v)
		return
	}
	knownName, knownUser := v.Name, v.Ident
	line := lines.Hold(v, name, user)
	if line == nil {
		lines.Log(v)
		return
	}
	askUser := func(name string) {
		if !user || !q.ident.Ask(pair, func(found string, _ error) { line.Write(name, found) }) {
			line.Write(name, knownUser)
		}
	}
	if !name || !q.names.Ask(client, func(found []string, _ error) { askUser(first(found)) }) {
		askUser(knownName)
	}
}

// first is the name that stands for a client.
func first(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[0]
}
