package config

import (
	"bytes"
	"sort"
	"strconv"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"vitrine/trace"
)

// position is where a range begins.
func (d *decoder) position(at hcl.Range) trace.Position {
	if d.defaulted {
		return trace.Position{Origin: trace.Default}
	}
	return d.positionAt(at.Filename, at.Start.Byte)
}

// endPosition is where a range ends.
func (d *decoder) endPosition(at hcl.Range) trace.Position {
	return d.positionAt(at.Filename, at.End.Byte)
}

// lineStarts is where each line of a text begins.
func lineStarts(src []byte) []int {
	starts := []int{0}
	for i, c := range src {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// positionAt counts line and column of a byte. Columns count characters.
func (d *decoder) positionAt(name string, offset int) trace.Position {
	f := d.byName[name]
	if f == nil {
		return trace.Position{File: name}
	}
	offset = min(max(offset, 0), len(f.text))
	line := sort.SearchInts(f.lines, offset+1) // the first line that begins behind it has the number of the one before
	pos := trace.Position{File: name, Line: line}
	pos.Column = 1 + utf8.RuneCount(f.text[f.lines[line-1]:offset])
	switch {
	case f.flag:
		pos.Origin = trace.Flag
	case f.parent != nil:
		pos.Origin = trace.Include
	}
	return pos
}

// spot is where in the file the bytes from offset to end of a text stand. Escapes make the two differ, and so do
// expressions inside the text. When it cannot be told, the whole text or the whole expression is the answer, and exact
// is false.
func (d *decoder) spot(l located, offset, end int) (at hcl.Range, exact bool) {
	if l.file == nil || end <= offset {
		return l.at, false
	}
	first, exact := d.spotOf(l, offset)
	last, alsoExact := d.spotOf(l, end-1)
	if last.End.Byte < first.Start.Byte {
		return l.at, false
	}
	first.End = last.End
	return first, exact && alsoExact
}

// spotOf is where one byte of a text stands.
func (d *decoder) spotOf(l located, offset int) (at hcl.Range, exact bool) {
	one := func(offset int, ok bool) (hcl.Range, bool) {
		if !ok {
			return l.at, false
		}
		return hcl.Range{Filename: l.at.Filename, Start: hcl.Pos{Byte: offset}, End: hcl.Pos{Byte: offset + 1}}, true
	}
	if l.file.flag {
		return one(l.at.Start.Byte+offset, true) // it is what it says
	}
	template, native := l.expr.(*hclsyntax.TemplateExpr)
	if !native {
		// A label, or a string of JSON: quotes around one literal.
		text := l.file.slice(l.at)
		if len(text) < 2 || text[0] != '"' || l.expr != nil && bytes.Contains(text, []byte("${")) {
			return l.at, false
		}
		return one(unescaped(text[1:len(text)-1], l.at.Start.Byte+1, offset))
	}
	for _, part := range template.Parts {
		literal, isLiteral := part.(*hclsyntax.LiteralValueExpr)
		if !isLiteral || literal.Val.Type() != cty.String {
			value, ok := d.quietly(l.file, part)
			switch {
			case !ok:
				return l.at, false
			case offset < len(value):
				return part.Range(), false // inside ${…}
			}
			offset -= len(value)
			continue
		}
		value, at := literal.Val.AsString(), literal.SrcRange
		if offset >= len(value) {
			offset -= len(value)
			continue
		}
		text := l.file.slice(at)
		if indent := bytes.Index(text, []byte(value)); indent >= 0 {
			return one(at.Start.Byte+indent+offset, true) // no escapes; a heredoc may have lost its indentation
		}
		return one(unescaped(text, at.Start.Byte, offset))
	}
	return l.at, false
}

// slice is the text of a range, or nil when it is not in the file.
func (f *file) slice(at hcl.Range) []byte {
	if at.Start.Byte < 0 || at.End.Byte > len(f.text) || at.Start.Byte > at.End.Byte {
		return nil
	}
	return f.text[at.Start.Byte:at.End.Byte]
}

// quietly evaluates a part of a text that has been evaluated before.
func (d *decoder) quietly(f *file, expr hcl.Expression) (string, bool) {
	silent := *d
	silent.diags = &Diagnostics{}
	v, ok := silent.eval(f, expr)
	if !ok || v.value.IsNull() || v.value.Type() != cty.String {
		return "", false
	}
	return v.value.AsString(), true
}

// unescaped is the place in the file of the byte at offset of the text that the escaped src, which begins at start,
// stands for.
func unescaped(src []byte, start, offset int) (int, bool) {
	for i := 0; i < len(src); {
		width, length := 1, 1 // in the source, in the text
		switch {
		case src[i] == '\\' && i+1 < len(src):
			switch src[i+1] {
			case 'u':
				width = 6
			case 'U':
				width = 10
			default:
				width = 2
			}
			if width > 2 && i+width <= len(src) {
				if code, err := strconv.ParseUint(string(src[i+2:i+width]), 16, 32); err == nil {
					length = utf8.RuneLen(rune(code))
				}
			}
		case bytes.HasPrefix(src[i:], []byte("$${")) || bytes.HasPrefix(src[i:], []byte("%%{")):
			width = 2
		}
		if offset < length {
			return start + i, true
		}
		offset -= max(length, 1)
		i += width
	}
	return 0, false
}
