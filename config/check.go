package config

import (
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"
)

// quoted puts a text between quotes for a message, without hiding what is in it; only the rest of a very long one is
// left out.
func quoted(text string) string {
	const longest = 200 // bytes
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return fmt.Sprintf("%q", text)
}

func quotedAll(texts []string) []string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = quoted(text)
	}
	return all
}

// article is the indefinite article of a word.
func article(word string) string {
	if word != "" && strings.ContainsRune("aeio", rune(word[0])) {
		return "an"
	}
	return "a"
}

func firstLine(text string) string {
	line, _, more := strings.Cut(text, "\n")
	if more {
		return line + " … }"
	}
	return line
}

// isToken reports whether s is a token: RFC 9110 §5.6.2.
func isToken(s string) bool { return s != "" && strings.IndexFunc(s, notTokenChar) < 0 }

func notTokenChar(c rune) bool {
	return !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c < utf8.RuneSelf && strings.ContainsRune("!#$%&'*+-.^_`|~", c))
}

// checkFieldName checks the name of a header field: RFC 9110 §5.1.
func checkFieldName(name string) *problem {
	if isToken(name) {
		return nil
	}
	if trimmed := strings.TrimSuffix(name, ":"); isToken(trimmed) {
		return &problem{message: quoted(name) + " is no header field name", hint: "leave the colon out: " + trimmed}
	}
	p := &problem{message: quoted(name) + " is no header field name", hint: "a name consists of letters, digits and hyphens"}
	if i := strings.IndexFunc(name, notTokenChar); i >= 0 {
		p.offset, p.end = i, i+1
	}
	return p
}

// ownFields are the response fields that the server itself must be right about, and what to use instead of a rule.
var ownFields = map[string]string{
	"content-length":    "the server counts the body itself",
	"transfer-encoding": "the server chooses the framing of each response itself",
	"connection":        "the server decides itself whether a connection stays open; see the timeouts and limits blocks",
	"keep-alive":        "the server announces its own time-out; see keep_alive in the timeouts block",
	"proxy-connection":  "it is no field of the standard, and confuses proxies",
	"upgrade":           "the server negotiates protocols itself",
	"te":                "it is a field of requests, for one connection",
	"trailer":           "the server announces the trailers it sends itself",
	"date":              "the server sends the time of each response, as RFC 9110 §6.6.1 asks",
	"content-range":     "the server sends it with the ranges a client asked for",
	"server":            "use server = \"…\" at the top level",
}

// checkOwnField refuses rules about fields that would make the response a lie.
func checkOwnField(action HeaderAction, name string) *problem {
	why, own := ownFields[strings.ToLower(name)]
	if !own {
		return nil
	}
	does := action.String()
	if action == HeaderDefault {
		does = "be a default for"
	}
	return &problem{message: fmt.Sprintf("a header rule cannot %s %s", does, name), hint: why}
}

// checkFieldValue refuses what would end a header line early: RFC 9110 §5.5.
func checkFieldValue(value string) *problem {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return &problem{message: fmt.Sprintf("a header field cannot contain %s", controlName(c)), hint: "write the value in one line", offset: i, end: i + 1}
		}
	}
	return nil
}

func controlName(c byte) string {
	switch c {
	case '\n':
		return "a line feed"
	case '\r':
		return "a carriage return"
	case 0:
		return "a NUL byte"
	}
	return fmt.Sprintf("the control character 0x%02X", c)
}

// checkMethod checks a method: RFC 9110 §9.1. The known ones are upper case, and methods are case-sensitive.
func checkMethod(method string) *problem {
	if !isToken(method) {
		return &problem{message: quoted(method) + " is no method", hint: `write, for example, "GET"`}
	}
	known := []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "QUERY", "PURGE", "LOCK", "UNLOCK"}
	if upper := strings.ToUpper(method); upper != method {
		return &problem{message: "methods are case-sensitive, and no client sends " + quoted(method), hint: "write " + quoted(upper)}
	}
	if near := nearest(method, known); near != "" && near != method {
		return &problem{message: quoted(method) + " is no method that clients send", hint: "did you mean " + quoted(near) + "?"}
	}
	return nil
}

// optional is a check that takes an empty text as well.
func optional(check func(string) *problem) func(string) *problem {
	return func(text string) *problem {
		if text == "" {
			return nil
		}
		return check(text)
	}
}

// checkMediaType checks a media type with its parameters: RFC 9110 §8.3.1.
func checkMediaType(text string) *problem {
	media, _, err := mime.ParseMediaType(text)
	kind, sub, ok := strings.Cut(media, "/")
	if err == nil && ok && isToken(kind) && isToken(sub) {
		return checkFieldValue(text)
	}
	hint := `write, for example, "text/html" or "text/plain; charset=utf-8"`
	if meant := map[string]string{
		"html": "text/html", "text": "text/plain", "plain": "text/plain", "json": "application/json", "css": "text/css",
		"javascript": "text/javascript", "js": "text/javascript", "xml": "application/xml", "svg": "image/svg+xml", "png": "image/png",
	}[strings.ToLower(text)]; meant != "" {
		hint = "did you mean " + quoted(meant) + "?"
	}
	return &problem{message: quoted(text) + " is no media type", hint: hint}
}

func checkCharset(text string) *problem {
	if text == "" || isToken(text) {
		return nil
	}
	return &problem{message: quoted(text) + " is no charset", hint: `write, for example, "utf-8"`}
}

// checkExtension checks a file name extension.
func checkExtension(name string) *problem {
	switch {
	case strings.HasPrefix(name, "."), strings.HasPrefix(name, "*."):
		return &problem{message: quoted(name) + " is more than an extension", hint: "leave the dot out: " + strings.TrimLeft(name, "*.")}
	case name == "" || strings.ContainsAny(name, "/\x00"):
		return &problem{message: quoted(name) + " is no file name extension", hint: "write, for example, md"}
	}
	return nil
}

func checkFileName(name string) *problem {
	if name == "" || name == "." || name == ".." || strings.ContainsRune(name, '/') {
		return &problem{message: quoted(name) + " is no file name", hint: `write a name without a path, such as "index.html"`}
	}
	return nil
}

func checkLogTemplate(text string) *problem {
	if text == "" {
		return &problem{message: "the line is empty", hint: "write off = true to log nothing"}
	}
	for i := range len(text) {
		if c := text[i]; c < ' ' && c != '\t' || c == 0x7f {
			return &problem{message: "a line of the log cannot contain " + controlName(c), hint: "the end of the line is added by itself", offset: i, end: i + 1}
		}
	}
	return nil
}

func checkRedirectStatus(status string) *problem {
	switch status {
	case "301", "302", "303", "307", "308":
		return nil
	}
	return &problem{message: status + " is no status of a redirect", hint: "301 or 308 is for good, 302, 303 or 307 for now"}
}

// checkRedirectTarget checks that a target is a path or a URL, and fit for a header.
func checkRedirectTarget(text string) *problem {
	if p := checkFieldValue(text); p != nil {
		return p
	}
	depth := 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == '{':
			depth++
		case c == '}':
			depth--
		case c == ' ' && depth <= 0:
			return &problem{message: "a URL cannot contain a space", hint: "write %20", offset: i, end: i + 1}
		}
	}
	scheme, rest, isURL := strings.Cut(text, ":")
	if isURL && rest != "" && '0' <= rest[0] && rest[0] <= '9' {
		isURL = false // a host and its port
	}
	switch {
	case text == "":
		return &problem{message: "this redirect leads nowhere", hint: `write, for example, redirect "/new/{path.tail}"`}
	case strings.ContainsRune("/{?#.", rune(text[0])), isURL && isToken(scheme) && !strings.Contains(scheme, "."):
		return checkTargetHost(text)
	}
	return &problem{message: quoted(text) + " is neither a path nor a URL", hint: fmt.Sprintf("write %q or %q", "/"+text, "http://"+text)}
}
