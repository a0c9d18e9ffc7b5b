package web

import (
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/http1"
	"vitrine/web/message"
	"vitrine/web/serve"
)

// update carries out what the handler, off the loop, has done since the last time.
func (h *http1Conn) update(w *serve.Worker, c *serve.Conn, x *exchange.Exchange) {
	u := x.Update()
	if u.Panic != nil {
		h.srv.failed(&panicError{u.Panic, u.Stack})
		h.fail(w, x, HandlerPanic.Reach())
		return
	}
	if u.Abort {
		h.cut(w, x, HandlerAborted.Reach())
		return
	}
	if u.Tunnel && h.stage != tunnelled {
		h.leave(w, c, x, u.Block)
	}
	if h.stage == tunnelled {
		h.pump(w, c, x, &u)
		return
	}
	for _, b := range u.Interim {
		if x.Request.Minor > 0 && !h.begun { // HTTP/1.0 knows no interim responses
			w.Out = append(w.Out, b.Wire(message.HTTP1, http1.RenderBlock)...)
			w.Out = append(w.Out, '\r', '\n')
		}
	}
	if u.Wanted && !h.continued && !h.begun {
		h.continued = true
		w.Out = append(w.Out, "HTTP/1.1 100 Continue\r\n\r\n"...)
		h.bodyAt = w.Now
	}
	h.credit(w, c, x)
	h.last = u.Last
	switch {
	case u.Whole && u.Block.Status() != 101:
		h.respond(w, x, u.Block, x.Pieces())
	case u.Block == nil && u.Returned:
		if h.bodyStatus != 0 {
			block, pieces := bare(h.bodyStatus)
			h.respond(w, x, block, pieces)
		} else {
			h.fail(w, x, HandlerSilent.Reach())
		}
	case u.Block != nil && u.Block.Status() == 101:
		h.fail(w, x, SwitchUnasked.Reach())
	case u.Block != nil:
		h.stream(w, c, x, &u)
	}
	if h.stage == awaiting { // ended: what the client has sent ahead is due
		c.Again()
	}
}

// credit goes on reading the request's body when the handler has made room.
func (h *http1Conn) credit(w *serve.Worker, c *serve.Conn, x *exchange.Exchange) {
	if h.rx.InBody() && h.continued && c.Paused() && h.fault == nil && x.Credit() > 0 {
		c.Resume()
		c.Again()
		h.bodyAt, h.bodyGot = w.Now, 0
		h.bodyDeadline(w)
	}
}

// stream sends what the handler has written of a streamed response.
func (h *http1Conn) stream(w *serve.Worker, c *serve.Conn, x *exchange.Exchange, u *exchange.Update) {
	if !h.begun {
		// A response that is complete, or fills a buffer, or is to be flushed, is worth a write.
		if !u.Ended && !u.Flush && u.Queued < min(16<<10, h.set.limits.Output) {
			return
		}
		f := http1.ChooseFraming(x.Request.Minor, x.Request.Method, u.Block.Status(), u.Length)
		h.head(w, x, u.Block, f)
		h.tx.Begin(f, u.Length)
	}
	for !c.Pending() {
		b, release := x.Take()
		if b == nil {
			break
		}
		if h.tx.Framing() == http1.NoBody {
			release.Release()
			continue
		}
		out, fault := h.tx.AppendData(w.Out, b)
		release.Release()
		if fault != nil {
			h.overrun(w, x, BodyLong.Reach())
			return
		}
		h.body, h.wire = h.body+int64(len(b)), h.wire+int64(len(out)-len(w.Out))
		w.Out = out
		c.Flush(w)
	}
	if c.Pending() {
		return // Sent calls Woken
	}
	if !u.Ended {
		return
	}
	if h.tx.Framing() != http1.NoBody {
		out, fault := h.tx.AppendEnd(w.Out, u.Trailer)
		if fault != nil {
			h.overrun(w, x, BodyShort.Reach())
			return
		}
		w.Out = out
	}
	h.sent(w, x)
}

// overrun ends a connection whose response did not come out as long as announced.
func (h *http1Conn) overrun(w *serve.Worker, x *exchange.Exchange, why *trace.Reason) {
	x.Outcome.Failure = why
	x.Because(why, nil)
	h.cut(w, x, why)
}

// leave ends HTTP on the connection: from now on bytes go through as they are.
func (h *http1Conn) leave(w *serve.Worker, c *serve.Conn, x *exchange.Exchange, b *message.Block) {
	h.stage, h.begun = tunnelled, true
	h.keep, h.ending = false, CloseTunnel
	h.responds(w, x)
	if b != nil {
		w.Out = append(w.Out, b.Wire(message.HTTP1, http1.RenderBlock)...)
		w.Out = append(w.Out, w.Date()...)
		w.Out = append(w.Out, "Connection: Upgrade\r\n\r\n"...)
		x.Outcome.Status = b.Status()
	} else {
		x.Outcome.Status = 101
	}
	h.bodyFrom = c.Given(w)
	c.SetDeadline(0)
	c.Resume()
	c.Again()
}

// pump moves a tunnel's bytes towards the client, and goes on reading when the handler has made room.
func (h *http1Conn) pump(w *serve.Worker, c *serve.Conn, x *exchange.Exchange, u *exchange.Update) {
	for !c.Pending() {
		b, release := x.Take()
		if b == nil {
			break
		}
		h.body, h.wire = h.body+int64(len(b)), h.wire+int64(len(b))
		c.Send(w, b, release)
		c.Flush(w)
	}
	if c.Pending() {
		return
	}
	if c.Paused() && x.Credit() > 0 {
		c.Resume()
		c.Again()
	}
	switch {
	case u.Returned:
		h.finish(w, x, false)
		h.stage = ended
		c.Finish(CloseTunnel.Reach(), true)
	case u.Shut && !h.shut:
		h.shut = true
		c.Shut(w)
	}
}
