package content

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"vitrine/config"
	"vitrine/trace"
)

// Patterns tell a file's type by its first bytes, as Apache's mod_mime_magic does and in its format, which is that of
// magic(5) with media types in the place of descriptions. They are immutable and safe for concurrent use.
type Patterns struct {
	file string
	list []pattern
}

// pattern is a line: what must stand where.
type pattern struct {
	line     int
	level    int   // how many > stand in front of it; it is asked only when what it continues has matched
	offset   int64 // or where the offset stands, when it is indirect
	indirect byte  // 0, or the type of the offset: b, s or l
	add      int64 // to an indirect offset
	kind     patternKind
	unsigned bool
	mask     uint32
	operator byte // = ! < > & ^ x
	number   uint32
	text     []byte
	close    bool   // the result goes on without a space
	result   string // the type, and the encoding behind a space
}

type patternKind uint8

const (
	patternByte patternKind = iota
	patternShort
	patternLong
	patternString
	patternBEShort
	patternBELong
	patternLEShort
	patternLELong
)

// patternKinds are the names of the types of values; longer ones before those that they begin with.
var patternKinds = []struct {
	name string
	kind patternKind
}{
	{"byte", patternByte}, {"char", patternByte}, {"short", patternShort}, {"long", patternLong}, {"date", patternLong}, {"string", patternString},
	{"beshort", patternBEShort}, {"belong", patternBELong}, {"bedate", patternBELong},
	{"leshort", patternLEShort}, {"lelong", patternLELong}, {"ledate", patternLELong},
}

// Bounds of a file of patterns.
const (
	mostPatterns   = 20_000
	deepestPattern = 30
	longestPattern = 256 // bytes of a text
)

// SniffBytes is how many of a file's first bytes are looked at.
const SniffBytes = 4096

func (all *Tables) magicPatterns(name config.Value[string]) (*Patterns, []Fault) {
	if p := all.patterns[name.V]; p != nil {
		return p.patterns, nil // its faults were told
	}
	p := new(patternFile)
	text, fault := readTable(name)
	if fault != nil {
		p.faults = []Fault{*fault}
	} else {
		p.patterns, p.faults = parsePatterns(name.V, text)
	}
	if all.patterns == nil {
		all.patterns = make(map[string]*patternFile)
	}
	all.patterns[name.V] = p
	return p.patterns, p.faults
}

// parsePatterns reads a file of patterns.
func parsePatterns(file string, text []byte) (*Patterns, []Fault) {
	p := &Patterns{file: file}
	var faults []Fault
	n, level := 0, -1 // the level of the line before; a line that is wrong takes its continuations with it
	for line := range bytes.Lines(text) {
		n++
		line = bytes.TrimLeft(bytes.TrimRight(line, " \t\r\n"), " \t")
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		one, why := parsePattern(string(line))
		switch {
		case why != "":
		case one.level > level+1:
			if level < 0 {
				continue
			}
			why = "it continues a line that is not there"
		case len(p.list) == mostPatterns:
			return p, append(faults, Fault{Pos: trace.Position{File: file, Line: n}, Summary: fmt.Sprintf("the file has more than %d patterns", mostPatterns)})
		}
		if why != "" {
			if len(faults) < mostFaults {
				faults = append(faults, Fault{Pos: trace.Position{File: file, Line: n, Column: 1}, Summary: "the pattern is not understood: " + why,
					Hint: "a line is an offset, a type, what must be there, and the media type, such as: 0 string \\211PNG image/png"})
			}
			if one.level == 0 {
				level = -1
			}
			continue
		}
		level = one.level
		one.line = n
		p.list = append(p.list, one)
	}
	return p, faults
}

// parsePattern reads a line, and says what is wrong with it.
func parsePattern(s string) (p pattern, why string) {
	for strings.HasPrefix(s, ">") {
		s, p.level = s[1:], p.level+1
	}
	if p.level > deepestPattern {
		return p, "it continues too many others"
	}
	if s, why = p.parseOffset(s); why != "" {
		return p, why
	}
	s = strings.TrimLeft(s, " \t")
	if strings.HasPrefix(s, "u") {
		p.unsigned, s = true, s[1:]
	}
	found := false
	for _, k := range patternKinds {
		if strings.HasPrefix(s, k.name) {
			p.kind, s, found = k.kind, s[len(k.name):], true
			break
		}
	}
	if !found {
		return p, fmt.Sprintf("there is no type %.20q", s)
	}
	p.mask = ^uint32(0)
	if strings.HasPrefix(s, "&") {
		mask, rest, ok := parseNumber(s[1:])
		if !ok || p.kind == patternString {
			return p, "its mask is no number"
		}
		p.mask, s = uint32(mask), rest
	}
	if s != "" && s[0] != ' ' && s[0] != '\t' {
		return p, fmt.Sprintf("there is no type %.20q", s)
	}
	s = strings.TrimLeft(s, " \t")
	if s == "" {
		return p, "nothing is compared"
	}
	p.operator = '='
	switch c := s[0]; {
	case c == 'x' && (len(s) == 1 || s[1] == ' ' || s[1] == '\t'):
		p.operator, s = 'x', s[1:]
		p.setResult(s)
		return p, ""
	case strings.IndexByte("=<>&^", c) >= 0, c == '!' && p.kind != patternString:
		p.operator, s = c, s[1:]
	}
	if p.kind == patternString {
		p.text, s = patternText(s)
		if len(p.text) == 0 || len(p.text) > longestPattern {
			return p, fmt.Sprintf("its text is empty or longer than %d bytes", longestPattern)
		}
	} else {
		v, rest, ok := parseNumber(strings.TrimLeft(s, " \t"))
		if !ok {
			return p, fmt.Sprintf("%.20q is no number", s)
		}
		p.number, s = uint32(v), rest
	}
	if s != "" && s[0] != ' ' && s[0] != '\t' {
		return p, fmt.Sprintf("%.20q stands behind the value", s)
	}
	p.setResult(s)
	return p, ""
}

// parseOffset reads where to look: a number, or in a continuation (number.type+number) for the place where that stands.
func (p *pattern) parseOffset(s string) (rest, why string) {
	inside, isIndirect := strings.CutPrefix(s, "(")
	if isIndirect && p.level > 0 {
		s = inside
	} else {
		isIndirect = false
	}
	offset, s, ok := parseNumber(s)
	if !ok || offset < 0 || offset >= SniffBytes {
		return s, fmt.Sprintf("its offset is no number below %d", SniffBytes)
	}
	p.offset = offset
	if !isIndirect {
		return s, ""
	}
	p.indirect = 'l'
	if strings.HasPrefix(s, ".") && len(s) > 1 {
		switch s[1] {
		case 'l', 's', 'b':
			p.indirect = s[1]
		case 'c':
			p.indirect = 'b'
		default:
			return s, "its indirect offset has no type"
		}
		s = s[2:]
	}
	if s != "" && (s[0] == '+' || s[0] == '-') {
		if p.add, rest, ok = parseNumber(s[1:]); !ok || p.add > SniffBytes {
			return s, "its indirect offset has no number behind the sign"
		}
		if s[0] == '-' {
			p.add = -p.add
		}
		s = rest
	}
	rest, ok = strings.CutPrefix(s, ")")
	if !ok {
		return s, "its indirect offset does not end"
	}
	return rest, ""
}

func (p *pattern) setResult(s string) {
	s = strings.Trim(s, " \t")
	if rest, ok := strings.CutPrefix(s, `\b`); ok {
		s, p.close = rest, true
	}
	p.result = s
}

// parseNumber reads a number as strtol does: decimal, hexadecimal behind 0x, octal behind 0, and a sign.
func parseNumber(s string) (n int64, rest string, ok bool) {
	end := 0
	if end < len(s) && (s[end] == '-' || s[end] == '+') {
		end++
	}
	hex := strings.HasPrefix(s[end:], "0x") || strings.HasPrefix(s[end:], "0X")
	if hex {
		end += 2
	}
	for end < len(s) && ('0' <= s[end] && s[end] <= '9' || hex && 'a' <= s[end]|0x20 && s[end]|0x20 <= 'f') {
		end++
	}
	n, err := strconv.ParseInt(s[:end], 0, 64)
	if n < -1<<31 || n > 1<<32-1 {
		return 0, s, false
	}
	return n, s[end:], err == nil
}

// patternText reads a text up to the next space that is not escaped.
func patternText(s string) (text []byte, rest string) {
	i := 0
	for i < len(s) && s[i] != ' ' && s[i] != '\t' {
		c := s[i]
		i++
		if c != '\\' || i == len(s) {
			text = append(text, c)
			continue
		}
		c = s[i]
		i++
		switch c {
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 'b':
			c = '\b'
		case 't':
			c = '\t'
		case 'f':
			c = '\f'
		case 'v':
			c = '\v'
		case 'x':
			from := i
			for i < len(s) && i < from+2 && strings.IndexByte("0123456789abcdefABCDEF", s[i]) >= 0 {
				i++
			}
			if v, err := strconv.ParseUint(s[from:i], 16, 8); err == nil {
				c = byte(v)
			}
		case '0', '1', '2', '3', '4', '5', '6', '7':
			from := i - 1
			for i < len(s) && i < from+3 && '0' <= s[i] && s[i] <= '7' {
				i++
			}
			v, _ := strconv.ParseUint(s[from:i], 8, 16)
			c = byte(v)
		}
		text = append(text, c)
	}
	return text, s[i:]
}
