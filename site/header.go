package site

import (
	"vitrine/config"
	"vitrine/trace"
	"vitrine/web/message"
)

// finishHeader puts the Server field and the header rules into the response's header, outer rules first.
//
// Rules hold for every response of their site or route, error pages included: whoever forbids framing forbids it
// there, too. Only what lets caches keep a response (a Cache-Control without no-store or no-cache, and Expires) is held
// back from error pages and from the page for what is missing, which would otherwise stay after the error is over.
func (v *visit) finishHeader() {
	t := v.settings
	if t.server.V != "" {
		v.header.Set("Server", t.server.V)
		if v.looking() {
			v.tell("header", ServerField.Reach(), &t.server.Pos, "Server", true, trace.D("value", t.server.V))
		}
	}
	for i := range t.rules {
		r := &t.rules[i]
		why, value := v.applyRule(r)
		if v.looking() {
			taken := why == RuleApplied
			details := []trace.Detail{trace.D("action", r.Action.String())}
			if r.Action != config.HeaderRemove {
				details = append(details, trace.D("value", value))
			}
			v.tell("header", why.Reach(), &r.Pos, r.Name, taken, details...)
		}
	}
	v.expire()
}

// applyRule applies one rule and says what became of it.
func (v *visit) applyRule(r *headerRule) (why *trace.Reason, value string) {
	h := &v.header
	if !v.concerns(r.When) {
		return RuleElsewhere, r.value
	}
	if r.Action == config.HeaderRemove {
		h.Del(r.Name)
		return RuleApplied, ""
	}
	if r.Action == config.HeaderDefault && h.Has(r.Name) {
		return RuleIdle, r.value
	}
	value = r.value
	if !r.static {
		v.buf = r.Value.Append(v.buf[:0], v.vars().Field())
		if value = string(v.buf); value == "" {
			return RuleEmpty, ""
		}
	}
	if v.status == 304 && describes.Has(message.LookupFieldIDString(r.Name)) {
		return RuleNotModified, value
	}
	if (v.refusal.reason != nil || v.missing) && v.status >= 400 && keeps(r.Name, value) {
		return RuleHeldBack, value
	}
	// Neither can fail: the name and a fixed value were checked when they were compiled, and Field makes any value fit.
	if r.Action == config.HeaderAdd {
		h.Add(r.Name, value)
	} else {
		h.Set(r.Name, value)
	}
	return RuleApplied, value
}

// describes is the fields that describe a body. A 304 has none, and what it says is put in the place of what the client
// has kept (RFC 9110 §15.4.5).
var describes = message.Set(message.ContentType, message.ContentEncoding, message.ContentLanguage, message.LastModified)

// keeps reports whether a field lets caches keep a response (RFC 9111 §5.2.2, §5.3).
func keeps(name, value string) bool {
	if message.EqualFold(name, "Expires") {
		return true
	}
	return message.EqualFold(name, "Cache-Control") &&
		!message.HasToken([]byte(value), "no-store") && !message.HasToken([]byte(value), "no-cache")
}
