package server

import (
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"time"

	"vitrine/config"
	"vitrine/observe/glass"
	"vitrine/observe/logfile"
	"vitrine/server/control"
	"vitrine/site/access"
	"vitrine/site/cgi"
	"vitrine/site/resource"
	"vitrine/stack/link"
	"vitrine/web"
)

// Load reads a configuration, at the start and at each reload. The Diagnostics are never nil; the Config is nil when
// they have errors.
type Load func() (*config.Config, *config.Diagnostics)

// Options are what a server needs besides its configuration. The zero value works.
type Options struct {
	// Signals tells the server what to do: SIGHUP reloads, SIGUSR1 reopens the log files, SIGTERM and SIGINT drain and
	// stop, and a second one stops at once. Nil: those of the process.
	Signals <-chan os.Signal
	// Ready is called once every address is listened on and requests are answered.
	Ready func(*Server)
	// Handlers are Go handlers that a route may name: handler "NAME" { }. They answer off the event loops and may block.
	Handlers map[string]http.Handler
	// Version is the program's, for those who look; "": what the build says.
	Version string
	// adapter opens the adapter of a network block with as many queues; nil: openAdapter. Tests have wires in memory.
	adapter func(n *config.Network, queues int) (link.Adapter, error)
}

// Ending is how a server's life ended.
type Ending uint8

const (
	NotStarted Ending = iota // the Diagnostics say why
	Drained                  // every request that was received was answered
	Cut                      // connections were ended before that: by the drain's limit, a second signal, or the loss of the network's interface
)

// Server is a running server. Its life is run by one goroutine, Run's; the methods that others may use say so.
type Server struct {
	o    Options
	load Load

	now       *generation
	network   *network // nil: the kernel's sockets
	web       *web.Server
	listeners *listeners
	store     *resource.Store
	scripts   *cgi.Scripts
	access    *access.State
	files     *logfile.Files
	control   *control.Listener // nil: none
	watch     *watch
	glass     *glass.Handler             // nil: it does not serve yet, or has stopped
	admin     *admin                     // likewise
	ended     bool                       // nobody is shown anything any more
	shown     atomic.Pointer[generation] // for those who ask meanwhile
	started   time.Time
	told      atomic.Pointer[control.Status] // for those who ask meanwhile
	log       journal
}

// Run is the life of a server: it assembles it from its configuration, listens, serves, and obeys signals until one
// ends it. It returns when the server has stopped. When it cannot start, the Diagnostics say why, all reasons at once;
// otherwise they are nil.
func Run(load Load, o Options) (Ending, *config.Diagnostics) {
	signals := o.Signals
	if signals == nil {
		c := make(chan os.Signal, 4)
		signal.Notify(c, obeyed...)
		defer signal.Stop(c)
		ignorePipes()
		signals = c
	}
	c, diags := load()
	if c == nil {
		return NotStarted, diags
	}
	s := &Server{o: o, load: load}
	if !s.assemble(c, diags) || !s.listen(diags) {
		s.release()
		return NotStarted, diags
	}
	s.serve()
	for queue := (&signalQueue{arriving: signals, lost: s.network.lost()}); ; {
		switch sig, ok := queue.next(); {
		case ok && sig == sigReload:
			s.reload(queue)
		case ok && sig == sigReopen:
			s.files.Reopen() // it says so itself, in the new file
		default:
			return s.stop(sig, signals), nil
		}
	}
}

// listen opens every address of the first configuration.
func (s *Server) listen(diags *config.Diagnostics) bool {
	change := s.listeners.prepare(s.now.config, diags)
	if change == nil {
		return false
	}
	s.web.SetHandler(s.now.handler, change.tags())
	s.listeners.commit(change)
	return true
}

// serve begins to accept.
func (s *Server) serve() {
	s.web.Start()
	s.started = time.Now()
	s.show()
	s.listenControl()
	s.log.event(Started, s.describe())
	if s.o.Ready != nil { // first what it says where to look: whoever is notified may read it
		s.o.Ready(s)
	}
	notify(stateReady)
}

// Config is the configuration in force. It is for use in Ready.
func (s *Server) Config() *config.Config { return s.now.config }

// Addresses are the socket addresses that are listened on. It is for use in Ready.
func (s *Server) Addresses() []Address { return s.listeners.addresses() }

// describe is what is served where, in one line.
func (s *Server) describe() string {
	var names, where []string
	for _, site := range s.now.config.Sites {
		names = append(names, site.Name())
	}
	for _, a := range s.Addresses() {
		where = append(where, a.Bound.String())
	}
	text := fmt.Sprintf("%s on %s, io = %s", strings.Join(names, ", "), strings.Join(where, ", "), s.web.Engine().Architecture())
	if s.network != nil {
		text += ", network " + label(s.network.conf)
	}
	if url := s.AdminURL(); url != "" {
		text += ", admin " + url
	}
	return text
}
