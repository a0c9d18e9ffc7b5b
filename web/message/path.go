package message

// normalise decodes the raw path once and takes its empty and dot segments out (RFC 3986 §5.2.4), into the scratch
// memory. "%2F" is a "/" like any other from here on, since the path is matched, authorised and opened in this form
// and a file name cannot contain one; a backslash is an ordinary character.
func (r *Request) normalise() (Fault, uint32) {
	s, raw := r.scratch, r.Target.Path
	base := len(s)
	s = append(s, '/')
	segment := len(s) // where the current segment begins
	b, end := r.arena, raw.Off+raw.Len
	for i := raw.Off + 1; i < end; i++ {
		c := b[i]
		if c == '%' {
			c = unhex[b[i+1]]<<4 | unhex[b[i+2]]
			if c == 0 {
				return NULEscape, i
			}
			i += 2
		}
		if c != '/' {
			s = append(s, c)
			continue
		}
		var ok bool
		if s, ok = endSegment(s, base, segment); !ok {
			return PathAboveRoot, i
		}
		if len(s) > segment {
			s = append(s, '/')
		}
		segment = len(s)
	}
	s, ok := endSegment(s, base, segment)
	if !ok {
		return PathAboveRoot, end
	}
	if uint32(len(s)-base) == raw.Len {
		// Every change shortens the path, so nothing did: "/.well-known/" only looked like one.
		r.path = view{Span: raw}
		return NoFault, 0
	}
	r.path = view{Span{uint32(base), uint32(len(s) - base)}, true}
	r.scratch = s
	return NoFault, 0
}

// endSegment takes a dot segment off the end of a path whose last segment begins at segment, and with ".." the one
// before it. It returns false when that one would be the root, which begins at base.
func endSegment(s []byte, base, segment int) ([]byte, bool) {
	switch string(s[segment:]) {
	case ".":
		return s[:segment], true
	case "..":
		if segment == base+1 {
			return s, false
		}
		for segment--; s[segment-1] != '/'; segment-- {
		}
		return s[:segment], true
	}
	return s, true
}
