package site

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"vitrine/config"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
)

// Application answers an exchange off the loop, where it may block. It calls head once before its response begins, with the
// status and the header, which head may change.
type Application func(x *exchange.Exchange, head func(status int, h *message.Header))

// application is the Application that answers a route.
type application struct {
	conf  *config.Application
	serve Application
}

// application finds what a route names.
func (c *compiler) application(conf *config.Application) *application {
	serve := c.h.opt.Applications[conf.Name.V]
	if serve == nil {
		hint := "a program that embeds the server gives its handlers names; this one has none"
		if names := slices.Sorted(maps.Keys(c.h.opt.Applications)); len(names) > 0 {
			hint = "there are: " + strings.Join(names, ", ")
		}
		c.fail(conf.Name.Pos, fmt.Sprintf("there is no handler %q in this program", conf.Name.V), hint)
	}
	return &application{conf, serve}
}

// apply lets the route's Application answer. The header rules are applied to its header; what it answers is its own.
func (v *visit) apply() (step, *trace.Reason) {
	a := v.settings.application
	if !v.away && !v.rehearsed() {
		return v.leave(apply)
	}
	v.line = &a.conf.Pos
	if v.looking() {
		v.tell("handler", Applied, v.line, a.conf.Name.V, true)
	}
	if v.rehearsed() { // it is not asked: it may change something
		v.status = 200
		v.describeBody("")
		return deliver, Applied.Reach()
	}
	v.x.Because(Applied.Reach(), v.line)
	var w *sender
	defer func() {
		if w != nil {
			w.free() // should it panic
		}
	}()
	a.serve(v.x, func(status int, h *message.Header) {
		v.status, v.header = status, *h
		v.finishHeader()
		w = v.encodeWritten()
		*h = v.header
	})
	if w != nil {
		v.x.Through(nil)
		w.close(nil)
	}
	return done, nil
}
