package http1

import (
	"bytes"

	"vitrine/web/message"
)

// ResponseHead reads the head of the next response from the start of in, in the client's role, as RequestHead does in
// the server's. Method is that of the request that it answers, which decides about the content (RFC 9112 §6.3). After
// an interim response (1xx but 101) the next head follows.
func (x *Receiver) ResponseHead(in []byte, lim *Limits, r *message.Response, method message.Method) (n int, err *Error) {
	if x.err != nil {
		return 0, x.err
	}
	head := in[:min(len(in), lim.headerBytes())]
	if x.line != 0 && !x.resume(head, lim, &r.Fields) {
		return x.incomplete(in, head)
	}
	n, err = x.response(head, lim, r, method)
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

// response reads a head from its start.
func (x *Receiver) response(in []byte, lim *Limits, r *message.Response, method message.Method) (int, *Error) {
	r.Reset(in)
	if len(in) == 0 {
		return 0, nil
	}
	x.state = inHead
	from := x.unscanned()
	lf := bytes.IndexByte(in[from:], '\n')
	if lf < 0 {
		return 0, nil
	}
	lineEnd := from + lf + 1
	if err := parseStatusLine(in[:lineEnd], r); err != nil {
		return 0, err
	}
	p := readFields(in, progress{line: lineEnd}, lim.headerCount(), &r.Fields)
	switch {
	case p.fault != nil:
		return 0, fail(fieldStatus(p.fault), p.fault, p.offset)
	case p.end == 0:
		x.line, x.fields = uint32(p.line), uint16(p.count)
		return 0, nil
	}
	return p.end, x.frameResponse(lim, r, method)
}

// parseStatusLine reads a status line with its line end (RFC 9112 §4). The space before an empty reason phrase may be
// missing: many servers forget it, and there is only one way to read the line.
func parseStatusLine(line []byte, r *message.Response) *Error {
	end := len(line) - 2
	if end < 0 || line[end] != '\r' {
		return fail(400, reasonBareLF, len(line)-1)
	}
	const status = len("HTTP/1.1 ")
	if end < status+3 || line[status-1] != ' ' {
		return fail(400, reasonStatusLine, 0)
	}
	var ok bool
	if r.Major, r.Minor, ok = parseVersion(line[:status-1]); !ok {
		return fail(400, reasonStatusLine, 0)
	}
	if r.Major != 1 {
		return fail(505, reasonMajor, 0)
	}
	for _, c := range line[status : status+3] {
		if !isDigit(c) {
			return fail(400, reasonStatusLine, status)
		}
		r.Status = r.Status*10 + int(c-'0')
	}
	if r.Status < 100 {
		return fail(400, reasonStatusLine, status)
	}
	const reason = status + 4
	if end < reason {
		return nil
	}
	if line[reason-1] != ' ' {
		return fail(400, reasonStatusLine, reason-1)
	}
	for i, c := range line[reason:end] {
		if c == '\r' {
			return fail(400, reasonBareCR, reason+i)
		}
		if !message.IsValueByte(c) {
			return fail(400, reasonStatusLine, reason+i)
		}
	}
	r.Reason = message.Span{Off: uint32(reason), Len: uint32(end - reason)}
	return nil
}

// frameResponse prepares for a response's content by the rules of RFC 9112 §6.3, in their order.
func (x *Receiver) frameResponse(lim *Limits, r *message.Response, method message.Method) *Error {
	x.state, x.trailers = between, nil
	success := r.Status >= 200 && r.Status < 300
	switch {
	case r.Status == 101 || method == message.CONNECT && success:
		x.state = tunnel
		return nil
	case r.Status < 200 || r.Status == 204:
		return nil
	}
	kind, length, err := framing(&r.Fields, r.Minor)
	if err != nil {
		return err
	}
	if kind == Length {
		r.ContentLength = length
	}
	if method == message.HEAD || r.Status == 304 {
		return nil
	}
	if kind == NoBody {
		kind = UntilEnd
	}
	return x.expect(kind, length, lim, r.Fields.Span(message.ContentLength))
}
