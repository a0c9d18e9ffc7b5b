package site

import (
	"strconv"

	"vitrine/trace"
	"vitrine/web/message"
)

// respond makes the route's fixed answer. One that is an error without a body of its own has the page for that error.
func (v *visit) respond() (step, *trace.Reason) {
	conf := v.settings.route.Respond
	if conf.Status.V >= 400 && conf.Body.Pos.Origin == trace.Default {
		v.refusal = refusal{status: conf.Status.V}
		if conf.Status.V == 405 {
			v.refusal.allow = v.allow()
		}
		return v.refused(RespondedError.Reach(), &conf.Pos, nil)
	}
	v.status, v.line = conf.Status.V, &conf.Pos
	body := &v.settings.body
	v.body = body.text
	if !body.static {
		room := make([]byte, 0, len(body.template.Source())+filledIn)
		v.body = body.template.Append(room, v.vars().Body(conf.Type.V))
	}
	v.memorize = body.static
	v.describeBody(conf.Type.V)
	if v.looking() {
		v.tell("respond", Responded, v.line, v.settings.route.Pattern.V, true,
			trace.D("status", strconv.Itoa(v.status)), trace.D("bytes", strconv.Itoa(len(v.body))))
	}
	return deliver, Responded.Reach()
}

// filledIn is by how much the placeholders make most bodies longer at most, in bytes.
const filledIn = 64

// describeBody sets the fields that describe the body that was made in memory, unless the status has none.
func (v *visit) describeBody(mediaType string) {
	if !message.BodyAllowed(v.status) {
		v.body = nil
		return
	}
	if v.status == 205 { // RFC 9110 §15.3.6: it has no content, and says so
		v.body = nil
	}
	if mediaType != "" && len(v.body) > 0 {
		v.header.Set("Content-Type", mediaType)
	}
	v.header.Set("Content-Length", strconv.Itoa(len(v.body)))
}
