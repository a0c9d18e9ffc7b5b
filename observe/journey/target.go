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
