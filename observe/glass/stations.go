package glass

import (
	"vitrine/observe/journey"
	"vitrine/trace"
)

// stationOf is the layer that a decision belongs to, by its step. What is not here is the site's: it leads a request to
// whoever answers.
func stationOf(e *trace.Event) string {
	switch e.Step {
	case "network", "listener", "clients":
		return "socket"
	case "cgi", "upstream", "handler":
		return "upstream"
	case "negotiate", "content", "language", "charset", "encoding", "include", "encode", "header", "deliver":
		return "response"
	}
	if e.Reason != nil && e.Reason.ID == "resource.kept" {
		return "cache"
	}
	return "site"
}

// decided are a journey's own decisions; none when they are another one's.
func decided(j *journey.Journey) []trace.Event {
	if j.Decisions == nil || j.Shared {
		return nil
	}
	return j.Decisions.Events
}

// detailOf is the value of a decision's detail; "" when it has none of that name.
func detailOf(e *trace.Event, name string) string {
	for _, d := range e.Details {
		if d.Name == name {
			return d.Value
		}
	}
	return ""
}
