package route

import "math/bits"

// mostTokens bounds the part of a pattern that begins with its first star, so that its states fit on the stack.
const mostTokens = 255

// states is the set of places in a list of tokens where a match may be, a bit each; the place after the last token is
// the end.
type states []uint64

func (s states) has(i int) bool { return s[i>>6]&(1<<(i&63)) != 0 }

func (s states) empty() bool {
	for _, word := range s {
		if word != 0 {
			return false
		}
	}
	return true
}

// enter adds the place i and those that can be reached from it without a byte.
func (s states) enter(tokens []token, i int) {
	for !s.has(i) {
		s[i>>6] |= 1 << (i & 63)
		if i == len(tokens) || tokens[i].kind == literal {
			return
		}
		if tokens[i].kind == optional {
			s.enter(tokens, i+3)
		}
		i++
	}
}

// step adds to next the places after one more byte.
func (s states) step(tokens []token, c byte, next states) {
	for w, set := range s {
		for ; set != 0; set &= set - 1 {
			i := w<<6 | bits.TrailingZeros64(set)
			if i == len(tokens) {
				continue
			}
			switch t := tokens[i]; {
			case t.kind == literal && t.b == c:
				next.enter(tokens, i+1)
			case t.kind == across, t.kind == inside && c != '/':
				next.enter(tokens, i)
			}
		}
	}
}
