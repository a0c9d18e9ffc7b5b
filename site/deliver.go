package site

import (
	"strconv"

	"vitrine/trace"
	"vitrine/web/message"
)

// deliver completes the head with what the configuration says about it.
func (v *visit) deliver() (step, *trace.Reason) {
	if v.erring != nil && !v.erring.failed && !v.finishPage() {
		return refuse, nil
	}
	if v.standing != 0 && v.erring == nil && v.status == 200 {
		v.status = v.standing
	}
	v.memorize = v.memorize && !v.permission.personal
	if v.isFixed() {
		v.block = v.settings.fixed.Load()
	}
	if v.block == nil || v.looking() { // else it was made for an earlier answer
		v.describeChoice()
		v.finishHeader()
	}
	if v.settings.coder == nil {
		return handOver, nil
	}
	return encode, nil
}

// isFixed reports whether the answer's head is one that is made once for all paths that lead to it.
func (v *visit) isFixed() bool {
	t := v.settings
	return v.memorize && v.entry == nil && !t.dynamic && t.coder == nil && !v.rehearsed()
}

// handOver hands the response to the connection: the head and the body.
func (v *visit) handOver() (step, *trace.Reason) {
	x, t := v.x, v.settings
	if v.block == nil {
		if v.status == 204 { // a length would announce what does not come (RFC 9110 §8.6)
			v.header.Del("Content-Length")
		}
		v.block = message.NewBlock(v.status, &v.header)
		if v.isFixed() {
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
	case v.produce != nil, v.call != nil:
	case v.kept:
		addWhole(x, v.entry, v.coded)
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
	if v.call != nil {
		v.call.body = v.send(v.length)
		return done, nil
	}
	if v.produce != nil {
		v.streams()
		w := v.send(v.length)
		held := false
		defer func() {
			if !held {
				w.free() // should it panic
			}
		}()
		err := v.produce(w)
		if held = err == errHeld; held {
			return done, nil
		}
		w.close(err)
		v.leaveHome()
		v.ended.Store(true)
		return done, nil
	}
	v.leaveHome()
	block := v.block
	v.answered.Store(true)
	x.Respond(block)
	return done, nil
}

// dropPieces gives back the pieces of a body that is not sent.
func (v *visit) dropPieces() {
	for i := range v.pieces {
		if r := v.pieces[i].Release; r != nil {
			r.Release()
		}
	}
	v.pieces = nil
}

// release gives the visit's reference to its file back.
func (v *visit) release() {
	if v.entry != nil {
		v.entry.Release()
		v.entry = nil
	}
}
