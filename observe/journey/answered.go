package journey

import "time"

// Answered is when the response began, after Start, as far as it is known: its first byte was handed over, or the last
// decision was taken. First alone says nothing of an answer that was made at once, in one turn of the loop.
func (j *Journey) Answered() time.Duration {
	first := j.First
	if j.Decisions != nil && !j.Shared {
		if n := len(j.Decisions.Events); n > 0 {
			first = max(first, j.Decisions.Events[n-1].At)
		}
	}
	return min(max(first, 0), max(j.Took, 0))
}
