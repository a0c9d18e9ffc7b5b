package ssi

import (
	"io"
	"slices"
	"strings"
	"time"
)

// World is what lies outside of a page. A Run asks it in the goroutine that evaluates.
type World interface {
	// Variable is the value of a variable of the request, and whether there is one. The dates and what set has made are
	// the Run's own.
	Variable(name string) (value string, ok bool)
	// Names are the names of the request's variables, for printenv.
	Names() []string
	// Include writes the answer for a reference to the page, or says why there is none; then nothing was written.
	Include(r Reference) error
	// Stat is what is known of the file that a reference leads to.
	Stat(r Reference) (size int64, modified time.Time, err error)
	// Exec writes what a program prints to the page.
	Exec(kind, what string) error
	// Failed is told why a directive came to nothing.
	Failed(d *Directive, why error)
}

// Writer takes a page.
type Writer interface {
	io.Writer
	// Err is why nothing can be written any more, nil as long as it can.
	Err() error
}

// Reference is what a directive names.
type Reference struct {
	File bool   // a file beside the page; otherwise a path within the site, which may be relative and have a query
	Path string // as it is written, with its variables filled in
}

// Defaults are what a page begins with.
type Defaults struct {
	Error      string // for a directive that fails
	Undefined  string // for a variable that does not exist
	TimeFormat string
}

// Limits bound what the pages of one request may have.
type Limits struct {
	Variables     int
	VariableBytes int
	Until         func() bool // reports whether the time is over
	Breathe       func()      // is called before each directive; nil: nothing is
}

// Document is the page that was asked for, whatever it includes.
type Document struct {
	Modified time.Time
}

// Run evaluates the pages of one request. It is not safe for concurrent use.
type Run struct {
	Limits   Limits
	Document Document
	Now      time.Time // of the request, in the zone in which local dates are printed

	variables map[string]string
	bytes     int  // of the variables, names and values
	dated     bool // some page has looked at the clock
}

// Dated reports whether a page depends on the time at which it was made.
func (r *Run) Dated() bool { return r.dated }

// evaluation is one page of a Run.
type evaluation struct {
	run      *Run
	world    World
	out      Writer
	defaults Defaults // as the page has changed them
	bytes    bool     // sizes are printed in bytes
	branches []branch
	over     bool     // the rest of the page is left out
	matched  []string // by the last regular expression: the whole, then its groups
}

// branch is an if that is open.
type branch struct {
	outer bool // what lies around it is printed
	live  bool // what stands here now is printed
	taken bool // one of its branches was taken, or none may be
	last  bool // else was seen
}

// mostBranches is how deep ifs may lie in each other.
const mostBranches = 100

// Page writes a page, one of its own or one that is included, as its world has it. The error is that of out; whatever else
// goes wrong has the page's error message in its place.
func (r *Run) Page(p *Page, w World, d Defaults, out Writer) error {
	e := evaluation{run: r, world: w, out: out, defaults: d}
	for i := range p.parts {
		part := &p.parts[i]
		var err error
		switch {
		case part.directive != nil:
			if r.Limits.Breathe != nil {
				r.Limits.Breathe()
			}
			err = e.directive(part.directive)
		case e.live():
			_, err = out.Write(part.text)
		}
		if err != nil || e.over {
			return err
		}
	}
	if n := len(e.branches); n > 0 {
		e.world.Failed(&Directive{Name: "if"}, fault(reasonUnbalanced, "the page ends within an if: endif is missing"))
		reasonUnbalanced.Reach()
	}
	return nil
}

// live reports whether what stands here is printed.
func (e *evaluation) live() bool { return len(e.branches) == 0 || e.branches[len(e.branches)-1].live }

// print writes to the page.
func (e *evaluation) print(s string) error {
	_, err := io.WriteString(e.out, s)
	return err
}

// fail puts the error message into the page and tells the log why.
func (e *evaluation) fail(d *Directive, why error) error {
	if f, ok := why.(*Fault); ok {
		f.Reason.Reach()
	}
	e.world.Failed(d, why)
	return e.print(e.defaults.Error)
}

// directive evaluates one directive.
func (e *evaluation) directive(d *Directive) error {
	switch d.Name {
	case "if", "elif", "else", "endif":
		return e.control(d)
	}
	if !e.live() {
		return nil
	}
	if d.Fault != nil {
		return e.fail(d, d.Fault)
	}
	var f *Fault
	switch d.Name {
	case "echo":
		f = e.echo(d)
	case "set":
		f = e.set(d)
	case "config":
		f = e.config(d)
	case "printenv":
		return e.printenv()
	case "include":
		return e.include(d)
	case "fsize", "flastmod":
		return e.stat(d)
	case "exec":
		return e.exec(d)
	default:
		f = fault(reasonUnknown, "there is no directive "+shown(d.Name))
	}
	if err := e.out.Err(); err != nil {
		return err
	}
	if f != nil {
		return e.fail(d, f)
	}
	return nil
}

// shown is a name from a page as a line of a log can have it.
func shown(s string) string {
	if len(s) > 60 {
		s = s[:60] + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, s)
}

// lookup is the value of a variable: one that the page has set, a group of the last regular expression, a date, or one of
// the request's.
func (e *evaluation) lookup(name string) (string, bool) {
	r := e.run
	if v, ok := r.variables[name]; ok {
		return v, true
	}
	if len(name) == 1 && name[0] >= '0' && name[0] <= '9' {
		if i := int(name[0] - '0'); i < len(e.matched) {
			return e.matched[i], true
		}
		return "", false
	}
	switch name {
	case "DATE_LOCAL":
		r.dated = true
		return e.time(r.Now), true
	case "DATE_GMT":
		r.dated = true
		return e.time(r.Now.In(gmt)), true
	case "LAST_MODIFIED":
		return e.time(r.Document.Modified.In(r.Now.Location())), true
	}
	return e.world.Variable(name)
}

// gmt is what the time zone is called in HTTP.
var gmt = time.FixedZone("GMT", 0)

// mostTime bounds a date in bytes.
const mostTime = 4096

func (e *evaluation) time(t time.Time) string { return formatTime(t, e.defaults.TimeFormat, mostTime) }

func (e *evaluation) text(name string) string {
	v, _ := e.lookup(name)
	return v
}

func (e *evaluation) expand(s string) (string, *Fault) {
	return expand(s, e.text, e.run.Limits.VariableBytes)
}

// names are the names of all variables, sorted.
func (e *evaluation) names() []string {
	all := append([]string{"DATE_GMT", "DATE_LOCAL", "LAST_MODIFIED"}, e.world.Names()...)
	for name := range e.run.variables {
		all = append(all, name)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// put sets a variable.
func (r *Run) put(name, value string) *Fault {
	old, known := r.variables[name]
	size := r.bytes + len(value) - len(old)
	if !known {
		size += len(name)
	}
	switch {
	case !known && len(r.variables) >= r.Limits.Variables:
		return fault(reasonBound, "there are more variables than the bound variables allows")
	case size > r.Limits.VariableBytes:
		return fault(reasonBound, "the variables are longer than variable_bytes")
	}
	if r.variables == nil {
		r.variables = make(map[string]string)
	}
	r.variables[name], r.bytes = value, size
	return nil
}

// late reports whether the time is over.
func (r *Run) late() bool { return r.Limits.Until != nil && r.Limits.Until() }
