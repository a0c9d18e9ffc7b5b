package variables

// What may stand in a URL as it is. A value that was decoded before is encoded whole; one that is as the client
// sent it keeps its escapes.
const (
	inComponent uint8 = 1 << iota // unreserved (RFC 3986 §2.3): means nothing anywhere in a URL
	inPath                        // pchar and "/" (RFC 3986 §3.3)
	inTarget                      // what a request target may hold besides its escapes: path, "?" and query
)

var urlBytes = func() (t [256]uint8) {
	set := func(chars string, kinds uint8) {
		for i := range len(chars) {
			t[chars[i]] |= kinds
		}
	}
	set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~", inComponent|inPath|inTarget)
	set("!$&'()*+,;=:@/", inPath|inTarget)
	set("?[]|", inTarget) // brackets and bars are common in queries and harm nobody
	return
}()

// escapeURL percent-encodes the bytes of b[from:] that are not of the kind.
func escapeURL(b []byte, from int, kind uint8) []byte {
	for i := from; i < len(b); i++ {
		if urlBytes[b[i]]&kind == 0 {
			switch kind {
			case inPath:
				return rewrite(b, i, encodePath)
			case inTarget:
				return rewrite(b, i, encodeTarget)
			}
			return rewrite(b, i, encodeComponent)
		}
	}
	return b
}

func encodeComponent(dst, src []byte) []byte { return encode(dst, src, inComponent) }
func encodePath(dst, src []byte) []byte      { return encode(dst, src, inPath) }

func encodeTarget(dst, src []byte) []byte {
	for len(src) > 0 {
		if src[0] == '%' && len(src) > 2 && isHex(src[1]) && isHex(src[2]) {
			dst, src = append(dst, src[:3]...), src[3:]
			continue
		}
		dst, src = encode(dst, src[:1], inTarget), src[1:]
	}
	return dst
}

func encode(dst, src []byte, kind uint8) []byte {
	const digits = "0123456789ABCDEF" // upper case: RFC 3986 §2.1
	for _, c := range src {
		if urlBytes[c]&kind != 0 {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		}
	}
	return dst
}
