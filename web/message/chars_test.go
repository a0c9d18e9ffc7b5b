package message

import (
	"strings"
	"testing"
)

// Values are looked at eight bytes at a time: each byte counts at each place of them, beside any other.
func TestEveryByteOfAValueIsLookedAt(t *testing.T) {
	for _, beside := range []byte{'a', ' ', '\t', '~', 0x80, 0xff} {
		for n := range 20 {
			for at := range n {
				b := []byte(strings.Repeat(string([]byte{beside}), n))
				for c := range 256 {
					b[at] = byte(c)
					if got := IsValue(b); got != IsValueByte(byte(c)) || IsValue(string(b)) != got {
						t.Fatalf("%q is a value: %v", b, got)
					}
				}
			}
		}
	}
}

func TestABlockHoldsHoweverManyFields(t *testing.T) {
	var h Header
	for n := range 20 {
		b := NewBlock(200, &h)
		if b.Fields().Len() != n {
			t.Fatalf("%d fields, want %d", b.Fields().Len(), n)
		}
		c := b.Fields().Clone()
		c.Set("Server", "x")
		h.Add("X-Field", strings.Repeat("v", n))
		if n > 0 && (b.Fields().Has("Server") || b.Fields().Get("X-Field") != "" || !b.Fields().Has("X-Field")) {
			t.Fatalf("the block of %d fields has changed", n)
		}
	}
}
