package gateway

import (
	"vitrine/web/message"
)

// Conditions holds the request's preconditions against what the script says of its answer, as Apache does for scripts:
// only of a GET or HEAD that is answered with 200, and with a validator (ETag or Last-Modified). asked is false when there
// is nothing to hold. now is in seconds since 1970.
func (h *Head) Conditions(r *message.Request, now int64) (o message.Outcome, asked bool) {
	if h.Status != 200 || h.Kind != Document || r.Method != message.GET && r.Method != message.HEAD || !message.Conditional(&r.Fields) {
		return o, false
	}
	current := message.Current{Exists: true}
	if text := h.Get("ETag"); text != "" {
		if tag, rest, ok := message.ParseETag([]byte(text)); ok && len(rest) == 0 {
			current.ETag, current.Weak = string(tag.Opaque), tag.Weak
		}
	}
	if text := h.Get("Last-Modified"); text != "" {
		if at, ok := message.ParseDate([]byte(text), now); ok {
			current.LastModified = at
		}
	}
	if current.ETag == "" && current.LastModified == 0 {
		return o, false
	}
	return message.Evaluate(&r.Fields, r.Method, current, now), true
}
