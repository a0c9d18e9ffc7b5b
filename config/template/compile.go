package template

import (
	"fmt"
	"strings"

	"github.com/agext/levenshtein"
)

// Error is what is wrong with a template, where, and what may have been meant.
type Error struct {
	Offset  int    // of the first wrong byte
	End     int    // past the last wrong byte; more than Offset
	Message string // what is wrong
	Hint    string // what to write instead; may be empty
}

func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + "; " + e.Hint
}

const doubled = `write {{ and }} for the braces themselves`

// Compile compiles src, whose placeholders must have a value in scope. The error, if any, is an *Error about the
// first thing that is wrong.
func Compile(src string, scope Scope) (*Template, error) {
	t := &Template{source: src}
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			t.parts = append(t.parts, part{literal: literal.String()})
			literal.Reset()
		}
	}
	for i := 0; i < len(src); {
		switch c := src[i]; {
		case c != '{' && c != '}':
			next := strings.IndexAny(src[i:], "{}")
			if next < 0 {
				next = len(src) - i
			}
			literal.WriteString(src[i : i+next])
			i += next
		case i+1 < len(src) && src[i+1] == c:
			literal.WriteByte(c)
			i += 2
		case c == '}':
			return nil, &Error{i, i + 1, `this } closes nothing`, doubled}
		default:
			length := strings.IndexAny(src[i+1:], "{}")
			if length < 0 || src[i+1+length] == '{' {
				return nil, &Error{i, i + 1, `this { is not closed`, `close it with }, or ` + doubled}
			}
			end := i + 1 + length + 1
			p, err := placeholder(src[i+1:end-1], scope)
			if err != nil {
				err.Offset, err.End = i, end
				return nil, err
			}
			flush()
			t.parts = append(t.parts, p)
			i = end
		}
	}
	flush()
	return t, nil
}

// placeholder compiles what stands between two braces.
func placeholder(name string, scope Scope) (part, *Error) {
	for _, v := range variables {
		prefix, takesArg := strings.CutSuffix(v.Name, "NAME")
		switch {
		case takesArg && name == prefix:
			return part{}, &Error{Message: fmt.Sprintf("{%s} lacks a name", name), Hint: "write, for example, " + example(v.Var)}
		case takesArg && strings.HasPrefix(name, prefix):
			arg := name[len(prefix):]
			if v.Var != QueryValue && v.Var != MatchGroup && !isToken(arg) {
				return part{}, &Error{Message: fmt.Sprintf("%q is no header field name", arg), Hint: "write, for example, " + example(v.Var)}
			}
			return part{v: v.Var, arg: arg}, outOfScope(v, name, scope)
		case name == v.Name && !takesArg:
			return part{v: v.Var}, outOfScope(v, name, scope)
		}
	}
	if !isName(name) {
		return part{}, &Error{Message: fmt.Sprintf("{%s} is no placeholder", name), Hint: doubled}
	}
	if hint := suggest(name, scope); hint != "" {
		return part{}, &Error{Message: fmt.Sprintf("there is no placeholder {%s}", name), Hint: fmt.Sprintf("did you mean {%s}?", hint)}
	}
	return part{}, &Error{Message: fmt.Sprintf("there is no placeholder {%s}", name), Hint: doubled}
}

func outOfScope(v Variable, name string, scope Scope) *Error {
	if scope&v.Scope != 0 {
		return nil
	}
	when := "when the response is about to be sent"
	if v.Scope == InLog {
		when = "after the response, in a log"
	}
	return &Error{Message: fmt.Sprintf("{%s} has no value here: it is known only %s", name, when)}
}

func example(v Var) string {
	switch v {
	case QueryValue:
		return "{query.page}"
	case MatchGroup:
		return "{match.1}"
	case ResponseField:
		return "{response.Content-Type}"
	}
	return "{request.User-Agent}"
}

// elsewhere is what other servers call the same things, for people who come from there.
var elsewhere = map[string]string{
	"remote_addr": "client.address", "remote_host": "client.host", "hostname": "client.host", "remote": "client.address", "ip": "client.address",
	"client": "client.address", "client.ip": "client.address", "address": "client.address", "remote_port": "client.port",
	"request_uri": "uri", "url": "uri", "target": "uri", "args": "query", "query_string": "query",
	"http_host": "host", "server_name": "host", "request_method": "method", "verb": "method",
	"http_referer": "request.Referer", "referer": "request.Referer", "referrer": "request.Referer",
	"http_user_agent": "request.User-Agent", "user_agent": "request.User-Agent", "agent": "request.User-Agent",
	"body_bytes_sent": "bytes", "size": "bytes", "length": "bytes", "bytes_sent": "bytes.sent",
	"request_time": "duration", "latency": "duration", "elapsed": "duration", "time_local": "time.common",
	"time_iso8601": "time", "msec": "time.unix", "date": "time", "now": "time", "code": "status",
	"remote_user": "user", "request_id": "journey", "id": "journey", "trace": "journey", "version": "protocol",
	"proto": "protocol", "server_protocol": "protocol", "filename": "file", "tail": "path.tail", "rest": "path.tail",
	"vhost": "site", "pattern": "route", "server_addr": "server.address", "server_port": "server.port",
}

// suggest finds the variable that may have been meant, or "".
func suggest(name string, scope Scope) string {
	lower := strings.ToLower(name)
	if meant := elsewhere[lower]; meant != "" {
		return meant
	}
	if head, tail, ok := strings.Cut(name, "."); ok {
		for _, prefix := range []string{"request", "response", "query"} {
			if nearby(strings.ToLower(head), prefix) || head == "header" && prefix == "request" {
				return prefix + "." + tail
			}
		}
	}
	best, bestDistance := "", len(name)/3+2
	for _, v := range variables {
		if scope&v.Scope == 0 || strings.HasSuffix(v.Name, "NAME") {
			continue
		}
		if d := levenshtein.Distance(lower, v.Name, nil); d < bestDistance {
			best, bestDistance = v.Name, d
		}
	}
	return best
}

func nearby(a, b string) bool { return levenshtein.Distance(a, b, nil) <= 2 }

// isName reports whether s could have been meant as a placeholder, rather than as braces in some other language.
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return s != ""
}

// isToken reports whether s is a token, the form of field names: RFC 9110 §5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return s != ""
}
