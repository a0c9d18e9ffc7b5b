package config

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"vitrine/observe/terminal"
	"vitrine/trace"
)

// palette is the escape sequences of a coloured report; the zero palette colours nothing.
type palette struct{ bold, errors, warnings, quiet, hint, reset string }

var colours = palette{"\x1b[1m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[2m", "\x1b[36m", "\x1b[0m"}

// Write prints every Diagnostic with its place in the form editors can jump to, the line it is about, carets under
// the wrong part and the hint, and at the end how many there are. Text is wrapped and long lines are cut at columns
// characters; 0 wraps nothing and cuts only lines that nobody would read.
func (ds *Diagnostics) Write(w io.Writer, columns int, color bool) error {
	var b bytes.Buffer
	r := report{out: &b, sources: ds.sources, columns: columns}
	if color {
		r.palette = colours
	}
	for _, d := range ds.All() {
		r.diagnostic(d)
		b.WriteByte('\n')
	}
	if sum := ds.sum(); sum != "" {
		fmt.Fprintf(&b, "%s%s%s\n", r.bold, sum, r.reset)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// sum is "2 errors, 1 warning", or "" when there is nothing to say.
func (ds *Diagnostics) sum() string {
	var parts []string
	if n := len(ds.Errors()); n > 0 {
		parts = append(parts, count(n, "error"))
	}
	if n := len(ds.Warnings()); n > 0 {
		parts = append(parts, count(n, "warning"))
	}
	return strings.Join(parts, ", ")
}

type report struct {
	palette
	out     *bytes.Buffer
	sources map[string]source
	columns int
}

func (r *report) diagnostic(d Diagnostic) {
	colour := r.errors
	if d.Severity == Warning {
		colour = r.warnings
	}
	r.heading(d.Pos, colour, d.Severity.String(), d.Summary)
	r.quote(d.Pos, d.End, '^', colour)
	if d.Detail != "" {
		r.paragraph("", d.Detail)
	}
	if d.Hint != "" {
		r.paragraph("hint: ", d.Hint)
	}
	for _, other := range d.Related {
		r.heading(other.Pos, r.hint, "note", other.Text)
		r.quote(other.Pos, trace.Position{}, '-', r.hint)
	}
}

func (r *report) heading(pos trace.Position, colour, kind, text string) {
	if where := place(pos); where != "" {
		fmt.Fprintf(r.out, "%s%s:%s ", r.bold, where, r.reset)
	}
	fmt.Fprintf(r.out, "%s%s:%s %s%s%s\n", colour, kind, r.reset, r.bold, text, r.reset)
}

// quote prints the line of pos with a mark under the characters from pos to end.
func (r *report) quote(pos, end trace.Position, mark byte, colour string) {
	line, ok := r.sources[pos.File].line(pos.Line)
	if !ok || pos.Column < 1 {
		return
	}
	from := byteOfColumn(line, pos.Column)
	to := wordEnd(line, from)
	switch {
	case end.Line == pos.Line && end.Column > pos.Column:
		to = byteOfColumn(line, end.Column)
	case end.Line > pos.Line:
		to = len(strings.TrimRight(line, " \t"))
	}
	to = max(to, from)
	line, from, to = r.cut(line, from, to)
	marks := strings.Repeat(string(mark), max(1, terminal.Cells(line[from:to])))
	fmt.Fprintf(r.out, "%s%5d |%s %s\n", r.quiet, pos.Line, r.reset, line)
	fmt.Fprintf(r.out, "%s      |%s %s%s%s%s\n", r.quiet, r.reset, spread(line[:from]), colour, marks, r.reset)
}

// longestLine is how much of a line is shown where no width is known, such as in a log: a file that was minified, or is
// no configuration at all, may be one line.
const longestLine = 1000

// cut keeps the part of a long line around the marked bytes.
func (r *report) cut(line string, from, to int) (string, int, int) {
	room := r.columns - len("12345 | ") - 2
	if r.columns <= 0 {
		room = longestLine
	}
	if room < 20 || terminal.Cells(line) <= room {
		return line, from, to
	}
	start := 0
	for wide := terminal.Cells(line[:from]); wide > room/2; {
		c, size := utf8.DecodeRuneInString(line[start:])
		start, wide = start+size, wide-terminal.Cells(string(c))
	}
	end := len(line)
	for wide := terminal.Cells(line[start:]); end > from && wide > room; {
		c, size := utf8.DecodeLastRuneInString(line[:end])
		end, wide = end-size, wide-terminal.Cells(string(c))
	}
	to = min(to, end)
	text, shift := line[start:end], -start
	if start > 0 {
		text, shift = "…"+text, shift+len("…")
	}
	if end < len(line) {
		text += "…"
	}
	return text, from + shift, to + shift
}

// paragraph prints text under the quotation, wrapped.
func (r *report) paragraph(label, text string) {
	const indent = "        "
	for i, given := range strings.Split(text, "\n") {
		line, used := "", 0
		if i == 0 {
			line, used = r.hint+label+r.reset, len(label)
		}
		for _, word := range strings.Fields(given) {
			if used > 0 && r.columns > 0 && len(indent)+used+1+terminal.Cells(word) > r.columns {
				fmt.Fprintf(r.out, "%s%s\n", indent, line)
				line, used = "", 0
			}
			if used > 0 && !strings.HasSuffix(line, " ") && !strings.HasSuffix(line, " "+r.reset) {
				line, used = line+" ", used+1
			}
			line, used = line+word, used+terminal.Cells(word)
		}
		if used > 0 {
			fmt.Fprintf(r.out, "%s%s\n", indent, line)
		}
	}
}

// source is a text that Diagnostics quote.
type source struct {
	text   []byte
	lines  []int   // where each of its lines begins
	hidden *[]span // secrets; they are known when it has been decoded
}

func newSource(text []byte) source { return source{text, lineStarts(text), new([]span)} }

// line is the text of line n, counted from 1, without its end and without secrets.
func (s source) line(n int) (string, bool) {
	if n < 1 || n > len(s.lines) {
		return "", false
	}
	start := s.lines[n-1]
	line, _, _ := bytes.Cut(s.text[start:], []byte{'\n'})
	return strings.Map(func(c rune) rune {
		if c != '\t' && unicode.IsControl(c) {
			return utf8.RuneError // a terminal must not obey what a file says
		}
		return c
	}, s.masked(start, strings.TrimSuffix(string(line), "\r"))), true
}

// byteOfColumn is the offset of the character with that column, counted from 1, or the line's end.
func byteOfColumn(line string, column int) int {
	for offset := range line {
		if column--; column == 0 {
			return offset
		}
	}
	return len(line)
}

// wordEnd is where the quoted text or the word that begins at from ends.
func wordEnd(line string, from int) int {
	if from >= len(line) {
		return from
	}
	if line[from] == '"' {
		for i := from + 1; i < len(line); i++ {
			switch line[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
		return len(line)
	}
	length := strings.IndexFunc(line[from:], func(c rune) bool {
		return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !strings.ContainsRune("_-.", c)
	})
	switch {
	case length < 0:
		return len(line)
	case length == 0:
		_, size := utf8.DecodeRuneInString(line[from:])
		return from + size
	}
	return from + length
}

// spread replaces each character by as many spaces as it takes columns, tabs excepted.
func spread(s string) string {
	var b strings.Builder
	for _, c := range s {
		if c == '\t' {
			b.WriteByte('\t')
			continue
		}
		b.WriteString(strings.Repeat(" ", terminal.Cells(string(c))))
	}
	return b.String()
}
