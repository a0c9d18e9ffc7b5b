package site

import (
	"vitrine/site/content"
	"vitrine/site/resource"
	"vitrine/trace"
	"vitrine/web/message"
)

// form is which of the forms of a file an answer has: the file itself is the zero form.
type form struct {
	coding content.Coding // in which it was coded here, not that of a file that is coded already
	via    string         // how it was chosen among others, where its head says so
}

// heads are the response heads of one file, one for each settings that serve it whole, and each form. It is what an
// Entry's Aux holds.
type heads []headOf

type headOf struct {
	settings *settings
	form     form
	block    *message.Block
	why      *trace.Reason // the decision that it stands for
	body     []byte        // that is sent in the place of the file's bytes; nil: those
	typ      *content.Type // by the file's first bytes, where the form is sniffed
}

// mostHeads bounds the heads of one file. Those of an older configuration are the first to go.
const mostHeads = 8

// head is the head that was made for a form of a file before, or nil. It must not be changed.
func (t *settings) head(e *resource.Entry, f form) *headOf {
	all, _ := e.Aux.Load().(*heads)
	if all == nil {
		return nil
	}
	for i := range *all {
		h := &(*all)[i]
		if h.settings != t || h.form.coding != f.coding || len(h.form.via) != len(f.via) {
			continue
		}
		if f.via == "" || h.form.via == f.via { // most say nothing of it, and then no text is compared
			return h
		}
	}
	return nil
}

// attach gives a file the head that was made for it. When two do at once, one of them will do it again.
func (t *settings) attach(e *resource.Entry, head headOf) {
	next := heads{head}
	if all, _ := e.Aux.Load().(*heads); all != nil {
		for _, h := range *all {
			if (h.settings != head.settings || h.form != head.form) && len(next) < mostHeads {
				next = append(next, h)
			}
		}
	}
	e.Aux.Store(&next)
}
