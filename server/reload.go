package server

import (
	"context"
	"fmt"
	"os"
	"time"

	"vitrine/config"
	"vitrine/observe/accesslog"
	"vitrine/trace"
)

// reload puts a new configuration in force, whole, or leaves everything as it is and says why. Requests that have
// begun end with the configuration that they began with; a connection that stays takes the new one with its next
// request. Signals that end the process's life need not wait until it is done.
func (s *Server) reload(signals *signalQueue) {
	notify(stateReloading())
	defer notify(stateReady)
	s.files.Reopen() // whoever puts log files aside may send either signal
	c, diags := s.load()
	if c == nil {
		s.log.rejected(diags)
		return
	}
	if !s.sameNetwork(c, diags) {
		s.log.rejected(diags)
		return
	}
	look := prepareAdmin(c, diags)
	if look == nil {
		s.log.rejected(diags)
		return
	}
	next := s.generation(c, diags)
	if next == nil {
		s.reject(diags)
		return
	}
	change := s.listeners.prepare(c, diags)
	if change == nil {
		next.close()
		s.reject(diags)
		return
	}
	for _, d := range diags.Warnings() {
		s.log.warning(d)
	}
	s.warnRestart(c)
	s.adopt(next, change, signals)
	s.admin.adopt(look)
	s.snapshot()
	s.log.event(Reloaded, s.describe())
}

// reject gives a configuration up whose logs were opened, and says why. A log file that it shared with the present one
// had taken its rotation, so the present one opens its logs once more.
func (s *Server) reject(diags *config.Diagnostics) {
	s.log.use(s.files, s.now.config)
	if again, err := accesslog.Open(s.files, s.now.config); err == nil {
		again.Close()
	}
	s.log.rejected(diags)
}

// adopt makes the next generation the present one. Nothing in it can fail. Each generation answers only on listeners
// that it knows: those that are gone end while the old one still answers, and new ones accept when the next one does.
func (s *Server) adopt(next *generation, change *change, signals *signalQueue) {
	s.retire(change, signals)
	s.log.use(s.files, next.config)
	s.store.Configure(next.config.Memory)
	s.web.Configure(settings(next.config))
	s.watch.configure(s.now.config, next.config, &s.log)
	s.web.SetHandler(next.handler, change.tags())
	s.listeners.commit(change)
	old := s.now
	s.now = next
	next.dry.listening = s.listeners.live()
	s.shown.Store(next)
	time.AfterFunc(old.grace(), old.close)
}

// retire lets the connections of listeners that are gone end. They have a second more than it takes the idle ones to
// close by themselves; a signal to stop ends the wait, and is obeyed after the reload.
func (s *Server) retire(change *change, signals *signalQueue) {
	if len(change.gone) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.now.config.Timeouts.Idle.V+time.Second)
	defer cancel()
	done := make(chan struct{})
	go func() {
		s.listeners.retire(ctx, change)
		close(done)
	}()
	signals.during(done, func(sig os.Signal, ok bool) {
		switch {
		case !ok:
			cancel()
		case sig == sigReopen:
			s.files.Reopen()
		case sig == sigReload:
			signals.later(sig)
		default:
			signals.later(sig)
			cancel()
		}
	})
}

// grace is how long exchanges may still begin with a generation that has been replaced: those that looked it up at
// that moment, and the last ones on connections whose listener is gone.
func (g *generation) grace() time.Duration {
	const busyMachine = 2 * time.Second
	return g.config.Timeouts.Idle.V + g.config.Timeouts.Header.V + busyMachine
}

// sameNetwork refuses a configuration with another network than the present one: every connection is on it, and another
// adapter or other addresses would cut them all. What differs is added to diags.
func (s *Server) sameNetwork(c *config.Config, diags *config.Diagnostics) bool {
	changes := s.now.config.Network.Changes(c.Network)
	for _, ch := range changes {
		diags.Append(config.Diagnostic{Severity: config.Error, Pos: ch.Pos, Summary: ch.String() + ", and the network cannot be changed while the server runs",
			Hint: "restart the server, or take the change back"})
		NetworkFixed.Reach()
	}
	return len(changes) == 0
}

// warnRestart says which changes only a restart puts in force.
func (s *Server) warnRestart(c *config.Config) {
	old := s.now.config
	warn := func(name string, pos trace.Position, from, to any) {
		if from != to {
			s.log.warning(config.Diagnostic{Severity: config.Warning, Pos: pos,
				Summary: fmt.Sprintf("%s = %v needs a restart; until then it stays %v", name, to, from)})
			RestartNeeded.Reach()
		}
	}
	warn("io", c.IO.Pos, old.IO.V, c.IO.V)
	warn("loops", c.Loops.Pos, old.Loops.V, c.Loops.V)
	warn("workers", c.Workers.Pos, old.Workers.V, c.Workers.V)
	warn("control.off", c.Control.Off.Pos, old.Control.Off.V, c.Control.Off.V)
	warn("control.socket", c.Control.Socket.Pos, old.Control.Socket.V, c.Control.Socket.V)
	warn("threads", c.Threads.Pos, old.Threads.V, c.Threads.V)
}
