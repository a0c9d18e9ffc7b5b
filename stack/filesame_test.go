package stack

import (
	"io"
	"strings"
	"testing"
)

// incomparable is a reader that Go cannot compare with another.
type incomparable struct {
	io.ReaderAt
	_ []byte
}

// Two parts are joined only when they are certainly of one file: not by the number of a descriptor, and not by comparing
// what cannot be compared.
func TestPartsOfUnknownReadersAreNotJoined(t *testing.T) {
	r := incomparable{ReaderAt: strings.NewReader("x")}
	for name, s := range map[string]FileSource{
		"incomparable":          {ReaderAt: r, FD: -1},
		"a descriptor's number": {FD: 7},
	} {
		f := &file{source: s}
		if f.same(&s) {
			t.Errorf("%s: taken for one file", name)
		}
	}
}
