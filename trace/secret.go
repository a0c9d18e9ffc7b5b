package trace

import (
	"slices"
	"strconv"
)

// NotShown stands in the place of a secret value of so many bytes.
func NotShown(bytes int) string { return "(not shown, " + strconv.Itoa(bytes) + " bytes)" }

// Public is the event's details without secret values: those of fields of whose name secret says so, and what a header rule
// gives such a field. The event is not changed.
func (e *Event) Public(secret func(name string) bool) []Detail {
	rule := e.Step == "header" && secret(e.Subject)
	hides := func(d Detail) bool { return rule && d.Name == "value" || secret(d.Name) }
	if !slices.ContainsFunc(e.Details, hides) {
		return e.Details
	}
	details := slices.Clone(e.Details)
	for i := range details {
		if d := &details[i]; hides(*d) {
			d.Value = NotShown(len(d.Value))
		}
	}
	return details
}
