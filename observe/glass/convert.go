package glass

import (
	"strconv"
	"strings"
	"time"

	"vitrine/observe/explain"
	"vitrine/observe/glass/api"
	"vitrine/observe/journey"
	"vitrine/socket"
	"vitrine/trace"
	"vitrine/web/message"
)

// ReasonOf is a Reason as the API tells it; nil for none.
func ReasonOf(r *trace.Reason) *api.Reason {
	if r == nil {
		return nil
	}
	return &api.Reason{ID: r.ID, Kind: r.Kind.String(), Sentence: r.Sentence, Standard: r.Standard}
}

// PositionOf is a place in the configuration as the API tells it; nil for the program itself and for what nobody wrote.
func PositionOf(p trace.Position) *api.Position {
	if p.IsZero() || p.Origin == trace.Default {
		return nil
	}
	out := &api.Position{Text: p.String(), File: p.File, Line: p.Line, Column: p.Column, Origin: p.Origin.String()}
	if p.Source != nil {
		out.Source = PositionOf(*p.Source)
	}
	return out
}

// EventsOf are decisions as the API tells them. The values of fields are not told of whose name secret says so.
func EventsOf(events []trace.Event, secret func(name string) bool) []api.Event {
	out := make([]api.Event, len(events))
	for i := range events {
		out[i] = eventOf(&events[i], secret)
	}
	return out
}

func eventOf(e *trace.Event, secret func(name string) bool) api.Event {
	out := api.Event{AtUS: micro(e.At), Step: e.Step, Layer: stationOf(e), Subject: e.Subject, Taken: e.Taken, Reason: *ReasonOf(e.Reason), Position: PositionOf(e.Position), Depth: e.Depth}
	for _, d := range e.Public(secret) {
		out.Details = append(out.Details, api.Detail{Name: d.Name, Value: d.Value})
	}
	return out
}

// SnapshotOf is what a transport knew of a connection.
func SnapshotOf(i *socket.Info, at time.Duration) api.Snapshot {
	return api.Snapshot{AtUS: micro(at), State: i.State, RTTUS: micro(i.RTT), RTTVarUS: micro(i.RTTVar), MinRTTUS: micro(i.MinRTT), RTOUS: micro(i.RTO),
		Congestion: i.Congestion, Phase: i.Phase, Window: i.Window, Threshold: i.Threshold, SendWindow: i.SendWindow, RecvWindow: i.RecvWindow,
		MSS: i.MSS, InFlight: i.InFlight, NotSent: i.NotSent, Acked: i.Acked, Received: i.Received,
		SegmentsOut: i.SegmentsOut, SegmentsIn: i.SegmentsIn, Retransmits: i.Retransmits}
}

func micro(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func at(all []*trace.Position, i int) *trace.Position {
	if i < len(all) {
		return all[i]
	}
	return nil
}

// responsible is the configuration's line to look at first: the verdict's, else that of the last decision before it that
// has one.
func responsible(j *journey.Journey, why *trace.Reason, p *trace.Position) *api.Position {
	if p != nil {
		if out := PositionOf(*p); out != nil {
			return out
		}
	}
	if why != nil && why == j.Failure && j.Decisions != nil {
		return PositionOf(faulty(j.Decisions.Events, why))
	}
	if j.Decisions != nil {
		return PositionOf(explain.Responsible(j.Decisions.Events, func(e *trace.Event) bool { return e.Reason == why }))
	}
	var last *api.Position
	for i := range j.Reasons {
		if p := at(j.Positions, i); p != nil {
			if out := PositionOf(*p); out != nil {
				last = out
			}
		}
	}
	return last
}

// faulty is the line of the last decision that tells of a failure: when a response does not arrive whole, only such a one can
// be to blame. No line is, when the client went away.
func faulty(events []trace.Event, why *trace.Reason) (last trace.Position) {
	for i := range events {
		if e := &events[i]; (e.Reason == why || e.Reason.Kind == trace.Failed) && !e.Position.IsZero() {
			last = e.Position
		}
	}
	return last
}

// SummaryOf is a journey in a list.
func SummaryOf(j *journey.Journey) api.Summary {
	s := api.Summary{ID: j.ID.String(), Start: j.Start, TookUS: micro(j.Took), Method: j.Method, Host: j.Authority, Target: j.Target, Status: j.Status,
		Body: j.Body, Client: clientOf(j), User: j.User, Site: j.Site, Route: j.Route, Failed: j.Failed(), Slow: j.Slow,
		Conn: j.Connection.ID, Serial: j.Serial}
	if j.Forwarded() {
		s.Peer = j.Connection.Remote.String()
	}
	why, p := j.Decision()
	if why != nil {
		s.Reason, s.Kind = why.ID, why.Kind.String()
	}
	if place := responsible(j, why, p); place != nil {
		s.Position = place.Text
	}
	return s
}

// clientOf is who asked, as people write it: without a port where none is known.
func clientOf(j *journey.Journey) string {
	switch {
	case !j.Client.IsValid():
		return unknownClient
	case j.Client.Port() == 0:
		return j.Client.Addr().Unmap().String()
	}
	return j.Client.String()
}

// unknownClient is whom trusted proxies hide (RFC 7239 §6.2).
const unknownClient = "unknown"

func summaries(all []*journey.Journey) []api.Summary {
	out := make([]api.Summary, len(all))
	for i, j := range all {
		out[i] = SummaryOf(j)
	}
	return out
}

// messages are a journey's request and response.
func messages(j *journey.Journey) (request, response api.Message) {
	line := strings.TrimSpace(j.Method + " " + j.Target + " " + j.Protocol)
	request = api.Message{Line: line, Fields: fieldsOf(&j.Request, nil), Bytes: j.Received, At: j.RequestAt, Cut: j.Request.Cut}
	response = api.Message{Fields: fieldsOf(&j.Response, j.Decisions), Bytes: j.Sent, Body: j.Body, At: j.ResponseAt, Cut: j.Response.Cut}
	if j.Status != 0 {
		response.Line = strings.TrimSpace("HTTP/1.1 " + strconv.Itoa(j.Status) + " " + message.StatusText(j.Status))
	}
	return request, response
}

// fieldsOf are the fields of a message, in a response each with the line that is responsible for it.
func fieldsOf(m *journey.Message, told *trace.Decisions) []api.Field {
	out := make([]api.Field, 0, len(m.Fields))
	for _, f := range m.Fields {
		field := api.Field{Name: f.Name, Value: f.Value, Hidden: f.Secret}
		if told != nil {
			field.Position = fieldPosition(f.Name, told.Events)
		}
		out = append(out, field)
	}
	return out
}

// fieldPosition is the line of the last decision about a field of the response.
func fieldPosition(name string, events []trace.Event) *api.Position {
	if p := lastPosition(name, events); p != nil {
		return PositionOf(*p)
	}
	return nil
}

func lastPosition(name string, events []trace.Event) (last *trace.Position) {
	for i := range events {
		if e := &events[i]; e.Step == "header" && e.Taken && strings.EqualFold(e.Subject, name) {
			last = &e.Position
		}
	}
	return last
}

// noDecisions is why there are none: the recorder does not collect those of what comes beyond its bound, and does not keep large ones.
const noDecisions = "Only the decisions that the log names were recorded: the request came beyond the bound of requests a second, or all of them would have taken too much memory."

// journeyOf is a journey in full, but for its frames.
func journeyOf(j *journey.Journey) *api.Journey {
	out := &api.Journey{Summary: SummaryOf(j), Protocol: j.Protocol, Scheme: j.Scheme, File: j.File, Keep: j.Keep,
		Ending: ReasonOf(j.Ending), Failure: ReasonOf(j.Failure), Events: []api.Event{}}
	out.Request, out.Response = messages(j)
	switch {
	case j.Decisions == nil:
		out.NoEvents = noDecisions
	default:
		out.Events = EventsOf(j.Decisions.Events, j.Secret)
		if j.Shared {
			out.Shared = j.Decisions.Of.String()
			for i := range out.Events { // their times are another journey's
				out.Events[i].AtUS = 0
			}
		}
	}
	out.Verdict = verdict(j, out.Events)
	c := &j.Connection
	out.Connection = api.Connection{ID: c.ID, Remote: c.Remote.String(), Local: c.Local.String(), Loop: c.Loop, Opened: c.Opened, Why: ReasonOf(c.Why)}
	if !c.Ended.IsZero() {
		out.Connection.Ended = &c.Ended
	}
	for i := range c.Snapshots {
		out.Connection.Snapshots = append(out.Connection.Snapshots, SnapshotOf(&c.Snapshots[i].Info, c.Snapshots[i].At.Sub(j.Start)))
	}
	return out
}

// verdict is the event that decided the status.
func verdict(j *journey.Journey, events []api.Event) *api.Event {
	why, line := j.Decision()
	if why == nil {
		return nil
	}
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Reason.ID == why.ID && events[i].Depth == 0 {
			e := events[i]
			if e.Position == nil {
				e.Position = responsible(j, why, line)
			}
			return &e
		}
	}
	e := api.Event{Step: "end", Layer: "site", Taken: true, Reason: *ReasonOf(why), Position: responsible(j, why, line)}
	return &e
}
