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

func (a *Augment) place() *trace.Position         { return &a.Pos }
func (b *Balance) place() *trace.Position         { return &b.Pos }
func (n *Nearer) place() *trace.Position          { return &n.Pos }
func (s *ElsewhereServer) place() *trace.Position { return &s.Pos }
func (h *HealthCheck) place() *trace.Position     { return &h.Pos }
