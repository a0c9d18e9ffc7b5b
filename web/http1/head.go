package http1

import (
	"strconv"

	"vitrine/web/message"
)

// statusLines has the status lines of the registered codes.
var statusLines = func() (lines [600]string) {
	for status := range lines {
		if text := message.StatusText(status); text != "" {
			lines[status] = "HTTP/1.1 " + strconv.Itoa(status) + " " + text + "\r\n"
		}
	}
	return
}()

// AppendStatusLine appends a status line (RFC 9112 §4). The version is 1.1 for every client, since it says what the
// server is able to do and not how the message is built (RFC 9110 §2.5). The status has three digits.
func AppendStatusLine(dst []byte, status int) []byte {
	if uint(status) < uint(len(statusLines)) && statusLines[status] != "" {
		return append(dst, statusLines[status]...)
	}
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	return append(dst, " \r\n"...)
}

// AppendField appends the field line i of a header.
func AppendField(dst []byte, h *message.Header, i int) []byte {
	name, value := h.At(i)
	dst = append(append(dst, name...), ':', ' ')
	return append(append(dst, value...), '\r', '\n')
}

// AppendFields appends the field lines of a header except those about the connection and the framing, which belong to
// whoever owns the connection (RFC 9110 §7.6.1): see AppendConnection and Framing. Content-Length is not among them.
func AppendFields(dst []byte, h *message.Header) []byte {
	for i := range h.Len() {
		if !connectionFields.Has(h.IDAt(i)) {
			dst = AppendField(dst, h, i)
		}
	}
	return dst
}

var connectionFields = message.Set(message.Connection, message.KeepAlive, message.ProxyConnection,
	message.TransferEncoding)

// RenderBlock is the status line and the field lines of a block, for message.Block.Wire: without what AppendFields
// leaves out and without the empty line, since Date, Connection and a transfer coding come after it.
func RenderBlock(b *message.Block) []byte {
	return AppendFields(AppendStatusLine(make([]byte, 0, 512), b.Status()), b.Fields())
}

// AppendBlock appends a block as RenderBlock renders it, which happens once for each block.
func AppendBlock(dst []byte, b *message.Block) []byte {
	return append(dst, b.Wire(message.HTTP1, RenderBlock)...)
}

// AppendFraming appends the field line that a framing needs besides Content-Length, which a Block has itself, and
// nothing for the other framings.
func AppendFraming(dst []byte, framing Framing) []byte {
	if framing == Chunked {
		dst = append(dst, "Transfer-Encoding: chunked\r\n"...)
	}
	return dst
}

// AppendRequestHead appends a request's line and all its field lines, in the client's role, without the empty line
// that ends the head. The header must have Host (RFC 9112 §3.2).
func AppendRequestHead(dst []byte, method, target string, h *message.Header) ([]byte, *Error) {
	if !message.IsToken(method) || !isTarget(target) || !h.HasID(message.Host) {
		return dst, fail(500, reasonSendHead, 0)
	}
	dst = append(append(dst, method...), ' ')
	dst = append(append(dst, target...), " HTTP/1.1\r\n"...)
	for i := range h.Len() {
		dst = AppendField(dst, h, i)
	}
	return dst, nil
}

// isTarget reports whether a target can stand on a request line without ending it early.
func isTarget(target string) bool {
	for i := range len(target) {
		if c := target[i]; c <= ' ' || c == 0x7f || c == '#' {
			return false
		}
	}
	return target != ""
}
