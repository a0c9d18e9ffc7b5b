package export

import (
	"net/netip"
	"net/url"
	"strings"

	"vitrine/observe/journey"
)

// address is the absolute URL of a request, and always a valid one: what must not stand in a URL is escaped, and where the
// request did not say whom it is for, it is the server's address.
func address(j *journey.Journey) string {
	scheme := j.Scheme
	if scheme == "" {
		scheme = "http"
	}
	rest := escaped(j.Target)
	switch {
	case strings.HasPrefix(rest, "http://"), strings.HasPrefix(rest, "https://"): // the absolute form (RFC 9112 §3.2.2)
		if valid(rest) {
			return rest
		}
	case j.Method == "CONNECT": // the authority form (§3.2.3)
		if whole := scheme + "://" + rest; valid(whole) {
			return whole
		}
	}
	if !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	local := ""
	if a := j.Connection.Local; a.IsValid() {
		local = netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port()).String()
	}
	for _, authority := range []string{escaped(j.Authority), local, "unknown"} {
		if whole := scheme + "://" + authority + rest; authority != "" && !strings.Contains(authority, "/") && valid(whole) {
			return whole
		}
	}
	return scheme + "://unknown/"
}

// valid reports whether a text is an absolute URL with a host.
func valid(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != ""
}

// escaped percent-encodes what RFC 3986 does not allow to stand in a URL.
func escaped(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~!$&'()*+,;=:@/?[]", c) >= 0,
			c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }
