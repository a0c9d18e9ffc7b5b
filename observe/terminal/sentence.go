package terminal

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// AppendSentence appends a sentence as it stands at the beginning of a line with something behind it: its first
// letter is a capital, and it has no full stop. What is no Reason's may be written either way.
func AppendSentence(dst []byte, s string) []byte {
	from := len(dst)
	dst = append(dst, s...)
	if n := len(dst); n > from && dst[n-1] == '.' {
		dst = dst[:n-1]
	}
	if len(dst) > from && 'a' <= dst[from] && dst[from] <= 'z' {
		dst[from] -= 'a' - 'A'
	}
	return dst
}

// Printable is the text with everything that is not printable, and so could command a terminal, as escapes such as
// \x1b. Unlike in a log, quotation marks and backslashes stay what they are.
func Printable(s string) string {
	clean := func(r rune) bool { return r != utf8.RuneError && unicode.IsPrint(r) }
	if strings.IndexFunc(s, func(r rune) bool { return !clean(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		if clean(r) {
			b.WriteRune(r)
			continue
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		for _, c := range []byte(s[i : i+size]) {
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	return b.String()
}
