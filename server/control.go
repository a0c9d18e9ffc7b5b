package server

import (
	"context"
	"fmt"
	"os"

	"vitrine/config"
	"vitrine/server/control"
)

// listenControl opens the socket by which other commands ask this server. A server that nobody can ask still serves, and
// so failing is a warning.
func (s *Server) listenControl() {
	s.snapshot()
	c := &s.now.config.Control
	if c.Off.V {
		return
	}
	answers := control.Server{Status: s.status, API: s.glass, Force: s.watch.force}
	if s.network != nil {
		answers.Sockets, answers.Counters, answers.Capture = s.network.table, s.network.counters, s.network.capture
	}
	var err error
	if c.Socket.V != "" {
		s.control, err = control.Listen(c.Socket.V, answers)
	} else {
		s.control, err = control.ListenAnywhere(os.Getenv, os.Getpid(), answers)
	}
	if err != nil {
		s.log.warning(config.Diagnostic{Severity: config.Warning, Pos: c.Socket.Pos,
			Summary: fmt.Sprintf("the control socket cannot be opened: %v", err),
			Hint:    "vitrine sockets, capture and counters cannot ask this server; say another path, or off = true, in a control block"})
	}
}

// snapshot keeps what others may be told about the configuration in force.
func (s *Server) snapshot() {
	st := &control.Status{PID: os.Getpid(), Started: s.started, Architecture: s.web.Engine().Architecture()}
	if paths := s.now.config.Paths; len(paths) > 0 {
		st.Config = paths[0]
	}
	for _, a := range s.Addresses() {
		st.Addresses = append(st.Addresses, a.Bound.String())
	}
	if s.network != nil {
		st.Network = s.network.conf.Adapter.V
		for _, a := range s.network.conf.Address {
			st.Own = append(st.Own, a.V.String())
		}
	}
	st.Admin = s.AdminURL()
	s.told.Store(st)
}

// status is what the server tells about itself. Any goroutine may call it.
func (s *Server) status() control.Status {
	st := *s.told.Load()
	st.Connections = s.web.Engine().Open()
	return st
}

// table is the socket table of the own stack.
func (n *network) table(ctx context.Context) ([]control.Socket, error) {
	all, err := n.stack.Sockets(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]control.Socket, len(all))
	for i := range all {
		out[i] = row(&all[i])
	}
	return out, nil
}
