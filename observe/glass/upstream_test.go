package glass

import (
	"strings"
	"testing"
	"time"

	"vitrine/observe/journey"
	"vitrine/trace"
)

func TestTheUpstreamLayerTellsWhatItTook(t *testing.T) {
	asked := &trace.Reason{ID: "test.asked", Sentence: "it was asked"}
	j := &journey.Journey{Took: 9 * time.Millisecond, First: 5 * time.Millisecond, Decisions: &trace.Decisions{Events: []trace.Event{
		{Step: "deliver", Reason: asked, At: 5 * time.Millisecond},
		{Step: "upstream", Reason: asked, At: 8 * time.Millisecond, Details: []trace.Detail{trace.D("address", "unix:/run/a"), trace.D("connection", "reused")}},
	}}}
	if first := j.Answered(); first != 5*time.Millisecond {
		t.Errorf("it is answered after %s", first)
	}
	l := layers{j: j}
	l.upstream()
	if got := l.all[0]; !got.Used || !strings.Contains(got.Text, "unix:/run/a, on a reused connection") || got.Reason.ID != "test.asked" {
		t.Errorf("%+v", got)
	}
	l = layers{j: &journey.Journey{}}
	if l.upstream(); l.all[0].Used {
		t.Errorf("%+v", l.all[0])
	}
}

// TestAPartSaysOnWhatItWent: the one decision that a part of the time was spent before, or the pace that it was held to.
func TestAPartSaysOnWhatItWent(t *testing.T) {
	reason := func(id string) *trace.Reason { return &trace.Reason{ID: id, Sentence: "it is so"} }
	at := func(ms int, step, id string, details ...trace.Detail) trace.Event {
		return trace.Event{Step: step, Reason: reason(id), Taken: true, At: time.Duration(ms) * time.Millisecond, Details: details}
	}
	for name, c := range map[string]struct {
		events       []trace.Event
		body         int64
		decide, send string
	}{
		"a name":           {[]trace.Event{at(1, "route", "route.matched"), at(80, "access", "access.allowed", trace.D("names", "a.example"))}, 0, "mostly looking up what the client is called (access.allowed): 79ms", ""},
		"an address":       {[]trace.Event{at(1, "route", "route.matched"), at(80, "access", "access.allowed")}, 0, "mostly before one decision (access.allowed): 79ms", ""},
		"a script":         {[]trace.Event{at(2, "cgi", "cgi.started"), at(80, "cgi", "cgi.answered"), at(180, "cgi", "cgi.ended")}, 0, "mostly waiting for the script (cgi.answered): 78ms", "mostly while the script went on (cgi.ended): 100ms"},
		"an application":   {[]trace.Event{at(80, "upstream", "fcgi.answered"), at(180, "upstream", "fcgi.ended")}, 0, "mostly waiting for the application (fcgi.answered): 80ms", "mostly while the application went on (fcgi.ended): 100ms"},
		"a place":          {[]trace.Event{at(70, "cgi", "cgi.waited"), at(80, "cgi", "cgi.started")}, 0, "mostly waiting until other requests were done (cgi.waited): 70ms", ""},
		"a turn":           {[]trace.Event{at(1, "rate", "access.rate-delayed"), at(80, "content", "content.whole")}, 0, "mostly waiting for the client's turn (access.rate-delayed): 79ms", ""},
		"a pace":           {[]trace.Event{at(80, "rate", "access.rate-allowed", trace.D("bandwidth", "65536"))}, 8192, "mostly before one decision (access.rate-allowed): 80ms", "no faster than 64 KiB a second, as the configuration says"},
		"a pace unreached": {[]trace.Event{at(80, "rate", "access.rate-allowed", trace.D("bandwidth", "65536"))}, 100, "mostly before one decision (access.rate-allowed): 80ms", ""},
		"nothing":          {[]trace.Event{at(20, "a", "a"), at(40, "a", "a"), at(60, "a", "a"), at(80, "a", "a")}, 0, "", ""},
	} {
		j := &journey.Journey{Took: 200 * time.Millisecond, First: 80 * time.Millisecond, Body: c.body, Decisions: &trace.Decisions{Events: c.events}}
		got := map[string]string{}
		for _, p := range partsOf(j) {
			got[p.Name] = p.Note
		}
		if got["decide"] != c.decide || got["send"] != c.send {
			t.Errorf("%s: %q", name, got)
		}
	}
}
