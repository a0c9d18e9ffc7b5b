package message

import "iter"

// Span is a piece of an arena.
type Span struct{ Off, Len uint32 }

// Of is the piece of the arena that the span names. Its capacity ends where it ends.
func (s Span) Of(arena []byte) []byte { return arena[s.Off : s.Off+s.Len : s.Off+s.Len] }

// Field is one field line: name and value as spans, and the name's number when the program knows it.
type Field struct {
	Name, Value Span
	ID          FieldID
}

// Fields is a field section with a look-up table for the names the program knows. The zero value is empty.
// It is not safe for concurrent use.
type Fields struct {
	arena []byte
	list  []Field
	known FieldSet         // the names that are present
	twice FieldSet         // the names that are present more than once
	first [fieldIDs]uint16 // index in list of the first field of that ID; valid where known says so
}

// Reset empties the section and gives it the arena that the spans added next point into.
func (f *Fields) Reset(arena []byte) {
	f.arena, f.list, f.known, f.twice = arena, f.list[:0], 0, 0
}

// SetArena replaces the arena by one with the same bytes at the same offsets.
func (f *Fields) SetArena(arena []byte) { f.arena = arena }

// MaxFields is how many field lines a section can hold.
const MaxFields = 1<<16 - 1

// Add appends a field line whose name and value lie in the arena; nobody may add more than MaxFields.
func (f *Fields) Add(name, value Span) FieldID {
	id := LookupFieldID(name.Of(f.arena))
	if bit := FieldSet(1) << id; f.known&bit == 0 {
		f.known |= bit
		f.first[id] = uint16(len(f.list))
	} else {
		f.twice |= bit
	}
	f.list = append(f.list, Field{name, value, id})
	return id
}

// Len is the number of field lines.
func (f *Fields) Len() int { return len(f.list) }

// At is the name and the value of the field line i, in the order received.
func (f *Fields) At(i int) (name, value []byte) {
	l := &f.list[i]
	return l.Name.Of(f.arena), l.Value.Of(f.arena)
}

// IDAt is the number of the name of the field line i, or OtherField.
func (f *Fields) IDAt(i int) FieldID { return f.list[i].ID }

// Has reports whether a known field is present.
func (f *Fields) Has(id FieldID) bool { return f.known&(1<<id) != 0 }

// Repeated reports whether a known field stands on more than one line.
func (f *Fields) Repeated(id FieldID) bool { return f.twice&(1<<id) != 0 }

// HasAny reports whether one of the fields in the set is present.
func (f *Fields) HasAny(set FieldSet) bool { return f.known&set != 0 }

// Get is the value of the first field line with a known name, nil when there is none.
func (f *Fields) Get(id FieldID) []byte {
	if !f.Has(id) {
		return nil
	}
	return f.list[f.first[id]].Value.Of(f.arena)
}

// Span is where the value of the first field line with a known name lies, the zero Span when there is none.
func (f *Fields) Span(id FieldID) Span {
	if !f.Has(id) {
		return Span{}
	}
	return f.list[f.first[id]].Value
}

// Count is the number of field lines with a known name.
func (f *Fields) Count(id FieldID) int {
	n := 0
	if f.Has(id) {
		for i := int(f.first[id]); i < len(f.list); i++ {
			if f.list[i].ID == id {
				n++
			}
		}
	}
	return n
}

// All yields the values of every field line with a known name, in the order received.
func (f *Fields) All(id FieldID) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if !f.Has(id) {
			return
		}
		for i := int(f.first[id]); i < len(f.list); i++ {
			if l := &f.list[i]; l.ID == id && !yield(l.Value.Of(f.arena)) {
				return
			}
		}
	}
}

// Lookup is the value of the first field line with the name, in any case, and whether there is one.
func (f *Fields) Lookup(name string) ([]byte, bool) {
	if id := LookupFieldIDString(name); id != OtherField {
		return f.Get(id), f.Has(id)
	}
	for i := range f.list {
		if l := &f.list[i]; l.ID == OtherField && EqualFold(l.Name.Of(f.arena), name) {
			return l.Value.Of(f.arena), true
		}
	}
	return nil, false
}

// copyTo makes dst hold the same lines over an arena with the same bytes at the same offsets.
func (f *Fields) copyTo(dst *Fields, arena []byte) {
	dst.list = append(dst.list[:0], f.list...)
	dst.arena, dst.known, dst.twice, dst.first = arena, f.known, f.twice, f.first
}
