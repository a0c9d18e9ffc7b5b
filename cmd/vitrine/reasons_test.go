package main

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"vitrine/trace"
)

func TestTheSentenceOfEveryReasonHasACapitalAndAFullStop(t *testing.T) {
	for _, r := range trace.Reasons() {
		first, _ := utf8.DecodeRuneInString(r.Sentence)
		if !unicode.IsUpper(first) || !strings.HasSuffix(r.Sentence, ".") {
			t.Errorf("%s: %q", r.ID, r.Sentence)
		}
	}
}
