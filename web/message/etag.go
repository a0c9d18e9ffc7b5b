package message

import "iter"

// EntityTag is an entity tag (RFC 9110 §8.8.3).
type EntityTag struct {
	Opaque []byte // with its quotes
	Weak   bool
}

// ParseETag takes an entity tag off the front of a text. Without one, ok is false.
func ParseETag(text []byte) (tag EntityTag, rest []byte, ok bool) {
	rest = text
	if len(rest) >= 2 && rest[0] == 'W' && rest[1] == '/' { // case-sensitive
		tag.Weak, rest = true, rest[2:]
	}
	if len(rest) == 0 || rest[0] != '"' {
		return EntityTag{}, text, false
	}
	for i := 1; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '"':
			tag.Opaque = rest[: i+1 : i+1]
			return tag, rest[i+1:], true
		case c <= ' ' || c == 0x7f:
			return EntityTag{}, text, false
		}
	}
	return EntityTag{}, text, false
}

// ETags yields the entity tags of a comma-separated list, up to the first member that is none.
func ETags(value []byte) iter.Seq[EntityTag] {
	return func(yield func(EntityTag) bool) {
		for rest := Trim(value); len(rest) > 0; rest = Trim(rest) {
			if rest[0] == ',' { // an empty member (RFC 9110 §5.6.1.2)
				rest = rest[1:]
				continue
			}
			tag, after, ok := ParseETag(rest)
			rest = Trim(after)
			if !ok || len(rest) > 0 && rest[0] != ',' || !yield(tag) {
				return
			}
		}
	}
}

// StrongEqual reports whether both tags are strong and the same (RFC 9110 §8.8.3.2): the bytes are the same.
func StrongEqual(a, b EntityTag) bool { return !a.Weak && !b.Weak && WeakEqual(a, b) }

// WeakEqual reports whether the tags are the same, weak or not (RFC 9110 §8.8.3.2): the meaning is the same.
func WeakEqual(a, b EntityTag) bool { return string(a.Opaque) == string(b.Opaque) && len(a.Opaque) > 0 }
