package config

import (
	"cmp"
	"fmt"
	"slices"

	"vitrine/trace"
)

// Severity says whether a Diagnostic forbids the configuration or only comments on it.
type Severity uint8

const (
	Error   Severity = iota + 1 // the configuration cannot be used
	Warning                     // legal, but probably not what was meant
)

var severityNames = [...]string{"", "error", "warning"}

func (s Severity) String() string { return severityNames[s] }

// Diagnostic is one thing that is wrong, where, and what to write instead.
type Diagnostic struct {
	Severity Severity
	Summary  string // what is wrong, in one line
	Detail   string // why, where that needs saying
	Hint     string // what to write instead
	Pos      trace.Position
	End      trace.Position // past the last wrong character; zero: to the end of the word at Pos
	Related  []Related      // other places that have to do with it
}

// Related is another place that explains a Diagnostic, such as the first of two duplicates.
type Related struct {
	Pos  trace.Position
	Text string
}

// Diagnostics collects everything there is to say about a configuration, and the source text to quote it. The zero
// value is ready to use. It is not safe for concurrent use.
type Diagnostics struct {
	list    []Diagnostic
	sources map[string]source
	read    []string // the names of the sources, in the order they were read
}

// Add appends a Diagnostic about the place pos. When pos is in a file that was loaded, Write quotes it.
func (ds *Diagnostics) Add(severity Severity, pos trace.Position, summary, hint string) {
	ds.Append(Diagnostic{Severity: severity, Pos: pos, Summary: summary, Hint: hint})
}

// Append appends a Diagnostic as it is.
func (ds *Diagnostics) Append(d Diagnostic) { ds.list = append(ds.list, d) }

// All is every Diagnostic, sorted by place: the main file first, then the others in the order they were read.
func (ds *Diagnostics) All() []Diagnostic {
	ds.sort()
	return ds.list
}

// Errors are the Diagnostics that forbid the configuration, sorted by place.
func (ds *Diagnostics) Errors() []Diagnostic { return ds.only(Error) }

// Warnings are the Diagnostics that only comment on the configuration, sorted by place.
func (ds *Diagnostics) Warnings() []Diagnostic { return ds.only(Warning) }

func (ds *Diagnostics) only(severity Severity) []Diagnostic {
	ds.sort()
	var some []Diagnostic
	for _, d := range ds.list {
		if d.Severity == severity {
			some = append(some, d)
		}
	}
	return some
}

// HasErrors reports whether anything forbids the configuration.
func (ds *Diagnostics) HasErrors() bool {
	return slices.ContainsFunc(ds.list, func(d Diagnostic) bool { return d.Severity == Error })
}

// errors is the number of errors.
func (ds *Diagnostics) errors() int {
	n := 0
	for _, d := range ds.list {
		if d.Severity == Error {
			n++
		}
	}
	return n
}

// Error is the first error in one line with the number of the others, so that a Diagnostics can be an error.
func (ds *Diagnostics) Error() string {
	errs := ds.Errors()
	switch len(errs) {
	case 0:
		return "no errors"
	case 1:
		return errs[0].String()
	}
	return fmt.Sprintf("%s (and %s more)", errs[0], count(len(errs)-1, "error"))
}

// String is the Diagnostic in one line, without a quotation.
func (d Diagnostic) String() string {
	s := d.Severity.String() + ": " + d.Summary
	if where := place(d.Pos); where != "" {
		s = where + ": " + s
	}
	if d.Hint != "" {
		s += "; " + d.Hint
	}
	return s
}

// place is how a Position begins a line, or "" for the program itself.
func place(pos trace.Position) string {
	if pos.IsZero() || pos.Origin == trace.Default {
		return ""
	}
	return pos.String()
}

func (ds *Diagnostics) sort() {
	slices.SortStableFunc(ds.list, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(slices.Index(ds.read, a.Pos.File), slices.Index(ds.read, b.Pos.File)),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
			cmp.Compare(a.Severity, b.Severity),
		)
	})
}

func (ds *Diagnostics) addSource(name string, src source) {
	if ds.sources == nil {
		ds.sources = make(map[string]source)
	}
	ds.sources[name] = src
	ds.read = append(ds.read, name)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
