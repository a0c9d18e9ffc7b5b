package explain

import "vitrine/trace"

// Responsible is the configuration's line to look at first, for the live page and the command line alike: the verdict's
// own, else that of the last decision before it that was taken and has one. Fields of the response decide nothing, what
// is part of a page decides about the part, and what lets a request pass does not answer it. isVerdict says which events are
// the verdict.
func Responsible(events []trace.Event, isVerdict func(e *trace.Event) bool) trace.Position {
	var last trace.Position
	for i := range events {
		e := &events[i]
		if e.Step == headerStep || e.Depth > 0 {
			continue
		}
		found := isVerdict(e)
		if placed(e.Position) && (e.Taken && !gate(e.Step) || found) {
			last = e.Position
		}
		if found {
			break
		}
	}
	return last
}

// gate reports whether a step lets requests pass, or refuses them, and answers none.
func gate(step string) bool {
	switch step {
	case "client", "clients", "access", "rate":
		return true
	}
	return false
}
