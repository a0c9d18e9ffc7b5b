package web

import (
	"net/http"
	"net/netip"

	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/http1"
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
func (h *http1Conn) GiveWay(counted bool) bool { return h.conn.GiveWay(counted) }
func (h *http1Conn) TakeBack(counted bool)     { h.conn.TakeBack(counted) }

// Hold and Unhold make it an exchange.Holder.
func (h *http1Conn) Hold(client netip.Addr) bool { return h.conn.Hold(client) }
func (h *http1Conn) Unhold(client netip.Addr)    { h.conn.Unhold(client) }

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
