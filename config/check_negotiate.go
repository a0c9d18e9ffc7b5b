package config

import (
	"fmt"
	"slices"
	"strings"
)

// precompressedCodings are the codings of which files stand ready beside others.
var precompressedCodings = []string{"br", "zstd", "gzip"}

// checkPrecompressed checks the name of a content coding.
func checkPrecompressed(text string) *problem {
	if slices.Contains(precompressedCodings, text) {
		return nil
	}
	hint := "it may be " + oneOf(quotedAll(precompressedCodings))
	if meant := map[string]string{"gz": "gzip", ".gz": "gzip", "brotli": "br", ".br": "br", "zst": "zstd", ".zst": "zstd", "zstandard": "zstd"}[strings.ToLower(text)]; meant != "" {
		hint = "did you mean " + quoted(meant) + "?"
	}
	return &problem{message: "there are no files in the coding " + quoted(text), hint: hint}
}

// checkLanguage checks the form of a language tag: RFC 5646 §2.1.
func checkLanguage(text string) *problem {
	if text == "" {
		return nil
	}
	for i, subtag := range strings.Split(text, "-") {
		wellFormed := len(subtag) >= 1 && len(subtag) <= 8
		for _, c := range []byte(subtag) {
			letter := 'a' <= c|0x20 && c|0x20 <= 'z'
			wellFormed = wellFormed && (letter || i > 0 && '0' <= c && c <= '9')
		}
		if !wellFormed || i == 0 && len(subtag) == 1 {
			hint := `write, for example, "en" or "pt-BR"`
			if strings.Contains(text, "_") {
				hint = "write " + quoted(strings.ReplaceAll(text, "_", "-"))
			}
			return &problem{message: quoted(text) + " is no language tag", hint: hint}
		}
	}
	return nil
}

// checkNegotiate warns about languages that an earlier one covers: their place in the order is never looked at.
func checkNegotiate(d *decoder, b *block, value any) {
	n := value.(*Negotiate)
	if b.body.attr("languages") == nil {
		return
	}
	for i, late := range n.Languages {
		for _, early := range n.Languages[:i] {
			if rest, ok := strings.CutPrefix(strings.ToLower(late.V), strings.ToLower(early.V)); ok && (rest == "" || rest[0] == '-') {
				d.warnAt(late.Pos, fmt.Sprintf("the language %q is never reached: %q comes first and covers it", late.V, early.V),
					"put the longer one first, or remove it", Related{early.Pos, "it is covered here"})
				break
			}
		}
	}
}

// checkEncoding checks the name of a content coding: RFC 9110 §8.4.1.
func checkEncoding(text string) *problem {
	if text == "" || isToken(text) {
		return nil
	}
	return &problem{message: quoted(text) + " is no content coding", hint: `write, for example, "gzip" or "br"`}
}
