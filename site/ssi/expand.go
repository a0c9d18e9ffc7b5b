package ssi

import (
	"regexp"
	"strings"
)

// expand puts the values of variables in the place of $name and ${name}; one that does not exist has none. \$ is the sign
// itself. It stops at the bound, since a value may be longer than the text that mentions it, and may be mentioned often.
func expand(s string, lookup func(name string) string, most int) (string, *Fault) {
	if !strings.ContainsRune(s, '$') {
		return s, nil
	}
	return substitute(s, lookup, most, func(b *strings.Builder, escaped byte) {
		if escaped != '$' {
			b.WriteByte('\\')
		}
		b.WriteByte(escaped)
	})
}

// expandPattern is expand for a regular expression: a variable stands for its letters, whatever they mean in one, since
// they may be those of the client. A backslash keeps its meaning.
func expandPattern(s string, lookup func(name string) string, most int) (string, *Fault) {
	return substitute(s, func(name string) string { return regexp.QuoteMeta(lookup(name)) }, most, func(b *strings.Builder, escaped byte) {
		b.WriteByte('\\')
		b.WriteByte(escaped)
	})
}

func substitute(s string, lookup func(name string) string, most int, escape func(*strings.Builder, byte)) (string, *Fault) {
	var b strings.Builder
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			escape(&b, s[i+1])
			i += 2
		case c == '$':
			name, n := variableAt(s[i:])
			if n == 0 {
				b.WriteByte(c)
				i++
				break
			}
			b.WriteString(lookup(name))
			i += n
		default:
			b.WriteByte(c)
			i++
		}
		if b.Len() > most {
			return "", fault(reasonBound, "a value is longer than variable_bytes")
		}
	}
	return b.String(), nil
}

// variableAt is the variable that a text which begins with $ mentions there, and how long the mention is; 0: none.
func variableAt(s string) (name string, n int) {
	if len(s) > 1 && s[1] == '{' {
		end := strings.IndexByte(s, '}')
		if end < 3 {
			return "", 0
		}
		return s[2:end], end + 1
	}
	n = 1
	for n < len(s) && isNameByte(s[n]) {
		n++
	}
	if n == 1 {
		return "", 0
	}
	return s[1:n], n
}

// hasVariable reports whether a regular expression mentions a variable.
func hasVariable(s string) bool {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '$':
			if _, n := variableAt(s[i:]); n > 0 {
				return true
			}
		}
	}
	return false
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}
