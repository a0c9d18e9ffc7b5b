package glass

import (
	"strings"
	"time"

	"vitrine/observe/glass/api"
	"vitrine/observe/journey"
	"vitrine/trace"
)

// upstream is the other program that was asked: an application or a script. The last decision about it that has its numbers
// says what it took, and when it was connected, began to answer and ended.
func (l *layers) upstream() {
	events := decided(l.j)
	from, to, began := time.Duration(-1), time.Duration(0), time.Duration(-1)
	var last, told *trace.Event
	var marks []api.Mark
	mark := func(at time.Duration, title string) {
		marks = append(marks, api.Mark{AtUS: micro(at), Title: title})
	}
	for i := range events {
		e := &events[i]
		if !journey.AsksAnother(e) || e.Reason.ID == "cgi.found" {
			continue
		}
		if from < 0 {
			from = e.At
		}
		to, last = e.At, e
		if detailOf(e, "address") != "" || detailOf(e, "time") != "" {
			told = e
		}
		switch {
		case detailOf(e, "pid") != "" && detailOf(e, "time") == "":
			began = e.At
			mark(e.At, "the script was started")
		case e.Step == "cgi" && detailOf(e, "first byte after") != "":
			mark(e.At, "the script's answer began")
		}
	}
	if last == nil {
		l.not("upstream", "Upstream", "the answer was made here")
		return
	}
	var facts []string
	if told != nil {
		if d, err := time.ParseDuration(detailOf(told, "ended after")); err == nil {
			began = max(told.At-d, 0)
			for _, name := range [...][2]string{{"connected after", "connected"}, {"first byte after", "first byte"}} {
				if d, err := time.ParseDuration(detailOf(told, name[0])); err == nil {
					mark(began+d, name[1])
				}
			}
		}
		if e := detailOf(told, "time"); e != "" || detailOf(told, "ended after") != "" {
			mark(told.At, "ended")
		}
		facts = factsOf(told)
	} else {
		facts = append(facts, clip(last.Subject, 60))
	}
	if began >= 0 {
		from = began
	}
	up := l.add("upstream", "Upstream", strings.Join(facts, ", "), min(from, to), to)
	up.Reason, up.Marks = ReasonOf(last.Reason), marks
}

// factsOf is what the last decision about another program says of it, in a person's order: which it was, how it ended, what
// it took. The moments of its work are marks.
func factsOf(e *trace.Event) []string {
	var facts []string
	fact := func(before, name, behind string) {
		if value := detailOf(e, name); value != "" {
			facts = append(facts, before+clip(value, 60)+behind)
		}
	}
	if e.Step == "cgi" {
		facts = append(facts, "the script "+clip(e.Subject, 60))
		fact("process ", "pid", "")
		fact("", "end", "")
		fact("", "user time", " of processor time")
		fact("memory ", "memory", "")
		return facts
	}
	fact("the application at ", "address", "")
	kept := detailOf(e, "connection")
	if kept == "new" && detailOf(e, "connected after") == "" && detailOf(e, "why") != "" {
		fact("no connection to it: ", "why", "")
		return facts
	}
	if kept != "" {
		facts = append(facts, "on a "+kept+" connection")
	}
	fact("", "bytes sent", " bytes sent")
	fact("", "bytes received", " bytes received")
	fact("", "why", "")
	return facts
}
