package accesslog

import (
	"bytes"
	"crypto/rand"
	"sync/atomic"

	"vitrine/web/variables"
)

// Held is a line that waits for what is being found out about its client: the host name, or the user. The exchange is over
// and gone meanwhile, so the line is there but for those.
type Held struct {
	logger *Logger
	line   []byte
	// What stands in the line in the place of each; "" when it does not wait for it.
	name, ident string
	address     []byte // in the place of a name that is not found
}

// Bounds of the lines that wait, of all logs together. A line is as long as its client likes: a request's head, escaped.
const (
	mostHeld      = 8192
	mostHeldBytes = 16 << 20
)

var held, heldBytes atomic.Int64

// Marks stand in a held line where something is missing. Nobody outside can know them, and no form of line escapes them.
var (
	nameMark  = "name-" + rand.Text()
	identMark = "user-" + rand.Text()
)

// Hold formats the line of an exchange that has ended, as Log does, but for the client's name or user or both, and keeps it until
// Write. It returns nil when too many lines wait, and for a nil Logger: Log is to be called then, with what is known.
func (l *Logger) Hold(v *variables.Values, name, ident bool) *Held {
	if l == nil || held.Add(1) > mostHeld {
		if l != nil {
			held.Add(-1)
		}
		return nil
	}
	h := &Held{logger: l}
	waits := *v
	if name {
		h.name, waits.Name = nameMark, nameMark
		v.Name = ""
		h.address = appendClient(nil, v)
	}
	if ident {
		h.ident, waits.Ident = identMark, identMark
	}
	s := scratches.Get().(*scratch)
	h.line = append(append([]byte(nil), l.format(l, s, s.line[:0], &waits)...), '\n')
	scratches.Put(s)
	if n := int64(cap(h.line)); heldBytes.Add(n) > mostHeldBytes {
		heldBytes.Add(-n)
		held.Add(-1)
		return nil
	}
	return h
}

// Write completes the line and writes it. What is "" was not found out. It is called once, on any goroutine.
func (h *Held) Write(name, ident string) {
	held.Add(-1)
	heldBytes.Add(-int64(cap(h.line)))
	line := h.line
	if h.name != "" {
		line = bytes.ReplaceAll(line, []byte(h.name), h.logger.nameText(name, h.address))
	}
	if h.ident != "" {
		line = bytes.ReplaceAll(line, []byte(h.ident), h.logger.identText(ident))
	}
	h.logger.file.Append(line)
}

// nameText is what stands for a client's name: what AppendVar or the format itself would write.
func (l *Logger) nameText(name string, address []byte) []byte {
	switch {
	case name != "":
		return []byte(name)
	case l.named == "json":
		return nil
	case l.named == "custom":
		return []byte{'-'}
	}
	return address
}

// identText is what stands for a user.
func (l *Logger) identText(ident string) []byte {
	switch {
	case l.named == "json":
		return appendString(nil, ident)
	case l.named != "custom":
		return appendWord(nil, ident)
	case ident == "":
		return []byte{'-'}
	case isJSON(l.custom):
		return appendString(nil, ident)
	}
	return variables.EscapeLog([]byte(ident), 0)
}
