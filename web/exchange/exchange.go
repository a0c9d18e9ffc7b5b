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
	waiters   int       // goroutines that do
	gave      bool      // one of them has given the handler's place to others
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
	driven  bool // lent at the moment
	held    bool // counted by Holder
	stirred bool // the partner was told and has not looked yet
	left    bool // Cancel was called
	running int8 // functions given to Go and Resume that have not returned: the one before may be on its way out
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

// Go runs f off the loop, on a goroutine of a bounded pool, and returns at once. The head is copied, so that f may
// use Request. f answers with Respond, or with Stream, Write and their like; when it returns without, the answer is
// 500. Go is called at most once for each exchange, within Serve. It returns false, and the exchange is still the
// loop's, when the pool is full.
func (x *Exchange) Go(f func(x *Exchange)) bool {
	x.detach()
	x.running = 1
	if x.carrier.Spawn(func() { x.run(f) }) {
		return true
	}
	x.detached, x.running = false, 0
	return false
}

// detach moves the head out of the connection's buffer.
func (x *Exchange) detach() {
	x.Keep()
	x.body.reset()
	x.body.eof = x.Request.ContentLength == 0
	last := x.out.last
	x.out.reset()
	x.out.last = last
	x.cancel, x.ctx, x.gone = nil, nil, nil
	x.returned, x.abandoned, x.wakes = false, false, false
	x.detached, x.lent = true, false
	x.partner, x.driver, x.driven, x.held, x.stirred, x.left, x.running = nil, nil, false, false, false, false, 0
}

// endedBy is who says that the handler is done.
type endedBy uint8

const (
	byReturn  endedBy = iota // the function that was given to Go or Resume has returned
	byTunnel                 // the tunnel was closed
	byPartner                // End
)

// ended notes that the handler is done: its function has returned, by whatever way, its tunnel was closed, or its partner
// has said so.
func (x *Exchange) ended(by endedBy) {
	x.mu.Lock()
	if by == byReturn {
		x.running--
		if x.gave && x.running == 0 { // somebody else goes on waiting, but the place is the function's, and it is done with it
			x.takeBack(x.carrier.(Yielder))
		}
		if !x.returned && (x.driven || x.running > 0 || x.out.tunnel && x.out.panic == nil) { // it goes on without the function
			panicked := x.out.panic != nil
			x.mu.Unlock()
			if panicked {
				x.wake()
			}
			return
		}
	}
	held := x.held
	x.held, x.partner = false, nil
	x.returned, x.out.ended = true, true
	x.body.closed = true // whoever still reads has outlived the handler
	x.cond.Broadcast()
	x.stopTimers()
	// Once the lock is given up, the carrier may give the exchange to the pool: nothing of it is touched after that.
	free, cancel, c := x.abandoned && x.running == 0, x.cancel, x.carrier
	tell := !x.abandoned && !x.wakes
	x.wakes = x.wakes || tell
	x.mu.Unlock()
	if held {
		c.(Holder).Unhold()
	}
	if cancel != nil {
		cancel(context.Canceled)
	}
	switch {
	case free:
		x.free()
	case tell:
		c.Wake()
	}
}

// stopTimers removes the deadlines. The lock is held.
func (x *Exchange) stopTimers() {
	for i, t := range x.timers {
		if t != nil {
			t.Stop()
			x.timers[i] = nil
		}
	}
}

// run calls the handler's function and survives its panic, which the carrier reports.
func (x *Exchange) run(f func(*Exchange)) {
	defer func() {
		if v := recover(); v != nil {
			x.mu.Lock()
			x.out.failed(v)
			x.mu.Unlock()
		}
		x.ended(byReturn)
	}()
	f(x)
}

// wake tells the carrier, once until it has looked.
func (x *Exchange) wake() {
	x.mu.Lock()
	tell := !x.wakes && !x.abandoned
	x.wakes = x.wakes || tell
	c := x.carrier // read under the lock: once abandoned, the exchange may serve another connection
	x.mu.Unlock()
	if tell {
		c.Wake()
	}
}

// Context ends when the client has gone, when the exchange was given up, or when the handler's function returns.
// It is used off the loop and from goroutines that the handler starts.
func (x *Exchange) Context() context.Context {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.lent = true
	if x.ctx == nil {
		x.ctx, x.cancel = context.WithCancelCause(context.Background())
		if x.gone != nil {
			x.cancel(x.gone)
		}
	}
	return x.ctx
}

// free gives the exchange back to the pool. Both ends are done with it.
func (x *Exchange) free() {
	if x.lent {
		x.leave()
		return
	}
	x.drop()
	x.Request, x.Peer, x.carrier, x.Trace, x.Pinned, x.block = nil, nil, nil, nil, nil, nil
	x.ctx, x.cancel, x.gone = nil, nil, nil
	x.partner, x.driver = nil, nil
	x.body.reset()
	x.out.reset()
	if cap(x.mem) > 64<<10 { // one giant head must not be kept for ever
		x.mem = nil
	}
	pool.Put(x)
}

// leave ends an exchange for good that the pool must not have: a goroutine of the handler's may still be within Read or
// Write, or come back to them, and must never meet another request there. The garbage collector knows when it is gone.
func (x *Exchange) leave() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.drop()
	x.body.reset()
	x.out.reset()
	x.body.closed, x.out.ended = true, true
	if x.gone == nil {
		x.gone = errEnded
	}
	x.cond.Broadcast()
}

// Forget says that the carrier has taken over the pieces of the answer and will release them.
func (x *Exchange) Forget() {
	clear(x.pieces)
	x.pieces = x.pieces[:0]
}

// drop releases the pieces that were not taken.
func (x *Exchange) drop() {
	for i := range x.pieces {
		if r := x.pieces[i].Release; r != nil {
			r.Release()
		}
	}
	clear(x.pieces)
	x.pieces = x.pieces[:0]
}
