package variables

import (
	"net/netip"
	"strconv"

	"vitrine/web/message"
)

// AppendProtocol appends the request's protocol, such as HTTP/1.1; nothing when the request line never came that far.
func AppendProtocol(dst []byte, r *message.Request) []byte {
	if r.Major == 0 {
		return dst
	}
	dst = append(dst, "HTTP/"...)
	dst = strconv.AppendUint(dst, uint64(r.Major), 10)
	dst = append(dst, '.')
	return strconv.AppendUint(dst, uint64(r.Minor), 10)
}

// AppendAddress appends the address without its port. An IPv4 client of a dual-stack listener shows as IPv4;
// an address that is not known shows as nothing.
func AppendAddress(dst []byte, a netip.AddrPort) []byte {
	if !a.IsValid() {
		return dst
	}
	return a.Addr().Unmap().AppendTo(dst)
}

// appendQueryValue appends the first value of the query parameter with that name. Both are decoded as forms encode
// them (application/x-www-form-urlencoded): "+" is a space.
func appendQueryValue(dst, query []byte, name string) []byte {
	for len(query) > 0 {
		pair := query
		query = nil
		for i, c := range pair {
			if c == '&' {
				pair, query = pair[:i], pair[i+1:]
				break
			}
		}
		if rest, ok := cutName(pair, name); ok {
			for len(rest) > 0 {
				var c byte
				c, rest = nextDecoded(rest)
				dst = append(dst, c)
			}
			return dst
		}
	}
	return dst
}

// cutName returns what follows "name=" when the pair has that name.
func cutName(pair []byte, name string) (value []byte, ok bool) {
	for len(pair) > 0 && pair[0] != '=' {
		var c byte
		c, pair = nextDecoded(pair)
		if name == "" || c != name[0] {
			return nil, false
		}
		name = name[1:]
	}
	if name != "" {
		return nil, false
	}
	if len(pair) > 0 {
		pair = pair[1:]
	}
	return pair, true
}

func nextDecoded(b []byte) (c byte, rest []byte) {
	switch {
	case b[0] == '+':
		return ' ', b[1:]
	case b[0] == '%' && len(b) > 2 && isHex(b[1]) && isHex(b[2]):
		return unhex(b[1])<<4 | unhex(b[2]), b[3:]
	}
	return b[0], b[1:]
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// unhex is the value of a hexadecimal digit.
func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
