package export

import (
	"strings"
)

// parent is the span that a request says it was caused by (W3C Trace Context).
type parent struct {
	trace [16]byte
	span  [8]byte
	flags byte
	state string // tracestate, for those who understand it; "": none
}

// sampled is the flag that says that the caller may have recorded the trace (§3.2.2.5).
const sampled = 1

// parseTraceparent reads a traceparent field (§3.2.2). What is not exactly as the standard says is no parent.
func parseTraceparent(s string) (p parent, ok bool) {
	const long = len("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	if len(s) < long || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return parent{}, false
	}
	var version, flags [1]byte
	if !unhex(version[:], s[:2]) || !unhex(p.trace[:], s[3:35]) || !unhex(p.span[:], s[36:52]) || !unhex(flags[:], s[53:55]) {
		return parent{}, false
	}
	switch {
	case version[0] == 0xff: // forbidden
		return parent{}, false
	case version[0] == 0 && len(s) != long:
		return parent{}, false
	case len(s) > long && s[long] != '-': // a later version may have more, behind another dash (§4.1)
		return parent{}, false
	}
	if p.trace == [16]byte{} || p.span == [8]byte{} {
		return parent{}, false
	}
	p.flags = flags[0]
	if version[0] != 0 {
		p.flags &= sampled // whatever else a later version says cannot be known
	}
	return p, true
}

// unhex reads hexadecimal digits, which are small (§3.2.2.1).
func unhex(dst []byte, s string) bool {
	for i := range dst {
		high, low := digit(s[2*i]), digit(s[2*i+1])
		if high > 15 || low > 15 {
			return false
		}
		dst[i] = high<<4 | low
	}
	return true
}

// digit is the value of a hexadecimal digit, 255 for whatever is none.
func digit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return 255
}

// Bounds of a tracestate (§3.3.1): so many members, and as many bytes as everybody passes on at least.
const (
	maxMembers    = 32
	maxStateBytes = 512
)

// parseTracestate reads the lines of tracestate together (§3.3). What is not as the standard says is thrown away as a whole.
func parseTracestate(lines []string) string {
	var members []string
	size := 0
	for _, line := range lines {
		for member := range strings.SplitSeq(line, ",") {
			member = strings.Trim(member, " \t")
			if member == "" {
				continue // empty members are allowed
			}
			key, value, ok := strings.Cut(member, "=")
			if !ok || !isKey(key) || !isValue(value) || len(members) == maxMembers {
				return ""
			}
			for _, other := range members {
				if strings.HasPrefix(other, key+"=") {
					return ""
				}
			}
			members = append(members, member)
			size += len(member) + 1
		}
	}
	// Those at the end are the oldest, and are left out first (§3.3.1.5).
	for len(members) > 0 && size-1 > maxStateBytes {
		size -= len(members[len(members)-1]) + 1
		members = members[:len(members)-1]
	}
	return strings.Join(members, ",")
}

// isKey reports whether a text is a member's key: small letters, digits and "_-*/", at most 256; in two parts, the first of at
// most 241 and the second of at most 14, when it names a tenant (§3.3.1.3.1).
func isKey(s string) bool {
	tenant, system, two := strings.Cut(s, "@")
	if two {
		return isPart(tenant, 241, true) && isPart(system, 14, false)
	}
	return isPart(s, 256, false)
}

func isPart(s string, most int, digitFirst bool) bool {
	if s == "" || len(s) > most {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z':
		case '0' <= c && c <= '9':
			if i == 0 && !digitFirst {
				return false
			}
		case i > 0 && strings.IndexByte("_-*/", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// isValue reports whether a text is a member's value: up to 256 printable characters but comma and equals sign, the last no
// space (§3.3.1.3.2).
func isValue(s string) bool {
	if s == "" || len(s) > 256 || s[len(s)-1] == ' ' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == ',' || c == '=' {
			return false
		}
	}
	return true
}
