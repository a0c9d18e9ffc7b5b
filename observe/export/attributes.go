package export

import (
	"strings"
	"unicode/utf8"

	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	spans "go.opentelemetry.io/proto/slim/otlp/trace/v1"

	"vitrine/observe/journey"
)

// attributes are names with values. What is empty, or a number that is not known, is left out.
type attributes []*common.KeyValue

func (a *attributes) text(name, value string) {
	if value != "" {
		a.add(name, textValue(value))
	}
}

func (a *attributes) number(name string, value int64) {
	if value > 0 {
		a.add(name, &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: value}})
	}
}

func (a *attributes) truth(name string, value bool) {
	a.add(name, &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: value}})
}

func (a *attributes) texts(name string, values []string) {
	if len(values) == 0 {
		return
	}
	all := make([]*common.AnyValue, len(values))
	for i, v := range values {
		all[i] = textValue(v)
	}
	a.add(name, &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: &common.ArrayValue{Values: all}}})
}

func (a *attributes) add(name string, value *common.AnyValue) {
	*a = append(*a, &common.KeyValue{Key: name, Value: value})
}

func textValue(s string) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: text(s)}}
}

// text is fit for protobuf, which wants UTF-8 (what is none becomes U+FFFD), and not too long.
func text(s string) string {
	if len(s) > maxText {
		cut := maxText
		for cut > maxText-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// own adds what the conventions have no word for.
func (a *attributes) own(j *journey.Journey) {
	a.text("vitrine.journey", j.ID.String())
	a.number("vitrine.connection", int64(min(j.Connection.ID, 1<<63-1)))
	a.number("vitrine.serial", int64(j.Serial))
	a.text("vitrine.site", j.Site)
	a.text("vitrine.file", j.File)
	var reasons, lines []string
	for i, r := range j.Reasons {
		if r != nil {
			reasons = append(reasons, r.ID)
			if line := reasonPlace(j, i); line != "" {
				lines = append(lines, line)
			}
		}
	}
	a.texts("vitrine.reasons", reasons)
	a.texts("vitrine.lines", lines)
	if j.Slow {
		a.truth("vitrine.slow", true)
	}
	if j.Ending != nil {
		a.truth("vitrine.connection.kept", j.Keep)
		a.text("vitrine.connection.reason", j.Ending.ID)
	}
	if j.Shared && j.Decisions != nil {
		a.text("vitrine.decisions_of", j.Decisions.Of.String())
	}
}

// eventsOf are a journey's decisions as events of its span, each called by its Reason, and how many were left out.
func eventsOf(j *journey.Journey) (all []*spans.Span_Event, dropped uint32) {
	decisions := decisionsOf(j)
	if len(decisions) > maxEvents { // the last ones decide
		dropped = uint32(len(decisions) - maxEvents)
		decisions = decisions[dropped:]
	}
	for _, d := range decisions {
		var a attributes
		a.text("vitrine.reason.kind", d.Reason.Kind.String())
		a.text("vitrine.reason.sentence", d.Reason.Sentence)
		a.text("vitrine.reason.standard", d.Reason.Standard)
		a.text("vitrine.step", d.Step)
		a.text("vitrine.subject", d.Subject)
		a.truth("vitrine.taken", d.Taken)
		a.text("vitrine.line", d.Position)
		for i := range min(len(d.Details), maxDetails) {
			a.text("vitrine.detail."+strings.ReplaceAll(text(d.Details[i].Name), " ", "_"), d.Details[i].Value)
		}
		all = append(all, &spans.Span_Event{TimeUnixNano: nanos(j.Start.Add(d.At)), Name: d.Reason.ID, Attributes: a})
	}
	return all, dropped
}
