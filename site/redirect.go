package site

import (
	"bytes"
	"strconv"
	"strings"

	"vitrine/trace"
	"vitrine/web/message"
)

// redirect sends the client where the route says.
func (v *visit) redirect() (step, *trace.Reason) {
	conf := v.settings.route.Redirect
	v.line = &conf.Pos
	location := v.location(conf.To.V.Source(), conf.To.V.Append(v.buf[:0], v.vars().URL()))
	if location == "" {
		v.refusal.status = 500
		return v.refused(BadLocation.Reach(), v.line, []trace.Detail{trace.D("to", conf.To.V.Source())})
	}
	_, v.memorize = conf.To.V.Static()
	return v.sendTo(location, conf.Status.V, Redirected)
}

// location is a target with its placeholders filled in and encoded, fit for the Location field (RFC 9110 §10.2.2):
// a URI reference that leads where the target's author meant and not where the client chose.
func (v *visit) location(source string, filled []byte) string {
	// "/{match.1}" may come out with two slashes in front, which would lead to another host (RFC 3986 §4.2).
	if !strings.HasPrefix(source, "//") {
		for len(filled) > 1 && filled[0] == '/' && filled[1] == '/' {
			filled = filled[1:]
		}
	}
	// "/new?{query}" leads to "/new" for a request without one, and "/new?a=1&{query}" to "/new?a=1".
	if (strings.HasSuffix(source, "?{query}") || strings.HasSuffix(source, "&{query}")) && len(v.request().Query()) == 0 {
		filled = filled[:len(filled)-1]
	}
	v.buf = filled
	if !hostHolds(source, filled) {
		return ""
	}
	location := encodeLiteral(filled)
	// "{path.tail}", "{match.1}" and "{query}" can begin with what looks like a scheme; in "./x:y" it is a path (RFC 3986 §4.2).
	if strings.HasPrefix(source, "{") && !strings.HasPrefix(source, "{scheme}") && firstSegmentHasColon(filled) {
		return "./" + location
	}
	return location
}

// hostHolds reports whether the host that a filled in target names is in the domain that the target's author wrote: in
// "http://{match.1}.example.org/" the group must not end the host's name before that.
func hostHolds(source string, filled []byte) bool {
	_, rest, ok := strings.Cut(source, "//")
	domain := authority(rest)
	if !ok || !strings.Contains(domain, "{match.") {
		return true
	}
	domain = domain[strings.LastIndexByte(domain, '}')+1:]
	_, host, _ := bytes.Cut(filled, []byte("//"))
	if i := bytes.IndexAny(host, "/?#"); i >= 0 {
		host = host[:i]
	}
	for _, c := range bytes.TrimSuffix(host, []byte(domain)) {
		if c != '-' && c != '.' && c != '_' && (c < '0' || '9' < c) && (c|0x20 < 'a' || 'z' < c|0x20) {
			return false
		}
	}
	return bytes.HasSuffix(host, []byte(domain))
}

// authority is the part of a target behind "//" that names the host. Placeholders have none of the characters that end it.
func authority(rest string) string {
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		return rest[:i]
	}
	return rest
}

// encodeLiteral encodes what may stand in no URI reference (RFC 3986 §2), such as the letters of a path that was
// written as it is read. Placeholders were encoded before, and "%" stays as it is.
func encodeLiteral(b []byte) string {
	const digits = "0123456789ABCDEF"
	var out []byte
	for i, c := range b {
		if c > ' ' && c < 0x7f && strings.IndexByte("\"<>\\^`{}", c) < 0 {
			if out != nil {
				out = append(out, c)
			}
			continue
		}
		if out == nil {
			out = append(make([]byte, 0, 3*len(b)), b[:i]...)
		}
		out = append(out, '%', digits[c>>4], digits[c&15])
	}
	if out == nil {
		return string(b)
	}
	return string(out)
}

func firstSegmentHasColon(reference []byte) bool {
	i := bytes.IndexAny(reference, ":/?#")
	return i >= 0 && reference[i] == ':'
}

// addSlash sends the client to the same path with a slash at its end. The reference is relative to the last segment
// as it was sent, so that it holds whatever a proxy has taken from the front of the path.
func (v *visit) addSlash() (step, *trace.Reason) {
	r := v.request()
	raw := r.RawPath()
	last := raw[bytes.LastIndexByte(raw, '/')+1:]
	if v.inner != nil { // the client asked for another path, and a reference is relative to that
		last = bytes.TrimLeft(raw, "/")
	}
	to := append(v.buf[:0], "./"...)
	switch {
	case v.inner != nil:
		to = append(to[:0], '/')
	case bytes.IndexByte(last, ':') < 0:
		to = to[:0]
	}
	to = append(append(to, last...), '/')
	if r.Target.HasQuery {
		to = append(append(to, '?'), r.Query()...)
	}
	v.line = v.settings.at
	return v.sendTo(v.location("", to), 301, SlashMissing)
}

// sendTo answers with a redirect. The text is for people whose client does not follow it.
func (v *visit) sendTo(location string, status int, why *trace.Reason) (step, *trace.Reason) {
	if v.circles(location) {
		v.refusal.status = 508
		return v.refused(RedirectCircle.Reach(), v.line, []trace.Detail{trace.D("to", location)})
	}
	v.status = status
	if err := v.header.Set("Location", location); err != nil {
		v.refusal.status = 500
		return v.refused(BadLocation.Reach(), v.line, []trace.Detail{trace.D("to", location)})
	}
	v.body = []byte(strconv.Itoa(status) + " " + message.StatusText(status) + ": " + location + "\n")
	v.describeBody("text/plain; charset=utf-8")
	if v.looking() {
		v.tell("redirect", why, v.line, string(v.request().Path()), true,
			trace.D("status", strconv.Itoa(status)), trace.D("location", location))
	}
	return deliver, why.Reach()
}
