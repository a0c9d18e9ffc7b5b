package content

import (
	"bytes"
	"encoding/binary"
)

// match is the result of the first pattern that fits the first bytes of a file, with those of its continuations, and the
// line it begins at; 0 when none fits.
func (p *Patterns) match(b []byte) (result string, line int) {
	for i := 0; i < len(p.list); i++ {
		if p.list[i].level != 0 || !p.list[i].fits(b) {
			continue
		}
		result, line = p.list[i].result, p.list[i].line
		deepest := 1
		for i++; i < len(p.list) && p.list[i].level > 0; i++ {
			c := &p.list[i]
			if c.level > deepest {
				continue
			}
			deepest = c.level
			if !c.fits(b) {
				continue
			}
			deepest++
			if result != "" && c.result != "" && !c.close {
				result += " "
			}
			result += c.result
		}
		if result != "" {
			return result, line
		}
		i--
	}
	return "", 0
}

// fits reports whether a pattern fits.
func (p *pattern) fits(b []byte) bool {
	offset := p.offset
	if p.indirect != 0 {
		size := map[byte]int64{'b': 1, 's': 2, 'l': 4}[p.indirect]
		if offset+size > int64(len(b)) {
			return false
		}
		switch at := b[offset:]; p.indirect {
		case 'b':
			offset = int64(at[0])
		case 's':
			offset = int64(binary.NativeEndian.Uint16(at))
		default:
			offset = int64(binary.NativeEndian.Uint32(at))
		}
		offset += p.add
	}
	if offset < 0 || offset >= int64(len(b)) {
		return false
	}
	at := b[offset:]
	if p.kind == patternString {
		return p.operator == 'x' || p.holdsText(bytes.Compare(at[:min(len(at), len(p.text))], p.text))
	}
	size := 32
	var v uint32
	switch {
	case p.kind == patternByte:
		v, size = uint32(at[0]), 8
	case len(at) < 2:
		return false
	case p.kind == patternShort:
		v, size = uint32(binary.NativeEndian.Uint16(at)), 16
	case p.kind == patternBEShort:
		v, size = uint32(binary.BigEndian.Uint16(at)), 16
	case p.kind == patternLEShort:
		v, size = uint32(binary.LittleEndian.Uint16(at)), 16
	case len(at) < 4:
		return false
	case p.kind == patternLong:
		v = binary.NativeEndian.Uint32(at)
	case p.kind == patternBELong:
		v = binary.BigEndian.Uint32(at)
	default:
		v = binary.LittleEndian.Uint32(at)
	}
	return p.holds(p.extend(v&p.mask, size), p.extend(p.number, size))
}

// extend makes a value of a size one of 32 bits, with its sign unless it has none.
func (p *pattern) extend(v uint32, size int) uint32 {
	shift := 32 - size
	if p.unsigned {
		return v << shift >> shift
	}
	return uint32(int32(v<<shift) >> shift)
}

func (p *pattern) holds(v, w uint32) bool {
	switch p.operator {
	case 'x':
		return true
	case '!':
		return v != w
	case '<':
		return p.unsigned && v < w || !p.unsigned && int32(v) < int32(w)
	case '>':
		return p.unsigned && v > w || !p.unsigned && int32(v) > int32(w)
	case '&':
		return v&w == w
	case '^':
		return v&w != w
	}
	return v == w
}

func (p *pattern) holdsText(compared int) bool {
	switch p.operator {
	case '<':
		return compared < 0
	case '>':
		return compared > 0
	}
	return compared == 0
}
