package site

import (
	"strconv"
	"strings"

	"vitrine/site/coding"
	"vitrine/site/content"
	"vitrine/site/resource"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
)

// onLoop is how many bytes are encoded on the loop, which takes less than a millisecond; what is longer leaves it.
const onLoop = 8 << 10

// foresee decides, before it is known what is sent of a file, in which form the whole of it would be, and returns how many
// ranges may be followed. The parts of a file are those of the file as it is, which alone has a strong entity tag. A
// request that cannot mean that gets the whole: one that refuses identity, and one whose If-Range has a date, which the
// forms of a file have in common (RFC 9110 §13.1.5).
func (v *visit) foresee(mediaType string, ranges int) int {
	c := v.settings.coder
	if c == nil || v.header.HasID(message.ContentEncoding) || !c.covers(mediaType, v.entry.Size) {
		return ranges
	}
	v.varies |= message.Set(message.AcceptEncoding)
	best, why := v.prefer(c)
	if why != nil {
		return ranges
	}
	v.form.coding = best
	f := &v.request().Fields
	accepted := content.AcceptedCodings(f)
	if f.Has(message.Range) && (accepted.Weight(content.Identity) == 0 || hasDate(f.Get(message.IfRange))) {
		return 0
	}
	return ranges
}

// hasDate reports whether the value of If-Range is a date and no entity tag.
func hasDate(ifRange []byte) bool {
	_, _, tag := message.ParseETag(ifRange)
	return len(ifRange) > 0 && !tag
}

// prefer is the coding that the request wants most, or why it is none.
func (v *visit) prefer(c *coder) (content.Coding, *trace.Reason) {
	f := &v.request().Fields
	accepted := content.AcceptedCodings(f)
	best, acceptable := accepted.Best(c.offered)
	switch {
	case !acceptable:
		return content.Identity, IdentityRefused
	case best == content.Identity:
		return content.Identity, CodingNotAccepted
	case f.Has(message.IfMatch) && accepted.Weight(content.Identity) > 0:
		return content.Identity, CodingStrong
	}
	return best, nil
}

// encode decides whether the response is encoded, and does it, or has it done while it is sent. The header is complete:
// what the rules say counts.
func (v *visit) encode() (step, *trace.Reason) {
	c := v.settings.coder
	if c == nil || v.block != nil && !v.looking() {
		return handOver, nil
	}
	best := v.form.coding
	why, varies := v.codable(c)
	if why == nil {
		best, why = v.prefer(c)
	}
	if varies {
		v.varies |= message.Set(message.AcceptEncoding)
		content.AddVary(&v.header, message.AcceptEncoding)
	}
	if v.block != nil { // it was encoded before, or not: whoever looks is told
		switch {
		case why != nil:
		case v.coded == nil:
			why = CodingLonger
		default:
			why = Encoded
		}
		v.tellCoding(c, why, best)
		return handOver, nil
	}
	if why != nil {
		if v.status == 304 && v.form.coding != content.Identity {
			v.weaken() // as that of the response that the client has
		}
		v.tellCoding(c, why, best)
		return handOver, nil
	}
	m := c.means[best]
	next, told := v.encodeAs(c, best, m)
	if next == done {
		return done, nil
	}
	v.tellCoding(c, told, best)
	return handOver, nil
}

// codable says why the response is not to be encoded for anybody, or nil; varies is set when it might have been, for
// another client or another request.
func (v *visit) codable(c *coder) (why *trace.Reason, varies bool) {
	h := &v.header
	size := v.size()
	switch control := h.GetID(message.CacheControl); {
	case !message.BodyAllowed(v.status), size == 0:
		return CodingNoBody, false
	case h.HasID(message.ContentEncoding):
		return CodedAlready, false
	case !c.takes(h.GetID(message.ContentType)):
		return CodingType, false
	case control != "" && message.HasToken([]byte(control), "no-transform"):
		return CodingForbidden, false
	case h.Has("Content-Digest"), h.Has("Repr-Digest"), h.Has("Digest"), h.Has("Content-MD5"):
		return CodingDigested, false
	case v.status == 206, h.HasID(message.ContentRange):
		return CodingPart, v.varies.Has(message.AcceptEncoding)
	case c.small(size):
		return CodingSmall, false
	}
	return nil, true
}

// size is the length of the response's body, -1 when it is not known.
func (v *visit) size() int64 {
	if text := v.header.GetID(message.ContentLength); text != "" {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	}
	if v.produce == nil {
		return int64(len(v.body))
	}
	return v.length
}

// encodeAs encodes the response, and says what became of it. It may leave the loop; then it returns done.
func (v *visit) encodeAs(c *coder, best content.Coding, m means) (step, *trace.Reason) {
	x, file := v.x, v.entry != nil && v.body == nil && v.produce == nil
	silent := x.Request.Method == message.HEAD
	large := file && v.entry.Bytes == nil
	switch {
	case large && !silent && !v.away:
		if v.depart(encode) {
			return done, nil
		}
		return v.leaveAsIs()
	case large, v.produce != nil:
	case file:
		return v.encodeWhole(c, best, m, v.entry.Bytes)
	case silent && len(v.body) == 0: // its length is known when it is made
	default:
		return v.encodeWhole(c, best, m, v.made())
	}
	if !silent {
		if !v.h.encoders.take() {
			return v.leaveAsIs()
		}
		v.encoding = m
		if large {
			v.produceFile()
		}
	}
	v.uncounted, v.memorize = true, false
	v.header.Del("Content-Length")
	v.mark(best)
	return handOver, Encoded
}

// leaveAsIs gives up encoding, as too much of it is going on.
func (v *visit) leaveAsIs() (step, *trace.Reason) {
	v.memorize = false
	return handOver, CodingBusy
}

// made is the body that was made for this answer.
func (v *visit) made() []byte {
	if len(v.pieces) == 0 {
		return v.body
	}
	var all []byte
	for _, p := range v.pieces {
		all = append(all, p.Bytes...)
	}
	return all
}

// encodeWhole encodes a body that is in memory, or finds it where it was kept.
func (v *visit) encodeWhole(c *coder, best content.Coding, m means, body []byte) (step, *trace.Reason) {
	file := v.entry != nil && v.body == nil
	fixed := !file && v.memorize // a fixed answer, the same for all
	var b []byte
	kept := false
	switch {
	case !c.conf.Keep.V:
	case file:
		b, kept = v.entry.Form(m.key())
	case fixed:
		if p := c.fixed[best].Load(); p != nil {
			b, kept = *p, true
		}
	}
	v.recalled = kept
	if !kept {
		if len(body) > onLoop && !v.away {
			if v.depart(encode) {
				return done, nil
			}
			return v.leaveAsIs()
		}
		if !v.h.encoders.take() {
			return v.leaveAsIs()
		}
		b = v.encodeAtOnce(body, m)
		v.h.encoders.give()
		if len(b) >= len(body) {
			b = nil
		}
		switch {
		case !c.conf.Keep.V:
		case file:
			kept = v.entry.KeepForm(m.key(), b)
		case fixed:
			c.fixed[best].Store(&b)
			kept = true
		}
		v.memorize = v.memorize && kept
	}
	if len(b) == 0 {
		return handOver, CodingLonger
	}
	v.coded = b
	v.pieces = nil
	if v.x.Request.Method != message.HEAD {
		v.pieces = []exchange.Piece{{Bytes: b}}
	}
	if !file {
		v.body = b
	} else {
		v.form.coding = best
	}
	v.header.Set("Content-Length", strconv.Itoa(len(b)))
	v.mark(best)
	return handOver, Encoded
}

// encodeAtOnce encodes a body that is in memory.
func (v *visit) encodeAtOnce(body []byte, m means) []byte {
	if v.away && !v.x.Lent() {
		takeTurn()
		defer giveTurn()
	}
	return coding.Append(nil, body, m.coding, m.level)
}

// mark says in the header in which coding the response is. Parts of it are not sent, and its bytes are those of this
// encoder at this level: its entity tag is a weak one (RFC 9110 §8.8.1).
func (v *visit) mark(best content.Coding) {
	v.header.Set("Content-Encoding", best.String())
	v.header.Del("Accept-Ranges")
	v.weaken()
}

// weaken makes the response's entity tag a weak one. Whoever asks with either form, If-None-Match compares weakly.
func (v *visit) weaken() {
	if tag := v.header.GetID(message.ETag); tag != "" && !strings.HasPrefix(tag, "W/") {
		v.header.Set("ETag", "W/"+tag)
	}
}

// produceFile makes the file's content while it is sent, instead of sending it from its descriptor.
func (v *visit) produceFile() {
	v.dropPieces()
	e, rehearsed := v.entry, v.rehearsed()
	e.Acquire() // it cannot fail for somebody who holds one
	v.produce = func(w *sender) error {
		defer e.Release()
		return copyFile(w, e, rehearsed)
	}
}

// mostRehearsed is how much of a file is read in a dry run, which nobody is sent.
const mostRehearsed = 1 << 20

// copyFile writes a file's content to a sender. A file that has become shorter is an error.
func copyFile(w *sender, e *resource.Entry, rehearsed bool) error {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	for at := int64(0); at < e.Size && !(rehearsed && at >= mostRehearsed); {
		n := min(int64(cap(*buf)), e.Size-at)
		read, err := e.File.F.ReadAt((*buf)[:n:n], at)
		if int64(read) < n {
			return err
		}
		if _, err := w.Write((*buf)[:n]); err != nil {
			return err
		}
		at += n
	}
	return nil
}

// tellCoding tells what became of the response's coding: why it is none, or what made it.
func (v *visit) tellCoding(c *coder, why *trace.Reason, best content.Coding) {
	why.Reach()
	if why == CodingNoBody || !v.looking() {
		return
	}
	var details []trace.Detail
	if asked := v.request().Fields.Get(message.AcceptEncoding); asked != nil {
		details = append(details, trace.D("accept-encoding", string(asked)))
	}
	taken := why == Encoded
	if taken {
		details = append(details, trace.D("coding", best.String()), trace.D("level", strconv.Itoa(c.means[best].level)))
		if v.coded != nil {
			details = append(details, trace.D("bytes", strconv.Itoa(len(v.coded))))
		}
		if v.recalled {
			details = append(details, trace.D("from", "memory"))
		}
	}
	at := &c.conf.Pos
	switch why {
	case CodingType:
		if len(c.conf.Types) > 0 {
			at = &c.conf.Types[0].Pos
		}
		details = append(details, trace.D("type", v.header.GetID(message.ContentType)))
	case CodingSmall:
		at = &c.conf.MinSize.Pos
		details = append(details, trace.D("min_size", strconv.FormatInt(c.conf.MinSize.V, 10)))
	case CodingBusy:
		at = &v.h.conf.Limits.Encoders.Pos
	}
	v.tell("encode", why, at, v.request().ShownTarget(), taken, details...)
}

// encodeWritten decides about a body that an application writes to the exchange itself, and makes it pass an encoder. It
// returns nil when there is none.
func (v *visit) encodeWritten() *sender {
	v.produce, v.length = func(*sender) error { return nil }, -1 // so much is known of it
	v.encode()
	v.produce = nil
	if v.encoding.coding == coding.Identity {
		return nil
	}
	w := v.newSender()
	v.x.Through(w)
	return w
}
