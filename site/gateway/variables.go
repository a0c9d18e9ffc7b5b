package gateway

import (
	"bytes"
	"iter"
	"strings"
)

// Variables are the meta-variables of one request (RFC 3875 §4.1), in the order in which they were set. The zero value
// is empty. It may be reused for one request after another, and then allocates nothing. It is not safe for concurrent
// use.
type Variables struct {
	arena   []byte // NAME=value of each
	list    []variable
	refused int
	first   string // the name of the first field that was refused
}

// variable is where in the arena a variable lies.
type variable struct {
	start, equals, end uint32
}

// Reset forgets all of them and keeps their memory.
func (v *Variables) Reset() {
	v.arena, v.list, v.refused, v.first = v.arena[:0], v.list[:0], 0, ""
}

// Len is how many there are.
func (v *Variables) Len() int { return len(v.list) }

// Each yields names and values in order. They are valid until the next change.
func (v *Variables) Each() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for i := range v.list {
			if !yield(v.At(i)) {
				return
			}
		}
	}
}

// At is the name and the value of the variable i, valid until the next change.
func (v *Variables) At(i int) (name, value []byte) {
	l := v.list[i]
	return v.arena[l.start:l.equals], v.arena[l.equals+1 : l.end : l.end]
}

// Get is the value of a variable and whether there is one of that name. Names are case-sensitive.
func (v *Variables) Get(name string) ([]byte, bool) {
	if i := v.index(name); i >= 0 {
		_, value := v.At(i)
		return value, true
	}
	return nil, false
}

func (v *Variables) index(name string) int {
	for i := range v.list {
		if l := v.list[i]; string(v.arena[l.start:l.equals]) == name {
			return i
		}
	}
	return -1
}

// Set gives a variable its value, in the place of one that it has. It reports whether that is possible: a name is not
// empty and has no "=", and neither name nor value has a NUL, since both are texts in C on the other side.
func (v *Variables) Set(name string, value []byte) bool {
	if !IsName(name) || bytes.IndexByte(value, 0) >= 0 {
		return false
	}
	v.Unset(name)
	v.begin(name)
	v.arena = append(v.arena, value...)
	v.end()
	return true
}

// SetString is Set for a string.
func (v *Variables) SetString(name, value string) bool {
	if !IsName(name) || strings.IndexByte(value, 0) >= 0 {
		return false
	}
	v.Unset(name)
	v.begin(name)
	v.arena = append(v.arena, value...)
	v.end()
	return true
}

// Unset takes a variable away, if there is one of that name.
func (v *Variables) Unset(name string) {
	if i := v.index(name); i >= 0 {
		v.list = append(v.list[:i], v.list[i+1:]...)
	}
}

// IsName reports whether a variable can have the name.
func IsName(name string) bool {
	return name != "" && strings.IndexByte(name, '=') < 0 && strings.IndexByte(name, 0) < 0
}

// Environ is the variables as the environment of a process: "NAME=value" each.
func (v *Variables) Environ() []string {
	all := make([]string, 0, len(v.list))
	text := string(v.arena)
	for _, l := range v.list {
		all = append(all, text[l.start:l.end])
	}
	return all
}

// Refused is how many of the request's fields did not become variables since their names could pose as others, and the
// name of the first of them.
func (v *Variables) Refused() (n int, first string) { return v.refused, v.first }

// begin starts a variable whose name is not among them; what is appended to the arena until end is its value.
func (v *Variables) begin(name string) {
	start := uint32(len(v.arena))
	v.arena = append(v.arena, name...)
	v.list = append(v.list, variable{start: start, equals: uint32(len(v.arena))})
	v.arena = append(v.arena, '=')
}

func (v *Variables) end() { v.list[len(v.list)-1].end = uint32(len(v.arena)) }

// text adds a variable whose name is not among them.
func (v *Variables) text(name, value string) {
	v.begin(name)
	v.arena = append(v.arena, value...)
	v.end()
}

// bytes is text for a slice.
func (v *Variables) bytes(name string, value []byte) {
	v.begin(name)
	v.arena = append(v.arena, value...)
	v.end()
}
