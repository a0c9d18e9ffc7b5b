package web

import (
	"context"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"vitrine/socket"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/http1"
	"vitrine/web/serve"
)

// These are the words that handlers use.
type (
	Exchange = exchange.Exchange
	Handler  = exchange.Handler
	Refusal  = exchange.Refusal
	Peer     = exchange.Peer
	Tunnel   = exchange.Tunnel
)

// Settings are the bounds of a Server. They may change while it runs; an exchange keeps those it began with.
// A zero duration or number means "no bound", except where noted.
type Settings struct {
	Connections           int // in all
	ConnectionsPerClient  int
	RequestsPerConnection int
	Handlers              int // goroutines that run handlers at once; 0: 256
	Suspended             int // exchanges that wait for something without a goroutine, half of them of one network; 0: 16 for each handler
	HeaderBytes           int // 0: 32 KiB
	HeaderCount           int // 0: 100
	URIBytes              int // 0: 16 KiB
	BodyBytes             int64
	InputBytes            int // credit of one exchange; 0: 64 KiB
	OutputBytes           int // window of one exchange; 0: 256 KiB

	HeaderTimeout    time.Duration
	BodyTimeout      time.Duration
	KeepAliveTimeout time.Duration
	WriteTimeout     time.Duration // 0: one minute
	LingerTimeout    time.Duration // 0: five seconds
	DrainIdle        time.Duration // how long a quiet connection may still send a request once draining
	MinRate          int64         // bytes a second

	// Timed reads the clock at each exchange's end, so that Outcome.Elapsed is exact. Without it, an exchange that
	// ends in the turn it began in takes no time.
	Timed bool
}

// trailerBytes bounds a request's trailer section.
const trailerBytes = 8 << 10

// settings is Settings as the driver wants them.
type settings struct {
	Settings
	head   http1.Limits
	limits exchange.Limits
}

func prepare(s Settings) *settings {
	orInt(&s.Handlers, 256)
	orInt(&s.Suspended, 16*s.Handlers)
	orInt(&s.HeaderBytes, 32<<10)
	orInt(&s.HeaderCount, 100)
	orInt(&s.URIBytes, 16<<10)
	orInt(&s.InputBytes, 64<<10)
	orInt(&s.OutputBytes, 256<<10)
	if s.WriteTimeout <= 0 {
		s.WriteTimeout = time.Minute
	}
	if s.LingerTimeout <= 0 {
		s.LingerTimeout = 5 * time.Second
	}
	return &settings{
		Settings: s,
		head: http1.Limits{HeaderBytes: s.HeaderBytes, URIBytes: s.URIBytes, HeaderCount: s.HeaderCount,
			BodyBytes: s.BodyBytes, ChunkLine: 4 << 10, TrailerBytes: trailerBytes},
		limits: exchange.Limits{Input: s.InputBytes, Output: s.OutputBytes},
	}
}

func orInt(p *int, or int) {
	if *p <= 0 {
		*p = or
	}
}

func (s *settings) engine() serve.Settings {
	return serve.Settings{Connections: s.Connections, ConnectionsPerClient: s.ConnectionsPerClient, Handlers: s.Handlers,
		Suspended: s.Suspended, Write: s.WriteTimeout, Linger: s.LingerTimeout, MinRate: s.MinRate,
		// A whole head, or a chunk's line or a trailer section, and a read of what follows it.
		Left: s.HeaderBytes + trailerBytes + 128<<10}
}

// Options are a Server's fixed properties.
type Options struct {
	Architecture string         // one of serve.Architectures; "": the best of this system
	Network      socket.Network // nil: the kernel's
	Loops        int
	Workers      int
	Threads      int
	// Refused is told of connections that are not taken. It is called on a loop and must not block.
	Refused func(remote netip.AddrPort, listener any, why *trace.Reason)
	// Ended is told of each connection's end and why, with the Peer that its exchanges had; one that never had an exchange
	// has a Peer, too. It is called when its last exchange has ended, in the connection's last turn, where Peer.Transport
	// can still be asked, and must not block.
	Ended func(p *Peer, why *trace.Reason)
	// Failed is told of errors of the server itself and of handlers' panics, from any goroutine.
	Failed func(err error)
}

// Server accepts connections and answers the exchanges on them with its Handler.
type Server struct {
	engine   *serve.Engine
	now      atomic.Pointer[generation]
	settings atomic.Pointer[settings]
	failed   func(error)
}

// generation is what an exchange pins when it begins: the handler, and what its listeners are called for it.
type generation struct {
	handler Handler
	tags    map[*serve.Listener]any
}

// NewServer makes a server. It listens nowhere yet.
func NewServer(h Handler, s Settings, o Options) (*Server, error) {
	srv := &Server{failed: o.Failed}
	if srv.failed == nil {
		srv.failed = func(error) {}
	}
	srv.now.Store(&generation{handler: h})
	set := prepare(s)
	srv.settings.Store(set)
	if o.Architecture == "" {
		o.Architecture = serve.Default()
	}
	if o.Network == nil {
		o.Network = socket.Kernel{}
	}
	var ended func(c *serve.Conn, why *trace.Reason)
	if o.Ended != nil {
		ended = func(c *serve.Conn, why *trace.Reason) { o.Ended(&c.Driver().(*http1Conn).peer, why) }
	}
	engine, err := serve.New(serve.Options{
		Architecture: o.Architecture, Network: o.Network, Loops: o.Loops, Workers: o.Workers, Threads: o.Threads,
		NewDriver: func(c *serve.Conn) serve.Driver { return newHTTP1(srv, c) },
		NewLocal:  func() any { return newLocal() },
		Refused:   o.Refused, Ended: ended, Failed: srv.failed,
	}, set.engine())
	if err != nil {
		return nil, err
	}
	srv.engine = engine
	return srv, nil
}

// Listen opens an address. tag is what Peer.Listener will be; admit decides about a client's address before anything
// is read, and returns nil to allow it. A nil admit allows everybody.
func (s *Server) Listen(addr netip.AddrPort, backlog int, tag any, admit func(netip.Addr) *trace.Reason) (*serve.Listener, error) {
	return s.engine.Listen(addr, dual(addr), backlog, tag, admit)
}

// dual reports whether an address is that of all addresses of both families.
func dual(addr netip.AddrPort) bool { return addr.Addr().Is6() && addr.Addr().IsUnspecified() }

// Bind is Listen without accepting yet: clients can connect, and wait until Accept.
func (s *Server) Bind(addr netip.AddrPort, backlog int, tag any, admit func(netip.Addr) *trace.Reason) (*serve.Listener, error) {
	return s.engine.Bind(addr, dual(addr), backlog, tag, admit)
}

// Accept begins to accept on a bound address. It is called once.
func (s *Server) Accept(l *serve.Listener) { s.engine.Accept(l) }

// Retire stops accepting on addresses and lets the connections that came in there end as in a drain. It returns when
// none is left, or with the context's cause.
func (s *Server) Retire(ctx context.Context, ls ...*serve.Listener) error {
	return s.engine.Retire(ctx, ls...)
}

// Unlisten stops accepting on an address. Its connections end as when the server drains, and what still comes on them
// is answered by the handler that they have, unless SetHandler names the listener.
func (s *Server) Unlisten(l *serve.Listener) { s.engine.Unlisten(l) }

// Start begins to accept. It returns at once.
func (s *Server) Start() { s.engine.Start() }

// SetHandler gives the exchanges that begin afterwards, on whichever connection, to h. tags, which may be nil, is what
// Peer.Listener is from then on for the listeners that it names; both change in one step. A listener that is to go is
// to be closed with Unlisten first.
func (s *Server) SetHandler(h Handler, tags map[*serve.Listener]any) {
	s.now.Store(&generation{h, tags})
}

// Configure changes the bounds.
func (s *Server) Configure(n Settings) {
	set := prepare(n)
	s.settings.Store(set)
	s.engine.Configure(set.engine())
}

// Engine is what runs the connections, for those who show it.
func (s *Server) Engine() *serve.Engine { return s.engine }

// Drain stops accepting, answers every request that was received and ends the connections. It returns when all have
// ended or with the context's cause.
func (s *Server) Drain(ctx context.Context) error { return s.engine.Drain(ctx) }

// Close ends everything at once.
func (s *Server) Close() error { return s.engine.Close() }

// panicError is a handler's panic.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("handler panicked: %v\n%s", e.value, e.stack) }
