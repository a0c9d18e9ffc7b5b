package site

import (
	"slices"
	"strings"

	"vitrine/web/message"
)

// known is what is remembered of one path and method: one answer, or, where it depends on fields of the request, one for
// each combination of their values that came by. It is immutable: another answer makes another known.
type known struct {
	path    string
	method  message.Method
	varied  bool // the answers depend on fields, each on its own: what is looked at last depends on what was found first
	answers []*answer
}

// Bounds of the answers that depend on fields: clients choose the values. A path keeps a few whatever is kept of others,
// and more while there is room, so that no client can drive out the answers of other paths; and of its own path it drives
// out those that nobody asked for again.
const (
	fewVaried     = 4
	manyVaried    = 16
	roomVaried    = 4096 // answers of a site, above which a path keeps only a few
	longestValues = 1024 // bytes of the values of one answer
)

// variable are the fields that an answer can depend on, in the order in which their values are kept.
var variable = [...]message.FieldID{message.AcceptEncoding, message.AcceptLanguage, message.Accept, message.AcceptCharset}

// absent and ended stand in the values where there is no field, and behind the value of one; no value has them.
const (
	absent = '\x00'
	ended  = '\x01'
)

// fieldValues are the values of a set's fields as one text. It is not ok when they are not to be remembered: when they
// are too long, a field stands on several lines, or a field of the set is none of those that are compared.
func fieldValues(f *message.Fields, set message.FieldSet) (values string, ok bool) {
	var b strings.Builder
	for _, id := range variable {
		if !set.Has(id) {
			continue
		}
		set &^= message.Set(id)
		switch {
		case f.Repeated(id):
			return "", false
		case !f.Has(id):
			b.WriteByte(absent)
		default:
			b.Write(f.Get(id))
			b.WriteByte(ended)
		}
	}
	return b.String(), set == 0 && b.Len() <= longestValues
}

// find is the answer to the fields of a request, or nil.
func (k *known) find(f *message.Fields) *answer {
	if !k.varied {
		return k.answers[0]
	}
	for _, a := range k.answers {
		if a.fits(f) {
			if !a.used.Load() {
				a.used.Store(true)
			}
			return a
		}
	}
	return nil
}

// fits reports whether the fields have the values.
func (a *answer) fits(f *message.Fields) bool {
	values := a.values
	for _, id := range variable {
		if !a.varies.Has(id) {
			continue
		}
		if !f.Has(id) {
			if len(values) == 0 || values[0] != absent {
				return false
			}
			values = values[1:]
			continue
		}
		v := f.Get(id)
		if len(values) <= len(v) || values[len(v)] != ended || values[:len(v)] != string(v) || f.Repeated(id) {
			return false
		}
		values = values[len(v)+1:]
	}
	return values == ""
}

// with is what is known with one more answer, and the answers that are forgotten for it: an older one to the same values,
// and, when there would be more than most, those that were not used.
func (k *known) with(a *answer, most int) (next *known, gone []*answer) {
	next = &known{path: k.path, method: k.method, varied: true, answers: slices.Clone(k.answers)}
	if i := slices.IndexFunc(next.answers, func(o *answer) bool { return o.varies == a.varies && o.values == a.values }); i >= 0 {
		gone = append(gone, next.answers[i])
		next.answers[i] = a
		return next, gone
	}
	for len(next.answers) >= most {
		i := slices.IndexFunc(next.answers, func(o *answer) bool { return !o.used.Load() })
		if i < 0 {
			for _, o := range next.answers {
				o.used.Store(false)
			}
			i = 0
		}
		gone = append(gone, next.answers[i])
		next.answers = slices.Delete(next.answers, i, i+1)
	}
	next.answers = append(next.answers, a)
	return next, gone
}

// room is how many answers that depend on fields one path may have now.
func (m *memory) room() int {
	if m.varied.Load() < roomVaried {
		return manyVaried
	}
	return fewVaried
}
