package route

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
)

// Pattern is a compiled pattern. It is immutable and safe for concurrent use.
type Pattern struct {
	source string
	prefix string  // what every match begins with: the stem up to its first star
	stem   []token // the rest of the stem; empty when the stem is free of stars
	suffix string  // what every match of the stem ends with, when no tail follows it: a cheap way to say no
	tail   tail
	re     *regexp.Regexp // instead of all of these; nil: a pattern of stars
}

// kind is what one token of a pattern stands for.
type kind uint8

const (
	literal  kind = iota // the byte itself
	inside               // any number of bytes of one segment
	across               // any number of bytes
	optional             // the two tokens that follow, or nothing
)

type token struct {
	kind kind
	b    byte // of a literal
}

// tail is what may follow the stem, the part of a pattern before a star at its end.
type tail uint8

const (
	nothing tail = iota // the path ends
	below               // the path ends, or a "/" and anything follow
	segment             // anything without a "/"
	rest                // anything
)

// String is the pattern as it was written.
func (p *Pattern) String() string { return p.source }

// Match reports whether the path matches and where in the path the tail begins, which is the path's length when the
// tail is empty. The path must be normalised. It allocates nothing and its time is bounded by the length of the path
// times the length of the pattern.
func (p *Pattern) Match(path []byte) (tail int, ok bool) {
	if p.re != nil {
		return len(path), p.re.Match(path)
	}
	if len(path) < len(p.prefix) || string(path[:len(p.prefix)]) != p.prefix {
		return 0, false
	}
	if len(p.stem) == 0 {
		return p.follow(path, len(p.prefix), -1)
	}
	if len(path)-len(p.prefix) < len(p.suffix) || string(path[len(path)-len(p.suffix):]) != p.suffix {
		return 0, false
	}
	return p.glob(path)
}

// follow reports whether what follows a match of the stem that ends at i may be there, and where the tail begins.
// slash is where the last "/" of the path is, or -1 when that is not known.
func (p *Pattern) follow(path []byte, i, slash int) (int, bool) {
	switch p.tail {
	case nothing:
		return i, i == len(path)
	case below:
		if i < len(path) {
			return i + 1, path[i] == '/'
		}
		return i, true
	case segment:
		if slash < 0 {
			slash = bytes.LastIndexByte(path, '/')
		}
		return i, slash < i
	}
	return i, true
}

// glob matches the stem's tokens against the path after its prefix. All ways to match are followed at once, so that
// no path can make it try them one after the other.
func (p *Pattern) glob(path []byte) (int, bool) {
	slash := bytes.LastIndexByte(path, '/')
	var here, there [(mostTokens + 1) / 64]uint64
	now, next := states(here[:]), states(there[:])
	now.enter(p.stem, 0)
	for i := len(p.prefix); ; i++ {
		if now.has(len(p.stem)) {
			if at, ok := p.follow(path, i, slash); ok {
				return at, true
			}
		}
		if i == len(path) || now.empty() {
			return 0, false
		}
		clear(next)
		now.step(p.stem, path[i], next)
		now, next = next, now
	}
}

// tokens is the whole pattern as tokens, its tail included, for analyses that treat all patterns alike.
func (p *Pattern) tokens() []token {
	if p.re != nil {
		return nil // nothing is known of it
	}
	all := make([]token, 0, len(p.prefix)+len(p.stem)+3)
	for i := range len(p.prefix) {
		all = append(all, token{literal, p.prefix[i]})
	}
	all = append(all, p.stem...)
	switch p.tail {
	case below:
		all = append(all, token{kind: optional}, token{literal, '/'}, token{kind: across})
	case segment:
		all = append(all, token{kind: inside})
	case rest:
		all = append(all, token{kind: across})
	}
	return all
}

// WhyNot says in a few words where a path that does not match leaves the pattern.
func (p *Pattern) WhyNot(path []byte) string {
	if p.re != nil {
		return "the regular expression does not match it"
	}
	n := 0
	for n < len(path) && n < len(p.prefix) && path[n] == p.prefix[n] {
		n++
	}
	switch {
	case n < len(p.prefix) && n == len(path):
		return "the path ends where the pattern goes on with " + quote(p.prefix[n:])
	case n < len(p.prefix):
		return "after " + quote(p.prefix[:n]) + " the path has " + quote(string(path[n:])) + ", the pattern " + quote(p.prefix[n:])
	case len(p.stem) > 0 && !strings.HasSuffix(string(path[n:]), p.suffix):
		return "the path does not end in " + quote(p.suffix)
	case len(p.stem) > 0:
		return "what follows " + quote(p.prefix) + " does not fit the pattern"
	case p.tail == below:
		return quote(p.prefix) + " ends within a segment of the path"
	}
	return "the path goes on with " + quote(string(path[n:])) + " where the pattern ends"
}

// quote puts a piece of a path into quotation marks, cut where it gets long and with its control characters escaped.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		return strconv.Quote(s[:most]) + "…"
	}
	return strconv.Quote(s)
}
