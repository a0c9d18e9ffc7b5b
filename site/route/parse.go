package route

import (
	"slices"
	"strconv"
	"strings"
)

// SyntaxError is what is wrong with a pattern, where, and what to write instead.
type SyntaxError struct {
	Pattern string
	Offset  int // of the first wrong byte
	End     int // past the last wrong byte
	Message string
	Hint    string // may be empty
}

func (e *SyntaxError) Error() string {
	text := "pattern " + quote(e.Pattern) + ": " + e.Message
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// Parse compiles a pattern. The error, if any, is a *SyntaxError: besides what has no meaning, Parse refuses what
// could never match a normalised path.
func Parse(source string) (*Pattern, error) {
	if strings.HasPrefix(source, "~") {
		return parseRegexp(source)
	}
	tokens, err := scan(source)
	if err != nil {
		return nil, err
	}
	p := &Pattern{source: source}
	tokens, p.tail = cutTail(tokens)
	stars := slices.IndexFunc(tokens, func(t token) bool { return t.kind != literal })
	if stars < 0 {
		p.prefix = text(tokens)
		return p, nil
	}
	p.prefix = text(tokens[:stars])
	p.stem = withOptional(p.prefix, tokens[stars:])
	if len(p.stem) > mostTokens {
		return nil, &SyntaxError{source, 0, len(source), "it is too long after its first star", "use several routes"}
	}
	if p.tail == nothing {
		end := len(tokens)
		for tokens[end-1].kind == literal {
			end--
		}
		// The "/" after a whole-segment "**" may stand for the one before it as well.
		p.suffix = strings.TrimPrefix(text(tokens[end:]), "/")
	}
	return p, nil
}

// scan checks a pattern and turns it into tokens.
func scan(source string) ([]token, error) {
	wrong := func(at, end int, message, hint string) ([]token, error) {
		return nil, &SyntaxError{source, at, end, message, hint}
	}
	if !strings.HasPrefix(source, "/") {
		hint := "every path begins with /"
		switch {
		case source == "*" || source == "**" || source == "":
			hint = `"/*" is every path`
		case strings.HasPrefix(source, "^"):
			hint = "a regular expression has ~ in front: " + quote("~ "+source)
		}
		return wrong(0, min(1, len(source)), `it does not begin with "/"`, hint)
	}
	var (
		tokens  []token
		segment []byte // the current segment's bytes so far, decoded
		start   = 1    // where it begins
	)
	closed := func(end int) bool { // can a path have this segment?
		switch string(segment) {
		case ".", "..":
			return false
		case "":
			return end == len(source)
		}
		return true
	}
	impossible := func(end int) ([]token, error) {
		return wrong(start, max(end, start+1), "it can match no path: once a path is normalised it has no segment "+quote(string(segment)), "")
	}
	for i := 0; i < len(source); {
		c, n := source[i], 1
		t := token{literal, c}
		switch {
		case c == '/':
			if i > 0 && !closed(i) {
				return impossible(i)
			}
			segment, start = segment[:0], i+1
			tokens = append(tokens, t)
			i++
			continue
		case c == '*':
			for i+n < len(source) && source[i+n] == '*' {
				n++
			}
			switch n {
			case 1:
				t = token{kind: inside}
			case 2:
				t = token{kind: across}
			default:
				return wrong(i, i+n, "there is nothing beyond **", "** is any part of a path")
			}
		case c == '%':
			b, ok := unescape(source[i:])
			if !ok {
				return wrong(i, i+1, "% is not followed by two hexadecimal digits", "write %25 for the percent sign itself")
			}
			if b == 0 || b == '/' {
				return wrong(i, i+3, "it can match no path: once a path is decoded it has no "+source[i:i+3], "")
			}
			t.b, n = b, 3
		case c == '?' || c == '#':
			return wrong(i, len(source), "a pattern is about the path, which ends before "+string(c), "write "+escape(c)+" for the character itself")
		case c == '{' || c == '}':
			return wrong(i, i+1, "patterns have no placeholders", "* is any part of a segment; write "+escape(c)+" for the brace itself")
		case c < ' ' || c == 0x7f:
			return wrong(i, i+1, "there is a control character in it", "write "+escape(c)+" if it is meant")
		}
		if t.kind == literal {
			segment = append(segment, t.b)
		} else {
			segment = append(segment, source[i:i+n]...)
		}
		tokens = append(tokens, t)
		i += n
	}
	if !closed(len(source)) {
		return impossible(len(source))
	}
	return tokens, nil
}

// cutTail takes a star at the end off the tokens. "/**" before a "/*" at the end adds nothing to it.
func cutTail(tokens []token) ([]token, tail) {
	whole := func() bool { // is the last token a star and a whole segment?
		n := len(tokens)
		return n >= 2 && star(tokens[n-1]) && tokens[n-2] == token{literal, '/'}
	}
	if whole() {
		tokens = tokens[:len(tokens)-2]
		for whole() && tokens[len(tokens)-1].kind == across {
			tokens = tokens[:len(tokens)-2]
		}
		return tokens, below
	}
	switch last := len(tokens) - 1; tokens[last].kind {
	case inside:
		return tokens[:last], segment
	case across:
		return tokens[:last], rest
	}
	return tokens, nothing
}

func star(t token) bool { return t.kind == inside || t.kind == across }

// withOptional marks each "**/" that is a whole segment as one that may be left out. The tokens begin with a star
// that stands after the prefix.
func withOptional(prefix string, tokens []token) []token {
	slash := token{literal, '/'}
	before := strings.HasSuffix(prefix, "/") // does the current segment begin here?
	var out []token
	for i, t := range tokens {
		if before && t.kind == across && i+1 < len(tokens) && tokens[i+1] == slash {
			out = append(out, token{kind: optional})
		}
		out = append(out, t)
		before = t == slash
	}
	return out
}

// text is the bytes of literal tokens.
func text(tokens []token) string {
	b := make([]byte, len(tokens))
	for i, t := range tokens {
		b[i] = t.b
	}
	return string(b)
}

// escape is the byte as "%XX".
func escape(c byte) string {
	const digits = "0123456789ABCDEF"
	return string([]byte{'%', digits[c>>4], digits[c&15]})
}

// unescape is the byte that "%XX" at the beginning of s stands for.
func unescape(s string) (byte, bool) {
	if len(s) < 3 {
		return 0, false
	}
	n, err := strconv.ParseUint(s[1:3], 16, 8)
	return byte(n), err == nil
}
