package route

import (
	"math/bits"
	"slices"
	"strings"

	"vitrine/web/message"
)

// Methods is a set of methods. The zero value is every method. It is immutable and safe for concurrent use.
type Methods struct {
	known uint16   // a bit for each message.Method
	other []string // those that the program does not know, sorted
}

// MethodsOf is the set of the named methods; no names are every method. GET brings HEAD with it, since HEAD asks for
// the same answer without its body (RFC 9110 §9.3.2).
func MethodsOf(names ...string) Methods {
	var m Methods
	for _, name := range names {
		switch known := message.LookupMethod([]byte(name)); known {
		case message.OtherMethod:
			m.other = append(m.other, name)
		case message.GET:
			m.known |= 1<<message.GET | 1<<message.HEAD
		default:
			m.known |= 1 << known
		}
	}
	slices.Sort(m.other)
	m.other = slices.Compact(m.other)
	return m
}

// Any reports whether the set is every method.
func (m Methods) Any() bool { return m.known == 0 && len(m.other) == 0 }

// Has reports whether the set contains the method; token is the method's own when it is message.OtherMethod.
func (m Methods) Has(method message.Method, token []byte) bool {
	return m.Any() || m.Names(method, token)
}

// Names is Has for those that were named: it is false for the set of every method.
func (m Methods) Names(method message.Method, token []byte) bool {
	if method != message.OtherMethod {
		return m.known&(1<<method) != 0
	}
	for _, name := range m.other {
		if string(token) == name {
			return true
		}
	}
	return false
}

// Union is the methods of both sets.
func (m Methods) Union(n Methods) Methods {
	if m.Any() || n.Any() {
		return Methods{}
	}
	other := slices.Concat(m.other, n.other)
	slices.Sort(other)
	return Methods{m.known | n.known, slices.Compact(other)}
}

// Intersect is the methods of both sets that are in each of them. When there are none it is false, since no
// Methods can say so.
func (m Methods) Intersect(n Methods) (Methods, bool) {
	switch {
	case m.Any():
		return n, true
	case n.Any():
		return m, true
	}
	both := Methods{known: m.known & n.known}
	for _, name := range m.other {
		if slices.Contains(n.other, name) {
			both.other = append(both.other, name)
		}
	}
	return both, !both.Any()
}

// String is the value of an Allow field (RFC 9110 §10.2.1): known methods in the order of the standard, then the
// others. It is empty for every method.
func (m Methods) String() string {
	var names []string
	for set := m.known; set != 0; set &= set - 1 {
		names = append(names, message.Method(bits.TrailingZeros16(set)).String())
	}
	return strings.Join(append(names, m.other...), ", ")
}

// First is one of the methods, "" for every method: an example of the set.
func (m Methods) First() string {
	first, _, _ := strings.Cut(m.String(), ", ")
	return first
}
