// Package explain tells the story of one request: what was decided about it, in order, why, and by which line of the
// configuration. Text tells it to a person in front of a terminal, JSON to a program.
package explain

import (
	"net/netip"
	"strings"

	"vitrine/trace"
	"vitrine/web/message"
)

// Story is one request with everything that was decided about it.
type Story struct {
	Journey    trace.ID
	Request    Request
	Peer       Peer
	Events     []trace.Event // in the order in which they happened; of a recorded request at least those that the log names
	Status     int           // of the response; 0: there was none
	Fields     []Field       // of the response
	Length     int64         // of the response's body in bytes; -1: not known
	Keep       bool          // the connection goes on
	KeepReason *trace.Reason // why it does, or does not
	Recorded   *Recorded     // nil: it is a dry run, of whose Events secret values are not shown; those of others are shown as they are
}

// Request is what was asked for.
type Request struct {
	Method   string
	URL      string
	Protocol string // such as HTTP/1.1; may be empty
	Fields   []Field
}

// Peer is who asked, and where. A port of zero is not known.
type Peer struct {
	From, To netip.AddrPort
	Client   string // for whom a trusted proxy asked; empty: nobody stands between
	User     string // who the client proved to be; empty: nobody
}

// Field is one field line and, in a response, the line of the configuration that is responsible for it.
type Field struct {
	Name, Value string
	Position    trace.Position // zero: no line is
	Secret      bool           // of a recorded request: the value is secret, and was not kept
	Hidden      int            // how long it was
}

// private reports whether a field's value is not to be shown. When a request was recorded, it was decided then.
func (s *Story) private(f *Field) bool {
	return f.Secret || s.Recorded == nil && message.Secret(f.Name)
}

// hidden is shown in place of a secret value.
func (f *Field) hidden() string {
	if f.Value == "" && f.Hidden > 0 {
		return trace.NotShown(f.Hidden)
	}
	return trace.NotShown(len(f.Value))
}

// headerStep is the step of Events about a field of the response, whose Subject is the field's name.
const headerStep = "header"

// ResponseFields are the fields of a response, each with the position of the last Event that was about it.
func ResponseFields(h *message.Header, events []trace.Event) []Field {
	fields := make([]Field, 0, h.Len())
	for name, value := range h.Each() {
		f := Field{Name: name, Value: value}
		for i := range events {
			if e := &events[i]; e.Step == headerStep && e.Taken && strings.EqualFold(e.Subject, name) {
				f.Position = e.Position
			}
		}
		fields = append(fields, f)
	}
	return fields
}

// RequestFields are the fields of a request.
func RequestFields(f *message.Fields) []Field {
	fields := make([]Field, 0, f.Len())
	for i := range f.Len() {
		name, value := f.At(i)
		fields = append(fields, Field{Name: string(name), Value: string(value)})
	}
	return fields
}

// Verdict is the decision that gave the response, nil when none did, and the configuration's line to look at first.
func (s *Story) Verdict() (*trace.Event, trace.Position) { return s.verdict(), s.responsible() }

// verdict is the Event that decided the status: for an error the last one that refused or failed, otherwise the last
// that succeeded. It is nil when none did.
func (s *Story) verdict() *trace.Event {
	bad := s.Status >= 400 || s.Status < 100
	for i := len(s.Events) - 1; i >= 0; i-- {
		e := &s.Events[i]
		if e.Depth > 0 { // a part of the page, which decides about the part
			continue
		}
		switch e.Reason.Kind {
		case trace.Refused, trace.Failed:
			if bad {
				return e
			}
		case trace.Success:
			if !bad {
				return e
			}
		}
	}
	return nil
}

// witness is what the verdict looked at: its own details, or those of the decision that it only repeats.
func (s *Story) witness(verdict *trace.Event) []trace.Detail {
	told := *verdict
	for i := range s.Events {
		if e := &s.Events[i]; e.Reason == verdict.Reason && len(told.Details) == 0 {
			told.Details = e.Details
		}
	}
	return s.public(&told)
}

// public is the details of a decision without secret values. When a request was recorded, it was decided then which are.
func (s *Story) public(e *trace.Event) []trace.Detail {
	if s.Recorded != nil {
		return e.Details
	}
	return e.Public(message.Secret)
}

// responsible is the configuration's line to look at first: the verdict's, or that of the last candidate that was
// taken before it.
func (s *Story) responsible() trace.Position {
	verdict := s.verdict()
	return Responsible(s.Events, func(e *trace.Event) bool { return e == verdict })
}

// placed reports whether the position is a place that somebody wrote.
func placed(p trace.Position) bool { return !p.IsZero() && p.Origin != trace.Default }
