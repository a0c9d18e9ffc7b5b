package ssi

import "strings"

// Directive is one <!--#name attribute="value" -->.
type Directive struct {
	Name       string // in lower case
	Attributes []Attribute
	Line       int    // on which it begins, from 1
	Fault      *Fault // it is not written as a directive is; nil: it is

	condition *expression // of if and elif
}

// Attribute is one attribute of a directive.
type Attribute struct {
	Name  string // in lower case
	Value string // without its quotes
	None  bool   // it has no value at all
}

// parseDirective parses what stands between <!--# and -->.
func parseDirective(b []byte, room *int) *Directive {
	s := string(b)
	s = trimSpace(s)
	n := 0
	for n < len(s) && !isSpace(s[n]) {
		n++
	}
	d := &Directive{Name: strings.ToLower(s[:n])}
	if d.Name == "" {
		d.Fault = fault(reasonMalformed, "the directive has no name")
		return d
	}
	for s = trimSpace(s[n:]); s != ""; s = trimSpace(s) {
		var a Attribute
		n := 0
		for n < len(s) && !isSpace(s[n]) && s[n] != '=' {
			n++
		}
		a.Name = strings.ToLower(s[:n])
		if s = trimSpace(s[n:]); s == "" || s[0] != '=' {
			a.None = true
		} else {
			var closed bool
			if a.Value, s, closed = value(trimSpace(s[1:])); !closed {
				d.Fault = fault(reasonMalformed, "a quote is missing after "+a.Name+"=")
				return d
			}
		}
		if a.Name == "" {
			d.Fault = fault(reasonMalformed, "an attribute has no name")
			return d
		}
		d.Attributes = append(d.Attributes, a)
	}
	if d.Name == "if" || d.Name == "elif" {
		d.compileCondition(room)
	}
	return d
}

// value takes a value off the front of a text: what stands in quotes, in which a backslash keeps a quote from being the
// end, or all up to the next space.
func value(s string) (v, rest string, closed bool) {
	if s == "" {
		return "", "", true
	}
	quote := s[0]
	if quote != '"' && quote != '\'' && quote != '`' {
		n := 0
		for n < len(s) && !isSpace(s[n]) {
			n++
		}
		return s[:n], s[n:], true
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == quote:
			return b.String(), s[i+1:], true
		case c == '\\' && i+1 < len(s):
			i++
			if s[i] != quote {
				b.WriteByte('\\')
			}
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}

func trimSpace(s string) string {
	for s != "" && isSpace(s[0]) {
		s = s[1:]
	}
	for s != "" && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// compileCondition parses the expression of an if or elif, so that it is parsed once for every page that is kept.
func (d *Directive) compileCondition(room *int) {
	if len(d.Attributes) != 1 || d.Attributes[0].Name != "expr" || d.Attributes[0].None {
		d.Fault = fault(reasonMalformed, d.Name+" has one attribute, expr")
		return
	}
	d.condition, d.Fault = parseExpression(d.Attributes[0].Value, room)
}
