package explain

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"vitrine/observe/terminal"
	"vitrine/trace"
)

// quote writes the line of the configuration that is responsible, once for each line, with carets under the part that
// is meant. A position where a line begins is a block as a whole, whose first line says nothing new; it is quoted only
// when it must be. Where a value was defined elsewhere, that line follows.
func (p *printer) quote(at trace.Position, must bool) {
	p.quoteLine(at, "", must)
	if at.Source != nil {
		p.quoteLine(*at.Source, "defined at", true)
	}
}

func (p *printer) quoteLine(at trace.Position, label string, must bool) {
	if p.source == nil || !placed(at) || at.Line == 0 {
		return
	}
	id := at.File + ":" + strconv.Itoa(at.Line)
	if p.quoted[id] {
		return
	}
	lines, err := p.source(at.File)
	if err != nil || at.Line > len(lines) {
		return
	}
	raw := strings.TrimRight(lines[at.Line-1], "\r\n")
	text := strings.ReplaceAll(strings.TrimLeft(raw, " \t"), "\t", " ")
	from := offset(raw, at.Column) - (len(raw) - len(text)) // in text
	if from <= 0 && (!must || strings.HasSuffix(text, "{")) {
		return
	}
	if p.quoted == nil {
		p.quoted = make(map[string]bool)
	}
	p.quoted[id] = true
	indent := p.gutter + 4
	if label != "" {
		p.paragraph([]piece{{label, terminal.Quiet}, {p.where(at), terminal.Place}}, indent)
	}
	number := strconv.Itoa(at.Line) + " | "
	room := p.width - indent - len(number)
	shown := clip(terminal.Printable(text), room, p.Glyph(terminal.Ellipsis))
	p.space(indent)
	p.out = p.Paint(p.out, terminal.Quiet, number)
	p.out = append(p.out, shown...)
	p.newline()
	if from <= 0 || from >= len(text) {
		return
	}
	before := terminal.Cells(terminal.Printable(text[:from]))
	marks := terminal.Cells(terminal.Printable(text[from : from+word(text[from:])]))
	if before+marks > room {
		return
	}
	p.space(indent + len(number) - 2)
	p.out = p.Paint(p.out, terminal.Quiet, "| ")
	p.space(before)
	p.out = p.Paint(p.out, terminal.Refused, strings.Repeat("^", marks))
	p.newline()
}

// offset is the byte at which a column, counted in characters from 1, begins.
func offset(line string, column int) int {
	for i := range line {
		if column--; column <= 0 {
			return i
		}
	}
	return len(line)
}

// word is the length of the quoted text, the name or else the character that s begins with.
func word(s string) int {
	if s[0] == '"' {
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
		return len(s)
	}
	n := strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-.", r)
	})
	switch {
	case n < 0:
		return len(s)
	case n == 0:
		_, size := utf8.DecodeRuneInString(s)
		return size
	}
	return n
}

// clip cuts a line that is too long.
func clip(s string, columns int, dots string) string {
	if terminal.Cells(s) <= columns {
		return s
	}
	used := terminal.Cells(dots)
	for i, r := range s {
		if used += terminal.Cells(string(r)); used > columns {
			return s[:i] + dots
		}
	}
	return s
}
