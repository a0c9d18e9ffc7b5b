package config

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
)

// checkPattern checks a route's pattern: an exact path, a folder with /* at its end, or a glob in which * stands for
// anything within a segment and ** for anything at all. A pattern is held against the decoded, normalised path, so what
// can never stand in one is a mistake. It accepts what the router accepts and says the same with a caret.
func checkPattern(pattern string) *problem {
	const stars = "* stands for anything within a segment and ** for anything at all"
	if strings.HasPrefix(pattern, "~") {
		return checkPatternRegexp(pattern)
	}
	if strings.HasPrefix(pattern, "^") {
		return &problem{message: quoted(pattern) + " looks like a regular expression", hint: "those have ~ in front: write " + quoted("~ "+pattern)}
	}
	if !strings.HasPrefix(pattern, "/") {
		hint := "write " + quoted("/"+pattern)
		if strings.HasPrefix(pattern, "*") {
			hint = "write " + quoted("/**/"+pattern) + `, or "/*" for every path`
		}
		return &problem{message: fmt.Sprintf("the pattern %q does not begin with /", pattern), hint: hint}
	}
	for i := range len(pattern) {
		at := func(width int, message, hint string) *problem { return &problem{message, hint, i, i + width} }
		switch c := pattern[i]; {
		case c == '{' || c == '}':
			return at(1, "patterns have no named parts", stars+fmt.Sprintf("; write %%%02X for the brace itself", c))
		case strings.HasPrefix(pattern[i:], "***"):
			return at(3, "there is nothing beyond **", stars)
		case c == '%':
			code, err := strconv.ParseUint(pattern[min(i+1, len(pattern)):min(i+3, len(pattern))], 16, 8)
			if err != nil || i+3 > len(pattern) {
				return at(1, "% is not followed by two hexadecimal digits", "write %25 for the percent sign itself")
			}
			if code == 0 || code == '/' {
				return at(3, "no decoded path contains "+pattern[i:i+3], "remove it")
			}
		}
	}
	return checkPathText(pattern)
}

// noSlash is the problem of a path or a prefix that has no slash in front, with what else there is to say.
func noSlash(what, text, more string) *problem {
	return &problem{message: fmt.Sprintf("the %s %q does not begin with /", what, text), hint: "write " + quoted("/"+text) + more}
}

// checkPathText refuses what can never stand in a normalised path.
func checkPathText(path string) *problem {
	for i := range len(path) {
		at := func(message, hint string) *problem { return &problem{message, hint, i, i + 1} }
		switch c := path[i]; {
		case c == '?':
			return at("a path ends before the ?", "leave the query out: only the path counts here")
		case c == '#':
			return at("no client sends a #", "leave the fragment out")
		case c < ' ' || c == 0x7f:
			return at("a path cannot contain "+controlName(c), "remove it")
		}
	}
	offset := 1
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i, segment := range segments {
		last := i == len(segments)-1
		switch {
		case segment == "" && !last:
			return &problem{message: "paths are normalised before they are compared, so // never matches", hint: "write one /", offset: offset - 1, end: offset + 1}
		case dots(segment):
			return &problem{message: "paths are normalised before they are compared, so /" + segment + " never matches", hint: "write the path it leads to", offset: offset - 1, end: offset + len(segment)}
		}
		offset += len(segment) + 1
	}
	return nil
}

// checkPatternRegexp checks a pattern that begins with ~, as site/route compiles it.
func checkPatternRegexp(pattern string) *problem {
	text, fold := strings.CutPrefix(pattern, "~*")
	if !fold {
		text = pattern[1:]
	}
	text = strings.TrimLeft(text, " ")
	p := &problem{offset: len(pattern) - len(text), end: len(pattern)}
	if text == "" {
		return &problem{message: "there is no regular expression behind the ~", hint: `write, for example, "~ ^/old/(.*)$"`}
	}
	if len(text) > 1000 {
		p.message, p.hint = "the regular expression is longer than 1000 bytes", "use several routes"
		return p
	}
	_, err := regexp.Compile(text)
	if err == nil {
		return nil
	}
	p.message = "the regular expression is wrong: " + strings.TrimPrefix(err.Error(), "error parsing regexp: ")
	if wrong, ok := err.(*syntax.Error); ok {
		if wrong.Code == syntax.ErrInvalidPerlOp {
			p.hint = "look-around and back-references are not known: they would let a path decide how long matching takes"
		}
		if at := strings.Index(text, wrong.Expr); at >= 0 && wrong.Expr != "" {
			p.offset, p.end = p.offset+at, p.offset+at+len(wrong.Expr)
		}
	}
	return p
}

func checkStripPrefix(prefix string) *problem {
	switch {
	case !strings.HasPrefix(prefix, "/"):
		return &problem{message: fmt.Sprintf("the prefix %q does not begin with /", prefix), hint: "write " + quoted("/"+strings.TrimRight(prefix, "/*"))}
	case strings.HasSuffix(prefix, "/*"):
		return &problem{message: fmt.Sprintf("the prefix %q is a pattern", prefix), hint: "write " + quoted(strings.TrimSuffix(prefix, "/*"))}
	case len(prefix) > 1 && strings.HasSuffix(prefix, "/"):
		return &problem{message: fmt.Sprintf("the prefix %q ends with /", prefix), hint: "write " + quoted(strings.TrimRight(prefix, "/"))}
	}
	return checkPathText(prefix)
}

func checkMissingPath(path string) *problem {
	switch {
	case !strings.HasPrefix(path, "/"):
		return noSlash("path", path, "; it is looked for under root")
	case strings.HasSuffix(path, "/"):
		return &problem{message: fmt.Sprintf("%q is a folder", path), hint: `write the file that is served, such as "/404.html"`}
	}
	return checkPathText(path)
}

// dots reports whether a segment is "." or "..", in whatever spelling.
func dots(segment string) bool {
	plain := strings.NewReplacer("%2e", ".", "%2E", ".").Replace(segment)
	return plain == "." || plain == ".."
}
