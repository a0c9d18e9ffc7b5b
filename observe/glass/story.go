package glass

import (
	"slices"
	"time"

	"vitrine/observe/explain"
	"vitrine/observe/journey"
	"vitrine/trace"
)

// story is a journey as the command line tells it.
func (h *Handler) story(j *journey.Journey) *explain.Story {
	s := &explain.Story{Journey: j.ID, Status: j.Status, Length: j.Body, Keep: j.Keep, KeepReason: j.Ending,
		Request: explain.Request{Method: j.Method, URL: urlOf(j), Protocol: j.Protocol},
		Peer:    explain.Peer{From: j.Connection.Remote, To: j.Connection.Local, User: j.User}}
	if j.Forwarded() {
		s.Peer.Client = clientOf(j)
	}
	for _, f := range j.Request.Fields {
		s.Request.Fields = append(s.Request.Fields, explain.Field{Name: f.Name, Value: f.Value, Secret: f.Secret, Hidden: f.Hidden})
	}
	var events []trace.Event
	if j.Decisions != nil {
		events = placed(j, j.Decisions.Events)
	} else {
		for i, r := range j.Reasons { // what the log names is better than nothing
			e := trace.Event{Step: "log", Reason: r, Taken: true}
			if p := at(j.Positions, i); p != nil {
				e.Position = *p
			}
			events = append(events, e)
		}
	}
	s.Events = slices.Clone(events) // they are others', too
	for i := range s.Events {
		s.Events[i].Details = events[i].Public(j.Secret)
	}
	for _, f := range j.Response.Fields {
		field := explain.Field{Name: f.Name, Value: f.Value, Secret: f.Secret, Hidden: f.Hidden}
		if p := lastPosition(f.Name, events); p != nil {
			field.Position = *p
		}
		s.Fields = append(s.Fields, field)
	}
	s.Recorded = h.recorded(j)
	return s
}

// placed gives the event that decided the line that the log names, where it has none itself.
func placed(j *journey.Journey, events []trace.Event) []trace.Event {
	why, line := j.Decision()
	if line == nil || PositionOf(*line) == nil {
		return events
	}
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Reason == why {
			if events[i].Position.IsZero() {
				events = slices.Clone(events) // they are others' too
				events[i].Position = *line
			}
			break
		}
	}
	return events
}

// recorded is what a dry run cannot know.
func (h *Handler) recorded(j *journey.Journey) *explain.Recorded {
	c := &j.Connection
	r := &explain.Recorded{Start: j.Start, Took: j.Took, Slow: j.Slow, Failure: j.Failure, Received: j.Received, Sent: j.Sent,
		Connection: explain.Connection{ID: c.ID, Serial: j.Serial, Loop: c.Loop, Network: h.s.Network, Opened: c.Opened, Ended: c.Ended, Why: c.Why}}
	for _, p := range partsOf(j) {
		r.Parts = append(r.Parts, explain.Part{Title: p.Title, Note: p.Note, From: span(p.FromUS), To: span(p.ToUS)})
	}
	for i := range c.Snapshots {
		r.Connection.Snapshots = append(r.Connection.Snapshots, explain.Snapshot{At: c.Snapshots[i].At.Sub(j.Start), Info: c.Snapshots[i].Info})
	}
	switch {
	case j.Decisions == nil:
		r.NoEvents = noDecisions
	case j.Shared:
		r.Shared = j.Decisions.Of
	}
	s, none := h.sequence(j)
	r.Frames.None = none
	if s != nil {
		for i := range s.Frames {
			if s.Frames[i].Kind != "state" {
				r.Frames.Count++
			}
		}
		r.Frames.More, r.Frames.LeftOut = s.More, s.LeftOut
	}
	return r
}

func span(us float64) time.Duration { return time.Duration(us * float64(time.Microsecond)) }

// urlOf is what was asked for, as a person writes it.
func urlOf(j *journey.Journey) string {
	if len(j.Target) > 0 && j.Target[0] == '/' && j.Authority != "" {
		return j.Scheme + "://" + j.Authority + j.Target
	}
	return j.Target
}
