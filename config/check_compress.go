package config

import (
	"slices"
	"strings"
)

// algorithms are the codings that the program produces.
var algorithms = []string{"gzip", "br", "zstd"}

func checkAlgorithm(name string) *problem {
	if slices.Contains(algorithms, name) {
		return nil
	}
	hint := "it may be " + oneOf(quotedAll(algorithms))
	switch strings.ToLower(name) {
	case "brotli":
		hint = `did you mean "br"? That is its name in HTTP`
	case "x-gzip", "gz":
		hint = `did you mean "gzip"?`
	case "zst", "zstandard":
		hint = `did you mean "zstd"?`
	case "deflate":
		hint = "clients disagree about what deflate is, and all of them know gzip: " + hint
	case "identity":
		hint = "that is no coding at all, and always accepted unless a client refuses it: " + hint
	}
	return &problem{message: quoted(name) + " is no coding that the server produces", hint: hint}
}

// checkTypePattern checks a media type in which one * may stand for anything.
func checkTypePattern(text string) *problem {
	kind, sub, ok := strings.Cut(text, "/")
	if ok && isToken(kind) && isToken(sub) && strings.Count(text, "*") <= 1 { // * is a character of tokens
		return nil
	}
	if text == "*" || text == "*/*" {
		return &problem{message: quoted(text) + " covers pictures and films, which are compressed already", hint: `name the types, such as "text/*" and "application/json"`}
	}
	if strings.Count(text, "*") > 1 {
		return &problem{message: quoted(text) + " has more than one *", hint: `write, for example, "text/*" or "application/*+json"`}
	}
	return checkMediaType(text)
}

// checkCompress looks at a compress block as a whole.
func checkCompress(d *decoder, b *block, value any) {
	c := value.(*Compress)
	if !b.body.whole() {
		return
	}
	if c.Off.V && isOwn(c.Off.Pos) {
		return
	}
	if len(c.Algorithms) == 0 {
		d.warn(b.head, "this compress block names no algorithm, so nothing is encoded", `write algorithms = ["br", "gzip"], or off = true`)
	}
	for i, a := range c.Algorithms {
		if j := slices.IndexFunc(c.Algorithms[:i], func(o Value[string]) bool { return o.V == a.V }); j >= 0 {
			d.warnAt(a.Pos, quoted(a.V)+" is named twice", "keep the first one", Related{c.Algorithms[j].Pos, "it is named here first"})
		}
	}
	for _, t := range c.Types {
		if !isOwn(t.Pos) {
			continue
		}
		if covered := compressedUnder(t.V); covered != "" {
			what := " is compressed already"
			if covered != t.V {
				what = " covers " + covered + ", which is compressed already"
			}
			d.warnAt(t.Pos, quoted(t.V)+what, "it is never encoded again, which would cost time and make it longer: leave it out")
		}
	}
}

// compressedUnder is a type that is compressed in itself and covered by a pattern, "" when there is none.
func compressedUnder(pattern string) string {
	if CompressedType(pattern) {
		return pattern
	}
	for _, t := range compressedTypes {
		if !strings.Contains(t, "*") && MatchType(pattern, t) {
			return t
		}
	}
	return ""
}
