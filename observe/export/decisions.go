package export

import (
	"strings"
	"time"

	"vitrine/observe/journey"
	"vitrine/trace"
)

// decision is one decision of a journey, as exports tell it.
type decision struct {
	At       time.Duration // after Journey.Start; 0 where it is not known
	Step     string        // "" where only the Reason is known
	Subject  string
	Taken    bool
	Reason   *trace.Reason
	Position string // "": no line is responsible
	Details  []trace.Detail
}

// decisionsOf are a journey's decisions in their order: all, or those that the log names when only they were recorded.
func decisionsOf(j *journey.Journey) []decision {
	var all []decision
	if j.Decisions == nil {
		for i, r := range j.Reasons {
			if r != nil {
				all = append(all, decision{Taken: true, Reason: r, Position: reasonPlace(j, i)})
			}
		}
		return all
	}
	for i := range j.Decisions.Events {
		e := &j.Decisions.Events[i]
		if e.Reason == nil {
			continue
		}
		d := decision{At: e.At, Step: e.Step, Subject: e.Subject, Taken: e.Taken, Reason: e.Reason, Position: place(&e.Position), Details: e.Public(j.Secret)}
		if j.Shared { // its times are another journey's
			d.At = 0
		}
		all = append(all, d)
	}
	return all
}

// reasonPlace is the line that is responsible for one of a journey's Reasons.
func reasonPlace(j *journey.Journey, i int) string {
	if i < len(j.Positions) {
		return place(j.Positions[i])
	}
	return ""
}

// place is where a decision was written, "" when nobody wrote it.
func place(p *trace.Position) string {
	if p == nil || p.IsZero() || p.Origin == trace.Default {
		return ""
	}
	return p.String()
}

// value is what exports say a field's value is.
func value(f *journey.Field) string {
	if f.Secret {
		return trace.NotShown(f.Hidden)
	}
	return f.Value
}

// field is the value of the only field with a name, false when there is none, more than one, or it is secret.
func field(m *journey.Message, name string) (value string, ok bool) {
	for i := range m.Fields {
		if f := &m.Fields[i]; strings.EqualFold(f.Name, name) {
			if ok || f.Secret {
				return "", false
			}
			value, ok = f.Value, true
		}
	}
	return value, ok
}
