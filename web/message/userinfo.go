package message

import "bytes"

// HideUser overwrites the user information (RFC 3986 §3.2.1) of an authority, or of a target in absolute form, with as many
// asterisks: people put passwords there. kept is the beginning of text that is kept, in memory of its own. Neither needs to be
// well-formed. A path may hold an "@" of its own.
func HideUser(kept, text []byte) {
	if len(text) == 0 || text[0] == '/' || bytes.IndexByte(text, '@') < 0 {
		return
	}
	start := 0
	if colon := bytes.IndexByte(text, ':'); colon > 0 && colon+1 < len(text) && text[colon+1] == '/' && isScheme(text[:colon]) {
		for start = colon + 1; start < len(text) && text[start] == '/'; start++ {
		}
	}
	end := len(text)
	if at := bytes.IndexAny(text[start:], "/?#"); at >= 0 {
		end = start + at
	}
	at := bytes.LastIndexByte(text[start:end], '@')
	for i := start; i < min(start+at, len(kept)); i++ {
		kept[i] = '*'
	}
}

// isScheme reports whether a text may be what a URI begins with (RFC 3986 §3.1).
func isScheme(text []byte) bool {
	for i, c := range text {
		switch {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
		case i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return len(text) > 0
}

// ShownTarget is the target as others may see it: as received, with user information hidden.
func (r *Request) ShownTarget() string {
	target := r.RawTarget()
	if len(target) > 0 && target[0] != '/' {
		target = bytes.Clone(target)
		HideUser(target, r.RawTarget())
	}
	return string(target)
}
