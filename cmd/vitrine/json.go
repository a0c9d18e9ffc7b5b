package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"
)

func writeJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(plainJSON(b.Bytes()))
	return err
}

// plainWriter writes JSON as plainJSON makes it, however it comes in pieces.
type plainWriter struct {
	to   io.Writer
	rest []byte // the beginning of a character
}

// Write writes all but a character that is not whole yet, which a JSON text does not end with.
func (w *plainWriter) Write(b []byte) (int, error) {
	text := append(w.rest, b...)
	whole := len(text)
	for i := 1; i < utf8.UTFMax && i <= whole; i++ {
		if start := text[whole-i:]; utf8.RuneStart(start[0]) {
			if !utf8.FullRune(start) {
				whole -= i
			}
			break
		}
	}
	w.rest = append([]byte(nil), text[whole:]...)
	if _, err := w.to.Write(plainJSON(text[:whole])); err != nil {
		return 0, err
	}
	return len(b), nil
}

// plainJSON escapes what JSON may have as it is, and what would command a terminal: DEL and the control characters behind it,
// and characters that turn the direction of text. They are within texts, since nothing else may have them.
func plainJSON(text []byte) []byte {
	odd := func(r rune) bool {
		return r >= 0x7f && r != utf8.RuneError && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) && r <= 0xffff)
	}
	if bytes.IndexFunc(text, odd) < 0 {
		return text
	}
	out := make([]byte, 0, len(text)+64)
	for _, r := range string(text) {
		if odd(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}
