package journey

import (
	"time"

	"vitrine/trace"
)

// Answered is when the response began, after Start, as far as it is known: its first byte was handed over, or the last
// decision before it was taken. First alone says nothing of an answer that was made at once, in one turn of the loop. What
// is decided about a script or an application at the very end is decided while its answer is sent.
func (j *Journey) Answered() time.Duration {
	first := j.First
	if j.Decisions != nil && !j.Shared {
		events := j.Decisions.Events
		if last := len(events) - 1; last >= 0 {
			for last > 0 && AsksAnother(&events[last]) {
				last--
			}
			first = max(first, events[last].At)
		}
	}
	return min(max(first, 0), max(j.Took, 0))
}

// AsksAnother reports whether a decision is about another program that is asked: a script or an application.
func AsksAnother(e *trace.Event) bool { return e.Step == "upstream" || e.Step == "cgi" }
