package ssi

import "bytes"

const (
	opening = "<!--#"
	closing = "-->"
)

// Sink takes what a Parser finds, in order. Text is valid until the call returns, unless the Parser was given the whole
// page at once: then it is a piece of that.
type Sink interface {
	Text(b []byte)
	Directive(d *Directive)
}

// Parser parses a page in pieces. Text that was found comes in as many pieces as it likes; directives come whole, and
// neither depends on where the page was cut. Its memory is bounded by the longest directive.
type Parser struct {
	sink Sink
	max  int // bytes of a directive, from its opening to its closing
	room int // instructions that the page's regular expressions may still have

	prefix int    // of the opening that the bytes before ended with
	inside bool   // a directive
	buf    []byte // of the directive, without its opening
	quote  byte   // that is open; 0: none
	escape bool   // the byte before was a backslash within quotes
	equals bool   // the last byte that is no space was "=", so that a quote opens
	dashes int    // at the end of what was seen, outside of quotes
	over   bool   // the directive is too long: what follows is skipped, up to its closing
	size   int    // of the directive so far
	line   int    // that is being read, from 1
	began  int    // the line on which the directive began
}

// NewParser makes a Parser of which no directive is longer than max bytes.
func NewParser(sink Sink, max int) *Parser {
	return &Parser{sink: sink, max: max, room: mostPageSteps, line: 1}
}

// Feed parses the next piece.
func (p *Parser) Feed(b []byte) {
	for len(b) > 0 {
		if p.inside {
			b = p.directive(b)
		} else {
			b = p.text(b)
		}
	}
}

// End says that the page is over. A directive without an end is one that failed.
func (p *Parser) End() {
	switch {
	case p.inside:
		p.inside = false
		p.sink.Directive(&Directive{Line: p.began, Fault: fault(reasonMalformed, "the directive has no end: --> is missing, or a quote")})
	case p.prefix > 0:
		p.sink.Text([]byte(opening[:p.prefix]))
		p.prefix = 0
	}
}

// text takes text up to the next directive and returns what follows.
func (p *Parser) text(b []byte) []byte {
	if p.prefix > 0 { // the piece before ended within what may be an opening
		n := 0
		for n < len(b) && p.prefix < len(opening) && b[n] == opening[p.prefix] {
			p.prefix++
			n++
		}
		switch {
		case p.prefix == len(opening):
			p.open()
			return b[n:]
		case n == len(b):
			return nil
		}
		p.sink.Text([]byte(opening[:p.prefix]))
		p.prefix = 0
		return b[n:]
	}
	from := 0
	for {
		i := bytes.IndexByte(b[from:], opening[0])
		if i < 0 {
			p.emit(b)
			return nil
		}
		i += from
		n := 1
		for i+n < len(b) && n < len(opening) && b[i+n] == opening[n] {
			n++
		}
		switch {
		case n == len(opening):
			p.emit(b[:i])
			p.open()
			return b[i+n:]
		case i+n == len(b):
			p.emit(b[:i])
			p.prefix = n
			return nil
		}
		from = i + n
	}
}

func (p *Parser) emit(b []byte) {
	if len(b) == 0 {
		return
	}
	p.line += bytes.Count(b, newline)
	p.sink.Text(b)
}

var newline = []byte{'\n'}

func (p *Parser) open() {
	p.prefix, p.inside, p.began = 0, true, p.line
	p.buf, p.quote, p.escape, p.equals, p.dashes, p.over, p.size = p.buf[:0], 0, false, false, 0, false, len(opening)
}

// directive takes a directive up to its closing and returns what follows.
func (p *Parser) directive(b []byte) []byte {
	for i, c := range b {
		if c == '\n' {
			p.line++
		}
		p.size++
		if p.size > p.max && !p.over {
			p.over, p.quote, p.buf = true, 0, nil
		}
		switch {
		case p.quote != 0 && p.escape:
			p.escape = false
		case p.quote != 0 && c == '\\':
			p.escape = true
		case p.quote != 0:
			if c == p.quote {
				p.quote, p.equals, p.dashes = 0, false, 0
			}
		case p.equals && !p.over && (c == '"' || c == '\'' || c == '`'):
			p.quote, p.dashes = c, 0
		case c == '>' && p.dashes >= 2:
			p.close()
			return b[i+1:]
		case c == '-':
			p.dashes, p.equals = p.dashes+1, false
		default:
			p.dashes = 0
			if !isSpace(c) {
				p.equals = c == '='
			}
		}
		if !p.over {
			p.buf = append(p.buf, c)
		}
	}
	return nil
}

func (p *Parser) close() {
	p.inside = false
	if p.over {
		p.sink.Directive(&Directive{Line: p.began, Fault: fault(reasonBound, "the directive is longer than directive_bytes")})
		return
	}
	d := parseDirective(p.buf[:len(p.buf)-len(closing)+1], &p.room)
	d.Line = p.began
	p.sink.Directive(d)
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
