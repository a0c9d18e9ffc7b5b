package web

import (
	"math"
	"net/http"

	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/serve"
)

// receiveBody uses body bytes: it feeds the exchange within its credit, or drops what nobody will read.
func (h *http1Conn) receiveBody(w *serve.Worker, in []byte) int {
	used := 0
	for used < len(in) && h.rx.InBody() {
		credit := math.MaxInt
		if h.stage == answering {
			credit = h.x.Credit()
		}
		data, n, done, fault := h.rx.BodyUpTo(in[used:], credit)
		used += n
		h.consumed += int64(n)
		h.bodyGot += int64(len(data))
		if fault != nil {
			h.bodyLost(w, fault.Reason, fault.Status)
			return len(in)
		}
		if h.stage == answering {
			if len(data) > 0 {
				h.x.Feed(data)
			}
			if done {
				h.x.FeedEnd(h.rx.Trailers())
			}
		} else if h.dropped += int64(len(data)); h.dropped > discardLimit {
			h.giveUp(w)
			return len(in)
		}
		if done {
			h.bodyDone(w)
			return used
		}
		if n == 0 {
			if credit == 0 {
				h.conn.Pause() // the exchange wakes us when it has read
			}
			break
		}
	}
	if h.rx.InBody() && !h.conn.Finishing() {
		h.bodyDeadline(w)
	}
	return used
}

// bodyDone goes on after the last byte of a body.
func (h *http1Conn) bodyDone(w *serve.Worker) {
	if h.stage == draining {
		h.end(w, h.x)
		return
	}
	h.conn.SetDeadline(0)
	h.conn.Pause()
}

// giveUp ends a connection whose client sends more of an unwanted body than we care to read.
func (h *http1Conn) giveUp(w *serve.Worker) {
	h.keep, h.ending = false, BodyUnwanted.Reach()
	x := h.x
	h.finish(w, x, false)
	h.stage = ended
	h.conn.Finish(h.ending, true)
}

// bodyLost handles a body that cannot be followed to its end: it is malformed, too large, cut off or too slow. A handler
// learns of it when it reads, and can still answer; the connection ends with the answer in any case.
func (h *http1Conn) bodyLost(w *serve.Worker, why *trace.Reason, status int) {
	h.fault = why
	if h.stage == answering {
		h.x.Because(why, nil)
		h.bodyStatus = status
		h.x.FeedError(&exchange.GoneError{Reason: why})
		h.conn.SetDeadline(0)
		h.conn.Pause() // whatever else the client sends, nobody knows what it means
		return
	}
	h.keep, h.ending = false, why
	if h.x != nil {
		h.finish(w, h.x, false)
	}
	h.stage = ended
	h.conn.Finish(why, true)
}

// bodyDeadline sets when the next piece of the body is due, by the time-out and by the minimum rate.
func (h *http1Conn) bodyDeadline(w *serve.Worker) {
	if h.stage == answering && h.conn.Paused() { // the handler is slow, not the client
		h.conn.SetDeadline(0)
		return
	}
	t := int64(h.set.BodyTimeout)
	if t <= 0 {
		return
	}
	if took := w.Now - h.bodyAt; h.set.MinRate > 0 && took > t && h.bodyGot < h.set.MinRate*(took/1e6)/1e3 {
		h.slow = true
		h.conn.SetDeadline(w.Now)
		return
	}
	h.conn.SetDeadline(w.Now + t)
}

// Expired handles the deadline of what the connection waits for.
func (h *http1Conn) Expired(w *serve.Worker, c *serve.Conn) {
	switch {
	case c.Pending():
		// Nothing is read while output waits, so the client is not to blame for what has not come. How long output
		// may wait is the engine's to say; Sent starts the clock anew.
	case h.rx.InBody():
		why := BodyTimeout
		if h.slow {
			why = BodySlow
		}
		h.bodyLost(w, why.Reach(), http.StatusRequestTimeout)
	case h.stage != awaiting:
	case h.rx.Started():
		l := w.Local.(*local)
		l.request.Reset(nil)
		h.begin(w, h.srv.settings.Load(), l, c.Left())
		h.refuse(w, l, http.StatusRequestTimeout, HeaderTimeout.Reach())
	case c.Unread(): // the next request has come this moment
		h.idle(w, c)
	case c.Draining():
		c.FinishIdle(CloseDrain.Reach(), h.srv.settings.Load().DrainIdle)
	case h.serial == 0:
		c.Finish(CloseSilent.Reach(), false)
	default:
		c.FinishIdle(CloseIdle.Reach(), h.srv.settings.Load().DrainIdle)
	}
}
