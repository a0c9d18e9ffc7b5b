package site

import (
	"sync"
	"sync/atomic"

	"vitrine/site/resource"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
	"vitrine/web/variables"
)

// visit is the walk of one exchange through the steps, and what they tell each other. It belongs to the loop, and
// off the loop to the function that was given to Go.
type visit struct {
	h        *Handler
	x        *exchange.Exchange
	settings *settings
	tail     int             // where in the path the route's tail begins
	line     *trace.Position // that is responsible for what the current step decides
	values   variables.Values
	buf      []byte // of templates and paths

	inner     *message.Request // that an internal redirect made; see request
	hops      int              // how often the request was led to another path
	asked     *settings        // of the route that the client asked for, once the walk may come to another; see logged
	askedTail int

	away     bool             // it went off the loop
	before   []trace.Event    // those of the journey when it did
	resolved int              // events of the journey before the step resolve, which begins anew off the loop
	told     *trace.Decisions // those of the journey, copied when the answer was remembered with them
	answered atomic.Bool      // what follows is complete; set when it was written off the loop
	streamed bool             // the body is made while it is sent, and decisions may be taken meanwhile
	ended    atomic.Bool      // it was made, and they have been taken
	nest     *nested          // the visit is for a request within another; nil: it is not

	status   int
	header   message.Header      // of the response so far
	body     []byte              // that was made for this answer
	produce  producer            // makes the body while it is sent; nil: it is there
	call     *call               // makes the body while it is sent, on a loop; nil: nobody is asked
	length   int64               // of what produce or call makes, -1 when it is not known
	root     *resource.Root      // where the file is looked for
	home     *home               // of a user, whose folder root is; the visit holds it; nil: none
	file     string              // that is sent: its path below the root
	entry    *resource.Entry     // of the file; the visit holds a reference
	pieces   []exchange.Piece    // of the file; each holds a reference of its own
	missing  bool                // the page for what is missing is being served
	standing int                 // the status of that page, when a program answers for it; 0: the program's own
	handed   bool                // the header has fields of a program that has handed over to what is sent
	verbatim bool                // the file that is sent is one that a program has named: it is neither run nor parsed
	memorize bool                // the answer is the same for every plain request for the path with the same varies
	varies   message.FieldSet    // the fields of the request that the answer depends on
	form     form                // of the file that is sent
	chosen   *chosen             // what negotiation made of it; nil: nothing
	within   *resource.Entry     // the type map that is being read
	cold     bool                // something that must be looked at is not in memory
	unsure   bool                // something was not found that nobody watches for
	while    []resource.Standing // what else must be as it is for the answer to hold
	kept     bool                // the block is one that was kept with the file, and the whole file the body
	block    *message.Block

	coded     []byte // the whole body, encoded; nil: it is as it is, or produced
	encoding  means  // of what is produced; none: it is sent as it is
	recalled  bool   // coded was kept from before
	uncounted bool   // encoded on its way, the body has not the length that it is made with

	refusal    refusal
	erring     *erring // the error whose page of the configuration's is being made; nil: none
	permission permission
	late       *lateEvents // of a body that is sent already; nil: none can be
	queued     *queued     // for a script; nil: it is not
	user       string      // who the client proved to be
}

// refusal is an error that is about to be answered.
type refusal struct {
	status  int
	reason  *trace.Reason // that the client is told
	because *trace.Reason // what decided, which may be for the server's keeper only
	allow   string        // the value of Allow; sent with 405 even when it is empty
	retry   bool          // it may be otherwise in a moment
}

var visits = sync.Pool{New: func() any {
	v := new(visit)
	v.header.Grow(usualFields)
	return v
}}

// usualFields is how many fields most responses have at most.
const usualFields = 8

func (v *visit) begin(h *Handler, x *exchange.Exchange) {
	v.h, v.x, v.settings = h, x, h.base
	v.tail = len(x.Request.Path())
	x.Pinned = v
}

// end gives the visit back. One that was off the loop is left to the garbage collector: its function may still run
// when its exchange has failed.
func (v *visit) end() {
	header, buf := v.header, v.buf
	header.Reset()
	*v = visit{} // in place, and not by way of a copy with the two in it
	v.header, v.buf = header, buf[:0]
	visits.Put(v)
}

// vars is the placeholders' values as far as they are known.
func (v *visit) vars() *variables.Values {
	v.values = variables.Values{Exchange: v.x, Request: v.inner, Status: v.status, Fields: &v.header, File: v.file, User: v.user}
	v.settings.describe(&v.values, v.tail)
	return &v.values
}

// describe fills in what the log wants to know. It runs on the loop, where an exchange that failed may be finished
// while its function still runs: then only what was known before counts.
func (v *visit) describe(vals *variables.Values) {
	t, tail := v.logged()
	t.describe(vals, tail)
	if !v.away || v.answered.Load() {
		vals.File, vals.User = v.file, v.user
		if v.block != nil {
			vals.Fields = v.block.Fields()
		}
	}
}

// decisions are those of the visit's journey. The visit's function may still run when its exchange has failed, and add to
// them: then they are those that it was handed over with.
func (v *visit) decisions() *trace.Decisions {
	tr := v.x.Trace
	switch {
	case tr == nil || !tr.Live:
		return nil
	case v.away && (!v.answered.Load() || v.streamed && !v.ended.Load()):
		return trace.NewDecisions(v.x.Journey, v.before)
	case v.told != nil:
		return v.told
	}
	if v.late != nil {
		return trace.NewDecisions(v.x.Journey, v.late.after(tr.Events))
	}
	return trace.NewDecisions(v.x.Journey, tr.Events)
}

// leave goes off the loop, where the walk goes on with a step. When too many wait there already, the answer is 503.
func (v *visit) leave(next step) (step, *trace.Reason) {
	if v.depart(next) {
		return done, nil // the visit is no longer ours
	}
	v.refusal = refusal{status: 503, retry: true}
	return v.refused(Busy.Reach(), &v.h.conf.Limits.Handlers.Pos, nil)
}

// depart is leave, and returns false when too many wait: then the visit is still on the loop.
func (v *visit) depart(next step) bool {
	if v.looking() && (next == resolve || next == ask) {
		v.x.Trace.Events = v.x.Trace.Events[:v.resolved]
	}
	v.departs()
	if v.x.Go(func(*exchange.Exchange) {
		defer v.h.drop()
		v.walk(next)
	}) {
		return true
	}
	v.h.drop()
	v.away = false
	return false
}

// departs notes that the visit is not the loop's any more, and holds the Handler for it. What the loop may be asked for
// meanwhile is what was known by now.
func (v *visit) departs() {
	v.asks()
	if !v.away && v.looking() {
		v.before = v.x.Trace.Events
	}
	v.away = true
	v.h.hold()
}

// streams notes that decisions may be taken while the body is sent, when the loop may ask for them.
func (v *visit) streams() {
	v.streamed = true
	if v.looking() {
		v.before = v.x.Trace.Events
	}
}

// refused makes the reason the one that the error page gives. The refusal's other parts are set already.
func (v *visit) refused(why *trace.Reason, line *trace.Position, details []trace.Detail) (step, *trace.Reason) {
	v.refusal.reason, v.refusal.because, v.line = why, why, line
	if v.looking() {
		v.tell("refuse", why, line, v.request().ShownTarget(), true, details...)
	}
	return refuse, why
}

// looking reports whether somebody looks. It is asked before an event is made.
func (v *visit) looking() bool { return v.x.Trace != nil }

// rehearsed reports whether the exchange is a dry run, which asks everything anew.
func (v *visit) rehearsed() bool { return v.x.Trace != nil && !v.x.Trace.Live }

// tell adds an event to the journey.
func (v *visit) tell(where string, why *trace.Reason, line *trace.Position, subject string, taken bool, details ...trace.Detail) {
	e := trace.Event{Step: where, Reason: why, Subject: subject, Taken: taken, Details: details}
	if line != nil {
		e.Position = *line
	}
	v.x.Trace.Add(e)
}
