package content

import (
	"strconv"

	"vitrine/site/resource"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
)

// Options are what the configuration and the moment add to a file.
type Options struct {
	// Status is that of the whole representation; 0 is 200. With one that is not 2xx, as that of a page which stands
	// in for what is missing, preconditions and ranges do not count and the answer has no validators.
	Status int
	// Ranges is how many ranges of one request are followed at most; 0: none, and the answer says so.
	Ranges int
	// Now is in seconds since 1970.
	Now int64
	// Location is the value of Content-Location; "" sends none.
	Location string
}

// Answer is what a request gets.
type Answer struct {
	Status int
	// Reason is the decision that made the answer what it is.
	Reason *trace.Reason
	// Whole is set when the body is the whole representation: then every request without preconditions and ranges
	// gets the same status and fields while the entry lasts, and they may be kept.
	Whole bool
	// Pieces are the body, none for HEAD, for 304, and for 412 and 416, whose page is made by who serves the answer. Each
	// piece of a file holds a reference of its own; the caller's stays the caller's.
	Pieces []exchange.Piece
}

// Plan decides how a request for a file is answered, and adds the answer's fields to the header. The caller holds a
// reference to the entry. For 412 and 416 the header gets only what does not describe the file. The journey, which may
// be nil, is told the type, what the preconditions came to, and the ranges.
func Plan(r *message.Request, e *resource.Entry, t *Type, o Options, h *message.Header, tr *trace.Journey) Answer {
	p := plan{r: r, e: e, t: t, o: o, h: h, tr: tr}
	// A time in the future is sent as now: a date after the message's own is not to be sent (RFC 9110 §8.8.2.1).
	p.current = message.Current{Exists: true, ETag: e.ETag, LastModified: min(e.ModTime.Unix(), o.Now)}
	p.tellType()
	if p.o.Status == 0 {
		p.o.Status = 200
	}
	if p.o.Status < 200 || p.o.Status > 299 {
		if message.Conditional(&r.Fields) || r.Fields.Has(message.Range) {
			p.tell(reasonConditionsUnasked.Reach(), "", false)
		}
		return p.whole()
	}
	if a, decided := p.preconditions(); decided {
		return a
	}
	if a, decided := p.ranges(); decided {
		return a
	}
	return p.whole()
}

// plan is the state of one call of Plan or Listing; the latter has neither an entry nor its type.
type plan struct {
	r  *message.Request
	e  *resource.Entry
	t  *Type
	o  Options
	h  *message.Header
	tr *trace.Journey

	current message.Current
	outcome message.Outcome
}

// step is the name under which the journey has what is decided here.
const step = "content"

func (p *plan) tell(why *trace.Reason, subject string, taken bool, details ...trace.Detail) {
	if p.tr != nil {
		p.tr.Add(trace.Event{Step: step, Reason: why, Subject: subject, Taken: taken, Details: details})
	}
}

func (p *plan) tellType() {
	if p.tr == nil {
		return
	}
	event := trace.Event{Step: step, Reason: p.t.Reason, Subject: p.e.Path, Taken: true}
	if p.t.Value != "" {
		event.Details = append(event.Details, trace.D("type", p.t.Value))
	}
	if row := p.t.Row(); row != "" {
		event.Details = append(event.Details, trace.D("row", row))
	}
	if p.t.Language != "" {
		event.Details = append(event.Details, trace.D("language", p.t.Language))
	}
	if p.t.Encoding != "" {
		event.Details = append(event.Details, trace.D("encoding", p.t.Encoding))
	}
	event.Details = append(event.Details, p.t.details...)
	if p.t.Position != nil {
		event.Position = *p.t.Position
	}
	p.tr.Add(event)
}

// preconditions answers when one of them decides (RFC 9110 §13.2.2).
func (p *plan) preconditions() (a Answer, decided bool) {
	if !message.Conditional(&p.r.Fields) {
		return a, false
	}
	p.outcome = message.Evaluate(&p.r.Fields, p.r.Method, p.current, p.o.Now)
	switch p.outcome.Verdict {
	case message.NotModified:
		a = Answer{Status: 304, Reason: reasonNotModifiedTag}
		if p.outcome.By == message.IfModifiedSinceFailed {
			a.Reason = reasonNotModifiedDate
		}
		a.Reason.Reach()
		p.tellCondition(a.Reason, p.outcome.By)
		p.notModified()
		return a, true
	case message.PreconditionFailed:
		a = Answer{Status: 412, Reason: reasonConditionFailed.Reach()}
		p.tellCondition(a.Reason, p.outcome.By)
		return a, true
	}
	switch p.outcome.By {
	case message.NoCondition:
	case message.IfModifiedSinceVoid, message.IfUnmodifiedSinceVoid:
		p.tellCondition(reasonConditionVoid.Reach(), p.outcome.By)
	default:
		p.tellCondition(reasonConditionsHeld.Reach(), p.outcome.By)
	}
	return a, false
}

// tellCondition tells what a precondition came to: what the request says and what the file has.
func (p *plan) tellCondition(why *trace.Reason, by message.Condition) {
	if p.tr == nil {
		return
	}
	field := by.Field()
	p.tell(why, field.String(), true, trace.D("condition", by.String()), trace.D("asked", string(p.r.Fields.Get(field))),
		trace.D("etag", p.current.ETag), trace.D("last-modified", date(p.current.LastModified)))
}

// notModified adds what a 304 carries: of the fields that a 200 would have, those that tell which version is meant
// (RFC 9110 §15.4.5). Cache-Control, Expires and Vary come from the header rules, Date from the connection.
// Last-Modified is for those who have no entity tag to go by.
func (p *plan) notModified() {
	if p.o.Location != "" {
		p.h.Add("Content-Location", p.o.Location)
	}
	if p.current.ETag != "" {
		p.h.Add("ETag", p.current.ETag)
	} else {
		p.h.Add("Last-Modified", date(p.current.LastModified))
	}
}

// whole answers with the whole representation.
func (p *plan) whole() Answer {
	p.fields(p.t.Value, p.e.Size)
	a := Answer{Status: p.o.Status, Reason: reasonWhole.Reach(), Whole: true}
	if p.tr != nil { // else the details would be made for nobody
		p.tell(a.Reason, p.e.Path, true, trace.D("length", strconv.FormatInt(p.e.Size, 10)))
	}
	if p.r.Method != message.HEAD {
		a.Pieces = p.piece(a.Pieces, message.ByteRange{Length: p.e.Size})
	}
	return a
}

// fields adds the fields of 200 and 206. The answer to HEAD has the same as that to GET (RFC 9110 §9.3.2).
func (p *plan) fields(contentType string, length int64) {
	if contentType != "" {
		p.h.Add("Content-Type", contentType)
	}
	p.h.Add("Content-Length", strconv.FormatInt(length, 10))
	if p.t.Encoding != "" {
		p.h.Add("Content-Encoding", p.t.Encoding)
	}
	if p.t.Language != "" {
		p.h.Add("Content-Language", p.t.Language)
	}
	if p.o.Status < 200 || p.o.Status > 299 {
		return
	}
	if p.o.Location != "" {
		p.h.Add("Content-Location", p.o.Location)
	}
	p.h.Add("Last-Modified", date(p.current.LastModified))
	if p.current.ETag != "" {
		p.h.Add("ETag", p.current.ETag)
	}
	if p.o.Ranges > 0 {
		p.h.Add("Accept-Ranges", "bytes")
	} else {
		p.h.Add("Accept-Ranges", "none")
	}
}

// piece adds a part of the file to a body, with a reference of its own.
func (p *plan) piece(body []exchange.Piece, r message.ByteRange) []exchange.Piece {
	switch {
	case r.Length == 0:
		return body
	case p.e.File == nil:
		return append(body, exchange.Piece{Bytes: p.e.Bytes[r.Start:r.End():r.End()]})
	}
	p.e.Acquire() // it cannot fail for somebody who holds one
	return append(body, exchange.Piece{File: p.e.File, Offset: r.Start, N: r.Length, Release: p.e})
}

// date is an HTTP-date.
func date(unix int64) string { return string(message.AppendDate(make([]byte, 0, 29), unix)) }
