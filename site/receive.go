package site

import (
	"vitrine/trace"
	"vitrine/web/message"
)

// receive answers what needs no site: requests that the protocol refused, and what the server does not do at all.
func (v *visit) receive() (step, *trace.Reason) {
	x, r := v.x, v.x.Request
	if x.Refused != nil {
		v.refusal.status = x.Refused.Status
		next, _ := v.refused(x.Refused.Reason, nil, nil)
		return next, nil // the protocol has noted it
	}
	switch r.Target.Form {
	case message.AuthorityForm:
		v.refusal.status = 501
		return v.refused(NoTunnel.Reach(), nil, nil)
	case message.AsteriskForm:
		v.options("GET, HEAD, OPTIONS")
		if v.looking() {
			v.tell("method", ServerOptions, nil, "*", true)
		}
		return deliver, ServerOptions.Reach()
	}
	if schemeUnmet(r) {
		v.refusal.status = 421
		return v.refused(SchemeUnmet.Reach(), nil, nil)
	}
	if unmet := expectation(r); unmet != nil {
		v.refusal.status = 417
		return v.refused(UnknownExpectation.Reach(), nil, []trace.Detail{trace.D("expectation", string(unmet))})
	}
	if !v.h.proxied { // nobody is believed about clients: they are who they seem
		return choose, nil
	}
	return client, nil
}

// schemeUnmet reports whether a request for an https URL came over a connection without TLS (RFC 9110 §7.4).
func schemeUnmet(r *message.Request) bool {
	if r.Target.Form != message.AbsoluteForm || r.Scheme != "http" {
		return false
	}
	const https = "https:"
	target := r.RawTarget()
	return len(target) > len(https) && message.EqualFold(target[:len(https)], https)
}

// expectation is the first expectation that is not 100-continue, or nil. HTTP/1.0 knows none (RFC 9110 §10.1.1).
func expectation(r *message.Request) []byte {
	if !r.Fields.Has(message.Expect) || r.Major == 1 && r.Minor == 0 {
		return nil
	}
	for value := range r.Fields.All(message.Expect) {
		for e := range message.Tokens(value) {
			if !message.EqualFold(e, "100-continue") {
				return e
			}
		}
	}
	return nil
}

// chooseSite finds the site that answers.
func (v *visit) chooseSite() (step, *trace.Reason) {
	x := v.x
	l := v.h.listener(x.Peer)
	if l == nil {
		v.refusal.status = 421
		return v.refused(ListenerGone.Reach(), nil, nil)
	}
	s, why, line := l.choose(x.Request, x.Peer)
	why.Reach()
	if v.looking() {
		l.tell(x.Trace, s, why, line, x.Request, x.Peer)
	}
	if s == nil {
		v.refusal.status = 421
		if why == NoHost {
			v.refusal.status = 400
		}
		return v.refused(why, nil, []trace.Detail{trace.D("host", string(x.Request.Host()))})
	}
	v.settings = s.base
	return find, nil
}
