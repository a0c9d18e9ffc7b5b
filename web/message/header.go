package message

import (
	"errors"
	"iter"
	"slices"
)

// ErrFieldName and ErrFieldValue are why a Header refuses a field: the name is no token (RFC 9110 §5.1), or the value
// has a byte that may not stand in one (RFC 9110 §5.5), so that nothing from outside can add a line to a head.
var (
	ErrFieldName  = errors.New("message: field name is not a token")
	ErrFieldValue = errors.New("message: field value has a control character")
)

// Header is an ordered list of field lines for those who build a message. Names keep the case they were given in
// and are compared without regard to it. The zero value is empty. It is not safe for concurrent use, except that
// any number may read one that nobody changes.
type Header struct {
	list  []line
	known FieldSet
}

type line struct {
	name, value string
	id          FieldID
}

// check is the field line with white space around the value removed, or the reason why there cannot be one.
func check(name, value string) (line, error) {
	id := LookupFieldIDString(name)
	if id == OtherField && !IsToken(name) {
		return line{}, ErrFieldName
	}
	if value = Trim(value); !IsValue(value) {
		return line{}, ErrFieldValue
	}
	return line{name, value, id}, nil
}

func (l *line) is(id FieldID, name string) bool {
	return l.id == id && (id != OtherField || EqualFold(l.name, name))
}

// index is where the first field line with the name is, or -1.
func (h *Header) index(id FieldID, name string) int {
	if id != OtherField && !h.HasID(id) {
		return -1
	}
	for i := range h.list {
		if h.list[i].is(id, name) {
			return i
		}
	}
	return -1
}

func (h *Header) put(l line) {
	h.list = append(h.list, l)
	h.known |= 1 << l.id
}

// Add appends a field line. The error is ErrFieldName or ErrFieldValue, and then nothing changed.
func (h *Header) Add(name, value string) error {
	l, err := check(name, value)
	if err == nil {
		h.put(l)
	}
	return err
}

// Set replaces all field lines with the name by one, which stands where the first of them stood.
func (h *Header) Set(name, value string) error {
	l, err := check(name, value)
	if err != nil {
		return err
	}
	i := h.index(l.id, name)
	if i < 0 {
		h.put(l)
		return nil
	}
	h.list[i] = l
	kept := h.list[:i+1]
	for _, other := range h.list[i+1:] {
		if !other.is(l.id, name) {
			kept = append(kept, other)
		}
	}
	clear(h.list[len(kept):])
	h.list = kept
	return nil
}

// Default appends a field line unless there is one with the name.
func (h *Header) Default(name, value string) error {
	l, err := check(name, value)
	if err == nil && h.index(l.id, name) < 0 {
		h.put(l)
	}
	return err
}

// Del takes away every field line with the name.
func (h *Header) Del(name string) {
	id := LookupFieldIDString(name)
	if h.index(id, name) < 0 {
		return
	}
	h.list = slices.DeleteFunc(h.list, func(l line) bool { return l.is(id, name) })
	if id != OtherField {
		h.known &^= 1 << id
	}
}

// Get is the value of the first field line with the name, "" when there is none.
func (h *Header) Get(name string) string {
	if i := h.index(LookupFieldIDString(name), name); i >= 0 {
		return h.list[i].value
	}
	return ""
}

// GetID is the value of the first field line with a known name, "" when there is none.
func (h *Header) GetID(id FieldID) string {
	if h.HasID(id) {
		for i := range h.list {
			if h.list[i].id == id {
				return h.list[i].value
			}
		}
	}
	return ""
}

// Has reports whether there is a field line with the name.
func (h *Header) Has(name string) bool { return h.index(LookupFieldIDString(name), name) >= 0 }

// HasID reports whether there is a field line with a known name.
func (h *Header) HasID(id FieldID) bool { return id != OtherField && h.known&(1<<id) != 0 }

// HasAny reports whether one of the known fields in the set is present.
func (h *Header) HasAny(set FieldSet) bool { return h.known&set&^1 != 0 }

// Len is the number of field lines.
func (h *Header) Len() int { return len(h.list) }

// At is the name and the value of the field line i, in order.
func (h *Header) At(i int) (name, value string) { return h.list[i].name, h.list[i].value }

// IDAt is the number of the name of the field line i, or OtherField.
func (h *Header) IDAt(i int) FieldID { return h.list[i].id }

// Each yields every field line in order.
func (h *Header) Each() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for i := range h.list {
			if !yield(h.list[i].name, h.list[i].value) {
				return
			}
		}
	}
}

// Grow makes room for so many more field lines, which then allocate nothing.
func (h *Header) Grow(n int) { h.list = slices.Grow(h.list, n) }

// Reset empties the header and keeps its memory.
func (h *Header) Reset() {
	clear(h.list)
	h.list, h.known = h.list[:0], 0
}

// Clone is an independent copy.
func (h *Header) Clone() *Header { return &Header{slices.Clone(h.list), h.known} }
