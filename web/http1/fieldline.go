package http1

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"vitrine/trace"
	"vitrine/web/message"
)

// fieldName marks the bytes of a field's name.
var fieldName = func() (t [256]bool) {
	for c := range t {
		t[c] = message.IsTokenByte(byte(c))
	}
	return
}()

// progress is how far the field lines of a section were read.
type progress struct {
	line   int           // where the first incomplete line begins
	count  int           // complete field lines
	end    int           // after the empty line that ends the section; 0 while there is none
	fault  *trace.Reason // why the section is refused; not yet reached
	offset int           // where
}

// readFields reads the field lines of a section from p.line on and adds them to f, whose arena is in. It stops at the
// end of the section, at a faulty line, or at a line that is not yet complete: only complete lines are judged, so
// that the verdict does not depend on how the bytes were cut on their way.
func readFields(in []byte, p progress, max int, f *message.Fields) progress {
	i := p.line
	for {
		p.line = i
		if i+1 >= len(in) {
			return p.judge(in, i)
		}
		if in[i] == '\r' && in[i+1] == '\n' {
			p.end = i + 2
			return p
		}
		name, value, next, fault := readField(in, i)
		if fault != nil {
			if p.count == 0 && fault == reasonFolded {
				fault = reasonLeadingSpace
			}
			p.fault = fault
			return p.judge(in, next)
		}
		if next == 0 {
			return p
		}
		if p.count == max {
			p.fault, p.offset = reasonManyFields, i
			return p
		}
		p.count++
		f.Add(name, value)
		i = next
	}
}

// judge keeps a fault found at offset only if its line is complete; a line that is only a line feed is one.
func (p progress) judge(in []byte, offset int) progress {
	lf := bytes.IndexByte(in[p.line:], '\n')
	if lf < 0 {
		p.fault = nil
		return p
	}
	if p.fault == nil {
		p.fault = reasonBareLF
	}
	p.offset = offset
	return p
}

// Eight bytes at once: bit 7 of each byte.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// readField reads one field line that begins at i. Next is the start of the following line, 0 when this one is
// incomplete, and where the fault lies when there is one.
func readField(in []byte, i int) (name, value message.Span, next int, fault *trace.Reason) {
	start := i
	for i < len(in) && fieldName[in[i]] {
		i++
	}
	if i == len(in) {
		return
	}
	if in[i] != ':' || i == start {
		return name, value, i, nameFault(in, start, i)
	}
	name = message.Span{Off: uint32(start), Len: uint32(i - start)}
	for i++; i < len(in) && (in[i] == ' ' || in[i] == '\t'); i++ {
	}
	start = i
	for {
		// To the first byte that is a control character: all below SP, and DEL.
		for i+8 <= len(in) {
			w := binary.LittleEndian.Uint64(in[i:])
			del := w ^ 0x7f*ones
			if found := ((w-' '*ones)&^w | (del-ones)&^del) & highs; found != 0 {
				i += bits.TrailingZeros64(found) >> 3
				break
			}
			i += 8
		}
		for i < len(in) && in[i] >= ' ' && in[i] != 0x7f {
			i++
		}
		if i == len(in) {
			return
		}
		if in[i] == '\r' {
			break
		}
		if in[i] != '\t' {
			if in[i] == '\n' {
				return name, value, i, reasonBareLF
			}
			return name, value, i, reasonFieldValue
		}
		i++
	}
	if i+1 == len(in) {
		return
	}
	if in[i+1] != '\n' {
		return name, value, i, reasonBareCR
	}
	end := i
	for end > start && (in[end-1] == ' ' || in[end-1] == '\t') {
		end--
	}
	return name, message.Span{Off: uint32(start), Len: uint32(end - start)}, i + 2, nil
}

// nameFault says what is wrong with a field line whose name ends at the byte i, which is no colon, or is one too
// early.
func nameFault(in []byte, start, i int) *trace.Reason {
	switch c := in[i]; {
	case c == '\n':
		return reasonBareLF
	case c == '\r' && (i+1 == len(in) || in[i+1] != '\n'):
		return reasonBareCR
	case (c == ' ' || c == '\t') && i == start:
		return reasonFolded
	case c == ' ' || c == '\t':
		rest := bytes.TrimLeft(in[i:], " \t")
		if len(rest) > 0 && rest[0] == ':' {
			return reasonSpaceColon
		}
	}
	return reasonFieldName
}
