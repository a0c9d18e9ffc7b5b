package http1

import (
	"bytes"
	"math"

	"vitrine/web/message"
)

// Body reads content from the start of in. Data is a piece of in, and n bytes are consumed; n may be more than the
// data (the framing) or positive without any. It is called again with the bytes that follow until done, or until n is
// 0, and then again when more have arrived. Done is reported once, with the last piece; the receiver is then ready for
// the next head, and Trailers holds the trailer section. In a tunnel, and when only the connection's end ends the
// content, done never comes.
func (x *Receiver) Body(in []byte) (data []byte, n int, done bool, err *Error) {
	return x.BodyUpTo(in, math.MaxInt)
}

// BodyUpTo is Body for a reader who takes no more than most bytes of data now. The framing is read all the same: a
// chunk's line, and the trailer section behind the last one, need no room at the reader's.
func (x *Receiver) BodyUpTo(in []byte, most int) (data []byte, n int, done bool, err *Error) {
	if x.err != nil {
		return nil, 0, false, x.err
	}
	switch x.state {
	case inLength:
		n = int(min(x.left, int64(len(in)), int64(most)))
		if x.left -= int64(n); x.left == 0 {
			x.state = between
		}
		return in[:n:n], n, x.state == between, nil
	case untilEnd:
		if room := x.lim.BodyBytes - x.total; x.lim.BodyBytes > 0 && int64(len(in)) > room {
			if room == 0 {
				return nil, 0, false, x.keep(fail(413, reasonBodyLarge, 0))
			}
			in = in[:room:room]
		}
		in = in[:min(len(in), most)]
		x.total += int64(len(in))
		return in, len(in), false, nil
	case tunnel:
		in = in[:min(len(in), most)]
		return in, len(in), false, nil
	case between, inHead, ended:
		return nil, 0, true, nil
	}
	return x.chunked(in, most)
}

// chunked reads content in the chunked coding (RFC 9112 §7.1), byte by byte where it is framing, so that nothing has
// to be kept of a chunk's size line.
func (x *Receiver) chunked(in []byte, most int) (data []byte, n int, done bool, err *Error) {
	for n < len(in) {
		c := in[n]
		switch x.state {
		case inChunkSize:
			x.scanned++
			digit := hexDigits[c]
			switch {
			case digit < 16 && x.left > math.MaxInt64>>4:
				return nil, 0, false, x.keep(fail(400, reasonChunkHuge, n))
			case digit < 16:
				x.left = x.left<<4 | int64(digit)
			case x.scanned == 1:
				return nil, 0, false, x.keep(fail(400, reasonChunkSize, n))
			case c == '\r':
				x.state = inChunkSizeEnd
			case c == ';':
				x.state = inChunkExt
			default:
				return nil, 0, false, x.keep(fail(400, reasonChunkSize, n))
			}
			if int(x.scanned) > x.lim.chunkLine() {
				return nil, 0, false, x.keep(fail(400, reasonChunkLine, n))
			}
		case inChunkExt:
			x.scanned++
			x.line++
			if c == '\r' {
				x.state = inChunkSizeEnd
			} else if !message.IsValueByte(c) {
				return nil, 0, false, x.keep(fail(400, reasonChunkExtension, n))
			}
			if bound := x.lim.chunkLine(); int(x.scanned) > bound || int(x.line) > chunkLines*bound {
				return nil, 0, false, x.keep(fail(400, reasonChunkLine, n))
			}
		case inChunkSizeEnd:
			if c != '\n' {
				return nil, 0, false, x.keep(fail(400, reasonBareCR, n-1))
			}
			if err := x.beginChunk(n); err != nil {
				return nil, 0, false, err
			}
		case inChunkData:
			take := int(min(x.left, int64(len(in)-n), int64(most)))
			if x.left -= int64(take); x.left == 0 {
				x.state = inChunkEnd
			}
			return in[n : n+take : n+take], n + take, false, nil
		case inChunkEnd:
			if c != '\r' {
				return nil, 0, false, x.keep(fail(400, reasonChunkEnd, n))
			}
			x.state = inChunkEndLF
		case inChunkEndLF:
			if c != '\n' {
				return nil, 0, false, x.keep(fail(400, reasonChunkEnd, n))
			}
			x.state, x.scanned = inChunkSize, 0
		case inTrailers:
			used, done, err := x.trailer(in[n:])
			if err != nil {
				err.Offset += n
				return nil, 0, false, x.keep(err)
			}
			if n += used; done || used == 0 {
				return nil, n, done, nil
			}
			continue
		}
		n++
	}
	return nil, n, false, nil
}

// beginChunk follows a chunk's size line.
func (x *Receiver) beginChunk(at int) *Error {
	if x.left == 0 {
		x.state, x.scanned, x.line, x.fields = inTrailers, 0, 0, 0
		return nil
	}
	if x.total > math.MaxInt64-x.left {
		return x.keep(fail(400, reasonChunkHuge, at))
	}
	if x.total += x.left; x.lim.BodyBytes > 0 && x.total > x.lim.BodyBytes {
		return x.keep(fail(413, reasonBodyLarge, at))
	}
	x.state = inChunkData
	return nil
}

// trailer reads one line of the trailer section (RFC 9112 §7.1.2), once it is complete. Used is its length, 0 when it
// is incomplete; done says that it was the last.
func (x *Receiver) trailer(in []byte) (used int, done bool, err *Error) {
	bound := x.lim.trailerBytes()
	end := len(in)
	lf := bytes.IndexByte(in[x.scanned:], '\n')
	if lf >= 0 {
		end = int(x.scanned) + lf + 1
	}
	if int(x.line)+end > bound {
		return 0, false, fail(431, reasonTrailerLarge, 0)
	}
	if lf < 0 {
		x.scanned = uint32(end)
		return 0, false, nil
	}
	x.scanned = 0
	x.line += uint32(end)

	var f message.Fields
	f.Reset(in)
	p := readFields(in[:end], progress{count: int(x.fields)}, x.lim.headerCount(), &f)
	switch {
	case p.fault != nil:
		return 0, false, fail(fieldStatus(p.fault), p.fault, p.offset)
	case p.end > 0:
		x.state, x.scanned, x.line, x.fields = between, 0, 0, 0
		return end, true, nil
	}
	x.fields = uint16(p.count)
	if forbiddenTrailers.Has(f.IDAt(0)) {
		reasonTrailerDropped.Reach()
		return end, false, nil
	}
	if x.trailers == nil {
		x.trailers = new(message.Header)
	}
	name, value := f.At(0)
	x.trailers.Add(string(name), string(value)) // checked by readFields
	return end, false, nil
}

// forbiddenTrailers are fields that act before the content is read, and so would be a way around whatever looked at
// the head: framing, routing, request modifiers, authentication, response control, content format
// (RFC 9110 §6.5.1).
var forbiddenTrailers = message.Set(
	message.TransferEncoding, message.ContentLength, message.Connection, message.KeepAlive, message.ProxyConnection,
	message.Trailer, message.Upgrade, message.TE,
	message.Host, message.Forwarded, message.Via, message.XForwardedFor, message.XForwardedProto, message.MaxForwards,
	message.Accept, message.AcceptCharset, message.AcceptEncoding, message.AcceptLanguage, message.CacheControl,
	message.Pragma, message.Expect, message.Range, message.IfMatch, message.IfModifiedSince, message.IfNoneMatch,
	message.IfRange, message.IfUnmodifiedSince, message.Origin, message.Referer, message.UserAgent, message.From,
	message.Authorization, message.ProxyAuthorization, message.Cookie, message.SetCookie,
	message.Age, message.Date, message.Expires, message.Location, message.RetryAfter, message.Vary, message.Allow,
	message.ContentEncoding, message.ContentLanguage, message.ContentLocation, message.ContentRange,
	message.ContentType, message.LastModified,
)

// hexDigits is the value of a hexadecimal digit, or 255.
var hexDigits = func() (t [256]byte) {
	for i := range t {
		t[i] = 255
	}
	for i := range byte(16) {
		t["0123456789abcdef"[i]], t["0123456789ABCDEF"[i]] = i, i
	}
	return
}()
