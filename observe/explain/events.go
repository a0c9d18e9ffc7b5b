package explain

import (
	"strings"

	"vitrine/observe/terminal"
	"vitrine/trace"
)

// subjects is how wide the column of what was looked at may be.
const subjects = 28

// events writes the decisions, those of one step under one heading.
func (p *printer) events(s *Story) {
	told := p.worthTelling(s)
	for len(told) > 0 {
		n := 1
		for n < len(told) && told[n].Step == told[0].Step && told[n].Depth == told[0].Depth {
			n++
		}
		p.section(told[:n], s.verdict())
		told = told[n:]
	}
}

// worthTelling leaves out what other parts of the story say already: a field of the response with its line, the
// response as a whole, and a refusal that only repeats the decision before it.
func (p *printer) worthTelling(s *Story) []*trace.Event {
	var told []*trace.Event
	for i := range s.Events {
		e := &s.Events[i]
		switch {
		case e.Step == headerStep && e.Taken && hasField(s.Fields, e):
		case e.Step == deliverStep:
		case e.Step == refuseStep && len(told) > 0 && told[len(told)-1].Reason == e.Reason:
			if last := *told[len(told)-1]; !placed(last.Position) {
				last.Position = e.Position
				told[len(told)-1] = &last
			}
		default:
			told = append(told, e)
		}
	}
	return told
}

// The steps that repeat something.
const (
	deliverStep = "deliver" // the response, with its status and fields
	refuseStep  = "refuse"  // the decision that the error page gives
)

func hasField(fields []Field, e *trace.Event) bool {
	for _, f := range fields {
		if strings.EqualFold(f.Name, e.Subject) && f.Position == e.Position {
			return true
		}
	}
	return false
}

// label is what an event's section is called, indented when it is about a request within the request.
func label(e *trace.Event) string {
	return strings.Repeat("  ", min(e.Depth, deepest)) + terminal.Printable(e.Step)
}

// deepest is how many levels of requests within requests are indented.
const deepest = 6

// section writes the events of one step.
func (p *printer) section(events []*trace.Event, verdict *trace.Event) {
	column := 0
	for _, e := range events {
		if cells := terminal.Cells(terminal.Printable(e.Subject)); cells <= subjects {
			column = max(column, cells)
		}
	}
	if column == 0 {
		column = subjects
	}
	for i, e := range events {
		r := row{subject: terminal.Printable(e.Subject), column: column, at: e.Position}
		if i == 0 {
			r.step = label(e)
		}
		if e.Subject == "" {
			r.column = 0
		}
		instead := ""
		switch bad := e.Reason.Kind == trace.Refused || e.Reason.Kind == trace.Failed; {
		case bad && e.Reason.Kind == trace.Failed:
			r.mark, r.colour = terminal.Cross, terminal.Failed
		case bad:
			r.mark, r.colour = terminal.Cross, terminal.Refused
		case e.Taken:
			r.mark, r.colour = terminal.Check, terminal.Good
		default:
			r.mark, r.colour, r.quiet = terminal.Passed, terminal.Quiet, true
			if instead = detail(e, why); instead == "" && i > 0 && events[i-1].Reason == e.Reason && !events[i-1].Taken {
				instead = "As above"
			}
		}
		at := e.At
		if p.borrowed {
			at = 0 // of another request
		}
		r.text = p.told(e.Reason, instead, at)
		if r.quiet {
			r.text[0].colour = terminal.Quiet
		}
		p.row(r)
		p.details(e, instead != "")
		if !r.quiet {
			p.quote(e.Position, verdict != nil && e.Reason == verdict.Reason)
		}
	}
}

// why is the detail that says in words why a candidate was passed over.
const why = "why"

func detail(e *trace.Event, name string) string {
	for _, d := range e.Details {
		if d.Name == name {
			return d.Value
		}
	}
	return ""
}

// details writes what the decision looked at.
func (p *printer) details(e *trace.Event, said bool) {
	var some []trace.Detail
	for _, d := range p.public(e) {
		variable := d.Name == strings.ToUpper(d.Name) // of a list, where one that is left out would be missed
		if d.Value != "" && (d.Value != e.Subject || variable) && !(said && d.Name == why) {
			some = append(some, d)
		}
	}
	p.pairs(some, p.gutter+4)
}

// pairs writes names and values one behind the other, and breaks lines between them where it can.
func (p *printer) pairs(details []trace.Detail, indent int) {
	used := 0
	for _, d := range details {
		pair := []piece{{terminal.Printable(d.Name), terminal.Quiet}, {terminal.Printable(d.Value), terminal.Plain}}
		cells := cellsOf(pair) + 1
		if used > 0 && used+3+cells <= p.width-indent {
			p.space(1)
			p.out = p.Paint(p.out, terminal.Quiet, p.Glyph(terminal.Dot))
			p.space(1)
			used += 3
		} else {
			if used > 0 {
				p.newline()
			}
			p.space(indent)
			used = 0
		}
		for i, line := range flow(pair, p.width-indent) {
			if i > 0 {
				p.newline()
				p.space(indent)
				used = 0
			}
			p.line(line)
			used += cellsOf(line)
		}
	}
	if used > 0 {
		p.newline()
	}
}
