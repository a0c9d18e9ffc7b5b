package variables_test

import (
	"regexp"
	"testing"
	"time"

	"vitrine/trace"
)

// While a response is built, its Server-Timing has what is known until then.
func TestTimingTellsHowLongWhatTook(t *testing.T) {
	v := values(t, "GET / HTTP/1.1\nHost: a\n")
	x := v.Exchange
	x.Outcome.Head = 1_500_000
	x.Start = time.Now().Add(-3 * time.Millisecond).UnixNano()
	v.Status = 200
	const known = `^head;dur=1\.500, decide;dur=(\d+\.\d{3})`
	if got := fill(t, "{timing}", v); !regexp.MustCompile(known+`$`).MatchString(got) || got < "head;dur=1.500, decide;dur=3" {
		t.Error(got)
	}
	x.Trace = &trace.Journey{Start: time.Now()}
	for at, name := range []string{"site", "site", "route", "two words", "site", "resource"} {
		x.Trace.Events = append(x.Trace.Events, trace.Event{At: time.Duration(at+1) * time.Microsecond, Step: name, Reason: step})
	}
	want := known + `, site;dur=0\.002, route;dur=0\.001, resource;dur=0\.001$`
	if got := fill(t, "{timing}", v.Field()); !regexp.MustCompile(want).MatchString(got) {
		t.Errorf("%s\nwant %s", got, want)
	}
	x.Trace.Start = time.Time{} // a dry run has no times
	if got := fill(t, "{timing}", v); !regexp.MustCompile(known + `$`).MatchString(got) {
		t.Error(got)
	}
	x.Start = time.Now().Add(time.Hour).UnixNano() // the clock was set back
	if got := fill(t, "{timing}", v); got != "head;dur=1.500, decide;dur=0.000" {
		t.Error(got)
	}
}
