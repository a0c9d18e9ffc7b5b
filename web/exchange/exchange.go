package exchange

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"vitrine/socket"
	"vitrine/trace"
	"vitrine/web/message"
)

// Handler answers exchanges.
type Handler interface {
	// Serve decides about one exchange. It runs on the connection's loop and must not block: it answers with
	// Respond, or hands the work to Go. An exchange that is neither answered nor handed over when Serve returns is
	// answered with 500.
	Serve(x *Exchange)
	// Finish is called once for each exchange, on the loop, when its response was handed to the transport whole or
	// when it failed. Outcome is complete. The exchange must not be kept.
	Finish(x *Exchange)
}

// Carrier is what an exchange asks of the protocol that carries it.
type Carrier interface {
	// Wake asks the owner of the connection to look at the exchange: output waits, credit was returned, or the
	// handler has ended. It never blocks and may be called from any goroutine.
	Wake()
	// Spawn runs f on a goroutine of the engine's bounded pool, as soon as one is free. It is called on the loop.
	// It returns false, and does not run f, when too many wait already.
	Spawn(f func()) bool
}

// Peer is who is at the other end. It is the same for every exchange of a connection.
type Peer struct {
	Remote     netip.AddrPort
	Local      netip.AddrPort
	Connection uint64 // its number since the program started
	Listener   any    // what the listener was opened with
	Opened     int64  // when it was accepted, in nanoseconds since 1970
	Loop       int    // the event loop that it belongs to
	// Transport tells what the transport knows of the connection; nil where nothing is known. It is asked on the
	// connection's loop.
	Transport socket.Informer
	// Recorded is for whoever records journeys: exchanges of the connection were. It is used on the loop only.
	Recorded bool
}

// Releaser gives back what a piece of a body holds, once the piece is sent or given up.
type Releaser interface{ Release() }

// Piece is a part of a response body: bytes that nobody changes until Release, or a section of a file.
type Piece struct {
	Bytes   []byte
	File    *socket.File
	Offset  int64
	N       int64 // of File
	Release Releaser
}

// Len is the piece's length in bytes.
func (p *Piece) Len() int64 {
	if p.File != nil {
		return p.N
	}
	return int64(len(p.Bytes))
}

// Outcome is how an exchange ended, for the log. The carrier fills it in before Finish.
type Outcome struct {
	Status   int
	Body     int64 // body bytes handed to the transport
	Sent     int64 // those and the head's
	Received int64 // bytes of the request, head and body as on the wire
	Elapsed  int64 // nanoseconds since the head was complete
	Head     int64 // nanoseconds before that when its first byte was seen
	First    int64 // nanoseconds since the head was complete until the response's first byte was handed to the transport; 0: at once, or never
	// Where in the connection's two streams of bytes the request and the response begin, from 0.
	RequestAt, ResponseAt int64
	Keep                  bool          // the connection goes on
	Ending                *trace.Reason // why the connection stays or ends after this exchange
	Failure               *trace.Reason // nil when the response was sent whole
}

// Exchange is one request and its response. Unless a method says otherwise it is used by one goroutine: the loop
// until Go is called, then the function that was given to Go.
type Exchange struct {
	// Request is the head. It is valid until Finish.
	Request *message.Request
	Peer    *Peer
	// Client is who asks: the connection's other end, or whom trusted proxies name in its place, then with port 0 when they
	// do not say it. The zero address is a client whom they hide. It is set before anything is decided, and is not changed
	// once the exchange has left the loop.
	Client netip.AddrPort
	// User is who the client proved to be; empty: nobody. Scheme is how: "Basic" or "Digest". They belong to whoever runs
	// the exchange.
	User, Scheme string
	Journey      trace.ID
	Start        int64 // when the head was complete, in nanoseconds since 1970
	// Serial is the number of this request on its connection, from 1.
	Serial uint32
	// Trace collects the decisions; nil when nobody looks.
	Trace *trace.Journey
	// Pinned is for the handler's use from Serve to Finish; reset to nil for each exchange.
	Pinned any
	// Reasons are the decisions worth telling, in order, for the log. Use Because to add to it.
	Reasons   [6]*trace.Reason
	Positions [6]*trace.Position
	reasons   uint8
	Outcome   Outcome
	// Refused is set when the carrier could not accept the request: Request may then be incomplete, and Serve is
	// asked only for the error's answer.
	Refused *Refusal

	carrier Carrier
	limits  Limits

	// Decided on the loop, before Go: read by the carrier without a lock.
	detached bool
	done     bool // a whole response was given by Respond
	block    *message.Block
	pieces   []Piece

	filter Filter // of what is written; nil: none. It belongs to whoever writes

	own  message.Request // the head's copy once detached
	mem  []byte          // own's arena
	body body
	out  output

	mu        sync.Mutex
	cond      sync.Cond // handler waits: for input or for the window
	waiters   int       // goroutines that do, or for what Aside waits for
	place     place     // of the handler's function in the pool
	cancel    context.CancelCauseFunc
	ctx       context.Context
	timers    [2]*time.Timer // deadlines of reading and writing
	gone      error          // the carrier gave the exchange up
	returned  bool           // the handler's function has returned
	abandoned bool           // the carrier has finished with it
	wakes     bool           // a Wake was sent and not yet answered by Update
	lent      bool           // the handler was given something that may outlive its function: no reuse

	// Of an exchange that is driven without a goroutine; see Lend.
	partner Partner
	driver  LinkDriver
	driven  bool       // lent at the moment
	held    bool       // counted by Holder
	heldFor netip.Addr // as whose it was
	stirred bool       // the partner was told and has not looked yet
	left    bool       // Cancel was called
	running int8       // functions given to Go and Resume that have not returned: the one before may be on its way out
	pace    Pace
}

// Refusal is why a request was not accepted, and the status that says so.
type Refusal struct {
	Status int
	Reason *trace.Reason
}

// Limits bound what one exchange holds in memory.
type Limits struct {
	Input  int // request body bytes received and not yet read
	Output int // response body bytes produced and not yet taken
}

var pool = sync.Pool{New: func() any {
	x := new(Exchange)
	x.cond.L = &x.mu
	return x
}}

// New takes an exchange from the pool. It is for carriers.
func New() *Exchange { return pool.Get().(*Exchange) }

// Begin prepares an exchange for a new request. It is for carriers.
func (x *Exchange) Begin(c Carrier, r *message.Request, peer *Peer, lim Limits) {
	x.Request, x.Peer, x.carrier, x.limits = r, peer, c, lim
	x.Client, x.User, x.Scheme = peer.Remote, "", ""
	x.Trace, x.Pinned, x.Refused, x.reasons = nil, nil, nil, 0
	x.pace, x.filter = Pace{}, nil
	x.Outcome = Outcome{}
	x.detached, x.done, x.block, x.out.last = false, false, nil, false
	if len(x.pieces) > 0 {
		clear(x.pieces)
		x.pieces = x.pieces[:0]
	}
}

// Because notes a decision with the configuration's line that is responsible, for the log. The position must live
// as long as the configuration; nil means that no line is. When there are too many, the last one stays. It may be
// called from any goroutine.
func (x *Exchange) Because(r *trace.Reason, p *trace.Position) {
	if x.detached { // both ends have something to say
		x.mu.Lock()
		defer x.mu.Unlock()
	}
	if int(x.reasons) == len(x.Reasons) {
		x.reasons-- // what came of it matters more than one more step on the way
	}
	x.Reasons[x.reasons], x.Positions[x.reasons] = r, p
	x.reasons++
}

// BecauseAll is Because for the decisions of an exchange that was answered before in the same way, on the loop. There are as
// many positions as reasons, and no more than are noted for one exchange.
func (x *Exchange) BecauseAll(reasons []*trace.Reason, positions []*trace.Position) {
	if x.detached || int(x.reasons)+len(reasons) > len(x.Reasons) {
		for i, r := range reasons {
			x.Because(r, positions[i])
		}
		return
	}
	at := int(x.reasons)
	for i, r := range reasons { // few: copy would cost more
		x.Reasons[at+i], x.Positions[at+i] = r, positions[i]
	}
	x.reasons = uint8(at + len(reasons))
}

// Why is the decisions noted so far. It may be called from any goroutine.
func (x *Exchange) Why() ([]*trace.Reason, []*trace.Position) {
	if x.detached {
		x.mu.Lock()
		defer x.mu.Unlock()
	}
	return x.Reasons[:x.reasons], x.Positions[:x.reasons]
}

// AddBytes appends bytes to the body of a response that Respond will send. Nobody may change them until release
// (which may be nil) is called.
func (x *Exchange) AddBytes(b []byte, release Releaser) {
	if len(b) > 0 || release != nil {
		x.pieces = append(x.pieces, Piece{Bytes: b, Release: release})
	}
}

// AddFile appends a section of a file to the body of a response that Respond will send.
func (x *Exchange) AddFile(f *socket.File, off, n int64, release Releaser) {
	x.pieces = append(x.pieces, Piece{File: f, Offset: off, N: n, Release: release})
}

// Respond answers with a whole response: the head, and the pieces added before as the body. The head says the
// length itself (Content-Length), and it must be that of the pieces; for HEAD, 204 and 304 the pieces are dropped.
// On the loop and off it alike, it returns at once.
func (x *Exchange) Respond(b *message.Block) {
	if !x.detached {
		x.block, x.done = b, true
		return
	}
	x.mu.Lock()
	if x.block == nil {
		x.block, x.done = b, true
	}
	x.mu.Unlock()
	x.wake()
}

// Responded reports whether a response was begun.
func (x *Exchange) Responded() bool { return x.block != nil }
