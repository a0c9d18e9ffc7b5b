package site

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"vitrine/site/gateway"
	"vitrine/trace"
	"vitrine/web/exchange"
)

// askApplication asks the route's application. On the loop it knows the scripts that were found a moment ago, and goes off it
// for the others, and to read a body that is to be whole before the application is asked. What follows happens on the loop
// again: see call.
func (v *visit) askApplication() (step, *trace.Reason) {
	t := v.settings
	r := t.responder
	if v.looking() && !v.away {
		v.resolved = len(v.x.Trace.Events)
	}
	if v.rehearsed() && !v.away {
		return v.leave(ask)
	}
	to, next, why := v.target()
	if next != ask {
		return next, why
	}
	c := newCall(v, r)
	if body := v.request().ContentLength; body != 0 && v.inner == nil && !v.rehearsed() {
		if whole := body < 0 || body <= r.conf.BufferBytes.V; whole {
			if !v.away {
				c.forget()
				return v.leave(ask)
			}
			if next, why := v.spoolFor(c); why != nil {
				c.forget()
				return next, why
			}
		}
		c.left = body
		if c.spool != nil {
			c.left = c.spool.length
		}
	}
	v.parameters(c, &to)
	if v.rehearsed() {
		return v.rehearseCall(c)
	}
	return v.enter(c)
}

// spoolFor reads the request's body: a client that is slow then occupies none of the application's processes, and the
// application must be told the length.
func (v *visit) spoolFor(c *call) (step, *trace.Reason) {
	var err error
	limit := &v.settings.conf.BodyBytes
	if own := &c.r.conf.SpoolBytes; v.request().ContentLength < 0 && (limit.V == 0 || own.V < limit.V) {
		limit = own
	}
	c.spool, err = spool(v.x, int(c.r.conf.BufferBytes.V), limit.V)
	var lost *bodyError
	switch {
	case err == nil:
		return ask, nil
	case err == errBodyTooLarge:
		v.refusal.status = 413
		return v.refused(BodyTooLarge.Reach(), &limit.Pos, []trace.Detail{trace.D("bound", strconv.FormatInt(limit.V, 10))})
	case errors.As(err, &lost):
		v.refusal.status = 400
		return v.refused(AppBodyLost.Reach(), &c.r.conf.Pos, []trace.Detail{trace.D("error", lost.err.Error())})
	}
	v.refusal.status = 500
	c.complain(AppNoRoom, err.Error())
	return v.refused(AppNoRoom.Reach(), &c.r.conf.Pos, nil)
}

// parameters are what the application is told of the request.
func (v *visit) parameters(c *call, to *target) {
	t, x := v.settings, v.x
	conf := c.r.conf
	q := gateway.Request{Head: v.request(), Asked: v.x.Request, Client: x.Client, Server: x.Peer.Local, Name: t.site.name, Software: t.server.V,
		Script: to.name, Info: to.info, Length: c.left, Credentials: conf.Authorization.V, User: x.User, AuthType: x.Scheme}
	if f := to.file; f != nil {
		q.File, q.Root = f.Real, f.Root
		if conf.Root.V != "" {
			q.Root = strings.TrimSuffix(conf.Root.V, "/")
			q.File = q.Root + f.Path // where a link leads out of the root, it is the container's own
			if below, inside := strings.CutPrefix(f.Real, f.Root+"/"); inside {
				q.File = q.Root + "/" + below
			}
		}
		if len(to.info) > 0 {
			q.Translated = q.Root + string(to.info)
		}
	}
	c.script, c.file = string(to.name), q.File
	c.vars.Reset()
	c.vars.Collect(&q)
	for i := range conf.Params {
		p := &conf.Params[i]
		v.buf = p.Value.V.Append(v.buf[:0], v.vars())
		if len(v.buf) == 0 {
			c.vars.Unset(p.Name)
		} else {
			c.vars.Set(p.Name, v.buf)
		}
	}
}

// rehearseCall says what the application would be asked. Nothing is sent.
func (v *visit) rehearseCall(c *call) (step, *trace.Reason) {
	v.line = &c.r.conf.Pos
	details := []trace.Detail{trace.D("address", c.r.conf.Address.V)}
	for name, value := range c.vars.Each() {
		shown := string(value)
		switch string(name) {
		case "HTTP_COOKIE", "HTTP_AUTHORIZATION":
			shown = trace.NotShown(len(value))
		}
		details = append(details, trace.D(string(name), shown))
	}
	if n, first := c.vars.Refused(); n > 0 {
		details = append(details, trace.D("left out", strconv.Itoa(n)+" fields, the first is "+first))
	}
	v.tell("upstream", AppRehearsed, v.line, c.script, true, details...)
	c.forget()
	v.status = 200
	v.header.Set("Content-Length", "0")
	return deliver, AppRehearsed.Reach()
}

// enter asks the application when it has room, or waits for that.
func (v *visit) enter(c *call) (step, *trace.Reason) {
	g := &c.r.gate
	if g.try() {
		return v.dial(c)
	}
	was := v.away
	v.departs()
	h, r := v.h, c.r
	if g.wait(v.x, func(_ *exchange.Exchange, how passage) {
		defer h.drop()
		if how != entered {
			c.forget()
			v.goOn(v.crowded(r, g.why(how)))
			return
		}
		v.goOn(v.dial(c))
	}, func(x *exchange.Exchange) {
		c.forget()
		turnAway(x, AppCrowded, &r.conf.Concurrent.Pos)
		h.drop()
	}) {
		return done, nil
	}
	v.h.drop()
	v.away = was
	c.forget()
	return v.crowded(r, fullLine)
}

func (v *visit) crowded(r *responder, why string) (step, *trace.Reason) {
	v.refusal = refusal{status: 503, retry: true}
	return v.refused(AppCrowded.Reach(), &r.conf.Concurrent.Pos, []trace.Detail{trace.D("why", why), trace.D("at once", strconv.Itoa(r.conf.Concurrent.V))})
}

// goOn walks on from a step that was decided outside of the walk.
func (v *visit) goOn(next step, why *trace.Reason) {
	if next == done {
		return // the visit is somebody else's
	}
	if why != nil {
		v.x.Because(why, v.line)
	}
	v.walk(next)
}

// dial hands the exchange to the call.
func (v *visit) dial(c *call) (step, *trace.Reason) {
	was, h := v.away, v.h
	v.departs()
	v.call = c
	v.late = v.afterwards()
	c.began = time.Now()
	err := v.x.Dial(&c.r.link, c)
	if err == nil {
		return done, nil // the visit is the call's
	}
	h.drop()
	v.away, v.call = was, nil
	c.r.gate.leave()
	r := c.r
	c.forget()
	return v.crowded(r, err.Error())
}
