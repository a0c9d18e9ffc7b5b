package site

import (
	"net/url"
	"strconv"

	"vitrine/trace"
	"vitrine/web/message"
)

// mostRewalks is how often one request is led to another path within the site before that is taken for a circle.
const mostRewalks = 10

// Fields of a request that do not hold for the path that it is led to.
var (
	ofBody     = message.Set(message.ContentLength, message.ContentType, message.ContentEncoding, message.ContentLanguage, message.ContentLocation, message.ContentRange, message.TransferEncoding, message.Trailer, message.Expect)
	conditions = message.Set(message.IfMatch, message.IfNoneMatch, message.IfModifiedSince, message.IfUnmodifiedSince, message.IfRange, message.Range)
)

// request is what the walk goes by: the exchange's request, or the one that an internal redirect made of it. What the client
// sees of the answer (whether it has a body) and what is logged go by the exchange's.
func (v *visit) request() *message.Request {
	if v.inner != nil {
		return v.inner
	}
	return v.x.Request
}

// rewalk leads the request to another path of its site, as if the client had asked for that: the local redirect of a script
// (RFC 3875 §6.2.2), the path that an application hands over to. The route is found anew, and access is decided anew. target
// is a path with an optional query, encoded as in a URL; what may not stand there is encoded. why and line say who led there.
//
// The method becomes GET, or stays HEAD, and the body stays behind. Conditions and ranges of a GET or HEAD hold for what is
// found, since the client takes it for what it asked for; those of another method were about something else, and are gone
// (RFC 9110 §13.1). What the response had so far is dropped; fields that are set after rewalk stay. The log has the target
// and the route that were asked for. At the tenth time, and for a target that is no path, the answer is 500.
func (v *visit) rewalk(target string, why *trace.Reason, line *trace.Position) (step, *trace.Reason) {
	without := ofBody
	if m := v.request().Method; m != message.GET && m != message.HEAD {
		without |= conditions
	}
	return v.lead(target, without, why, line)
}

// leadTo is rewalk to a decoded path, with the request's query.
func (v *visit) leadTo(path []byte, why *trace.Reason, line *trace.Position) (step, *trace.Reason) {
	to := url.URL{Path: string(path), RawQuery: string(v.request().Query())}
	return v.rewalk(to.RequestURI(), why.Reach(), line)
}

// lead is rewalk, with the fields that stay behind.
func (v *visit) lead(target string, without message.FieldSet, why *trace.Reason, line *trace.Position) (step, *trace.Reason) {
	if v.hops++; v.hops > mostRewalks {
		v.refusal = refusal{status: 500}
		return v.refused(TooManyRewalks.Reach(), line, []trace.Detail{trace.D("path", target), trace.D("bound", strconv.Itoa(mostRewalks))})
	}
	method := message.GET
	if v.x.Request.Method == message.HEAD {
		method = message.HEAD
	}
	next := new(message.Request)
	if fault := v.request().Retarget(next, method, encodeLiteral([]byte(target)), without); fault != message.NoFault || v.settings.site == nil {
		v.refusal = refusal{status: 500}
		return v.refused(BadRewalk.Reach(), line, []trace.Detail{trace.D("path", target), trace.D("fault", fault.String())})
	}
	v.asks()
	v.inner = next
	v.settings, v.tail = v.settings.site.base, len(next.Path())
	v.release()
	v.leaveHome()
	v.root = nil
	v.dropPieces()
	v.header.Reset()
	v.status, v.body, v.produce, v.length, v.file, v.block = 0, nil, nil, 0, "", nil
	v.missing, v.memorize, v.handed, v.verbatim, v.kept, v.refusal = false, false, false, false, false, refusal{}
	v.line = line
	if v.looking() {
		v.tell("rewalk", why, line, string(next.Path()), true, trace.D("method", method.String()), trace.D("query", string(next.Query())))
	}
	return find, why
}

// asks notes what the log tells of the request: the site and the route that the client asked for. It runs on the loop,
// before the function that it may leave to, or in the only place where the visit is known.
func (v *visit) asks() {
	if v.asked == nil {
		v.asked, v.askedTail = v.settings, v.tail
	}
}

// logged is the settings whose log has the exchange, and where in its path the route's tail begins.
func (v *visit) logged() (*settings, int) {
	if v.asked != nil {
		return v.asked, v.askedTail
	}
	return v.settings, v.tail
}
