package variables

import (
	"strconv"
	"time"

	"vitrine/trace"
	"vitrine/web/message"
)

// appendTiming appends the value of a Server-Timing field (W3C Server Timing §2): how long the request's head took to arrive,
// and how long the answer took since. While a response is built whose journey is recorded, the steps that had a part in
// that follow. Once it is sent its steps are not asked any more: a function that was given up may still add to them.
func (v *Values) appendTiming(dst []byte) []byte {
	x := v.Exchange
	dst = appendMetric(dst, "head", x.Outcome.Head)
	if v.Status == 0 {
		return appendMetric(append(dst, ", "...), "answer", x.Outcome.Elapsed)
	}
	dst = appendMetric(append(dst, ", "...), "decide", time.Now().UnixNano()-x.Start)
	if x.Trace == nil || x.Trace.Start.IsZero() {
		return dst
	}
	events, before := x.Trace.Events, time.Duration(0)
	for i := range events {
		e := &events[i]
		if i+1 < len(events) && events[i+1].Step == e.Step {
			continue
		}
		if !earlier(events[:i], e.Step) && message.IsToken(e.Step) {
			dst = appendMetric(append(dst, ", "...), e.Step, int64(e.At-before))
		}
		before = e.At
	}
	return dst
}

// earlier reports whether a step was told before, and not just now: a name stands once.
func earlier(events []trace.Event, step string) bool {
	n := len(events)
	for n > 0 && events[n-1].Step == step {
		n--
	}
	for i := range events[:n] {
		if events[i].Step == step {
			return true
		}
	}
	return false
}

// appendMetric appends a metric with its milliseconds, to the microsecond.
func appendMetric(dst []byte, name string, nanoseconds int64) []byte {
	us := max(nanoseconds, 0) / int64(time.Microsecond)
	dst = append(append(dst, name...), ";dur="...)
	dst = strconv.AppendInt(dst, us/1000, 10)
	rest := us % 1000
	return append(dst, '.', byte('0'+rest/100), byte('0'+rest/10%10), byte('0'+rest%10))
}
