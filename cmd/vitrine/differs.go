package main

import (
	"fmt"
	"slices"
	"strings"

	"vitrine/observe/glass/api"
	"vitrine/observe/terminal"
)

// differs is the first thing in which what happened and a dry run of the same request are not the same: the status, what
// decided it, a decision on the way, a field of the response, the connection's future. "" when they agree.
//
// Some of it cannot be the same: a dry run begins before the connection is made, and reads files from the disk.
func differs(live *api.Journey, dry *api.Explanation) string {
	both := func(what, really, rehearsed string) string {
		return fmt.Sprintf("%s was %s, and is %s in the dry run", what, printable(really), printable(rehearsed))
	}
	if step := rehearsed(dry.Events); step != "" {
		if live.NoEvents != "" {
			return ""
		}
		return decisionsDiffer(before(live.Events, step), before(dry.Events, step))
	}
	if live.Status != dry.Status {
		return both("the status", fmt.Sprint(live.Status), fmt.Sprint(dry.Status))
	}
	if live.Verdict != nil && dry.Verdict != nil && live.Verdict.Reason.ID != dry.Verdict.Reason.ID {
		return both("what decided it", live.Verdict.Reason.ID, dry.Verdict.Reason.ID)
	}
	if live.NoEvents == "" {
		if d := decisionsDiffer(live.Events, dry.Events); d != "" {
			return d
		}
	}
	if name, really, rehearsed, ok := fieldsDiffer(live.Response.Fields, dry.Response.Fields); ok {
		return both("the field "+printable(name), really, rehearsed)
	}
	if live.Keep != dry.Keep { // why it ends has a more general name in a dry run, which has no connection
		return both("the connection", future(live.Keep, live.Ending), future(dry.Keep, dry.Ending))
	}
	return ""
}

// rehearsed is the step at which a dry run came to a program that would answer, which it does not ask: what follows cannot be
// compared. "" when it came to none.
func rehearsed(dry []api.Event) (step string) {
	for i := range dry {
		if e := &dry[i]; slices.Contains([]string{"cgi.would-run", "fcgi.would-ask", "site.handler"}, e.Reason.ID) {
			return e.Step
		}
	}
	return ""
}

// before are the decisions before the first one of a step.
func before(all []api.Event, step string) []api.Event {
	if i := slices.IndexFunc(all, func(e api.Event) bool { return e.Step == step }); i >= 0 {
		return all[:i]
	}
	return all
}

// future is what becomes of a connection, and why.
func future(keep bool, why *api.Reason) string {
	text := "closed"
	if keep {
		text = "kept"
	}
	if why != nil {
		text += " (" + why.ID + ")"
	}
	return text
}

func printable(s string) string {
	if s == "" {
		return "not there"
	}
	return terminal.Printable(s)
}

// unlike are the steps that differ by nature: who came in where is told in another way before there is a connection, and
// files are in memory or on the disk.
var unlike = []string{"network", "listener", "clients", "resource", "request", "log", "memory", "deliver"}

// taken are the decisions that both can have, in order, without the candidates that were passed over.
func taken(all []api.Event) []*api.Event {
	var out []*api.Event
	for i := range all {
		if e := &all[i]; e.Taken && !slices.Contains(unlike, e.Step) {
			out = append(out, e)
		}
	}
	return out
}

func decisionsDiffer(live, dry []api.Event) string {
	a, b := taken(live), taken(dry)
	tell := func(e *api.Event) string {
		text := e.Reason.ID
		if e.Subject != "" {
			text += " for " + terminal.Printable(e.Subject)
		}
		if e.Position != nil {
			text += " (" + terminal.Printable(e.Position.Text) + ")"
		}
		return text
	}
	for i := range max(len(a), len(b)) {
		switch {
		case i >= len(a):
			return fmt.Sprintf("%s: the dry run decides %s, which was not decided", b[i].Step, tell(b[i]))
		case i >= len(b):
			return fmt.Sprintf("%s: it decided %s, and the dry run does not", a[i].Step, tell(a[i]))
		case a[i].Step != b[i].Step || tell(a[i]) != tell(b[i]):
			return fmt.Sprintf("%s: it decided %s, and the dry run %s", a[i].Step, tell(a[i]), tell(b[i]))
		}
	}
	return ""
}

// ofTheMoment are fields that no two responses share, or that only a connection gives.
var ofTheMoment = []string{"Date", "Connection", "Keep-Alive", "Server-Timing", "Vitrine-Journey", "Transfer-Encoding", "Age"}

func fieldsDiffer(live, dry []api.Field) (name, really, rehearsed string, differ bool) {
	value := func(all []api.Field, name string) string {
		var values []string
		for _, f := range all {
			if strings.EqualFold(f.Name, name) {
				if f.Hidden {
					return "secret"
				}
				values = append(values, f.Value)
			}
		}
		return strings.Join(values, ", ")
	}
	for _, f := range slices.Concat(live, dry) {
		if slices.ContainsFunc(ofTheMoment, func(n string) bool { return strings.EqualFold(n, f.Name) }) {
			continue
		}
		if a, b := value(live, f.Name), value(dry, f.Name); a != b {
			return f.Name, a, b, true
		}
	}
	return "", "", "", false
}
