package http1

import (
	"bytes"
	"encoding/binary"

	"vitrine/trace"
	"vitrine/web/message"
)

var (
	http11 = binary.LittleEndian.Uint64([]byte("HTTP/1.1"))
	// versionBytes is what follows the target on a request line: SP, version, CRLF.
	versionBytes = len(" HTTP/1.1\r\n")
)

// RequestHead reads the head of the next request from the start of in, in the server's role. N is its length; 0
// without an error means that it is incomplete, and then the call is repeated with more bytes after the same ones.
// The time that takes is linear in the head's length, however it is cut. When n is positive, r holds the head (its
// arena is in[:n]) and the body is to be received with Body unless InBody is false. With an error r holds what was
// read before the fault.
//
// It must not be called while the content of the request before is being received. The limits must not change before
// the content has been received.
func (x *Receiver) RequestHead(in []byte, lim *Limits, r *message.Request) (n int, err *Error) {
	if x.err != nil {
		return 0, x.err
	}
	head := in[:min(len(in), lim.headerBytes())]
	if x.line != 0 && !x.resume(head, lim, &r.Fields) {
		if _, err := x.incomplete(in, head); err != nil {
			x.request(head, lim, r) // r held whatever it was used for last, maybe for another connection
			return 0, err
		}
		return 0, nil
	}
	n, err = x.request(head, lim, r)
	if err != nil {
		return 0, x.keep(err)
	}
	if n == 0 {
		return x.incomplete(in, head)
	}
	r.SetArena(in[:n:n])
	x.scanned, x.line, x.fields = 0, 0, 0
	return n, nil
}

// incomplete remembers what was looked at, or refuses a head that has filled all the room that it may have.
func (x *Receiver) incomplete(in, head []byte) (int, *Error) {
	if len(in) > len(head) {
		return 0, x.keep(fail(431, reasonHeadLarge, len(head)))
	}
	if x.state == inHead {
		x.scanned = uint32(len(head))
	}
	return 0, nil
}

// resume looks at the field lines that have arrived since the last call. It reports whether the head is to be read as
// a whole now: because it has ended, or because a line is faulty. The fields are used as scratch memory.
func (x *Receiver) resume(head []byte, lim *Limits, f *message.Fields) bool {
	if bytes.IndexByte(head[x.scanned:], '\n') < 0 {
		return false
	}
	f.Reset(head)
	p := readFields(head, progress{line: int(x.line), count: int(x.fields)}, lim.headerCount(), f)
	x.line, x.fields = uint32(p.line), uint16(p.count)
	return p.end > 0 || p.fault != nil
}

// request reads a head from its start.
func (x *Receiver) request(in []byte, lim *Limits, r *message.Request) (int, *Error) {
	r.Reset(in)
	x.state = between
	start, err := skipEmptyLines(in)
	if start == len(in) || err != nil {
		return 0, err
	}
	x.state = inHead
	line, err := x.requestLine(in, start, lim, r)
	if line == 0 || err != nil {
		return 0, err
	}
	p := readFields(in, progress{line: line}, lim.headerCount(), &r.Fields)
	switch {
	case p.fault != nil:
		return 0, fail(fieldStatus(p.fault), p.fault, p.offset)
	case p.end == 0:
		x.line, x.fields = uint32(p.line), uint16(p.count)
		return 0, nil
	}
	if err := checkHost(r, line); err != nil {
		return 0, err
	}
	return p.end, x.frameRequest(lim, r)
}

// requestLine reads method SP target SP version CRLF, with exactly these spaces (RFC 9112 §3). It returns the line's
// end, 0 while it is incomplete. The method is judged as it comes, so that somebody who speaks another protocol hears
// of it although no line end may ever follow.
func (x *Receiver) requestLine(in []byte, start int, lim *Limits, r *message.Request) (end int, err *Error) {
	i := start
	for i < len(in) && fieldName[in[i]] && i-start <= maxMethod {
		i++
	}
	switch {
	case i-start > maxMethod:
		return 0, fail(501, reasonMethodLong, start)
	case i == len(in) || i == start && in[i] == '\r': // the latter is the first half of an empty line, so far
		return 0, nil
	case in[i] != ' ' || i == start:
		return 0, fail(400, reasonMethod, i)
	}
	r.MethodText = message.Span{Off: uint32(start), Len: uint32(i - start)}
	r.Method = message.LookupMethod(in[start:i])

	target := i + 1
	from := max(target, x.unscanned())
	lf := bytes.IndexByte(in[from:], '\n')
	if end = len(in); lf >= 0 {
		end = from + lf + 1
	}
	switch {
	case end-target > lim.uriBytes()+versionBytes:
		return 0, fail(414, reasonTargetLong, target)
	case lf < 0:
		return 0, nil
	case in[end-2] != '\r':
		return 0, fail(400, reasonBareLF, end-1)
	}

	version := end - 2 - len("HTTP/1.1")
	if version > target && in[version-1] == ' ' && binary.LittleEndian.Uint64(in[version:]) == http11 {
		r.Major, r.Minor = 1, 1
	} else if version, err = otherVersion(in, target, end-2, r); err != nil {
		return 0, err
	}
	if fault, at := r.ParseTarget(message.Span{Off: uint32(target), Len: uint32(version - 1 - target)}); fault != message.NoFault {
		return 0, fail(400, faultReasons[fault], int(at))
	}
	return end, nil
}

// otherVersion reads a version that is not exactly HTTP/1.1, from a line whose target begins at target. It returns
// where the version begins.
func otherVersion(in []byte, target, end int, r *message.Request) (version int, err *Error) {
	line := in[target:end]
	if cr := bytes.IndexByte(line, '\r'); cr >= 0 {
		return 0, fail(400, reasonBareCR, target+cr)
	}
	space := bytes.LastIndexByte(line, ' ')
	if space < 0 {
		return 0, fail(400, reasonNoVersion, target)
	}
	version = target + space + 1
	var ok bool
	if r.Major, r.Minor, ok = parseVersion(in[version:end]); !ok {
		return 0, fail(400, reasonVersion, version)
	}
	if r.Major != 1 {
		return 0, fail(505, reasonMajor, version)
	}
	return version, nil
}

// unscanned is where the end of the first line of a head may be: behind what was looked at before, or anywhere once
// the line is known to be complete.
func (x *Receiver) unscanned() int {
	if x.line != 0 {
		return 0
	}
	return int(x.scanned)
}

// fieldStatus is what a faulty field section is answered with.
func fieldStatus(fault *trace.Reason) int {
	if fault == reasonManyFields {
		return 431
	}
	return 400
}

// skipEmptyLines is where the request line begins: a few empty lines before it are skipped, since old clients sent
// one after a form's content (RFC 9112 §2.2).
func skipEmptyLines(in []byte) (int, *Error) {
	i := 0
	for i < len(in) && (in[i] == '\r' || in[i] == '\n') {
		switch {
		case in[i] == '\n':
			return i, fail(400, reasonBareLF, i)
		case i+1 == len(in):
			return i, nil
		case in[i+1] != '\n':
			return i, fail(400, reasonBareCR, i)
		case i == 2*maxEmptyLines:
			return i, fail(400, reasonEmptyLines, i)
		}
		i += 2
	}
	return i, nil
}

// parseVersion reads a protocol's version (RFC 9112 §2.3). A higher minor version than 1 counts as 1: whoever speaks
// it understands what 1.1 means (RFC 9110 §2.5).
func parseVersion(b []byte) (major, minor uint8, ok bool) {
	if len(b) != 8 || string(b[:5]) != "HTTP/" || b[6] != '.' || !isDigit(b[5]) || !isDigit(b[7]) {
		return 0, 0, false
	}
	return b[5] - '0', min(b[7]-'0', 1), true
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// checkHost demands exactly one valid Host field of HTTP/1.1, and at most one of HTTP/1.0 (RFC 9112 §3.2). End is
// where the request line ends.
func checkHost(r *message.Request, end int) *Error {
	value := r.Fields.Span(message.Host)
	switch {
	case !r.Fields.Has(message.Host):
		if r.Minor == 0 {
			return nil
		}
		return fail(400, reasonHostMissing, end)
	case r.Fields.Repeated(message.Host):
		return fail(400, reasonHostRepeated, int(value.Off))
	}
	if fault, at := r.ParseHost(value); fault != message.NoFault {
		return fail(400, reasonHost, int(at))
	}
	return nil
}
