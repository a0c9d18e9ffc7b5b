package route

import (
	"iter"

	"vitrine/trace"
	"vitrine/web/message"
)

// Rule is one route as far as its choice is concerned.
type Rule struct {
	Pattern  *Pattern
	Methods  Methods
	Position trace.Position
}

// Table is the routes of one site in file order. It is immutable and safe for concurrent use.
type Table struct{ rules []Rule }

// NewTable makes a table of rules in evaluation order. It keeps the slice.
func NewTable(rules []Rule) *Table { return &Table{rules} }

// Choice is the route that answers, or why none does.
type Choice struct {
	Index  int           // of the route, -1 when there is none
	Tail   int           // where in the path the pattern's tail begins; the path's length when there is none
	Reason *trace.Reason // Matched, NoRoute or MethodRefused
}

// Match chooses the route for a normalised path and a method, whose token is needed for message.OtherMethod. When
// somebody looks, tr gets one event for each route that was considered. Without, it allocates nothing.
func (t *Table) Match(path []byte, method message.Method, token []byte, tr *trace.Journey) Choice {
	none := Choice{Index: -1, Tail: len(path), Reason: NoRoute}
	for i := range t.rules {
		r := &t.rules[i]
		at, ok := r.Pattern.Match(path)
		if !ok {
			if tr != nil {
				tr.Add(r.event(OtherPath, false, trace.D("why", r.Pattern.WhyNot(path))))
			}
			continue
		}
		if !r.Methods.Has(method, token) {
			if tr != nil {
				tr.Add(r.event(OtherMethod, false, trace.D("methods", r.Methods.String())))
			}
			none.Reason = MethodRefused
			continue
		}
		if tr != nil {
			details := []trace.Detail{}
			if at < len(path) {
				details = append(details, trace.D("tail", string(path[at:])))
			}
			tr.Add(r.event(Matched, true, details...))
			return Choice{Index: i, Tail: at, Reason: Matched}
		}
		return Choice{Index: i, Tail: at, Reason: Matched.Reach()}
	}
	none.Reason.Reach()
	return none
}

// event is what a journey tells about one route.
func (r *Rule) event(reason *trace.Reason, taken bool, details ...trace.Detail) trace.Event {
	return trace.Event{
		Step: "route", Reason: reason.Reach(), Position: r.Position, Subject: r.Pattern.source, Taken: taken, Details: details,
	}
}

// Matches yields the routes that match a path, whatever their methods, up to the first that answers every method:
// none after it can be reached.
func (t *Table) Matches(path []byte) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range t.rules {
			r := &t.rules[i]
			if _, ok := r.Pattern.Match(path); ok && (!yield(i) || r.Methods.Any()) {
				return
			}
		}
	}
}
