package site

import (
	"strconv"

	"vitrine/site/content"
	"vitrine/trace"
	"vitrine/web/message"
)

// deliver hands the response to the connection: the head, with what the configuration says about it, and the body.
func (v *visit) deliver() (step, *trace.Reason) {
	x, t := v.x, v.settings
	v.memorize = v.memorize && !v.permission.personal
	// A fixed answer's head is made once for all paths that lead to it.
	fixed := v.memorize && v.entry == nil && !t.dynamic && !v.rehearsed()
	if fixed {
		v.block = t.fixed.Load()
	}
	made := v.block != nil // for an earlier answer
	if !made || v.looking() {
		content.AddVaryAll(&v.header, v.varies)
		v.finishHeader()
	}
	if !made {
		v.block = message.NewBlock(v.status, &v.header)
		if fixed {
			t.fixed.Store(v.block)
		}
	}
	Delivered.Reach()
	if v.looking() {
		details := []trace.Detail{trace.D("status", strconv.Itoa(v.status))}
		for name, value := range v.block.Fields().Each() {
			details = append(details, trace.D(name, value))
		}
		v.tell("deliver", Delivered, nil, x.Request.ShownTarget(), true, details...)
	}
	v.remember()
	switch {
	case v.produce != nil:
	case v.kept:
		addWhole(x, v.entry, nil)
		v.entry = nil
	case len(v.pieces) > 0:
		for _, p := range v.pieces {
			if p.File != nil {
				x.AddFile(p.File, p.Offset, p.N, p.Release)
			} else {
				x.AddBytes(p.Bytes, p.Release)
			}
		}
	case x.Request.Method != message.HEAD:
		x.AddBytes(v.body, nil)
	}
	v.release()
	if v.produce != nil {
		w := v.send(v.length)
		w.close(v.produce(w))
		v.leaveHome()
		return done, nil
	}
	v.leaveHome()
	block := v.block
	v.answered.Store(true)
	x.Respond(block)
	return done, nil
}

// release gives the visit's reference to its file back.
func (v *visit) release() {
	if v.entry != nil {
		v.entry.Release()
		v.entry = nil
	}
}
