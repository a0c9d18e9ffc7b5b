package gateway

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"vitrine/trace"
	"vitrine/web/message"
)

// Limits bound the head of a script's answer. A zero is the default.
type Limits struct {
	Bytes  int // of the whole head; 32 KiB by default
	Fields int // field lines; 200 by default
}

// Fault is why a script's answer cannot be used. Its text is for whoever looks after the server, never for a client.
type Fault struct {
	Reason *trace.Reason
	Line   int    // of the head, from 1; 0: none in particular
	Text   string // what was found there, quoted and cut; may be empty
}

func (f *Fault) Error() string {
	s := f.Reason.Clause()
	if f.Line > 0 {
		s += "; line " + strconv.Itoa(f.Line) + " of the answer"
		if f.Text != "" {
			s += " is " + f.Text
		}
	}
	return s
}

// Parser reads the head of a script's answer (RFC 3875 §6.3) from pieces of any size. Lines end with LF or CRLF. A Parser
// may be reused after Reset. It is not safe for concurrent use.
type Parser struct {
	limits Limits
	buf    []byte // the head's lines so far, without the one that ends it
	line   int    // where in buf the line begins that is not complete
	lines  []span
	done   bool
	head   Head
}

// span is where in the buffer a field line has its name and value.
type span struct{ name, colon, value, end int }

// Reset prepares for another answer.
func (p *Parser) Reset(l Limits) {
	if l.Bytes <= 0 {
		l.Bytes = 32 << 10
	}
	if l.Fields <= 0 {
		l.Fields = 200
	}
	p.limits, p.buf, p.line, p.lines, p.done = l, p.buf[:0], 0, p.lines[:0], false
	p.head.reset()
}

// Receive takes the next bytes of the answer and returns how many belong to the head. When done is true the head is
// complete, and what follows those is the body. With a fault the answer is not to be used.
func (p *Parser) Receive(b []byte) (n int, done bool, fault *Fault) {
	for !p.done {
		rest := b[n:]
		if len(rest) == 0 {
			return n, false, nil
		}
		i := bytes.IndexByte(rest, '\n')
		if i >= 0 {
			rest = rest[:i+1]
		}
		if len(p.buf)+len(rest) > p.limits.Bytes {
			return n, false, &Fault{Reason: HeadTooLarge.Reach(), Line: len(p.lines) + 1}
		}
		p.buf = append(p.buf, rest...)
		n += len(rest)
		if i < 0 {
			return n, false, nil
		}
		if fault := p.takeLine(); fault != nil {
			return n, false, fault
		}
	}
	return n, true, nil
}

// End says that nothing more comes. The fault is nil when the head was complete.
func (p *Parser) End() *Fault {
	if p.done {
		return nil
	}
	return p.fault(HeadCutShort.Reach(), p.buf[p.line:])
}

// Head is the head once Receive has said that it is complete. It is valid until Reset.
func (p *Parser) Head() *Head { return &p.head }

// Size is how many bytes of the head came so far.
func (p *Parser) Size() int { return len(p.buf) }

// takeLine looks at the line that has become complete.
func (p *Parser) takeLine() *Fault {
	text := p.buf[p.line : len(p.buf)-1]
	if n := len(text); n > 0 && text[n-1] == '\r' {
		text = text[:n-1]
	}
	switch {
	case len(text) == 0:
		p.done = true
		return p.finish()
	case text[0] == ' ' || text[0] == '\t':
		return p.fault(Folded.Reach(), text)
	case len(p.lines) == 0 && bytes.HasPrefix(text, []byte("HTTP/")):
		return p.fault(NonParsed.Reach(), text)
	case len(p.lines) == p.limits.Fields:
		return p.fault(TooManyFields.Reach(), nil)
	}
	colon := bytes.IndexByte(text, ':')
	if colon < 0 {
		return p.fault(NotAField.Reach(), text)
	}
	// No white space before the colon: others read such a line differently (RFC 9112 §5.1).
	if !message.IsToken(text[:colon]) {
		return p.fault(BadFieldName.Reach(), text)
	}
	value := message.Trim(text[colon+1:])
	if !message.IsValue(value) {
		return p.fault(BadFieldValue.Reach(), text[:colon])
	}
	s := span{name: p.line, colon: p.line + colon, value: p.line + colon + 1, end: p.line + colon + 1}
	if len(value) > 0 {
		s.value += bytes.Index(text[colon+1:], value)
		s.end = s.value + len(value)
	}
	p.lines = append(p.lines, s)
	p.line = len(p.buf)
	return nil
}

// fault is a Fault at the line that was looked at.
func (p *Parser) fault(why *trace.Reason, text []byte) *Fault {
	return &Fault{Reason: why, Line: len(p.lines) + 1, Text: shown(text)}
}

// shown is the beginning of a text, quoted.
func shown(text []byte) string {
	const most = 80
	if len(text) == 0 {
		return ""
	}
	if len(text) > most {
		return strconv.Quote(string(text[:most])) + "…"
	}
	return strconv.Quote(string(text))
}

// finish makes the head of its lines.
func (p *Parser) finish() *Fault {
	h := &p.head
	all := string(p.buf) // one string holds what all of them say
	var said struct{ status, kind, location, length bool }
	named := "" // by Connection
	for i, s := range p.lines {
		name, value := all[s.name:s.colon], all[s.value:s.end]
		wrong := func(why *trace.Reason) *Fault {
			return &Fault{Reason: why, Line: i + 1, Text: shown([]byte(name + ": " + value))}
		}
		switch meaning(name) {
		case isStatus:
			code, ok := statusCode(value)
			if !ok {
				return wrong(BadStatus.Reach())
			}
			if said.status && code != h.Status {
				return wrong(SaidTwice.Reach())
			}
			h.Status, h.Said, said.status = code, true, true
		case isLength:
			n, ok := length(value)
			if !ok {
				return wrong(BadLength.Reach())
			}
			if said.length && n != h.ContentLength {
				return wrong(SaidTwice.Reach())
			}
			h.ContentLength, said.length = n, true
		case isLocation:
			if said.location {
				if value != h.Location {
					return wrong(SaidTwice.Reach())
				}
				continue
			}
			h.Location, said.location = value, true
			h.Fields = append(h.Fields, Field{name, value})
		case isType:
			if said.kind {
				if value != h.Get("Content-Type") {
					return wrong(SaidTwice.Reach())
				}
				continue
			}
			said.kind = true
			h.Fields = append(h.Fields, Field{name, value})
		case isHop:
			if equalFold(name, "Connection") {
				named += "," + value
			}
			h.Removed = append(h.Removed, name)
		case isSendFile:
			h.SendFile = value
			h.Removed = append(h.Removed, name)
		case isAccel:
			h.accel(name, value)
			h.Removed = append(h.Removed, name)
		default:
			h.Fields = append(h.Fields, Field{name, value})
		}
	}
	if named != "" {
		h.remove(func(name string) bool { return message.HasToken([]byte(named), name) })
	}
	h.redirect()
	return nil
}

// accel takes a field that is meant for the server.
func (h *Head) accel(name, value string) {
	switch {
	case equalFold(name, "X-Accel-Redirect"):
		h.AccelRedirect = value
	case equalFold(name, "X-Accel-Buffering") && equalFold(value, "no"):
		h.Buffering = No
	case equalFold(name, "X-Accel-Buffering") && equalFold(value, "yes"):
		h.Buffering = Yes
	}
}

// redirect says what a Location means (RFC 3875 §6.3.2): of the server's own, if the script gives no status, so that a
// script which sends the client elsewhere with a status of its own is taken at its word.
func (h *Head) redirect() {
	switch {
	case h.Location == "" || h.Said && h.Status/100 != 3:
	case !h.Said && h.Location[0] == '/':
		h.Kind = LocalRedirect
		h.remove(func(name string) bool { return equalFold(name, "Location") })
	default:
		h.Kind = ClientRedirect
		if !h.Said {
			h.Status = 302
		}
	}
}

// remove takes fields away from what the client gets.
func (h *Head) remove(which func(name string) bool) {
	kept := h.Fields[:0]
	for _, f := range h.Fields {
		if which(f.Name) {
			h.Removed = append(h.Removed, f.Name)
		} else {
			kept = append(kept, f)
		}
	}
	clear(h.Fields[len(kept):])
	h.Fields = kept
}

// role is what a field of a script's answer is for.
type role uint8

const (
	isOther role = iota
	isStatus
	isLength
	isLocation
	isType
	isHop
	isSendFile
	isAccel
)

// hops are the fields that the connection says itself; Date too, since the response has the server's (RFC 9110 §6.6.1).
var hops = message.Set(message.Date, message.Connection, message.KeepAlive, message.ProxyConnection, message.TE, message.Trailer,
	message.TransferEncoding, message.Upgrade)

func meaning(name string) role {
	switch id := message.LookupFieldIDString(name); {
	case id == message.ContentLength:
		return isLength
	case id == message.Location:
		return isLocation
	case id == message.ContentType:
		return isType
	case hops.Has(id) && id != message.OtherField:
		return isHop
	case id != message.OtherField:
		return isOther
	case equalFold(name, "Status"):
		return isStatus
	case equalFold(name, "X-Sendfile"), equalFold(name, "X-LIGHTTPD-send-file"):
		return isSendFile
	case len(name) >= len(accel) && equalFold(name[:len(accel)], accel):
		return isAccel
	case equalFold(name, "Proxy-Authenticate"), equalFold(name, "Proxy-Authentication-Info"):
		return isHop // nobody here is a proxy
	}
	return isOther
}

const accel = "X-Accel-"

func equalFold(a, b string) bool { return message.EqualFold(a, b) }

// statusCode reads the value of Status: three digits, and a phrase that means nothing.
func statusCode(value string) (int, bool) {
	digits, _, _ := strings.Cut(value, " ")
	if len(digits) != 3 {
		return 0, false
	}
	code, err := strconv.Atoi(digits)
	return code, err == nil && 200 <= code && code <= 599 && digits[0] != '+'
}

// length reads the value of Content-Length: digits only.
func length(value string) (int64, bool) {
	for i := range len(value) {
		if value[i] < '0' || '9' < value[i] {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(value, 10, 64)
	return n, err == nil
}

// String tells the head in a line, for whoever looks.
func (h *Head) String() string {
	return fmt.Sprintf("%s, status %d, %d fields", h.Kind, h.Status, len(h.Fields))
}
