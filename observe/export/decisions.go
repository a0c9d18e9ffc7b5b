package export

import (
	"slices"
	"strconv"
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
		d := decision{At: e.At, Step: e.Step, Subject: e.Subject, Taken: e.Taken, Reason: e.Reason, Position: place(&e.Position), Details: e.Details}
		if j.Shared { // its times are another journey's
			d.At = 0
		}
		all = append(all, d)
	}
	for i := range all {
		all[i].Details = public(j, &all[i])
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

// public is a decision's details without secret values: those of secret fields, and what a rule gives such a field.
func public(j *journey.Journey, d *decision) []trace.Detail {
	rule := d.Step == "header" && secret(j, d.Subject)
	if !slices.ContainsFunc(d.Details, func(one trace.Detail) bool { return hides(j, rule, one.Name) }) {
		return d.Details
	}
	details := slices.Clone(d.Details) // they are immutable, and others'
	for i := range details {
		if hides(j, rule, details[i].Name) {
			details[i].Value = hidden(len(details[i].Value))
		}
	}
	return details
}

func hides(j *journey.Journey, rule bool, detail string) bool {
	return rule && detail == "value" || secret(j, detail)
}

// secret reports whether the values of a field are not shown: by its type, unless it was recorded all the same because the
// configuration shows it, or because the configuration hides it.
func secret(j *journey.Journey, name string) bool {
	for _, fields := range [][]journey.Field{j.Request.Fields, j.Response.Fields} {
		for i := range fields {
			if strings.EqualFold(fields[i].Name, name) {
				return fields[i].Secret
			}
		}
	}
	switch strings.ToLower(name) {
	case "authorization", "proxy-authorization", "cookie", "set-cookie":
		return true
	}
	return false
}

// hidden stands in place of a secret value.
func hidden(bytes int) string { return "(not shown, " + strconv.Itoa(bytes) + " bytes)" }

// value is what exports say a field's value is.
func value(f *journey.Field) string {
	if f.Secret {
		return hidden(f.Hidden)
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
