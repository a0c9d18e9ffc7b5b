package web

import (
	"io"
	"time"

	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/http1"
	"vitrine/web/message"
)

// DryResult is what would be answered to a request, and every decision on the way.
type DryResult struct {
	Request *message.Request
	Refused *Refusal // the request could not be accepted
	Offset  int      // where in the head, when Refused
	Status  int
	Fields  *message.Header // of the response, as the handler gave them; Date and Connection are the carrier's
	Length  int64           // of the body that would be sent; -1: it would be streamed
	Pieces  []exchange.Piece
	Body    []byte // its beginning, up to the limit that DryRun was given
	Journey trace.ID
	Events  []trace.Event
	Reasons []*trace.Reason // those that the log would name
	Keep    bool            // the connection would go on
	Ending  *trace.Reason   // and why, or why not
}

// dryCarrier carries an exchange nowhere: what would run off the loop runs at once, and nothing is sent.
type dryCarrier struct{ x *exchange.Exchange }

func (dryCarrier) Wake() {}
func (c dryCarrier) Spawn(f func()) bool {
	c.x.FeedEnd(nil)
	f()
	return true
}

// DryRun answers a request, given as the bytes of its HTTP/1 head, with the very steps that would answer it on a
// connection, and records each decision. Nothing is sent and nothing is logged; the body is read up to limit bytes.
func DryRun(h Handler, head []byte, peer *Peer, s Settings, limit int64) *DryResult {
	set := prepare(s)
	set.limits.Output = 1 << 62 // nobody takes what is written, and so nobody must wait
	var rx http1.Receiver
	r := new(message.Request)
	r.Reset(nil)
	out := &DryResult{Journey: trace.NewID()}
	start := time.Now()
	x := exchange.New()
	x.Begin(dryCarrier{x}, r, peer, set.limits)
	x.Journey, x.Start, x.Serial = out.Journey, start.UnixNano(), 1
	x.Trace = &trace.Journey{ID: out.Journey}
	n, fault := rx.RequestHead(head, &set.head, r)
	if fault == nil && n == 0 {
		fault = rx.EOF()
	}
	if fault != nil {
		x.Refused = &Refusal{Status: fault.Status, Reason: fault.Reason}
		x.Because(fault.Reason, nil)
		x.Trace.Add(trace.Event{Step: "request", Reason: fault.Reason, Taken: true})
		out.Refused, out.Offset = x.Refused, fault.Offset
	}
	h.Serve(x)
	out.Length = -1
	block, pieces := x.Answer()
	if x.Detached() {
		u := x.Update()
		block = u.Block
		if u.Whole {
			pieces = x.Pieces()
		} else if block != nil {
			out.Length = u.Length
			for {
				b, release := x.Take()
				if b == nil {
					break
				}
				if int64(len(out.Body)) < limit {
					out.Body = append(out.Body, b...)
				}
				release.Release()
			}
		}
		if u.Panic != nil {
			x.Because(HandlerPanic.Reach(), nil)
		}
	}
	if block == nil {
		x.Because(HandlerSilent.Reach(), nil)
		block, pieces = bare(500)
	}
	out.Request, out.Status, out.Fields = r, block.Status(), block.Fields()
	bodied := r.Method != message.HEAD && message.BodyAllowed(out.Status)
	if x.Answered() {
		out.Length = 0
		for i := range pieces {
			p := &pieces[i]
			out.Length += p.Len()
			if bodied {
				out.Body = appendPiece(out.Body, p, limit-int64(len(out.Body)))
			}
			if p.Release != nil {
				p.Release.Release()
			}
		}
		x.Forget()
	}
	if !bodied {
		out.Length, out.Body = 0, nil
	}
	out.Keep, out.Ending = http1.Persist(http1.PersistInput{
		Minor: r.Minor, Options: http1.ConnectionOptions(&r.Fields),
		Framing:  http1.ChooseFraming(r.Minor, r.Method, out.Status, out.Length),
		Requests: 1, MaxRequests: set.RequestsPerConnection, Faulty: fault != nil, Unread: http1.Expects100(r),
	})
	out.Events = x.Trace.Events
	why, _ := x.Why()
	out.Reasons = append(out.Reasons, why...)
	x.Release()
	return out
}

// appendPiece appends the beginning of a piece.
func appendPiece(dst []byte, p *exchange.Piece, limit int64) []byte {
	n := min(p.Len(), limit)
	if n <= 0 {
		return dst
	}
	if p.File == nil {
		return append(dst, p.Bytes[:n]...)
	}
	buf := make([]byte, n)
	m, _ := io.ReadFull(io.NewSectionReader(p.File.F, p.Offset, n), buf)
	return append(dst, buf[:m]...)
}
