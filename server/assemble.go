package server

import (
	"errors"
	"fmt"
	"net/netip"

	"vitrine/config"
	"vitrine/observe/accesslog"
	"vitrine/observe/errorlog"
	"vitrine/observe/logfile"
	"vitrine/site"
	"vitrine/site/access"
	"vitrine/site/cgi"
	"vitrine/site/resource"
	"vitrine/trace"
	"vitrine/web"
	"vitrine/web/serve"
	"vitrine/web/variables"
)

// generation is one configuration in force, and what was made of it. An exchange stays with the one that it began
// with.
type generation struct {
	config    *config.Config
	handler   *site.Handler
	access    *accesslog.Logs
	errors    *logfile.File // so that it is open
	dry       *asking       // for explanations
	inquirers *inquirers    // who are the clients
}

// assemble makes everything that the first configuration asks for, except the listeners. What is wrong is added to
// diags.
func (s *Server) assemble(c *config.Config, diags *config.Diagnostics) bool {
	s.files = logfile.New(s.log.Notice)
	s.store = resource.NewStore(c.Memory)
	s.scripts = cgi.NewScripts()
	s.access = access.NewState()
	s.watch = newWatch(c)
	s.watch.version = s.version()
	if s.now = s.generation(c, diags); s.now == nil {
		return false
	}
	s.log.use(s.files, c)
	var ok bool
	if s.network, ok = openNetwork(c, s.o.adapter, &s.log, diags); !ok {
		return false
	}
	if s.network != nil {
		s.watch.frames = s.network.frames
	}
	srv, err := web.NewServer(s.now.handler, settings(c), web.Options{
		Architecture: c.IO.V, Network: s.network.network(), Loops: loops(c), Workers: c.Workers.V, Threads: c.Threads.V,
		Refused: s.refused, Ended: s.watch.ended, Failed: s.log.failed,
	})
	if err != nil {
		diags.Add(config.Error, c.IO.Pos, fmt.Sprintf("the I/O architecture %s cannot run here: %v", c.IO.V, err), "")
		return false
	}
	s.web = srv
	s.listeners = &listeners{web: s.web, network: c.Network}
	for _, d := range diags.Warnings() {
		s.log.warning(d)
	}
	return true
}

// generation compiles a configuration and opens its logs. It returns nil, with the errors in diags, when that
// is not possible.
func (s *Server) generation(c *config.Config, diags *config.Diagnostics) *generation {
	g := &generation{config: c, dry: &asking{conf: c}}
	var err error
	if g.errors, err = errorlog.Open(s.files, &c.Errors); err != nil {
		diags.Append(cannotLogErrors(c, err))
	}
	if g.access, err = accesslog.Open(s.files, c); err != nil {
		for _, one := range split(err) {
			diags.Append(cannotLog(one))
		}
	}
	g.inquirers = s.inquirers(c)
	o := site.Options{Store: s.store, Log: s.recorder(g.access, g.inquirers), Failed: s.log.unservable, Observer: s.observer(c),
		Applications: applications(s.o.Handlers), Load: s.business, Scripts: s.scripts, State: s.access, Notify: s.log.users, Ident: g.inquirers.ident}
	if g.inquirers.names != nil { // a nil pointer in an interface is somebody
		o.Names = g.inquirers.names
	}
	g.dry.known = site.Options{Store: o.Store, Applications: o.Applications, State: o.State, Names: o.Names}
	if g.handler, err = site.New(c, o); err != nil {
		addErrors(diags, err)
	}
	if g.errors == nil || g.access == nil || err != nil {
		g.close()
		return nil
	}
	return g
}

// recorder gives what records the exchanges of a log block: its access log, and the error log for those that failed.
func (s *Server) recorder(access *accesslog.Logs, q *inquirers) func(*config.Log) func(*variables.Values) {
	return func(block *config.Log) func(*variables.Values) {
		if access == nil { // the configuration will not be used
			return nil
		}
		lines := access.Logger(block)
		if lines == nil {
			return s.log.Request
		}
		name, user := site.AskedByLog(block)
		name, user = name && q.names != nil, user && q.ident != nil
		if !name && !user {
			return func(v *variables.Values) {
				lines.Log(v)
				s.log.Request(v)
			}
		}
		return func(v *variables.Values) {
			q.write(lines, name, user, v)
			s.log.Request(v)
		}
	}
}

// split is the errors that errors.Join has joined.
func split(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// cannotLog says which log file cannot be opened.
func cannotLog(err error) config.Diagnostic {
	d := config.Diagnostic{Severity: config.Error, Summary: err.Error()}
	var open *accesslog.OpenError
	if errors.As(err, &open) {
		d.Pos = open.Pos
		d.Summary = fmt.Sprintf("the log %s cannot be opened: %v", open.File, cause(open.Err))
		d.Hint = fmt.Sprintf("the folder must exist, and user %s must be able to write there", userName())
	}
	return d
}

// cannotLogErrors says that the error log cannot be opened.
func cannotLogErrors(c *config.Config, err error) config.Diagnostic {
	return config.Diagnostic{Severity: config.Error, Pos: c.Errors.File.Pos,
		Summary: fmt.Sprintf("the error log %s cannot be opened: %v", c.Errors.File.V, cause(err)),
		Hint:    fmt.Sprintf("the folder must exist, and user %s must be able to write there", userName())}
}

// close gives a generation up that no exchange begins with any more.
func (g *generation) close() {
	g.dry.close()
	if g.handler != nil {
		g.handler.Close()
	}
	if g.inquirers != nil {
		g.inquirers.close() // lines that wait are written now
	}
	if g.access != nil {
		g.access.Close()
	}
	if g.errors != nil {
		g.errors.Release()
	}
}

// release gives everything up. Parts that were not made are left out.
func (s *Server) release() {
	s.network.stopCaptures()
	s.unshow()
	if s.control != nil {
		s.control.Close()
	}
	if s.scripts != nil {
		s.scripts.Close()
	}
	if s.web != nil {
		s.web.Close()
	}
	s.network.close() // nothing sends any more
	if s.watch != nil {
		s.watch.close()
	}
	if s.now != nil {
		s.now.close()
	}
	if s.store != nil {
		s.store.Close()
	}
}

// refused logs a connection that was not taken. It runs on a loop, and the log does not block.
func (s *Server) refused(remote netip.AddrPort, listener any, why *trace.Reason) {
	var pos trace.Position
	if why == serve.ReasonDenied {
		if c := s.listeners.rules(listener); c != nil {
			pos = c.responsible(remote.Addr())
		}
	}
	s.log.refused(remote, why, pos)
}
