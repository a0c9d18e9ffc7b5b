package variables

import (
	"bytes"
	"strings"

	"vitrine/config/template"
	"vitrine/web/message"
)

// Log is Values escaped for a text log, see EscapeLog. What has no value shows as "-".
type Log Values

// JSON is Values escaped for the inside of JSON strings, see EscapeJSON.
type JSON Values

// HTML is Values escaped for HTML and XML, see EscapeHTML.
type HTML Values

// URL is Values encoded for a Location. {path}, {path.tail}, {match.NAME}, {path.raw}, {query} and {uri} keep their structure and
// everything else is encoded as one component. {uri} is the path and the query, also of a target in absolute form;
// it and {path.raw} begin with one "/" however many the client sent, since "//name" in a Location would lead to
// another host. A host that is an IPv6 address gets its brackets.
type URL Values

// Field is Values made fit for a field value, see EscapeField.
type Field Values

// Log is the view for text logs. Like the other views it is v itself and allocates nothing.
func (v *Values) Log() *Log { return (*Log)(v) }

// JSON is the view for JSON strings.
func (v *Values) JSON() *JSON { return (*JSON)(v) }

// HTML is the view for HTML and XML.
func (v *Values) HTML() *HTML { return (*HTML)(v) }

// URL is the view for a Location.
func (v *Values) URL() *URL { return (*URL)(v) }

// Field is the view for field values.
func (v *Values) Field() *Field { return (*Field)(v) }

// Body is the view for a body of a media type: HTML and XML and JSON have their own, everything else is unescaped.
func (v *Values) Body(mediaType string) template.Values {
	essence, _, _ := strings.Cut(mediaType, ";")
	essence = strings.ToLower(message.Trim(essence))
	switch {
	case essence == "text/html", strings.HasSuffix(essence, "/xml"), strings.HasSuffix(essence, "+xml"):
		return v.HTML()
	case strings.HasSuffix(essence, "/json"), strings.HasSuffix(essence, "+json"):
		return v.JSON()
	}
	return v
}

// AppendVar appends the variable's value, escaped.
func (l *Log) AppendVar(dst []byte, name template.Var, arg string) []byte {
	from := len(dst)
	dst = (*Values)(l).AppendVar(dst, name, arg)
	if len(dst) == from {
		return append(dst, '-')
	}
	return EscapeLog(dst, from)
}

// AppendVar appends the variable's value, escaped.
func (j *JSON) AppendVar(dst []byte, name template.Var, arg string) []byte {
	from := len(dst)
	return EscapeJSON((*Values)(j).AppendVar(dst, name, arg), from)
}

// AppendVar appends the variable's value, escaped.
func (h *HTML) AppendVar(dst []byte, name template.Var, arg string) []byte {
	from := len(dst)
	return EscapeHTML((*Values)(h).AppendVar(dst, name, arg), from)
}

// AppendVar appends the variable's value without what a field value may not hold.
func (f *Field) AppendVar(dst []byte, name template.Var, arg string) []byte {
	from := len(dst)
	return EscapeField((*Values)(f).AppendVar(dst, name, arg), from)
}

// AppendVar appends the variable's value, encoded.
func (u *URL) AppendVar(dst []byte, name template.Var, arg string) []byte {
	v := (*Values)(u)
	from := len(dst)
	switch name {
	case template.URI:
		dst = append(dst, oneSlash(v.Exchange.Request.RawPath())...)
		if v.Exchange.Request.Target.HasQuery {
			dst = append(append(dst, '?'), v.Exchange.Request.Query()...)
		}
		return escapeURL(dst, from, inTarget)
	case template.PathRaw:
		return escapeURL(append(dst, oneSlash(v.Exchange.Request.RawPath())...), from, inTarget)
	case template.Query:
		return escapeURL(append(dst, v.Exchange.Request.Query()...), from, inTarget)
	case template.Path, template.PathTail, template.MatchGroup:
		return escapeURL(v.AppendVar(dst, name, arg), from, inPath)
	case template.Host, template.ServerAddress:
		if dst = v.AppendVar(dst, name, arg); bytes.IndexByte(dst[from:], ':') >= 0 {
			return rewrite(dst, from, bracket) // RFC 3986 §3.2.2
		}
		return escapeURL(dst, from, inPath)
	}
	return escapeURL(v.AppendVar(dst, name, arg), from, inComponent)
}

func bracket(dst, src []byte) []byte {
	dst = append(dst, '[')
	if zone := bytes.IndexByte(src, '%'); zone >= 0 {
		src = src[:zone] // an interface of ours means nothing to the client
	}
	return append(append(dst, src...), ']')
}

// oneSlash is the path without all but the last of its leading slashes.
func oneSlash(path []byte) []byte {
	for len(path) > 1 && path[0] == '/' && path[1] == '/' {
		path = path[1:]
	}
	return path
}
