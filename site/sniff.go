package site

import (
	"io"

	"vitrine/site/content"
)

// typeOf is what is known of the file's type, language and coding: what negotiation says, or its name, or its first bytes.
// It is nil when those are to be read from the disk, and the visit is on the loop.
func (v *visit) typeOf() *content.Type {
	if v.chosen != nil {
		return v.chosen.typ
	}
	t := v.settings.types
	named := t.Lookup(v.entry.Path)
	if !t.Sniffs(named) {
		return named
	}
	if h := v.settings.head(v.entry, sniffed); h != nil {
		return h.typ
	}
	first := v.entry.Bytes
	if v.entry.File != nil {
		if !v.away {
			return nil
		}
		first = make([]byte, content.SniffBytes)
		n, err := v.entry.File.F.ReadAt(first, 0)
		if err != nil && err != io.EOF {
			return named
		}
		first = first[:n]
	}
	found := t.Sniff(first, named)
	v.settings.attach(v.entry, headOf{settings: v.settings, form: sniffed, typ: found})
	return found
}

// sniffed is the form under which a file keeps the type that its first bytes tell.
var sniffed = form{via: "first bytes"}
