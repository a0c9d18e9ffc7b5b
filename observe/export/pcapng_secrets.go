package export

import (
	"bytes"
	"strings"

	"vitrine/observe/frames"
	"vitrine/observe/journey"
)

// starred is said of a frame that was changed.
const starred = "secret values in this frame are asterisks here, so its checksum does not fit"

// shown is what of a frame leaves the server: its headers, and of what it carries the beginning of a head, in which a value is
// shown when the journey has it. Bodies are cut off, and so are heads of requests that are not exported, or that begin elsewhere:
// nobody could say what in them is secret.
func shown(f *frames.Frame, j *journey.Journey) (data []byte, changed bool) {
	head := min(f.Head, len(f.Data))
	data = f.Data[:head:head]
	if f.Kind != "tcp" || f.Len == 0 || f.Seq < 1 || j == nil {
		return data, false
	}
	payload := f.Data[head:]
	payload = payload[:min(len(payload), f.Len)]
	m, at, size, begin := &j.Request, j.RequestAt, j.Received, j.Method+" "
	if f.Out {
		m, at, size, begin = &j.Response, j.ResponseAt, j.Sent, "HTTP/1."
	}
	if f.Seq-1 != at || size <= 0 || len(begin) < 2 || !bytes.HasPrefix(payload, []byte(begin)) {
		return data, false
	}
	payload = payload[:min(int64(len(payload)), size)]
	for first := true; len(payload) > 0; first = false {
		line, rest, whole := bytes.Cut(payload, []byte("\r\n"))
		if !first {
			var hidden bool
			line, hidden = hide(line, m)
			changed = changed || hidden
		}
		data = append(data, line...)
		if !whole {
			return data, changed // the frame was cut here
		}
		data = append(data, "\r\n"...)
		if !first && len(line) == 0 {
			return data, changed // what follows is the body
		}
		payload = rest
	}
	return data, changed
}

// hide puts asterisks in the place of a value, unless the journey shows the field.
func hide(line []byte, m *journey.Message) (all []byte, hidden bool) {
	name, value, ok := bytes.Cut(line, []byte(":"))
	if len(line) == 0 || !ok && line[0] != ' ' && line[0] != '\t' {
		return line, false // a name alone is no secret
	}
	for _, f := range m.Fields {
		if ok && strings.EqualFold(f.Name, string(name)) && !f.Secret {
			// A field may be there twice, and is secret as a whole.
			return line, false
		}
	}
	if !ok {
		name, value = nil, line
	} else {
		all = append(append(all, name...), ':')
	}
	for _, c := range value {
		if c != ' ' {
			c = '*'
		}
		all = append(all, c)
	}
	return all, true
}
