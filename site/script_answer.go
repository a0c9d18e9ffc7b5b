package site

import (
	"errors"
	"io"
	"strconv"
	"syscall"
	"time"

	"vitrine/site/cgi"
	"vitrine/site/gateway"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
)

// answer reads the head of what the script answers and says what becomes of it.
func (r *running) answer() (step, *trace.Reason) {
	v, s := r.v, r.s
	started := time.Now()
	r.p.Until(started.Add(s.conf.HeadTime.V), errHeadLate)
	r.parser.Reset(gateway.Limits{Bytes: int(s.conf.HeadBytes.V)})
	for {
		n, err := r.read()
		if err != nil {
			return r.headless(err)
		}
		used, done, fault := r.parser.Receive(r.buf[:n])
		if fault != nil {
			r.p.Kill(fault)
			return r.failed(502, fault.Reason, fault.Error())
		}
		if done {
			r.rest, r.first = r.buf[used:n], time.Since(started)
			break
		}
	}
	if err := r.p.Why(); err != nil {
		return r.headless(err)
	}
	h := r.parser.Head()
	if next, why, ok := r.handOver(h); ok {
		return next, why
	}
	if h.Kind == gateway.LocalRedirect {
		location := h.Location
		r.finish()
		next, why := v.rewalk(location, ScriptRedirects.Reach(), &s.conf.Pos)
		r.giveBack()
		return next, why
	}
	v.status = h.Status
	v.addAnswered(h.Fields, nil)
	now := v.x.Start / int64(time.Second)
	if outcome, asked := h.Conditions(v.request(), now); asked && !h.Said && v.standing == 0 {
		switch outcome.Verdict {
		case message.NotModified:
			return r.unchanged()
		case message.PreconditionFailed:
			r.finish()
			r.giveBack()
			v.header.Reset()
			v.refusal.status = 412
			return v.refused(ScriptUnmet.Reach(), &s.conf.Pos, nil)
		}
	}
	v.line = &s.conf.Pos
	if r.gather(h) {
		return r.complete(h)
	}
	v.late = v.afterwards()
	v.length = h.ContentLength
	if !message.BodyAllowed(v.status) {
		v.length = -1 // whatever it says
	}
	if v.length >= 0 {
		v.header.Set("Content-Length", strconv.FormatInt(v.length, 10))
	}
	v.produce = r.produce
	return deliver, r.answered()
}

// read reads what the script writes. Only the bound of running scripts counts whoever waits for that: meanwhile others have the
// handler's place.
func (r *running) read() (n int, err error) {
	r.v.x.Aside(func() { n, err = r.p.Read(r.buf[:]) })
	return n, err
}

// soon is how long an answer is gathered that may be whole in a moment: then it has a length, and is sent in one piece.
const soon = 2 * time.Millisecond

// gather reads what comes at once, and reports whether that is all.
func (r *running) gather(h *gateway.Head) bool {
	if h.ContentLength > int64(len(r.rest)) && h.ContentLength > int64(len(r.buf))/2 {
		return false
	}
	n := copy(r.buf[:], r.rest)
	r.rest = r.buf[:n]
	for n < len(r.buf) {
		m, err := r.p.Soon(r.buf[n:], soon)
		n += m
		r.rest = r.buf[:n]
		switch {
		case err == cgi.ErrNotYet:
			return false
		case err != nil:
			return err == io.EOF
		}
	}
	return false
}

// complete answers with a body that is whole, of a script that has ended.
func (r *running) complete(h *gateway.Head) (step, *trace.Reason) {
	v := r.v
	body := r.rest
	if h.ContentLength >= 0 && int64(len(body)) > h.ContentLength {
		body = body[:h.ContentLength]
	}
	short := h.ContentLength > int64(len(body)) && v.x.Request.Method != message.HEAD
	if !message.BodyAllowed(v.status) {
		short, body = false, nil
	}
	v.body = append([]byte(nil), body...)
	exit := r.finish()
	if limit := r.s.conf.OutputBytes.V; short || limit > 0 && int64(len(body)) > limit {
		v.header.Reset()
		v.body = nil
		why := ScriptCutShort
		if !short {
			why = ScriptTooLong
		}
		return r.refuse(502, why, exit.String())
	}
	if exit.Failed() && exit.Status.Signal() != syscall.SIGPIPE {
		ScriptFailed.Reach()
		v.complain(ScriptFailed, exit.String())
		if v.looking() {
			v.tell("cgi", ScriptFailed, v.line, r.program.Path, true)
		}
	}
	r.giveBack()
	if message.BodyAllowed(v.status) {
		length := int64(len(v.body))
		if h.ContentLength >= 0 {
			length = h.ContentLength // of HEAD, what GET would have
		}
		v.header.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	return deliver, r.answered()
}

// answered tells that the script's answer has begun.
func (r *running) answered() *trace.Reason {
	if v := r.v; v.looking() {
		v.tell("cgi", ScriptAnswered, &r.s.conf.Pos, r.program.Path, true, trace.D("status", strconv.Itoa(v.status)),
			trace.D("first byte after", milliseconds(r.first)))
	}
	return ScriptAnswered.Reach()
}

// unchanged answers 304: the client keeps what it has.
func (r *running) unchanged() (step, *trace.Reason) {
	v := r.v
	r.finish()
	r.giveBack()
	for _, name := range []string{"Content-Type", "Content-Encoding", "Content-Language"} {
		v.header.Del(name)
	}
	v.status, v.line = 304, &r.s.conf.Pos
	if v.looking() {
		v.tell("cgi", ScriptNotModified, v.line, r.program.Path, true)
	}
	return deliver, ScriptNotModified.Reach()
}

// produce sends the body as the script writes it.
func (r *running) produce(w *sender) (err error) {
	defer func() {
		if why := r.reason(err); why != nil {
			why.Reach()
			r.p.Kill(err)
			exit := r.finish()
			if why != ScriptGone {
				r.v.complain(why, exit.String())
			}
			r.v.late.add(trace.Event{Step: "cgi", Reason: why, Position: r.s.conf.Pos, Subject: r.program.Path, Taken: true})
		} else if exit := r.finish(); exit.Failed() && err == nil {
			ScriptFailed.Reach()
			r.v.complain(ScriptFailed, exit.String())
			r.v.late.add(trace.Event{Step: "cgi", Reason: ScriptFailed, Position: r.s.conf.Pos, Subject: r.program.Path, Taken: true})
		}
		r.giveBack()
	}()
	limit, length := r.s.conf.OutputBytes.V, r.v.length
	for {
		if len(r.rest) > 0 {
			r.written += int64(len(r.rest))
			if limit > 0 && r.written > limit {
				return errTooLong
			}
			if length >= 0 && r.written > length { // what goes beyond the length that it said is nobody's
				r.rest = r.rest[:max(int64(len(r.rest))-(r.written-length), 0)]
			}
			if _, err := w.Write(r.rest); err != nil {
				return &exchange.GoneError{Reason: ScriptGone}
			}
		}
		if err := w.Flush(); err != nil {
			return &exchange.GoneError{Reason: ScriptGone}
		}
		r.p.Until(time.Now().Add(r.s.conf.IdleTime.V), errIdle)
		n, err := r.read()
		r.rest = r.buf[:n]
		switch {
		case err == io.EOF:
			if length > r.written && !w.silent {
				return errCutShort
			}
			return nil
		case err != nil:
			return err
		}
	}
}

var errCutShort = errors.New("its answer ended early")
