package site

import (
	"sync"
	"sync/atomic"

	"vitrine/config"
	"vitrine/site/access"
	"vitrine/site/cgi"
	"vitrine/site/elsewhere"
	"vitrine/site/names"
	"vitrine/site/resource"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
	"vitrine/web/variables"
)

// Options are what a Handler shares with others and cannot find in its configuration.
type Options struct {
	// Store keeps files. It outlives the Handler, so that a reload keeps what is in memory. It may be nil when no
	// site and no route has a root.
	Store *resource.Store
	// Log gives what records the exchanges that a log block covers, or nil when they are not recorded. It is asked once
	// for each block, when the Handler is made. What it gives runs on the connections' loops, must not block, and must
	// not keep the values. Nil: nothing is recorded.
	Log func(block *config.Log) func(values *variables.Values)
	// Failed is told why something that may well be there could not be served, such as a file that the program may
	// not read. It is called from any goroutine. Nil: nobody is told.
	Failed func(journey trace.ID, why error)
	// Scripts are those that run. They outlive the Handler; whoever makes them ends them. Nil: the Handler has its own.
	Scripts *cgi.Scripts
	// Applications are what a route may name as its handler.
	Applications map[string]Application
	// Load measures how busy the server is: "connections", "requests" or "load", as a balance block has it. It is called on
	// the loops and must be cheap. Nil: never.
	Load func(measure string) int64
	// Ident finds out the users of connections, for logs; nil: nobody does.
	Ident *names.Ident
	// Names finds out how clients are called, for access rules; nil: nobody does, and such rules let nobody in.
	Names access.Names
	// Notify is told what happened to the files that access rules read, with the line that names them. It is called from any
	// goroutine. Nil: nobody is told.
	Notify func(why *trace.Reason, at trace.Position, what string)
	// State is what access rules and rates remember of clients; nil: the Handler begins with an empty one. It outlives the
	// Handler, so that a reload forgets nothing.
	State *access.State
	// Observer is told of each exchange's beginning and end; nil: nobody is.
	Observer Observer
}

// Observer is told of every exchange that a Handler answers, on the connections' loops, and must not block.
type Observer interface {
	// Begin is told first of all, also of exchanges that the protocol refused. It may set Exchange.Trace to a journey that
	// is Live and has a Start: then the decisions are recorded, and the answer is the same as without.
	Begin(x *exchange.Exchange)
	// End is told of the end, before the log is. told are the decisions: those of the exchange's own journey, or those of
	// the exchange whose answer was remembered (then told.Of is that one's, and Remembered stands among the exchange's
	// reasons); nil when they were not recorded. When the exchange failed while its function still ran off the loop, they
	// are those up to the moment in which it left. They are immutable and may be kept; the values may not.
	//
	// The journey of an exchange that was detached still belongs to whoever runs it, and must not be used again. That of
	// any other may.
	End(v *variables.Values, told *trace.Decisions)
}

// Handler answers exchanges by one configuration. It is immutable and safe for concurrent use; a reload makes a new
// one, and an exchange stays with the one that began it. It implements exchange.Handler.
type Handler struct {
	conf      *config.Config
	opt       Options
	listeners []*listener
	anywhere  *listener // every site: of exchanges whose listener was opened with no listen block
	base      *settings // of responses that no site gives
	roots     []*resource.Root
	checkers  []*elsewhere.Checker
	hops      elsewhere.Hops
	proxied   bool // some listener trusts proxies
	homes     []*homes
	limits    []*access.Limit
	closing   sync.Once
	users     atomic.Int64 // the Handler itself until Close, and every visit off the loop
	told      atomic.Int64 // bytes of the decisions that the sites' memories hold
	encoders  slots        // responses that are being encoded
	watched                // what else is going on
}

var _ exchange.Handler = (*Handler)(nil)

// New compiles a configuration: sites, routes, header rules, and the roots that they name. The error is an Errors
// with everything that is wrong.
func New(conf *config.Config, opt Options) (*Handler, error) {
	h := &Handler{conf: conf, opt: opt}
	h.users.Store(1)
	if opt.Scripts == nil {
		h.opt.Scripts = cgi.NewScripts()
	}
	h.encoders.limit = int64(conf.Limits.Encoders.V)
	if h.opt.State == nil {
		h.opt.State = access.NewState()
	}
	c := compiler{h: h, gauges: make(map[string]*elsewhere.Gauge), checkers: make(map[string]*elsewhere.Checker),
		gates: make(map[string]*gate), limits: make(map[trace.Position]*access.Limit), homes: make(map[string]*homes)}
	c.compile()
	if len(c.errors) > 0 {
		h.Close()
		return nil, c.errors
	}
	return h, nil
}

// Close gives the roots back once the exchanges that are off the loop have been answered. It is called once, when no
// exchange can begin with this Handler any more; one that does all the same gets 503 for files.
func (h *Handler) Close() { h.drop() }

// report tells the error log why something failed, when anybody wants to know.
func (h *Handler) report(journey trace.ID, why error) {
	if h.opt.Failed != nil {
		h.opt.Failed(journey, why)
	}
}

// hold notes that a visit goes off the loop.
func (h *Handler) hold() { h.users.Add(1) }

// drop notes that a visit off the loop has ended.
func (h *Handler) drop() {
	if h.users.Add(-1) == 0 {
		h.closing.Do(h.release)
	}
}

// release gives back what the Handler holds, once: a visit that holds it when nobody does any more would do it again.
func (h *Handler) release() {
	for _, each := range h.homes {
		each.close()
	}
	for _, l := range h.limits {
		l.Release()
	}
	for _, r := range h.roots {
		r.Close()
	}
	for _, c := range h.checkers {
		go c.Close() // it waits for an answer that is under way, and this may be a loop
	}
}

// special are the request fields that make an answer depend on more than the path.
var special = message.Set(message.IfMatch, message.IfNoneMatch, message.IfModifiedSince, message.IfUnmodifiedSince,
	message.IfRange, message.Range, message.Expect)

// plain reports whether a request is one whose answer can be remembered, or come from memory.
func plain(x *exchange.Exchange) bool {
	r := x.Request
	return (r.Method == message.GET || r.Method == message.HEAD) && r.ContentLength == 0 && !r.Fields.HasAny(special) &&
		(x.Trace == nil || x.Trace.Live) && x.Refused == nil && !schemeUnmet(r)
}

// Serve answers an exchange, on its loop: from memory, or step by step.
func (h *Handler) Serve(x *exchange.Exchange) {
	known := !h.proxied || h.identify(x)
	if o := h.opt.Observer; o != nil && x.Trace == nil { // a dry run is nobody's journey
		o.Begin(x)
	}
	// Behind proxies, what was told when an answer was remembered was about another client.
	if known && plain(x) && (x.Trace == nil || !h.proxied) && h.recall(x) {
		return
	}
	v := visits.Get().(*visit)
	v.begin(h, x)
	v.walk(receive)
}

var values = sync.Pool{New: func() any { return new(variables.Values) }}

// Finish tells the observer and the log of an exchange that has ended.
func (h *Handler) Finish(x *exchange.Exchange) {
	switch p := x.Pinned.(type) {
	case *answer:
		if record := p.settings.record; record != nil || h.opt.Observer != nil {
			vals := values.Get().(*variables.Values)
			vals.Exchange = x
			p.describe(vals)
			h.tell(vals, p.told, record)
		}
	case *visit:
		t, _ := p.logged()
		if record := t.record; record != nil || h.opt.Observer != nil {
			vals := values.Get().(*variables.Values)
			vals.Exchange = x
			p.describe(vals)
			h.tell(vals, p.decisions(), record)
		}
		p.permission.end()
		if !p.away {
			p.end()
		}
	default: // Serve did not come that far
		if h.opt.Observer != nil {
			vals := values.Get().(*variables.Values)
			vals.Exchange = x
			h.tell(vals, nil, nil)
		}
	}
	x.Pinned = nil
}

// tell tells those who want to know how an exchange ended. record may be nil.
func (h *Handler) tell(vals *variables.Values, told *trace.Decisions, record func(*variables.Values)) {
	if h.opt.Observer != nil {
		h.opt.Observer.End(vals, told)
	}
	if record != nil {
		record(vals)
	}
	*vals = variables.Values{}
	values.Put(vals)
}

// describe fills in which site and route answered, and where that is logged.
func (t *settings) describe(vals *variables.Values, tail int) {
	if t.site != nil {
		vals.Site = t.site.name
	}
	if t.route != nil {
		vals.Route = t.route.Pattern.V
		if path := vals.Current().Path(); tail < len(path) {
			vals.Tail = path[tail:]
		}
		if t.pattern != nil && t.pattern.IsRegexp() {
			vals.Groups = t.pattern
		}
	}
	if t.record != nil {
		vals.LogFile = t.conf.Access.File.V
	}
}
