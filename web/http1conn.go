package web

import (
	"net/http"
	"runtime/debug"
	"time"

	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/http1"
	"vitrine/web/message"
	"vitrine/web/serve"
)

// http1Conn speaks HTTP/1 on one connection: it joins the pure machine of package http1 to an exchange. It is the
// exchange's carrier and the connection's driver. One exchange is under way at a time; requests that the client
// sends ahead (pipelining) wait in the connection and are answered in order, their answers gathered in one write.
type http1Conn struct {
	srv  *Server
	conn *serve.Conn
	rx   http1.Receiver
	tx   http1.Sender
	x    *exchange.Exchange // under way beyond the turn it began in; nil: none
	set  *settings          // those the exchange under way began with
	h    Handler            // likewise
	now  *generation        // the one that h is of

	peer    exchange.Peer
	serial  uint32
	journey trace.ID // of the last request
	// bodyStatus is the answer to a request whose body failed, when the handler gives none.
	bodyStatus int

	stage     stage
	continued bool          // 100 (Continue) was sent, or is not expected
	begun     bool          // the response's head was sent
	slow      bool          // the body came too slowly
	shut      bool          // the tunnel's sending side was closed
	away      bool          // the exchange is counted among those off the loops
	paced     bool          // the response leaves no faster than it may
	half      bool          // the client had ended its direction before it had the last response
	keep      bool          // the connection goes on after this exchange
	asked     bool          // the client asked for the connection's end
	last      bool          // whoever answers did
	fault     *trace.Reason // what was wrong with the request
	ending    *trace.Reason // why it goes on or ends

	headAt   int64 // engine time when the present head began to arrive; 0: not yet
	bodyAt   int64 // when the body began to arrive
	bodyGot  int64
	dropped  int64 // body bytes discarded
	streamed int64 // bytes of the connection used so far, up to the present head or piece of a body
	sentAt   int64 // Conn.Given when the exchange began
	bodyFrom int64 // Conn.Given behind the response's head
	body     int64 // body bytes of the response so far
	wire     int64 // those with their framing
	consumed int64 // bytes of the request used so far
}

// stage is what the connection is doing.
type stage uint8

const (
	awaiting  stage = iota // a request's head
	answering              // an exchange is off the loop
	sending                // a whole response waits for the transport
	draining               // the response is sent, what is left of the request's body is not
	tunnelled              // HTTP was left
	ended
)

// discardLimit is how much of a request's body is read and dropped so that the connection can go on; more costs more
// than a new connection.
const discardLimit = 256 << 10

func newHTTP1(srv *Server, c *serve.Conn) *http1Conn {
	h := &http1Conn{srv: srv, conn: c}
	h.peer = exchange.Peer{Remote: c.Remote(), Local: c.Local(), Connection: c.ID(), Listener: c.Listener(),
		Opened: c.Opened(), Loop: c.Loop(), Transport: c.Transport()}
	h.adopt(srv.now.Load())
	if t := srv.settings.Load().HeaderTimeout; t > 0 {
		c.SetDeadline(serve.Now() + int64(t))
	}
	return h
}

// Doing says what the connection is doing, for those who show it.
func (h *http1Conn) Doing() (what string, serial uint32, journey trace.ID) {
	switch {
	case h.stage == awaiting && h.rx.Started():
		what = "receiving a request's head"
	case h.stage == awaiting:
		what = "awaiting a request"
	case h.stage == answering && h.begun:
		what = "answering, the response has begun"
	case h.stage == answering:
		what = "answering"
	case h.stage == sending:
		what = "sending"
	case h.stage == draining:
		what = "dropping a body that nobody reads"
	case h.stage == tunnelled:
		what = "tunnelling another protocol"
	default:
		what = "ending"
	}
	return what, h.serial, h.journey
}

// Wake and Spawn make it an exchange.Carrier.
func (h *http1Conn) Wake() { h.conn.Wake() }

// Spawn runs a handler's function on the engine's pool.
func (h *http1Conn) Spawn(f func()) bool { return h.conn.Spawn(f) }

// GiveWay and TakeBack make it an exchange.Yielder.
func (h *http1Conn) GiveWay() bool { return h.conn.GiveWay() }
func (h *http1Conn) TakeBack()     { h.conn.TakeBack() }

// Hold and Unhold make it an exchange.Holder.
func (h *http1Conn) Hold() bool { return h.conn.Hold() }
func (h *http1Conn) Unhold()    { h.conn.Unhold() }

// Receive uses the bytes that are there: heads begin exchanges, bodies feed them.
func (h *http1Conn) Receive(w *serve.Worker, c *serve.Conn, in []byte) int {
	used := 0
	from := h.streamed
	// Paused, nothing more is given: who reads on another goroutine may have made room since, and would then owe no wake.
	for used < len(in) && !c.Finishing() && !c.Paused() {
		h.streamed = from + int64(used)
		var n int
		switch {
		case h.stage == tunnelled:
			n = h.x.Feed(in[used:])
			if n < len(in)-used {
				c.Pause()
			}
		case h.rx.InBody():
			n = h.receiveBody(w, in[used:])
		case h.stage == awaiting:
			n = h.receiveHead(w, in[used:])
			c.Flush(w)
			if c.Pending() { // answered; what follows waits until the client takes it
				used += n
				h.streamed = from + int64(used)
				return used
			}
		}
		if n == 0 {
			break
		}
		used += n
	}
	h.streamed = from + int64(used)
	return used
}

// receiveHead reads one head and begins its exchange. It returns how many bytes it used.
func (h *http1Conn) receiveHead(w *serve.Worker, in []byte) int {
	l := w.Local.(*local)
	set := h.srv.settings.Load()
	n, fault := h.rx.RequestHead(in, &set.head, &l.request)
	if fault != nil {
		h.begin(w, set, l, len(in))
		h.refuse(w, l, fault.Status, fault.Reason)
		return len(in) // nobody knows where another request would begin
	}
	if h.rx.Started() || n == 0 { // incomplete: the whole head has one deadline, however its bytes trickle in
		if h.headAt == 0 && h.rx.Started() {
			h.headAt = w.Now
			if h.conn.SetDeadline(0); set.HeaderTimeout > 0 { // the time for being idle is over
				h.conn.SetDeadline(w.Now + int64(set.HeaderTimeout))
			}
		}
		return n
	}
	h.begin(w, set, l, n)
	x := l.x
	x.Serial = h.serial
	if l.request.Fields.Has(message.Expect) {
		h.continued = !http1.Expects100(&l.request)
	}
	h.serve(x)
	h.dispatch(w, l)
	return n
}

// serve asks the handler. Its panic on the loop must cost no other connection its server.
func (h *http1Conn) serve(x *exchange.Exchange) {
	defer func() {
		if v := recover(); v != nil {
			h.srv.failed(&panicError{v, debug.Stack()})
			x.Because(HandlerPanic.Reach(), nil)
			x.Outcome.Failure = HandlerPanic
		}
	}()
	h.h.Serve(x)
}

// begin prepares the exchange of the next request; n bytes of it are there.
func (h *http1Conn) begin(w *serve.Worker, set *settings, l *local, n int) {
	if g := h.srv.now.Load(); g != h.now {
		h.adopt(g)
	}
	h.set, h.h = set, h.now.handler
	h.serial++
	seen := h.headAt
	h.headAt, h.bodyAt, h.bodyGot, h.dropped, h.body, h.wire = 0, 0, 0, 0, 0, 0
	h.consumed = int64(n)
	h.begun, h.keep, h.continued = false, false, true
	h.fault, h.ending, h.bodyStatus = nil, nil, 0
	h.asked, h.last = false, false
	h.slow, h.shut = false, false
	h.sentAt = h.conn.Given(w)
	h.bodyFrom = h.sentAt
	x := l.x
	x.Begin(h, &l.request, &h.peer, set.limits)
	o := &x.Outcome
	if seen != 0 {
		o.Head = w.Now - seen
	}
	o.RequestAt, o.ResponseAt = h.streamed, h.sentAt
	if m := l.request.MethodText; m.Len > 0 { // empty lines may come before it
		o.RequestAt += int64(m.Off)
	}
	x.Journey, x.Start, x.Serial = w.NewID(), w.Wall, h.serial
	h.journey = x.Journey
	h.conn.Tag(x.Journey)
}

// adopt takes a new handler, with what it calls the connection's listener. A listener that is closed means nothing to
// the new handler, so the last requests of its connections go to the handler that knew it.
func (h *http1Conn) adopt(g *generation) {
	tag, ok := g.tags[h.conn.Source()]
	switch {
	case ok:
		h.peer.Listener = tag
	case h.now != nil && h.conn.Source().Closed():
		return
	}
	h.now = g
}

// dispatch goes on after Serve: with an answer, with an exchange off the loop, or with neither.
func (h *http1Conn) dispatch(w *serve.Worker, l *local) {
	x := l.x
	if x.Detached() {
		h.x, l.x = x, exchange.New()
		if h.away = !x.Lent(); h.away { // one that is lent wants no processor besides the loops'
			h.conn.Leave()
		}
		h.stage = answering
		h.bodyAt = w.Now
		h.conn.SetDeadline(0)
		if !h.rx.InBody() || !h.continued {
			h.conn.Pause()
		} else {
			h.bodyDeadline(w)
		}
		return
	}
	h.last = x.Last()
	switch block, pieces := x.Answer(); {
	case x.Outcome.Failure != nil: // it panicked
		h.fail(w, x, x.Outcome.Failure)
	case block != nil && block.Status() == 101:
		h.fail(w, x, SwitchUnasked.Reach())
	case block != nil:
		h.respond(w, x, block, pieces)
	case x.Refused != nil:
		block, pieces = bare(x.Refused.Status)
		h.respond(w, x, block, pieces)
	default:
		h.fail(w, x, HandlerSilent.Reach())
	}
	if h.stage == sending || h.stage == draining { // the exchange outlives the turn
		x.Keep()
		h.x, l.x = x, exchange.New()
	}
}

// refuse answers a request that could not be accepted, and ends the connection: nobody knows where the next
// request would begin.
func (h *http1Conn) refuse(w *serve.Worker, l *local, status int, why *trace.Reason) {
	l.x.Refused = &exchange.Refusal{Status: status, Reason: why}
	l.x.Because(why, nil)
	h.fault = why
	h.serve(l.x)
	h.dispatch(w, l)
}

// bare is the shortest answer: a status without a body.
func bare(status int) (*message.Block, []exchange.Piece) {
	f := new(message.Header)
	if message.BodyAllowed(status) {
		f.Add("Content-Length", "0")
	}
	return message.NewBlock(status, f), nil
}

// fail answers 500 when nothing was sent yet, and otherwise cuts the connection.
func (h *http1Conn) fail(w *serve.Worker, x *exchange.Exchange, why *trace.Reason) {
	if x.Outcome.Failure == nil {
		x.Because(why, nil)
		x.Outcome.Failure = why
	}
	if h.begun {
		h.cut(w, x, why)
		return
	}
	for _, p := range x.Pieces() { // of an answer that will not be given
		if p.Release != nil {
			p.Release.Release()
		}
	}
	h.last = true // who knows what it has left undone
	block, pieces := bare(http.StatusInternalServerError)
	h.respond(w, x, block, pieces)
}

// cut ends the connection in a way that the client cannot take for the response's end.
func (h *http1Conn) cut(w *serve.Worker, x *exchange.Exchange, why *trace.Reason) {
	h.ending, h.keep = why, false
	h.conn.Abort(w, why)
}

// respond sends a whole response.
func (h *http1Conn) respond(w *serve.Worker, x *exchange.Exchange, b *message.Block, pieces []exchange.Piece) {
	h.head(w, x, b, http1.Length)
	withBody := x.Request.Method != message.HEAD && message.BodyAllowed(b.Status())
	for i := range pieces {
		p := &pieces[i]
		switch {
		case !withBody:
			if p.Release != nil {
				p.Release.Release()
			}
		case p.File != nil:
			h.body, h.wire = h.body+p.N, h.wire+p.N
			h.conn.SendFile(w, p.File, p.Offset, p.N, p.Release)
		default:
			n := int64(len(p.Bytes))
			h.body, h.wire = h.body+n, h.wire+n
			h.conn.Send(w, p.Bytes, p.Release)
		}
	}
	x.Forget()
	if h.conn.Pending() {
		h.stage = sending
		h.conn.SetDeadline(0)
		return
	}
	h.sent(w, x)
}

// head sends a final response's head and decides whether the connection goes on.
func (h *http1Conn) head(w *serve.Worker, x *exchange.Exchange, b *message.Block, f http1.Framing) {
	minor := x.Request.Minor
	options := http1.ConnectionOptions(&x.Request.Fields)
	h.asked = options.Close
	h.keep, h.ending = http1.Persist(http1.PersistInput{
		Minor: minor, Options: options, ResponseClose: h.last, Framing: f,
		Requests: int(h.serial), MaxRequests: h.set.RequestsPerConnection,
		Draining: h.conn.Draining(), Faulty: h.fault != nil,
		// A client that still waits for 100 (Continue) may send its body or not: nobody can tell what comes next.
		// And a body that is too large to be dropped is better refused now than cut off later.
		Unread: h.rx.InBody() && (!h.continued || h.rx.BodyRemaining() > discardLimit),
	})
	if h.fault != nil {
		h.ending = h.fault // the fault says more than that there was one
	}
	if p := x.PaceOf(); p.Rate > 0 {
		h.conn.SetPace(w, p.Rate, p.Burst)
		h.paced = true
	}
	h.responds(w, x)
	w.Out = append(w.Out, b.Wire(message.HTTP1, http1.RenderBlock)...)
	w.Out = append(w.Out, w.Date()...)
	if f == http1.Chunked {
		w.Out = append(w.Out, "Transfer-Encoding: chunked\r\n"...)
	}
	if !h.keep || minor == 0 {
		left := 0
		if most := h.set.RequestsPerConnection; most > 0 {
			left = most - int(h.serial)
		}
		w.Out = http1.AppendConnection(w.Out, minor, h.keep, int(h.set.KeepAliveTimeout.Seconds()), left)
	}
	w.Out = append(w.Out, '\r', '\n')
	h.bodyFrom = h.conn.Given(w)
	h.begun = true
	x.Outcome.Status = b.Status()
}

// responds notes where and when the response begins. In the turn in which the request's head was complete it takes no time.
func (h *http1Conn) responds(w *serve.Worker, x *exchange.Exchange) {
	x.Outcome.ResponseAt = h.conn.Given(w)
	x.Outcome.First = max(w.Wall-x.Start, 0)
}

// sent goes on when a response was handed to the transport whole: to what is left of the request's body, or to the
// exchange's end.
func (h *http1Conn) sent(w *serve.Worker, x *exchange.Exchange) {
	if h.conn.Broken() { // it was not; the turn ends the connection
		h.stage = sending
		return
	}
	if h.paced {
		if h.conn.Paced(w) {
			h.stage = sending
			h.conn.SetDeadline(0)
			return
		}
		h.paced = false
		h.conn.SetPace(w, 0, 0)
	}
	if h.keep && h.fault != nil { // the request's body turned out faulty while the response was sent
		h.keep, h.ending = false, h.fault
	}
	if h.keep && h.rx.InBody() {
		h.stage = draining
		h.conn.Resume()
		h.bodyAt = w.Now
		h.bodyDeadline(w)
		h.conn.Again()
		return
	}
	h.end(w, x)
}

// end finishes an exchange whose response is sent.
func (h *http1Conn) end(w *serve.Worker, x *exchange.Exchange) {
	c := h.conn
	h.finish(w, x, false)
	if !h.keep {
		h.stage = ended
		// A client that asked for the end and has sent nothing more reads our answer and closes, so nothing can
		// provoke a reset; anybody else may still be sending.
		polite := h.asked && h.fault == nil && !h.rx.InBody() && c.Left() == 0
		c.Finish(h.ending, !polite)
		return
	}
	h.stage = awaiting
	if c.Paused() {
		c.Resume()
	}
	h.half = c.HalfShut()
	h.idle(w, c)
}

// idle sets how long the connection may wait for its next request.
func (h *http1Conn) idle(w *serve.Worker, c *serve.Conn) {
	switch set := h.srv.settings.Load(); {
	case c.Draining():
		c.SetDeadline(w.Now + int64(set.DrainIdle))
	case set.KeepAliveTimeout > 0:
		c.SetDeadline(w.Now + int64(set.KeepAliveTimeout))
	default:
		c.SetDeadline(0)
	}
}

// taken is how many bytes of the response's body, and of the whole response, the client of a connection that is gone has taken,
// as far as the transport knows. Of chunks and their framing it is as much of both.
func (h *http1Conn) taken() (body, all int64) {
	at := h.conn.Taken()
	all = max(at-h.sentAt, 0)
	switch of := max(at-h.bodyFrom, 0); {
	case of >= h.wire:
		body = h.body
	case h.body == h.wire:
		body = of
	default:
		body = int64(float64(h.body) * float64(of) / float64(h.wire))
	}
	return body, all
}

// finish tells the handler how the exchange ended and lets it go. lost says that the connection was before everything that the
// response has was sent, as far as anybody knows.
func (h *http1Conn) finish(w *serve.Worker, x *exchange.Exchange, lost bool) {
	o := &x.Outcome
	o.Body, o.Sent, o.Received = h.body, h.conn.Given(w)-h.sentAt, h.consumed
	if lost {
		o.Body, o.Sent = h.taken()
	}
	end := w.Wall
	if h.set.Timed {
		end = time.Now().UnixNano()
	}
	o.Elapsed = max(end-x.Start, 0)
	o.Keep, o.Ending = h.keep, h.ending
	h.h.Finish(x)
	if x == h.x {
		h.x = nil
		if h.away {
			h.away = false
			h.conn.Return()
		}
		x.Release()
	}
}

// Sent goes on when what had waited for the transport is gone.
func (h *http1Conn) Sent(w *serve.Worker, c *serve.Conn) {
	switch {
	case h.stage == sending:
		h.sent(w, h.x)
	case h.rx.InBody():
		h.bodyAt, h.bodyGot = w.Now, 0
		h.bodyDeadline(w)
	case h.stage == awaiting && !h.rx.Started():
		h.idle(w, c)
	case h.stage == awaiting && h.set.HeaderTimeout > 0:
		c.SetDeadline(w.Now + int64(h.set.HeaderTimeout))
	}
	if h.stage == answering || h.stage == tunnelled {
		h.Woken(w, c)
	} else {
		c.Again()
	}
}

// Woken looks at what the exchange off the loop wants.
func (h *http1Conn) Woken(w *serve.Worker, c *serve.Conn) {
	if h.x == nil || !h.x.Detached() || c.Finishing() || h.stage != answering && h.stage != tunnelled {
		return
	}
	h.update(w, c, h.x)
}

// HalfShut tells a handler whose client has probably gone: whoever closes a connection ends this direction of it first.
// A client that has closed only its half gets its answer all the same, unless the handler heeds its context.
func (h *http1Conn) HalfShut(w *serve.Worker, c *serve.Conn) {
	if h.stage == answering && h.x.Detached() && !h.rx.InBody() && c.Left() == 0 && !c.Waiting() {
		h.x.Cancel(&exchange.GoneError{Reason: CloseClient})
	}
}

// EOF handles the end of the client's direction. A response that is under way is still sent: the client may have
// closed only its half (RFC 9112 §9.6).
func (h *http1Conn) EOF(w *serve.Worker, c *serve.Conn, left int) {
	switch {
	case h.stage == tunnelled:
		h.x.FeedEnd(nil)
	case h.rx.InBody():
		h.rx.EOF()
		why := BodyCut.Reach()
		h.bodyLost(w, why, http.StatusBadRequest)
	case h.stage == awaiting && (h.rx.Started() || left > 0):
		c.Finish(HeaderCut.Reach(), false)
	case h.stage == awaiting && h.serial == 0:
		c.Finish(CloseUnused.Reach(), false)
	case h.stage == awaiting && h.half:
		c.Finish(CloseHalf.Reach(), false)
	case h.stage == awaiting:
		c.Finish(CloseClient.Reach(), false)
	}
}

// Drain ends the connection as soon as nothing is owed on it. One that was busy a moment ago may send one more
// request, which is answered with "Connection: close": it may be on its way already.
func (h *http1Conn) Drain(w *serve.Worker, c *serve.Conn) {
	if h.stage == tunnelled { // nobody else tells it
		h.x.Cancel(&exchange.GoneError{Reason: CloseDrain})
	}
	if h.stage == awaiting && !h.rx.Started() {
		h.idle(w, c)
	}
}

// Gone is the connection's end.
func (h *http1Conn) Gone(w *serve.Worker, c *serve.Conn, why *trace.Reason) {
	x := h.x
	if x == nil {
		return
	}
	if x.Detached() {
		x.Fail(&exchange.GoneError{Reason: why})
	}
	h.keep = false
	lost := h.stage != draining
	if lost && x.Outcome.Failure == nil && h.stage != tunnelled {
		x.Outcome.Failure = why
	}
	h.ending = why
	if x.Outcome.Status == 0 && x.Outcome.Failure != nil {
		x.Outcome.Status = statusClientClosed
	}
	h.stage = ended
	h.finish(w, x, lost)
}

// statusClientClosed stands in the log for a request whose client left before any status was sent, as nginx's 499.
const statusClientClosed = 499
