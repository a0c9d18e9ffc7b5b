package web

import (
	"net/http"
	"time"

	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/http1"
	"vitrine/web/message"
	"vitrine/web/serve"
)

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
	if p := x.PaceOf(); p.Paces() {
		h.conn.SetPace(w, p.Rate, p.Burst, p.Share)
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
		h.conn.SetPace(w, 0, 0, nil)
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

// statusClientClosed stands in the log for a request whose client left before any status was sent, as nginx's 499.
const statusClientClosed = 499
