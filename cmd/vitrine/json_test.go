package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
)

func TestJSONCommandsNoTerminal(t *testing.T) {
	const hostile = "/\x1b[2J\u009b2J\x7f\u202eevil\u2028\ufeff äöü 📦 \xff"
	var b bytes.Buffer
	if err := writeJSON(&b, map[string]string{"target": hostile}); err != nil {
		t.Fatal(err)
	}
	for _, r := range b.String() {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("%q has %U", b.String(), r)
		}
	}
	var got map[string]string
	if err := json.Unmarshal(b.Bytes(), &got); err != nil || got["target"] != strings.ToValidUTF8(hostile, "\uFFFD") {
		t.Errorf("it reads %q, %v", got["target"], err)
	}
	if !strings.Contains(b.String(), "äöü 📦") {
		t.Errorf("what is harmless is escaped, too: %s", b.String())
	}
}

// What a client chose goes to a terminal as text, wherever the pieces of an export are cut.
func TestAnExportInPiecesCommandsNoTerminal(t *testing.T) {
	text := []byte("[\"\u009b2J é€😀\",\n\"\u202e\x7f\u0085\"]\n")
	want := plainJSON(text)
	for piece := 1; piece <= len(text); piece++ {
		var out bytes.Buffer
		w := &plainWriter{to: &out}
		for rest := text; len(rest) > 0; {
			n, err := w.Write(rest[:min(piece, len(rest))])
			if err != nil || n != min(piece, len(rest)) {
				t.Fatal(n, err)
			}
			rest = rest[n:]
		}
		if !bytes.Equal(out.Bytes(), want) {
			t.Fatalf("in pieces of %d: %q, want %q", piece, out.Bytes(), want)
		}
	}
	if i := bytes.IndexFunc(want, func(r rune) bool {
		return r != '\n' && r != unicode.ReplacementChar && unicode.IsControl(r) || r == 0x202e
	}); i >= 0 {
		t.Errorf("%q", want[i:])
	}
}
