package message

import (
	"bytes"
	"iter"
)

// Tokens yields the members of a comma-separated list (RFC 9110 §5.6.1) without the white space around them and
// without empty ones. It is for lists whose members have no quoted strings, such as Connection; a member with
// parameters is yielded whole. It does not allocate.
func Tokens(value []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for rest, more := value, true; more; {
			var member []byte
			member, rest, more = bytes.Cut(rest, comma)
			if member = Trim(member); len(member) > 0 && !yield(member) {
				return
			}
		}
	}
}

var comma = []byte{','}

// HasToken reports whether a comma-separated list has the token, in any case, as a whole member: "close" is not in
// "not-close, closed".
func HasToken(value []byte, token string) bool {
	for member := range Tokens(value) {
		if EqualFold(member, token) {
			return true
		}
	}
	return false
}
