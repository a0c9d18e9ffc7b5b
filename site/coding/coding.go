// Package coding encodes bodies with the content codings of RFC 9110 §8.4.1 while they pass: gzip, br and zstd.
//
// An Encoder is pushed: what is written comes out at the end of a buffer that the caller gives, at once or when there
// is enough of it. It has no goroutine, reads no clock and never fails, so that it runs the same on a loop and off it.
// Its memory is bounded by its coding, whatever is written.
package coding

import "slices"

// Coding is a content coding that the program can produce.
type Coding uint8

const (
	Identity Coding = iota // as it is
	Gzip                   // RFC 1952
	Brotli                 // RFC 7932
	Zstd                   // RFC 8878, with a window as RFC 9659 bounds it

	Codings = iota // how many there are, Identity included
)

var names = [Codings]string{"identity", "gzip", "br", "zstd"}

// String is the coding's name in Content-Encoding and Accept-Encoding.
func (c Coding) String() string { return names[c] }

// Parse finds a coding by the name that a configuration gives it.
func Parse(name string) (Coding, bool) {
	i := slices.Index(names[1:], name)
	return Coding(i + 1), i >= 0
}

// Levels is the least and the greatest level of a coding: those of zlib, of brotli and of the zstd program, so that a
// level means what people know it for. A greater one is slower, and what comes out is smaller.
func (c Coding) Levels() (least, greatest int) {
	switch c {
	case Gzip:
		return 1, 9
	case Brotli:
		return 0, 11
	case Zstd:
		return 1, 19
	}
	return 0, 0
}
