package glass

import (
	"strconv"
	"time"

	"vitrine/observe/glass/api"
	"vitrine/observe/journey"
	"vitrine/trace"
)

// partsOf divide a request's time: what the client took, what we did, and what sending took.
func partsOf(j *journey.Journey) []api.Part {
	var parts []api.Part
	add := func(name, title string, from, to time.Duration) {
		if to >= from {
			parts = append(parts, api.Part{Name: name, Title: title, Note: spent(j, name, from, to), FromUS: micro(from), ToUS: micro(to)})
		}
	}
	began := min(j.Began.Sub(j.Start), 0)
	// A request that was there when its connection was taken has no time between the two to be told of.
	if j.Serial == 1 && !j.Connection.Opened.IsZero() && j.Connection.Opened.Sub(j.Start) < began {
		add("accept", "connected, until the request's first byte", j.Connection.Opened.Sub(j.Start), began)
	}
	add("head", "the request's head arrives", began, 0)
	first := j.Answered()
	add("decide", "deciding, and getting what is sent", 0, first)
	add("send", "the response is sent", first, j.Took)
	return parts
}

// spent says on what most of a part of the time went, when one thing took most of it; "" when nothing did, or not for long.
func spent(j *journey.Journey, name string, from, to time.Duration) string {
	if name != "decide" && name != "send" || to-from < time.Millisecond {
		return ""
	}
	if rate := bandwidth(j); name == "send" && rate > 0 {
		if least := time.Duration(float64(j.Body) / float64(rate) * float64(time.Second)); 2*least > to-from {
			return "no faster than " + size(rate) + " a second, as the configuration says"
		}
	}
	events := decided(j)
	most, what, before := time.Duration(0), "", from
	for i := range events {
		e := &events[i]
		if e.At <= before || e.At > to {
			continue
		}
		if gap := e.At - before; gap > most {
			var last *trace.Event
			if i > 0 {
				last = &events[i-1]
			}
			most, what = gap, awaited(last, e, name)
		}
		before = e.At
	}
	if what == "" || 2*most < to-from {
		return ""
	}
	return "mostly " + what + ": " + short(most)
}

// awaited is what took the time until a decision, behind another one.
func awaited(last, e *trace.Event, name string) string {
	id := " (" + e.Reason.ID + ")"
	switch {
	case last != nil && last.Reason.ID == "access.rate-delayed":
		return "waiting for the client's turn (access.rate-delayed)"
	case e.Step == "access" && (detailOf(e, "names") != "" || detailOf(e, "error") != ""):
		return "looking up what the client is called" + id
	case e.Reason.ID == "cgi.waited" || e.Reason.ID == "fcgi.waited":
		return "waiting until other requests were done" + id
	case journey.AsksAnother(e) && e.Reason.ID != "cgi.found" && e.Reason.ID != "cgi.started":
		who := "the application"
		if e.Step == "cgi" {
			who = "the script"
		}
		if name == "send" {
			return "while " + who + " went on" + id
		}
		return "waiting for " + who + id
	}
	return "before one decision" + id
}

// bandwidth is how many bytes of the response a rate lets pass in a second; 0: as many as the client takes.
func bandwidth(j *journey.Journey) int64 {
	events := decided(j)
	for i := len(events) - 1; i >= 0; i-- {
		if e := &events[i]; e.Step == "rate" {
			if n, err := strconv.ParseInt(detailOf(e, "bandwidth"), 10, 64); err == nil {
				return n
			}
		}
	}
	return 0
}

// size is a number of bytes as people say it.
func size(n int64) string {
	switch {
	case n < 10<<10:
		return strconv.FormatInt(n, 10) + " bytes"
	case n < 10<<20:
		return strconv.FormatInt(n>>10, 10) + " KiB"
	}
	return strconv.FormatInt(n>>20, 10) + " MiB"
}
