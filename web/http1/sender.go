package http1

import (
	"vitrine/web/message"
)

// Sender holds the content that is sent after a head to what the head announced: what is written beyond it or left
// out makes the message a lie, and then the connection must end so that the peer notices. The zero value sends no
// body. It is not safe for concurrent use.
type Sender struct {
	left    int64 // of an announced length
	framing Framing
}

// ChooseFraming is how a response's content is framed for a client of HTTP/1.minor: length is that of the content, or
// negative when it is not known in advance. HTTP/1.0 does not know the chunked coding (RFC 9112 §6.1).
func ChooseFraming(minor uint8, method message.Method, status int, length int64) Framing {
	switch {
	case method == message.HEAD || !message.BodyAllowed(status):
		return NoBody
	case length >= 0:
		return Length
	case minor == 0:
		return UntilEnd
	}
	return Chunked
}

// Begin starts the content that follows a head. Length is looked at for the framing Length only.
func (s *Sender) Begin(framing Framing, length int64) {
	s.framing, s.left = framing, 0
	if framing == Length {
		s.left = length
	}
}

// Framing is how the end of the content is told.
func (s *Sender) Framing() Framing { return s.framing }

// Remaining is how many bytes are still to be written, -1 when that is open.
func (s *Sender) Remaining() int64 {
	if s.framing == Chunked || s.framing == UntilEnd {
		return -1
	}
	return s.left
}

// AppendData appends a piece of content as it stands on the wire.
func (s *Sender) AppendData(dst, p []byte) ([]byte, *Error) {
	if len(p) == 0 {
		return dst, nil // an empty chunk would be the last
	}
	dst, err := s.AppendChunkHead(dst, int64(len(p)))
	if err != nil {
		return dst, err
	}
	return s.AppendChunkTail(append(dst, p...)), nil
}

// AppendChunkHead accounts for n bytes of content that the caller sends itself, from a file or from its own memory,
// and appends what stands before them on the wire, which is nothing unless the content is chunked. What stands behind
// them comes from AppendChunkTail. N is positive.
func (s *Sender) AppendChunkHead(dst []byte, n int64) ([]byte, *Error) {
	switch s.framing {
	case NoBody, Length:
		if n > s.left {
			return dst, fail(500, reasonSendLong, 0)
		}
		s.left -= n
	case Chunked:
		dst = append(appendHex(dst, uint64(n)), '\r', '\n')
	}
	return dst, nil
}

// AppendChunkTail appends what stands behind a piece of content on the wire.
func (s *Sender) AppendChunkTail(dst []byte) []byte {
	if s.framing == Chunked {
		dst = append(dst, '\r', '\n')
	}
	return dst
}

// AppendEnd appends the end of the content. Trailers (nil: none) go with chunked content; elsewhere there is no place
// for them and they are left out.
func (s *Sender) AppendEnd(dst []byte, trailers *message.Header) ([]byte, *Error) {
	if s.left > 0 {
		return dst, fail(500, reasonSendShort, 0)
	}
	if s.framing == Chunked {
		dst = append(dst, '0', '\r', '\n')
		if trailers != nil {
			dst = appendTrailers(dst, trailers)
		}
		dst = append(dst, '\r', '\n')
	}
	s.framing = NoBody
	return dst, nil
}

// appendTrailers appends the fields that may stand behind the content (RFC 9110 §6.5.1).
func appendTrailers(dst []byte, h *message.Header) []byte {
	for i := range h.Len() {
		if !forbiddenTrailers.Has(h.IDAt(i)) {
			dst = AppendField(dst, h, i)
		}
	}
	return dst
}

// appendHex appends a number in hexadecimal without leading zeros.
func appendHex(dst []byte, n uint64) []byte {
	shift := 60
	for shift > 0 && n>>shift == 0 {
		shift -= 4
	}
	for ; shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[n>>shift&15])
	}
	return dst
}
