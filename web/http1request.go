package web

import (
	"runtime/debug"

	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/http1"
	"vitrine/web/message"
	"vitrine/web/serve"
)

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
