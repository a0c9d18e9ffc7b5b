package explain

import (
	"strings"

	"vitrine/observe/terminal"
	"vitrine/trace"
)

// row is one line of a section, and what belongs to it below.
type row struct {
	step    string // "" below the first of a section
	mark    terminal.Glyph
	colour  terminal.Colour // of the mark
	subject string          // what was looked at
	column  int             // how wide the subjects of the section are; 0: there are none
	quiet   bool            // the subject is not what matters
	text    []piece         // what was found
	at      trace.Position
}

// narrow is the least width of the text beside its subject; in less it goes below.
const narrow = 28

// row writes a row, wrapped.
func (p *printer) row(r row) {
	indent := p.gutter
	if r.step == p.heading {
		r.step = "" // one heading for what was asked and for what was decided about its form
	} else if r.step != "" {
		p.heading = r.step
	}
	p.out = p.Paint(p.out, terminal.Bold, r.step)
	p.space(indent - terminal.Cells(r.step))
	if r.mark != (terminal.Glyph{}) {
		p.out = p.Paint(p.out, r.colour, p.Glyph(r.mark))
		p.space(2 - terminal.Cells(p.Glyph(r.mark)))
		indent += 2
	}
	end := p.width
	at := p.where(r.at)
	if p.places > 0 && at != "" {
		end -= p.places + 2
	} else if at != "" {
		r.text = append(r.text, piece{p.Glyph(terminal.Arrow) + " " + at, terminal.Place})
		at = ""
	}
	subject := terminal.Bold
	if r.quiet {
		subject = terminal.Plain
	}
	used := 0 // columns of the line so far, from indent
	if r.column > 0 {
		beside := indent + r.column + 2
		if terminal.Cells(r.subject) <= r.column && end-beside >= narrow {
			p.out = p.Paint(p.out, subject, r.subject)
			used = terminal.Cells(r.subject)
			p.space(r.column + 2 - used)
			indent, used = beside, 0
		} else {
			for i, line := range flow([]piece{{r.subject, subject}}, end-indent) {
				if i > 0 {
					p.newline()
					p.space(indent)
				}
				p.line(line)
				used = cellsOf(line)
			}
			p.place(at, indent+used)
			at, end = "", p.width
			p.newline()
			indent += 2
			p.space(indent)
		}
	}
	for i, line := range flow(r.text, max(end-indent, narrow/2)) {
		if i > 0 {
			p.newline()
			p.space(indent)
		}
		p.line(line)
		if i == 0 {
			p.place(at, indent+cellsOf(line))
		}
	}
	p.newline()
}

// place writes the configuration's line at the right end of a line that has used some columns.
func (p *printer) place(at string, used int) {
	if at == "" {
		return
	}
	p.space(max(p.width-p.places-used, 1))
	p.out = p.Paint(p.out, terminal.Place, at)
}

func (p *printer) line(pieces []piece) {
	for _, piece := range pieces {
		p.out = p.Paint(p.out, piece.colour, piece.text)
	}
}

func (p *printer) space(n int) {
	if n > 0 {
		p.out = append(p.out, strings.Repeat(" ", n)...)
	}
}

// newline ends a line, without spaces at its end.
func (p *printer) newline() {
	for n := len(p.out); n > 0 && p.out[n-1] == ' '; n-- {
		p.out = p.out[:n-1]
	}
	p.out = append(p.out, '\n')
}
