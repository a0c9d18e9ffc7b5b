package site

import (
	"time"

	"vitrine/site/content"
	"vitrine/trace"
	"vitrine/web/message"
)

// present gives the file its media type and decides, by the request's preconditions and ranges, what is sent of it.
func (v *visit) present() (step, *trace.Reason) {
	x, t := v.x, v.settings
	switch {
	case v.verbatim:
	case t.scripts != nil && t.scripts.isName(v.entry.Path):
		return v.scriptFound()
	case t.responder != nil && t.responder.isScript(v.entry.Path):
		// It stands for something else, such as a folder's index: it is run, and never shown.
		return v.leadTo(v.belowPrefix(v.entry.Path), AppIndex, &t.responder.conf.Pos)
	case !v.handed && t.isCopy(v.entry.Path):
		return v.copyRefused()
	case t.ssi != nil && t.ssi.parses(t, v.entry):
		return include, nil
	}
	kind := v.typeOf()
	if kind == nil {
		return v.leaveCold()
	}
	ranges := v.h.conf.Limits.Ranges.V
	if v.handed { // who hands over knows better
		if t := v.header.GetID(message.ContentType); t != "" {
			other := *kind
			other.Value, kind = t, &other
			v.header.Del("Content-Type")
		}
		if message.EqualFold(v.header.Get("Accept-Ranges"), "none") {
			ranges = 0
		}
		v.header.Del("Accept-Ranges")
	}
	if kind.Encoding == "" { // else it is coded already
		ranges = v.foresee(kind.Value, ranges)
	}
	var head *headOf
	if v.memorize && plain(x) && !t.dynamic {
		head = t.head(v.entry, v.form)
		if head != nil && !v.looking() { // it was answered before, for another path or method
			v.block, v.coded, v.status, v.kept = head.block, head.body, head.block.Status(), true
			return deliver, head.why.Reach()
		}
	}
	a := content.Plan(v.request(), v.entry, kind, content.Options{
		Status: v.status, Ranges: ranges, Now: x.Start / int64(time.Second), Location: v.contentLocation(),
	}, &v.header, x.Trace)
	v.memorize = v.memorize && a.Whole
	next, why := v.take(a)
	if head != nil && v.memorize { // whoever looks was told how it came about, and gets the same
		v.dropPieces()
		v.block, v.coded, v.kept = head.block, head.body, true
	}
	return next, why
}

// take makes what the content comes to the answer. The pages of 412 and 416 are ours.
func (v *visit) take(a content.Answer) (step, *trace.Reason) {
	v.status, v.pieces = a.Status, a.Pieces
	if a.Status == 412 || a.Status == 416 {
		v.refusal.status, v.refusal.reason = a.Status, a.Reason
		return refuse, a.Reason
	}
	if v.missing && a.Status >= 400 {
		return deliver, nil // why nothing is there is the reason of this answer, and it was given
	}
	return deliver, a.Reason
}
