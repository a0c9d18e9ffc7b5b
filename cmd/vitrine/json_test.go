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
