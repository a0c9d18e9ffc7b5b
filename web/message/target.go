package message

// Kinds of bytes in a target. RFC 3986 knows fewer plain ones; clients send more ("|", "[", bytes of UTF-8), and
// those harm nobody.
const (
	plainByte = iota
	slashByte
	queryByte
	escapeByte
	fragmentByte
	badByte // controls, SP and DEL: they end a line or a word
)

var targetBytes = func() (t [256]uint8) {
	for c := range t {
		if c <= ' ' || c == 0x7f {
			t[c] = badByte
		}
	}
	t['/'], t['?'], t['%'], t['#'] = slashByte, queryByte, escapeByte, fragmentByte
	return
}()

// ParseTarget parses the piece of the arena that is the request's target (RFC 9112 §3.2), after Method was set. It
// fills in Target and the path and, for the absolute and authority forms, Authority, host and port. When the target
// is at fault it also returns where in the arena.
func (r *Request) ParseTarget(raw Span) (Fault, uint32) {
	r.Target.Raw = raw
	t := raw.Of(r.arena)
	switch {
	case len(t) == 0:
		return EmptyTarget, raw.Off
	case r.Method == CONNECT:
		r.Target.Form = AuthorityForm
		fault, at := r.parseAuthority(raw)
		if fault == NoFault && r.port == 0 { // RFC 9110 §9.3.6
			return BadPort, raw.Off + raw.Len
		}
		return fault, at
	case t[0] == '/':
		r.Target.Form = OriginForm
		return r.parsePath(raw)
	case t[0] == '*' && len(t) == 1:
		r.Target.Form = AsteriskForm
		if r.Method != OPTIONS {
			return WrongForm, raw.Off
		}
		return NoFault, 0
	}
	return r.parseAbsolute(raw)
}

// parseAbsolute parses http://host/path?query (RFC 9112 §3.2.2).
func (r *Request) parseAbsolute(raw Span) (Fault, uint32) {
	r.Target.Form = AbsoluteForm
	t := raw.Of(r.arena)
	for i, c := range t {
		switch targetBytes[c] {
		case badByte:
			return BadTargetByte, raw.Off + uint32(i)
		case fragmentByte:
			return Fragment, raw.Off + uint32(i)
		}
	}
	start := 0
	switch {
	case len(t) >= 7 && EqualFold(t[:7], "http://"):
		start = 7
	case len(t) >= 8 && EqualFold(t[:8], "https://"):
		start = 8
	case hasScheme(t):
		return UnknownScheme, raw.Off
	default:
		return WrongForm, raw.Off
	}
	end := start
	for end < len(t) && t[end] != '/' && t[end] != '?' {
		if t[end] == '@' { // RFC 9110 §4.2.4: likely there to deceive
			return UserInTarget, raw.Off + uint32(start)
		}
		end++
	}
	if fault, at := r.parseAuthority(Span{raw.Off + uint32(start), uint32(end - start)}); fault != NoFault {
		return fault, at
	}
	return r.parsePath(Span{raw.Off + uint32(end), raw.Len - uint32(end)})
}

// hasScheme reports whether t begins as an absolute URI does (RFC 3986 §3.1).
func hasScheme(t []byte) bool {
	for i, c := range t {
		switch l := lower[c]; {
		case 'a' <= l && l <= 'z':
		case i > 0 && (c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return i > 0 && c == ':'
		}
	}
	return false
}

// parsePath parses a path with its query in one pass that also finds out whether anything has to be decoded. The query
// is not decoded here, and people write "?q=100%" into forms and links: what its escapes mean is its reader's business.
func (r *Request) parsePath(s Span) (Fault, uint32) {
	b, end := r.arena, s.Off+s.Len
	i, changes := s.Off, false
path:
	for ; i < end; i++ {
		switch targetBytes[b[i]] {
		case slashByte:
			if i+1 < end && (b[i+1] == '/' || b[i+1] == '.') {
				changes = true
			}
		case queryByte:
			break path
		case escapeByte:
			if i+2 >= end || unhex[b[i+1]] > 15 || unhex[b[i+2]] > 15 {
				return BadEscape, i
			}
			changes = true
			i += 2
		case fragmentByte:
			return Fragment, i
		case badByte:
			return BadTargetByte, i
		}
	}
	r.Target.Path = Span{s.Off, i - s.Off}
	if i < end {
		r.Target.Query, r.Target.HasQuery = Span{i + 1, end - i - 1}, true
		for i++; i < end; i++ {
			switch targetBytes[b[i]] {
			case fragmentByte:
				return Fragment, i
			case badByte:
				return BadTargetByte, i
			}
		}
	}
	if changes || r.Target.Path.Len == 0 {
		return r.normalise()
	}
	r.path = view{Span: r.Target.Path}
	return NoFault, 0
}
