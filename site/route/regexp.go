package route

import (
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
)

// longestRegexp bounds a regular expression. Matching takes time linear in the path's length, whatever the expression.
const longestRegexp = 1000

// parseRegexp compiles a pattern that begins with "~": a regular expression (RE2) about the whole path as it is matched, with
// "~*" one that does not care about case.
func parseRegexp(source string) (*Pattern, error) {
	text, fold := strings.CutPrefix(source, "~*")
	if !fold {
		text = source[1:]
	}
	text = strings.TrimLeft(text, " ")
	at := len(source) - len(text)
	wrong := func(message, hint string) (*Pattern, error) {
		return nil, &SyntaxError{source, min(at, len(source)-1), len(source), message, hint}
	}
	switch {
	case text == "":
		return wrong("there is no regular expression behind the ~", `write, for example, "~ ^/old/(.*)$"`)
	case len(text) > longestRegexp:
		return wrong("the regular expression is longer than "+strconv.Itoa(longestRegexp)+" bytes", "use several routes")
	}
	if fold {
		text = "(?i)" + text
	}
	re, err := regexp.Compile(text)
	if err != nil {
		message := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
		hint := ""
		if e, ok := err.(*syntax.Error); ok && e.Code == syntax.ErrInvalidPerlOp {
			hint = "look-around and back-references are not known: they would let a path decide how long matching takes"
		}
		return wrong("the regular expression is wrong: "+message, hint)
	}
	return &Pattern{source: source, re: re}, nil
}

// IsRegexp reports whether the pattern is a regular expression.
func (p *Pattern) IsRegexp() bool { return p.re != nil }

// HasGroup reports whether the pattern is a regular expression with a group of the name, or of the number from 1; 0 is the
// whole match.
func (p *Pattern) HasGroup(name string) bool { return p.group(name) >= 0 }

func (p *Pattern) group(name string) int {
	if p.re == nil {
		return -1
	}
	if n, err := strconv.Atoi(name); err == nil {
		if n < 0 || n > p.re.NumSubexp() {
			return -1
		}
		return n
	}
	return p.re.SubexpIndex(name)
}

// AppendGroup appends what a group of the regular expression matched in the path; nothing when it took no part in the match.
func (p *Pattern) AppendGroup(dst, path []byte, name string) []byte {
	n := p.group(name)
	if n < 0 {
		return dst
	}
	found := p.re.FindSubmatchIndex(path)
	if found == nil || found[2*n] < 0 {
		return dst
	}
	return append(dst, path[found[2*n]:found[2*n+1]]...)
}
