package variables

import (
	"encoding/binary"
	"unicode"
	"unicode/utf8"

	"vitrine/web/message"
)

const hexDigits = "0123456789abcdef"

// Bytes in eight lanes of a word.
const (
	lanes = 0x0101010101010101
	highs = 0x8080808080808080
)

// plain returns how many bytes at the front of b are printable ASCII other than the quotation mark and the
// backslash, and so need no escape in any text log or JSON string. It looks at eight bytes at once: in a lane,
// (w-n*lanes)&^w has its high bit set when the byte is below n.
func plain(b []byte) int {
	i := 0
	for ; len(b)-i >= 8; i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, backslash, del := w^('"'*lanes), w^('\\'*lanes), w^(0x7f*lanes)
		special := w | (w-' '*lanes)&^w | (quote-lanes)&^quote | (backslash-lanes)&^backslash | (del-lanes)&^del
		if special&highs != 0 {
			break
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			break
		}
	}
	return i
}

// rewrite replaces b[from:] by what escape makes of it. Escape appends to its first argument and reads its second,
// which lies in the same memory in front of it.
func rewrite(b []byte, from int, escape func(dst, src []byte) []byte) []byte {
	end := len(b)
	b = escape(b, b[from:end])
	n := copy(b[from:], b[end:])
	return b[:from+n]
}

// EscapeLog escapes b[from:] for a text log, within quotes or without, and returns the extended slice: quotation
// marks and backslashes get a backslash; everything that is not printable (controls, line separators, characters
// that turn the direction of writing) and every byte that is not UTF-8 becomes an escape such as \n or \x1b, as
// Apache writes them. Printable characters of any script stay.
func EscapeLog(b []byte, from int) []byte {
	if from += plain(b[from:]); from == len(b) {
		return b
	}
	return rewrite(b, from, appendLog)
}

func appendLog(dst, src []byte) []byte {
	return appendPlain(dst, src, func(dst, src []byte, r rune) []byte {
		if r >= utf8.RuneSelf && len(src) > 1 && unicode.IsPrint(r) {
			return append(dst, src...)
		}
		for _, c := range src {
			dst = append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		}
		return dst
	})
}

// appendPlain appends what is printable, and short escapes where text logs and JSON have the same. What is left to rest is one
// character, or a byte that is none (RuneError).
func appendPlain(dst, src []byte, rest func(dst, src []byte, r rune) []byte) []byte {
	for len(src) > 0 {
		n := plain(src)
		dst = append(dst, src[:n]...)
		if src = src[n:]; len(src) == 0 {
			break
		}
		switch c := src[0]; {
		case c == '"' || c == '\\':
			dst, src = append(dst, '\\', c), src[1:]
		case c == '\n':
			dst, src = append(dst, `\n`...), src[1:]
		case c == '\r':
			dst, src = append(dst, `\r`...), src[1:]
		case c == '\t':
			dst, src = append(dst, `\t`...), src[1:]
		default:
			r, size := utf8.DecodeRune(src)
			dst, src = rest(dst, src[:size], r), src[size:]
		}
	}
	return dst
}

// EscapeJSON escapes b[from:] for the inside of a JSON string (RFC 8259 §7) and returns the extended slice. Bytes
// that are not UTF-8 become U+FFFD; what is not printable becomes a \u escape, so that a terminal does not obey it.
func EscapeJSON(b []byte, from int) []byte {
	if from += plain(b[from:]); from == len(b) {
		return b
	}
	return rewrite(b, from, appendJSON)
}

func appendJSON(dst, src []byte) []byte {
	return appendPlain(dst, src, func(dst, src []byte, r rune) []byte {
		switch {
		case r == utf8.RuneError && len(src) == 1:
			return append(dst, `\ufffd`...)
		case r >= utf8.RuneSelf && unicode.IsPrint(r):
			return append(dst, src...)
		case r > 0xffff: // a pair of surrogates (RFC 8259 §7)
			return appendUnit(appendUnit(dst, 0xd800+(r-0x10000)>>10), 0xdc00+(r-0x10000)&0x3ff)
		}
		return appendUnit(dst, r)
	})
}

func appendUnit(dst []byte, unit rune) []byte {
	return append(dst, '\\', 'u', hexDigits[unit>>12], hexDigits[unit>>8&15], hexDigits[unit>>4&15], hexDigits[unit&15])
}

// EscapeHTML escapes b[from:] for text or a quoted attribute of an HTML or XML document and returns the extended
// slice.
func EscapeHTML(b []byte, from int) []byte {
	for i := from; i < len(b); i++ {
		if htmlEscapes[b[i]] != "" {
			return rewrite(b, i, appendHTML)
		}
	}
	return b
}

var htmlEscapes = [256]string{
	'<': "&lt;", '>': "&gt;", '&': "&amp;", '"': "&#34;", '\'': "&#39;", 0: "\uFFFD",
}

func appendHTML(dst, src []byte) []byte {
	for _, c := range src {
		if e := htmlEscapes[c]; e != "" {
			dst = append(dst, e...)
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}

// EscapeField makes b[from:] fit for a field value, in place: each CR, LF, NUL and other control becomes a space,
// as RFC 9110 §5.5 asks of whoever passes such a value on.
func EscapeField(b []byte, from int) []byte {
	for i := from; i < len(b); i++ {
		if !message.IsValueByte(b[i]) {
			b[i] = ' '
		}
	}
	return b
}
