package journey

import "vitrine/web/message"

// A field in an arena: the length of its name, whose highest bit says that the value is secret, the value's length, both of
// two bytes, the name, and the value unless it is secret.
const (
	fieldHead  = 4
	secretMark = 1 << 15
	longest    = secretMark - 1
)

// appendField appends a field, of which there is room for so many bytes. It returns false when it does not fit whole.
func appendField[S string | []byte](b []byte, name, value S, secret bool, room int) ([]byte, bool) {
	if len(name)+fieldHead > room || len(name) > longest {
		return b, false
	}
	mark, whole := uint16(len(name)), true
	hidden := min(len(value), 1<<16-1)
	switch {
	case secret:
		mark |= secretMark
	case len(name)+fieldHead+len(value) > room:
		hidden, whole = room-len(name)-fieldHead, false
	}
	b = little.AppendUint16(b, mark)
	b = little.AppendUint16(b, uint16(hidden))
	b = append(b, name...)
	if !secret {
		b = append(b, value[:hidden]...)
	}
	return b, whole
}

// appendFields appends the fields of a request, as far as heads are kept, and tells whether some was cut off.
func appendFields(b []byte, p *policy, f *message.Fields) (_ []byte, cut bool) {
	room := p.HeadBytes
	for i := range f.Len() {
		name, value := f.At(i)
		id := f.IDAt(i)
		from, secret := len(b), secretName(p, id, name)
		var whole bool
		b, whole = appendField(b, name, value, secret, room)
		if (id == message.Host || id == message.Referer) && !secret && len(b) > from {
			message.HideUser(b[from+fieldHead+len(name):], value)
		}
		if !whole {
			return b, true
		}
		room -= len(b) - from
	}
	return b, false
}

// appendHeader appends the fields of a response.
func appendHeader(b []byte, p *policy, h *message.Header) (_ []byte, cut bool) {
	room := p.HeadBytes
	for i := range h.Len() {
		name, value := h.At(i)
		from := len(b)
		var whole bool
		if b, whole = appendField(b, name, value, secretName(p, h.IDAt(i), name), room); !whole {
			return b, true
		}
		room -= len(b) - from
	}
	return b, false
}

// headerSize is how many bytes appendHeader appends at most.
func headerSize(h *message.Header) int {
	n := 0
	for i := range h.Len() {
		name, value := h.At(i)
		n += fieldHead + len(name) + len(value)
	}
	return n
}

// nextField reads a field that appendField wrote.
func nextField(b []byte) (name, value []byte, secret bool, hidden int, rest []byte) {
	mark, length := little.Uint16(b), int(little.Uint16(b[2:]))
	secret = mark&secretMark != 0
	end := fieldHead + int(mark&^secretMark)
	name = b[fieldHead:end]
	if secret {
		return name, nil, true, length, b[end:]
	}
	return name, b[end : end+length], false, length, b[end+length:]
}
