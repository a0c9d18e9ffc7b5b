package server

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"vitrine/config"
	"vitrine/observe/terminal"
	"vitrine/trace"
)

// Expected is how an expect block turned out.
type Expected struct {
	Name        string        `json:"name"`
	Method      string        `json:"method"`
	URL         string        `json:"url"`
	File        string        `json:"file"` // and line: where the block is
	Line        int           `json:"line"`
	Differences []Difference  `json:"differences"` // empty: it is met
	Because     string        `json:"because,omitempty"`
	why         *trace.Reason // of the decision that made the answer what it is
	at          trace.Position
	pos         trace.Position
}

// Difference is one thing that was expected and is otherwise.
type Difference struct {
	What     string         `json:"what"`
	Want     string         `json:"want"`
	Got      string         `json:"got"`
	position trace.Position // of the expectation
}

// Expect asks every expect block's question and compares the answers. When the configuration cannot be used at all,
// that is added to diags and nothing is compared.
func Expect(c *config.Config, diags *config.Diagnostics) []Expected {
	if len(c.Expects) == 0 {
		return nil
	}
	dry := NewDry(c, diags)
	if dry == nil {
		return nil
	}
	defer dry.Close()
	var all []Expected
	for _, e := range c.Expects {
		all = append(all, dry.expect(e))
	}
	return all
}

func (d *Dry) expect(e *config.Expect) Expected {
	out := Expected{Name: e.Name, Method: e.Method.V, URL: e.URL.V, File: e.Pos.File, Line: e.Pos.Line, Differences: []Difference{}, pos: e.Pos}
	q := Query{Method: e.Method.V, URL: e.URL.V, From: e.From.V}
	for _, f := range e.Send {
		q.Fields = append(q.Fields, [2]string{f.Name, f.Value.V})
	}
	a, err := d.Ask(q)
	if err != nil {
		out.Differences = append(out.Differences, Difference{"url", "a URL that can be asked for", err.Error(), e.URL.Pos})
		return out
	}
	out.compare(e, a)
	if decisive := a.Decisive(); decisive != nil && len(out.Differences) > 0 {
		out.why, out.at = decisive.Reason, decisive.Position
		out.Because = decisive.Reason.ID
	}
	return out
}

// compare notes what is otherwise than expected.
func (out *Expected) compare(e *config.Expect, a *Answer) {
	differ := func(what, want, got string, pos trace.Position) {
		if want != got {
			out.Differences = append(out.Differences, Difference{what, want, got, pos})
		}
	}
	if a.Result == nil {
		if !out.onlyReasons(e, a) {
			differ("answer", "an answer", "the connection is refused", e.Pos)
		}
		return
	}
	text := func(what string, want *config.Value[string], got string) {
		if want != nil {
			differ(what, want.V, got, want.Pos)
		}
	}
	if e.Status != nil {
		differ("status", strconv.Itoa(e.Status.V), strconv.Itoa(a.Result.Status), e.Status.Pos)
	}
	text("site", e.Site, a.Site())
	text("route", e.Route, a.Route())
	if e.File != nil {
		differ("file", strings.TrimPrefix(e.File.V, "/"), a.File(), e.File.Pos)
	}
	text("type", e.Type, a.Result.Fields.Get("Content-Type"))
	text("location", e.Location, a.Result.Fields.Get("Location"))
	for _, f := range e.Fields {
		differ(f.Name, f.Value.V, a.Result.Fields.Get(f.Name), f.Value.Pos)
	}
	if e.Body != nil && !strings.Contains(string(a.Result.Body), e.Body.V) {
		differ("body", "text that contains "+strconv.Quote(e.Body.V), beginning(a.Result.Body), e.Body.Pos)
	}
	out.reasons(e, a)
}

// reasons notes the Reasons that are not among the decisions.
func (out *Expected) reasons(e *config.Expect, a *Answer) {
	for _, want := range e.Reasons {
		if !a.Decided(want.V) {
			out.Differences = append(out.Differences, Difference{"reasons", want.V, "not among the decisions", want.Pos})
		}
	}
}

// onlyReasons compares an answer without a response, and reports whether the block expects nothing of a response.
func (out *Expected) onlyReasons(e *config.Expect, a *Answer) bool {
	out.reasons(e, a)
	return e.Status == nil && e.Site == nil && e.Route == nil && e.Type == nil && e.File == nil && e.Location == nil &&
		e.Body == nil && len(e.Fields) == 0
}

// beginning is the first line of a body, shortened.
func beginning(body []byte) string {
	const most = 60
	line, _, more := strings.Cut(strings.TrimSpace(string(body)), "\n")
	if r := []rune(line); len(r) > most {
		line, more = string(r[:most]), true
	}
	if line == "" && !more {
		return "no body"
	}
	line = strconv.Quote(line)
	if more {
		line += " …"
	}
	return line
}

// Decided reports whether a Reason is among the decisions.
func (a *Answer) Decided(id string) bool {
	is := func(r *trace.Reason) bool { return r != nil && r.ID == id }
	if is(a.Refused) || slices.ContainsFunc(a.Events, func(e trace.Event) bool { return is(e.Reason) }) {
		return true
	}
	return a.Result != nil && (slices.ContainsFunc(a.Result.Reasons, is) || is(a.Result.Ending))
}

// Decisive is the decision that made the answer what it is: the last refusal or failure, else the last that was taken
// before the response was put together. It is nil when nothing was decided.
func (a *Answer) Decisive() *trace.Event {
	for i := len(a.Events) - 1; i >= 0; i-- {
		if e := &a.Events[i]; e.Reason.Kind == trace.Refused || e.Reason.Kind == trace.Failed {
			return e
		}
	}
	for i := len(a.Events) - 1; i >= 0; i-- {
		switch e := &a.Events[i]; e.Step {
		case "deliver", "header":
		default:
			if e.Taken {
				return e
			}
		}
	}
	return nil
}

// Site is the name of the site that answers; empty when none does.
func (a *Answer) Site() string { return a.taken("site") }

// Route is the pattern of the route that answers; empty when none does.
func (a *Answer) Route() string {
	for i := range a.Events {
		if e := &a.Events[i]; e.Step == "route" && e.Taken && e.Reason.ID == "route.matched" {
			return e.Subject
		}
	}
	return ""
}

// File is the file that is sent, below its root; empty when none is.
func (a *Answer) File() string {
	file := ""
	for i := range a.Events {
		switch e := &a.Events[i]; {
		case e.Step == "refuse":
			file = ""
		case e.Step == "resource" && e.Taken && e.Reason.ID != "site.strip-prefix" && e.Reason.ID != "resource.root-moved":
			file = strings.TrimPrefix(e.Subject, "/")
		}
	}
	if file == "" || strings.HasSuffix(file, "/") {
		return ""
	}
	return file
}

// taken is the subject of the step's decision.
func (a *Answer) taken(step string) string {
	for i := range a.Events {
		if e := &a.Events[i]; e.Step == step && e.Taken {
			return e.Subject
		}
	}
	return ""
}

// AppendExpected appends what is to be said about an expectation that is not met; nothing about one that is.
func AppendExpected(b []byte, out *Expected, s terminal.Style) []byte {
	if len(out.Differences) == 0 {
		return b
	}
	b = s.Paint(b, terminal.Failed, s.Glyph(terminal.Cross))
	b = append(b, ' ')
	b = s.Paint(b, terminal.Place, out.pos.String())
	b = fmt.Appendf(b, ": expect %q: %s %s\n", out.Name, out.Method, out.URL)
	width := len("because")
	for _, d := range out.Differences {
		width = max(width, len(d.What))
	}
	for _, d := range out.Differences {
		b = append(b, "    "+terminal.Pad(d.What, width)...)
		b = append(b, "  expected "...)
		b = s.Paint(b, terminal.Good, shown(d.Want))
		b = append(b, ", got "...)
		b = s.Paint(b, terminal.Failed, shown(d.Got))
		b = append(b, '\n')
	}
	if out.why != nil {
		b = append(b, "    "+terminal.Pad("because", width)+"  "...)
		b = append(b, string(terminal.AppendSentence(nil, out.why.Sentence))+" ("+out.why.ID...)
		if !out.at.IsZero() {
			b = append(b, ", "+out.at.String()...)
		}
		b = append(b, ")\n"...)
	}
	return append(b, '\n')
}

// shown makes an empty text visible.
func shown(text string) string {
	if text == "" {
		return "none"
	}
	return text
}
