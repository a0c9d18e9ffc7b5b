package site

import (
	"strconv"

	"vitrine/site/route"
	"vitrine/trace"
	"vitrine/web/message"
)

// findRoute finds the route that answers the path and the method.
func (v *visit) findRoute() (step, *trace.Reason) {
	s, r := v.settings.site, v.request()
	path := r.Path()
	choice := s.routes.Match(path, r.Method, r.MethodBytes(), v.x.Trace)
	switch choice.Reason {
	case route.Matched:
		if t := s.each[choice.Index]; t.route.Internal.V && !v.led() {
			return v.internal(t)
		}
		v.settings, v.tail = s.each[choice.Index], choice.Tail
		v.line = v.settings.at
		return admit, route.Matched
	case route.MethodRefused:
		if t := v.internalFirst(path); t != nil {
			return v.internal(t)
		}
		if r.Method == message.OPTIONS {
			t := v.settings
			for i := range s.routes.Matches(path) { // the first that the path belongs to guards it
				t = s.each[i]
				break
			}
			return v.guarded(t, options), nil
		}
		return v.methodRefused(route.MethodRefused, v.allow())
	}
	if v.looking() {
		v.tell("route", route.NoRoute, s.base.at, string(path), true)
	}
	return admit, nil
}

// methodRefused refuses the method that nobody answers at the path: with 501 when the program does not know it
// (RFC 9110 §15.6.2), else with 405, which says which ones are answered.
func (v *visit) methodRefused(why *trace.Reason, allow string) (step, *trace.Reason) {
	var details []trace.Detail
	if v.looking() {
		details = append(details, trace.D("method", v.request().MethodName()))
	}
	switch v.request().Method {
	case message.OtherMethod:
		v.refusal.status = 501
		return v.refused(UnknownMethod.Reach(), v.settings.at, details)
	case message.TRACE:
		why = NoEcho.Reach()
	}
	v.refusal.status, v.refusal.allow = 405, allow
	if v.looking() {
		details = append(details, trace.D("allow", v.refusal.allow))
	}
	return v.refused(why, v.settings.at, details)
}

// allow is the methods that are answered at the path: those of each route that a request can reach, or the site's
// own.
func (v *visit) allow() string {
	var all route.Methods
	found := false
	add := func(t *settings) {
		switch {
		case t.none, t.route != nil && t.route.Internal.V && !v.led():
		case found:
			all = all.Union(t.allowed)
		default:
			all, found = t.allowed, true
		}
	}
	if s := v.settings.site; s != nil {
		matched := false
		for i := range s.routes.Matches(v.request().Path()) {
			add(s.each[i])
			matched = true
		}
		if !matched {
			add(s.base)
		}
	}
	if !found {
		return message.OPTIONS.String()
	}
	return all.Union(route.MethodsOf("OPTIONS")).String()
}

// admit decides whether the method and the announced body are taken where the path leads.
func (v *visit) admit() (step, *trace.Reason) {
	t, r := v.settings, v.request()
	if t.enquiry != nil && v.inner == nil && !v.rehearsed() {
		v.h.enquire(t.enquiry, v.x)
	}
	if t.isFiles() && t.root == nil && t.homes == nil && r.Method != message.OtherMethod && r.Method != message.TRACE {
		return v.guarded(t, resolve), nil // nothing is here for any method
	}
	if !t.allowed.Names(r.Method, r.MethodBytes()) && (!t.anyMethod || r.Method == message.TRACE) {
		if r.Method == message.OPTIONS {
			return v.guarded(t, options), nil
		}
		return v.methodRefused(FilesMethod.Reach(), v.allow())
	}
	if limit := &t.conf.BodyBytes; limit.V > 0 && r.ContentLength > limit.V {
		v.refusal.status = 413
		return v.refused(BodyTooLarge.Reach(), &limit.Pos, []trace.Detail{
			trace.D("announced", strconv.FormatInt(r.ContentLength, 10)), trace.D("bound", strconv.FormatInt(limit.V, 10))})
	}
	next := v.answers()
	if encoding := v.codedRequest(next); encoding != nil {
		return v.codingRefused(encoding)
	}
	if t.divert != nil && v.inner == nil && v.nest == nil { // where the site itself leads, nobody is sent away
		next = divert
	}
	return v.guarded(t, next), nil
}

// answers is the step that answers where the path leads.
func (v *visit) answers() step {
	switch t := v.settings; {
	case t.route != nil && t.route.Respond != nil:
		return respond
	case t.route != nil && t.route.Redirect != nil:
		return redirect
	case t.application != nil:
		return apply
	case t.responder != nil:
		return ask
	}
	return v.settings.filesStep()
}

// filesOnly is for a path that leads to a file where programs answer others, and a method that files do not answer.
func (v *visit) filesOnly(files route.Methods) (step, *trace.Reason) {
	allow := files.Union(route.MethodsOf("OPTIONS")).String()
	if v.request().Method == message.OPTIONS {
		return v.tellOptions(allow)
	}
	return v.methodRefused(FilesMethod.Reach(), allow)
}

// answerOptions says which methods are answered at the path.
func (v *visit) answerOptions() (step, *trace.Reason) { return v.tellOptions(v.allow()) }

func (v *visit) tellOptions(allow string) (step, *trace.Reason) {
	v.options(allow)
	v.line = v.settings.at
	if v.looking() {
		v.tell("method", PathOptions, v.line, string(v.request().Path()), true, trace.D("allow", allow))
	}
	return deliver, PathOptions.Reach()
}

// options is the answer to OPTIONS: it has no content (RFC 9110 §9.3.7).
func (v *visit) options(allow string) {
	v.status = 204
	v.header.Set("Allow", allow)
}
