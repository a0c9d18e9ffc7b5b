package message

import "math"

// Kinds of bytes in a registered name (RFC 3986 §3.2.2). Percent escapes are left out: no host that DNS knows needs
// one, and a decoded one could hide anything.
const (
	badHostByte = iota
	hostByte
	upperByte
	dotByte
)

var hostBytes = func() (t [256]uint8) {
	for c := range t {
		switch l := lower[c]; {
		case l != byte(c):
			t[c] = upperByte
		case 'a' <= l && l <= 'z', '0' <= l && l <= '9':
			t[c] = hostByte
		}
	}
	for _, c := range "-_~!$&'()*+,;=" {
		t[c] = hostByte
	}
	t['.'] = dotByte
	return
}()

// ParseHost parses the piece of the arena that is the value of Host (RFC 9112 §3.2), after ParseTarget. An authority
// in the target wins over it (RFC 9112 §3.2.2), but it must be valid all the same. When it is at fault ParseHost also
// returns where in the arena.
func (r *Request) ParseHost(value Span) (Fault, uint32) {
	if r.Target.Form == OriginForm || r.Target.Form == AsteriskForm {
		return r.parseAuthority(value)
	}
	authority, host, port, kept := r.Authority, r.host, r.port, len(r.scratch)
	fault, at := r.parseAuthority(value)
	r.Authority, r.host, r.port, r.scratch = authority, host, port, r.scratch[:kept]
	return fault, at
}

// parseAuthority parses host[:port] and makes it the request's authority.
func (r *Request) parseAuthority(s Span) (Fault, uint32) {
	b, end := r.arena, s.Off+s.Len
	if s.Len == 0 {
		return EmptyHost, s.Off
	}
	r.Authority, r.port = s, 0
	i, upper := s.Off, false
	var host Span
	if b[i] == '[' {
		for i++; i < end && b[i] != ']'; i++ {
			upper = upper || hostBytes[b[i]] == upperByte
		}
		host = Span{s.Off + 1, i - s.Off - 1}
		if i == end || !isIPv6(host.Of(b)) {
			return BadHost, s.Off
		}
		i++
	} else {
		label := i // where the current label begins
		for ; i < end; i++ {
			kind := hostBytes[b[i]]
			if kind == hostByte {
				continue
			}
			if kind == upperByte {
				upper = true
				continue
			}
			// An empty label is no name, and a host ".." would be dangerous to whoever makes a path of it.
			if kind != dotByte || i == label {
				break
			}
			label = i + 1
		}
		if i < end && b[i] != ':' {
			return BadHost, i
		}
		host = Span{s.Off, i - s.Off}
		if host.Len == 0 {
			return EmptyHost, s.Off
		}
		if b[i-1] == '.' {
			host.Len-- // the root's dot: the same host (RFC 1034 §3.1)
		}
	}
	if i < end {
		if b[i] != ':' {
			return BadHost, i
		}
		port, ok := parsePort(b[i+1 : end])
		if !ok {
			return BadPort, i + 1
		}
		r.port = port
	}
	r.host = view{Span: host}
	if upper {
		at := uint32(len(r.scratch))
		for _, c := range host.Of(b) {
			r.scratch = append(r.scratch, lower[c])
		}
		r.host = view{Span{at, host.Len}, true}
	}
	return NoFault, 0
}

// parsePort reads a port, which may be empty (RFC 3986 §3.2.3).
func parsePort(digits []byte) (uint16, bool) {
	n := 0
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n = n*10 + int(c-'0'); n > math.MaxUint16 {
			return 0, false
		}
	}
	return uint16(n), true
}

// isIPv6 reports whether b is an IPv6 address in text (RFC 3986 §3.2.2), without a zone.
func isIPv6(b []byte) bool {
	groups, gap := 0, false // groups of 16 bits so far, and whether "::" stood for some
	i := 0
	if len(b) >= 2 && b[0] == ':' && b[1] == ':' {
		gap, i = true, 2
	}
	for i < len(b) {
		start := i
		for i < len(b) && unhex[b[i]] < 16 {
			i++
		}
		if i < len(b) && b[i] == '.' {
			if !isIPv4(b[start:]) {
				return false
			}
			groups += 2
			break
		}
		if i == start || i-start > 4 {
			return false
		}
		groups++
		if i == len(b) {
			break
		}
		if b[i] != ':' || i+1 == len(b) {
			return false
		}
		if i++; b[i] == ':' {
			if gap {
				return false
			}
			gap = true
			i++
		}
	}
	return gap && groups < 8 || !gap && groups == 8
}

// isIPv4 reports whether b is an IPv4 address in dotted decimal, without leading zeros.
func isIPv4(b []byte) bool {
	n, parts, digits := 0, 1, 0
	for _, c := range b {
		switch {
		case c == '.' && digits > 0:
			parts, n, digits = parts+1, 0, 0
		case '0' <= c && c <= '9':
			if digits > 0 && n == 0 {
				return false
			}
			if n = n*10 + int(c-'0'); n > 255 {
				return false
			}
			digits++
		default:
			return false
		}
	}
	return parts == 4 && digits > 0
}
