package site

import (
	"strconv"
	"strings"
	"time"

	"vitrine/config"
	"vitrine/trace"
	"vitrine/web/message"
)

// expire says how long a successful answer may be kept (RFC 9111 §5.2.2.1), when nothing else says so.
func (v *visit) expire() {
	e := &v.settings.conf.Expires
	if e.Default == nil && len(e.Types) == 0 || v.status != 304 && (v.status < 200 || v.status > 299) {
		return
	}
	mediaType := v.mediaType()
	age, line, found := ageOf(e, mediaType)
	if !found {
		return
	}
	why, value := NotExpiring, ""
	switch {
	case v.header.Has("Cache-Control") || v.header.Has("Expires"):
	default:
		why = Expiring
		if e.Modified.V && v.entry != nil {
			age -= time.Duration(v.x.Start - v.entry.ModTime.UnixNano())
		}
		value = "max-age=" + strconv.FormatInt(int64(max(age, 0)/time.Second), 10)
		v.header.Set("Cache-Control", value)
	}
	why.Reach()
	if v.looking() {
		v.tell("header", why, line, "Cache-Control", why == Expiring, trace.D("type", mediaType), trace.D("value", value))
	}
}

// mediaType is the essence of the response's media type, also where the response does not say it.
func (v *visit) mediaType() string {
	value := v.header.Get("Content-Type")
	if value == "" && v.entry != nil {
		value = v.settings.types.Lookup(v.entry.Path).Value
	}
	value, _, _ = strings.Cut(value, ";")
	return strings.ToLower(message.Trim(value))
}

// ageOf is how long a media type may be kept: what is said of itself, of its range, or of all.
func ageOf(e *config.Expires, mediaType string) (age time.Duration, line *trace.Position, found bool) {
	for i := range e.Types {
		n := &e.Types[i]
		switch {
		case strings.EqualFold(n.Name, mediaType):
			return n.Duration(), &n.Value.Pos, true
		case line == nil && config.MatchType(n.Name, mediaType):
			age, line, found = n.Duration(), &n.Value.Pos, true
		}
	}
	if !found && e.Default != nil {
		return e.Default.V, &e.Default.Pos, true
	}
	return age, line, found
}

// concerns reports whether a header rule is for this response.
func (v *visit) concerns(w *config.HeaderWhen) bool {
	if w.Always() {
		return true
	}
	if !w.HoldsFor(v.status) {
		return false
	}
	if len(w.Types) > 0 {
		mediaType, found := v.mediaType(), false
		for i := range w.Types {
			found = found || config.MatchType(w.Types[i].V, mediaType)
		}
		if !found {
			return false
		}
	}
	for i := range w.Methods {
		if w.Methods[i].V == v.x.Request.MethodName() {
			return true
		}
	}
	return len(w.Methods) == 0
}
