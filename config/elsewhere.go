package config

import (
	"net/netip"
	"time"

	"vitrine/config/template"
	"vitrine/trace"
)

// Augment is an augment block: state that is kept in the URL, put there by a redirect when it is missing.
type Augment struct {
	Name   Value[string]             // of the query parameter
	Value  Value[*template.Template] // for a client that has none
	Valid  Value[string]             // regular expression of a whole value; empty: any that is not empty
	Status Value[int]
	Pos    trace.Position
}

// Balance is a balance block: where clients are sent when this server is overloaded.
type Balance struct {
	Measure Value[string] // "connections", "requests" or "load"
	Above   Value[int]
	Below   Value[int]    // 0: nine tenths of Above
	Mark    Value[string] // query parameter that a request has which was sent here by another; empty: none
	Status  Value[int]
	Servers []*ElsewhereServer
	Check   *HealthCheck // nil: all are taken to be well
	Pos     trace.Position
}

// Nearer is a nearer block: which server a client is sent to, by where it is.
type Nearer struct {
	Status  Value[int]
	Servers []*ElsewhereServer
	Check   *HealthCheck
	Pos     trace.Position
}

// ElsewhereServer is a server that clients are sent to.
type ElsewhereServer struct {
	URL      Value[string]
	Weight   Value[int]
	Networks []Value[netip.Prefix]
	Here     Value[bool] // it is this one
	Pos      trace.Position
}

// HealthCheck is how it is found out whether other servers are well.
type HealthCheck struct {
	Path     Value[string]
	Interval Value[time.Duration]
	Timeout  Value[time.Duration]
	Rise     Value[int] // good answers in a row after which a server is taken to be well
	Fall     Value[int] // bad ones after which it is not
	Pos      trace.Position
}

func (a *Augment) inherited() *Augment {
	if a == nil {
		return nil
	}
	return &Augment{inherit(a.Name), inherit(a.Value), inherit(a.Valid), inherit(a.Status), inheritedPosition(a.Pos)}
}

func (b *Balance) inherited() *Balance {
	if b == nil {
		return nil
	}
	return &Balance{inherit(b.Measure), inherit(b.Above), inherit(b.Below), inherit(b.Mark), inherit(b.Status),
		inheritedServers(b.Servers), b.Check.inherited(), inheritedPosition(b.Pos)}
}

func (n *Nearer) inherited() *Nearer {
	if n == nil {
		return nil
	}
	return &Nearer{inherit(n.Status), inheritedServers(n.Servers), n.Check.inherited(), inheritedPosition(n.Pos)}
}

func inheritedServers(all []*ElsewhereServer) []*ElsewhereServer {
	out := make([]*ElsewhereServer, len(all))
	for i, s := range all {
		out[i] = &ElsewhereServer{inherit(s.URL), inherit(s.Weight), inheritAll(s.Networks), inherit(s.Here), inheritedPosition(s.Pos)}
	}
	return out
}

func (h *HealthCheck) inherited() *HealthCheck {
	if h == nil {
		return nil
	}
	return &HealthCheck{inherit(h.Path), inherit(h.Interval), inherit(h.Timeout), inherit(h.Rise), inherit(h.Fall), inheritedPosition(h.Pos)}
}

func (a *Augment) place() *trace.Position         { return &a.Pos }
func (b *Balance) place() *trace.Position         { return &b.Pos }
func (n *Nearer) place() *trace.Position          { return &n.Pos }
func (s *ElsewhereServer) place() *trace.Position { return &s.Pos }
func (h *HealthCheck) place() *trace.Position     { return &h.Pos }
