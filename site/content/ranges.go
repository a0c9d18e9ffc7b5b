package content

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
)

// ranges answers a request for parts of the file, when it is to be followed (RFC 9110 §14.2).
func (p *plan) ranges() (a Answer, decided bool) {
	f := &p.r.Fields
	if !f.Has(message.Range) {
		return a, false
	}
	asked := f.Get(message.Range)
	ignore := func(why *trace.Reason, because string) (Answer, bool) {
		why.Reach()
		if p.tr != nil {
			p.tell(why, "Range", false, trace.D("asked", string(asked)), trace.D("because", because))
		}
		return Answer{}, false
	}
	switch {
	case p.r.Method != message.GET:
		return ignore(reasonRangeMethod, "the method is "+p.r.MethodName())
	case p.o.Ranges <= 0:
		return ignore(reasonRangeOff, "no ranges are allowed")
	case f.Repeated(message.Range):
		return ignore(reasonRangeIgnored, "there is more than one Range field")
	case !p.outcome.RangeHolds():
		p.tellCondition(reasonRangeOutdated.Reach(), p.outcome.Range)
		return a, false
	}
	ranges, verdict := message.ParseRange(f.Get(message.Range), p.e.Size, p.o.Ranges)
	switch {
	case verdict.Ignored():
		return ignore(reasonRangeIgnored, verdict.String())
	case verdict == message.RangesUnsatisfiable:
		a = Answer{Status: 416, Reason: reasonRangeUnsatisfiable.Reach()}
		p.h.Add("Content-Range", "bytes */"+strconv.FormatInt(p.e.Size, 10))
		if p.tr != nil {
			p.tell(a.Reason, "Range", true, trace.D("asked", string(asked)), trace.D("size", strconv.FormatInt(p.e.Size, 10)))
		}
		return a, true
	case len(ranges) == 1:
		return p.part(ranges[0], asked), true
	}
	return p.parts(ranges, asked), true
}

// part answers with one part. All fields of a 200 are sent, with If-Range too, where RFC 9110 §15.3.7 would rather
// leave out what the client has already: players and download managers read the type of each answer.
func (p *plan) part(r message.ByteRange, asked []byte) Answer {
	a := Answer{Status: 206, Reason: reasonPart.Reach()}
	p.fields(p.t.Value, r.Length)
	sent := contentRange(r, p.e.Size)
	p.h.Add("Content-Range", sent)
	if p.tr != nil {
		p.tell(a.Reason, "Range", true, trace.D("asked", string(asked)), trace.D("sent", sent))
	}
	a.Pieces = p.piece(nil, r)
	return a
}

// parts answers with several parts as multipart/byteranges (RFC 9110 §14.6).
func (p *plan) parts(ranges []message.ByteRange, asked []byte) Answer {
	a := Answer{Status: 206, Reason: reasonParts.Reach()}
	// 128 random bits do not occur in a file that was there before them.
	boundary := fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64())
	body := make([]exchange.Piece, 0, 2*len(ranges)+1)
	length := int64(0)
	text := func(b []byte) {
		body = append(body, exchange.Piece{Bytes: b})
		length += int64(len(b))
	}
	details := []trace.Detail{trace.D("asked", string(asked))}
	delimiter := "--" + boundary + "\r\n"
	for _, r := range ranges {
		head := append([]byte(nil), delimiter...)
		if p.t.Value != "" {
			head = append(append(append(head, "Content-Type: "...), p.t.Value...), "\r\n"...)
		}
		head = append(append(append(head, "Content-Range: "...), contentRange(r, p.e.Size)...), "\r\n\r\n"...)
		text(head)
		body = p.piece(body, r)
		length += r.Length
		delimiter = "\r\n--" + boundary + "\r\n"
		if p.tr != nil {
			details = append(details, trace.D("sent", contentRange(r, p.e.Size)))
		}
	}
	text([]byte("\r\n--" + boundary + "--\r\n"))
	// Content-Range would say something about the whole body, and so is only in the parts (RFC 9110 §15.3.7.2).
	p.fields("multipart/byteranges; boundary="+boundary, length)
	p.tell(a.Reason, "Range", true, details...)
	a.Pieces = body
	return a
}

// contentRange is the value of Content-Range (RFC 9110 §14.4).
func contentRange(r message.ByteRange, size int64) string {
	b := append(make([]byte, 0, 48), "bytes "...)
	b = append(strconv.AppendInt(b, r.Start, 10), '-')
	b = append(strconv.AppendInt(b, r.End()-1, 10), '/')
	return string(strconv.AppendInt(b, size, 10))
}
