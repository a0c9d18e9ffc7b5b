package journey

import "bytes"

// hostOf is the host of an authority (RFC 3986 §3.2) without its port, an IPv6 address without brackets, and without the
// root's dot.
func hostOf(authority []byte) []byte {
	if len(authority) > 0 && authority[0] == '[' {
		if end := bytes.IndexByte(authority, ']'); end > 0 {
			return authority[1:end]
		}
		return authority
	}
	if colon := bytes.LastIndexByte(authority, ':'); colon >= 0 {
		authority = authority[:colon]
	}
	return bytes.TrimSuffix(authority, []byte{'.'})
}

// pathOf is the path of a request's target as it was sent; nil where there is none.
func pathOf(target []byte) []byte {
	if len(target) == 0 {
		return nil
	}
	if target[0] != '/' {
		at := bytes.Index(target, []byte("://"))
		if at < 0 {
			return nil
		}
		target = target[at+3:]
		if at = bytes.IndexAny(target, "/?"); at < 0 {
			return nil
		}
		target = target[at:]
	}
	if at := bytes.IndexByte(target, '?'); at >= 0 {
		target = target[:at]
	}
	return target
}

// hideUser overwrites the user information of an authority, or of a target in absolute form, with as many asterisks:
// people put passwords there. kept is the beginning of the text that is kept. A path may hold an "@" of its own.
func hideUser(kept, text []byte) {
	if len(text) == 0 || text[0] == '/' || bytes.IndexByte(text, '@') < 0 {
		return
	}
	start := 0
	if at := bytes.Index(text, []byte("://")); at >= 0 {
		start = at + 3
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
