package http1

import (
	"math"

	"vitrine/web/message"
)

// Framing is how the end of a message's content is told (RFC 9112 §6.3).
type Framing uint8

const (
	NoBody   Framing = iota // the message ends with its head
	Length                  // Content-Length tells it
	Chunked                 // the chunked coding tells it
	UntilEnd                // the end of the connection tells it; responses only
)

var framingNames = [...]string{"no body", "length", "chunked", "until the end"}

func (f Framing) String() string { return framingNames[f] }

var framingFields = message.Set(message.ContentLength, message.TransferEncoding)

// framing is the one framing that a head announces, or why there is none. It is NoBody when the head has no framing
// field. What two recipients could read differently is refused, also where the standard would allow to repair it:
// equal lengths given twice, codings besides chunked.
func framing(f *message.Fields, minor uint8) (kind Framing, length int64, err *Error) {
	if !f.HasAny(framingFields) {
		return NoBody, 0, nil
	}
	if f.Has(message.TransferEncoding) {
		value := f.Span(message.TransferEncoding)
		switch {
		case f.Has(message.ContentLength):
			return NoBody, 0, fail(400, reasonLengthAndCoding, int(value.Off))
		case minor == 0:
			return NoBody, 0, fail(400, reasonCodingOld, int(value.Off))
		case f.Repeated(message.TransferEncoding) || !message.EqualFold(f.Get(message.TransferEncoding), "chunked"):
			return NoBody, 0, codingFault(f)
		}
		return Chunked, -1, nil
	}
	value := f.Span(message.ContentLength)
	if f.Repeated(message.ContentLength) {
		return NoBody, 0, fail(400, reasonLengthRepeated, int(value.Off))
	}
	length, ok := parseLength(f.Get(message.ContentLength))
	if !ok {
		return NoBody, 0, fail(400, reasonLength, int(value.Off))
	}
	return Length, length, nil
}

// parseLength reads 1*DIGIT (RFC 9110 §8.6).
func parseLength(digits []byte) (int64, bool) {
	n := int64(0)
	for _, c := range digits {
		if !isDigit(c) || n > math.MaxInt64/10 {
			return 0, false
		}
		if n = n*10 + int64(c-'0'); n < 0 {
			return 0, false
		}
	}
	return n, len(digits) > 0
}

// codingFault says what is wrong with transfer codings that are not the one word chunked (RFC 9112 §6.1, §6.3).
func codingFault(f *message.Fields) *Error {
	at := int(f.Span(message.TransferEncoding).Off)
	chunked, others, last := 0, 0, false
	for value := range f.All(message.TransferEncoding) {
		for coding := range message.Tokens(value) {
			if last = message.EqualFold(coding, "chunked"); last {
				chunked++
			} else if !message.IsToken(coding) {
				return fail(400, reasonCoding, at) // parameters too: chunked has none, and we know no other
			} else {
				others++
			}
		}
	}
	switch {
	case chunked > 1:
		return fail(400, reasonCodingTwice, at)
	case others > 0 && !last:
		return fail(400, reasonCodingLast, at)
	case others > 0:
		return fail(501, reasonCodingUnknown, at)
	}
	return fail(400, reasonCoding, at) // none at all, or empty members around one
}

// frameRequest prepares for a request's content.
func (x *Receiver) frameRequest(lim *Limits, r *message.Request) *Error {
	x.state, x.trailers = between, nil
	kind, length, err := framing(&r.Fields, r.Minor)
	if err != nil {
		return err
	}
	r.ContentLength = length
	return x.expect(kind, length, lim, r.Fields.Span(message.ContentLength))
}

// expect prepares for content with the framing.
func (x *Receiver) expect(kind Framing, length int64, lim *Limits, at message.Span) *Error {
	switch kind {
	case Length:
		if lim.BodyBytes > 0 && length > lim.BodyBytes {
			return fail(413, reasonBodyLarge, int(at.Off))
		}
		if length > 0 {
			x.state, x.left = inLength, length
		}
	case Chunked:
		x.state, x.lim, x.left, x.total, x.scanned = inChunkSize, lim, 0, 0, 0
	case UntilEnd:
		x.state, x.lim, x.total = untilEnd, lim, 0
	}
	return nil
}
