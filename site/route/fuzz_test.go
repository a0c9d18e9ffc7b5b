package route

import (
	"bytes"
	"strings"
	"testing"

	"vitrine/web/message"
)

// naive says whether a pattern matches a path in the words of the package's documentation, one way after the other.
func naive(pattern, path string) bool {
	switch {
	case pattern == "":
		return path == ""
	case pattern == "/*" || pattern == "/**":
		return path == "" || path[0] == '/'
	case strings.HasPrefix(pattern, "/**/"):
		if naive(pattern[3:], path) {
			return true
		}
		for i := 1; i < len(path); i++ {
			if path[0] == '/' && path[i] == '/' && naive(pattern[3:], path[i:]) {
				return true
			}
		}
		return false
	case strings.HasPrefix(pattern, "**"):
		for i := 0; i <= len(path); i++ {
			if naive(pattern[2:], path[i:]) {
				return true
			}
		}
		return false
	case pattern[0] == '*':
		for i := 0; i <= len(path) && (i == 0 || path[i-1] != '/'); i++ {
			if naive(pattern[1:], path[i:]) {
				return true
			}
		}
		return false
	case pattern[0] == '%':
		b, _ := unescape(pattern)
		return path != "" && path[0] == b && naive(pattern[3:], path[1:])
	}
	return path != "" && path[0] == pattern[0] && naive(pattern[1:], path[1:])
}

func FuzzMatchAgreesWithANaiveMatcher(f *testing.F) {
	for _, seed := range [][2]string{
		{"/", "/"}, {"/*", "/a"}, {"/a/*", "/a/b"}, {"/a*b*c", "/aabbc"}, {"/**/x/*", "/a/x/b"}, {"/**.php", "/a/b.php"},
		{"/a/**/", "/a/b/"}, {"/a/**/**/b", "/a/b"}, {"/*/*/*", "/a/b/c/d"}, {"/%2A*", "/*x"}, {"/**a**b", "/a/b"},
		{"/a/**/b/**/c", "/a/b/b/c/c"}, {"/*a", "/a/"}, {"/%zz", "/"}, {"x", "x"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, path string) {
		if len(pattern) > 40 || len(path) > 60 || strings.Count(pattern, "*") > 6 { // the naive matcher takes for ever
			return
		}
		p, err := Parse(pattern)
		if err != nil {
			wrong := err.(*SyntaxError)
			if wrong.Offset < 0 || wrong.Offset > wrong.End || wrong.End > len(pattern) {
				t.Fatalf("%q: wrong at %d-%d: %q", pattern, wrong.Offset, wrong.End, err)
			}
			return
		}
		var r message.Request
		r.Reset([]byte(path))
		if !strings.HasPrefix(path, "/") {
			return
		}
		if fault, _ := r.ParseTarget(message.Span{Len: uint32(len(path))}); fault != message.NoFault {
			return
		}
		path = string(r.Path())
		tail, ok := p.Match([]byte(path))
		if want := naive(pattern, path); ok != want {
			t.Fatalf("%q on %q: %v, want %v", pattern, path, ok, want)
		}
		if ok && (tail < 0 || tail > len(path)) {
			t.Fatalf("%q on %q: tail at %d", pattern, path, tail)
		}
		if !ok && p.WhyNot([]byte(path)) == "" {
			t.Fatalf("%q on %q does not match and nothing says why", pattern, path)
		}
		// The machine that the analyses use is the same language, and an example of the pattern matches it.
		m := machine(p.tokens())
		s := m.start()
		for _, c := range []byte(path) {
			s = m.step(s, c)
		}
		if m.ends(s) != ok {
			t.Fatalf("%q on %q: the analysis says %v", pattern, path, m.ends(s))
		}
		table := NewTable([]Rule{{Pattern: p}, {Pattern: p}})
		if example, found := table.Example(0, "GET"); found {
			if _, ok := p.Match([]byte(example)); !ok || bytes.Contains([]byte(example), []byte("//")) {
				t.Fatalf("%q does not match its example %q", pattern, example)
			}
		}
	})
}
