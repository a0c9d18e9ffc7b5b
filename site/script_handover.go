package site

import (
	"time"

	"vitrine/site/gateway"
	"vitrine/trace"
)

// handOver has a file or another path sent in the place of the script's body, when it asks for that and may. It is not ok when its
// own is sent.
func (r *running) handOver(h *gateway.Head) (next step, why *trace.Reason, ok bool) {
	v, s := r.v, r.s
	if to := h.AccelRedirect; to != "" {
		if s.over.mayLead(to) {
			kept := kept(h, handedOver...)
			r.drop()
			next, why = s.over.lead(v, to, kept, ScriptAccel.Reach(), &s.conf.Pos)
			return next, why, true
		}
		r.mayNot("X-Accel-Redirect", to)
	}
	if name := h.SendFile; name != "" {
		if i, below := s.over.root(name); i >= 0 {
			kept := kept(h, handedOver...)
			r.drop()
			next, why = s.over.send(v, "cgi", i, below, kept, ScriptSendFile.Reach())
			return next, why, true
		}
		r.mayNot("X-Sendfile", name)
	}
	return 0, nil, false
}

// mayNot says that the script named something that it may not have sent.
func (r *running) mayNot(field, value string) {
	v := r.v
	ScriptMayNot.Reach()
	v.complain(ScriptMayNot, field+": "+printable(value))
	if v.looking() {
		v.tell("cgi", ScriptMayNot, &r.s.conf.Pos, r.program.Path, true, trace.D(field, value))
	}
}

// drop reads a body that nobody gets, so that the script comes to its end, and ends it when there is too much of it.
func (r *running) drop() {
	for dropped := len(r.rest); dropped <= mostDropped; {
		r.p.Until(time.Now().Add(r.s.conf.IdleTime.V), errIdle)
		n, err := r.read()
		if dropped += n; err != nil {
			break
		}
	}
	r.finish()
	r.giveBack()
}
