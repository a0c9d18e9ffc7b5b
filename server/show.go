package server

import (
	"net/netip"

	"vitrine/config"
	"vitrine/observe/glass"
	"vitrine/site"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/variables"
)

// show begins to show the server: to browsers on the admin listener, and to the other commands on the control socket.
func (s *Server) show() {
	s.now.dry.listening = s.listeners.live()
	s.shown.Store(s.now)
	s.snapshot()
	s.watch.export(s.now.config, &s.log)
	s.glass = glass.New(s.sources())
	s.admin = newAdmin(s.glass, &s.log)
	diags := new(config.Diagnostics)
	if ch := prepareAdmin(s.now.config, diags); ch != nil {
		s.admin.adopt(ch)
	}
	for _, d := range diags.All() { // the files were read a moment ago, when the configuration was
		d.Severity = config.Warning
		s.log.warning(d)
	}
}

// unshow tells whoever looks that it is over. It does not wait.
func (s *Server) unshow() {
	if s.glass == nil || s.ended {
		return
	}
	s.ended = true
	s.glass.Close()
	s.admin.close()
}

// observer is who is told of exchanges, nil when nobody can ask. On the control socket somebody may have one recorded
// whatever is configured.
func (s *Server) observer(c *config.Config) site.Observer {
	switch {
	case observed(c):
		return s.watch
	case !c.Control.Off.V:
		return forced{s.watch}
	}
	return nil
}

// forced tells the recorder alone: while nothing is configured to be recorded, nothing is counted, and no clock is read.
type forced struct{ w *watch }

func (f forced) Begin(x *exchange.Exchange)                     { f.w.journeys.Begin(x) }
func (f forced) End(v *variables.Values, told *trace.Decisions) { f.w.journeys.End(v, told) }

// AdminURL is where a browser finds the page about the server, "" when there is none. Any goroutine may call it once the
// server is ready.
func (s *Server) AdminURL() string {
	if s.admin == nil {
		return ""
	}
	return s.admin.url()
}

// IsAdmin reports whether a connection to an address would end at the admin listener: nobody is ever forwarded there. Any
// goroutine may call it.
func (s *Server) IsAdmin(to netip.AddrPort) bool { return s.admin != nil && s.admin.reaches(to) }

// force has the exchanges of a client recorded, whatever is sampled.
func (w *watch) force(client netip.AddrPort) (release func()) { return w.journeys.Force(client) }
