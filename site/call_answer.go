package site

import (
	"strconv"
	"strings"
	"time"

	"vitrine/site/gateway"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
)

// begin decides what becomes of an answer whose head is complete. here is how many bytes of its body have come with the head,
// and rest what follows them. It returns false when the call has ended.
func (c *call) begin(l exchange.Link, here int, rest []byte) bool {
	v, h := c.v, c.parser.Head()
	c.then = c.ending(h)
	switch c.then {
	case endPlain:
	case endUnchanged:
		v.addAnswered(h.Fields, func(name string) bool { return !describes.Has(message.LookupFieldIDString(name)) })
		return true
	default:
		return true
	}
	v.status = h.Status
	v.addAnswered(h.Fields, nil)
	length := h.ContentLength
	bodied := v.x.Request.Method != message.HEAD && message.BodyAllowed(h.Status)
	if more, whole := c.rx.Rest(rest); whole && bodied {
		all := int64(here + more)
		if length >= 0 && length != all {
			l.Close()
			c.fail(502, AppLength.Reach(), "it says "+strconv.FormatInt(length, 10)+" bytes, and has "+strconv.FormatInt(all, 10))
			return false
		}
		length = all
	}
	if length >= 0 && message.BodyAllowed(h.Status) {
		v.header.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	if !bodied {
		length = max(length, 0)
	}
	v.length = length
	AppAnswered.Reach()
	if v.looking() {
		details := []trace.Detail{trace.D("status", strconv.Itoa(h.Status))}
		if len(h.Removed) > 0 {
			details = append(details, trace.D("fields left out", strings.Join(h.Removed, ", ")))
		}
		c.event(AppAnswered, details...)
	}
	c.x.Because(AppAnswered, &c.r.conf.Pos)
	v.produce = pushed
	v.walk(deliver)
	if c.body == nil { // it was to be the page for an error, and is none: that has its own by now
		l.Close()
		c.words.end()
		c.over()
		return false
	}
	c.wrote = true
	return true
}

// pushed says that a body is made while it is sent, as far as the steps are concerned. It is the call that writes it.
func pushed(*sender) error { return nil }

// ending is what happens when the answer is complete.
func (c *call) ending(h *gateway.Head) ending {
	v := c.v
	if to := h.AccelRedirect; to != "" {
		if c.r.over.mayLead(to) {
			return endAccel
		}
		c.mayNot("X-Accel-Redirect", to)
	}
	if name := h.SendFile; name != "" {
		if root, _ := c.r.over.root(name); root >= 0 {
			return endFile
		}
		c.mayNot("X-Sendfile", name)
	}
	switch {
	case h.Kind == gateway.LocalRedirect:
		return endLocal
	case h.Status >= 400 && c.r.conf.InterceptErrors.V:
		return endIntercept
	}
	if o, asked := h.Conditions(v.request(), v.x.Start/int64(time.Second)); asked {
		switch o.Verdict {
		case message.NotModified:
			return endUnchanged
		case message.PreconditionFailed:
			return endUnmet
		}
	}
	return endPlain
}

// mayNot says that the application named something that it may not have sent.
func (c *call) mayNot(field, value string) {
	AppMayNot.Reach()
	c.complain(AppMayNot, field+": "+printable(value))
	c.event(AppMayNot, trace.D(field, value))
}

// complete is the end of the application's answer.
func (c *call) complete(l exchange.Link) {
	if c.r.conf.KeepAlive.V && c.sent && l.Queued() == 0 {
		l.Rest()
	} else {
		l.Close()
	}
	if !c.headed {
		fault := c.parser.End()
		c.fail(502, fault.Reason, fault.Error())
		return
	}
	c.conclude()
}

// conclude does what follows a complete answer. The link is not the call's any more.
func (c *call) conclude() {
	c.words.end()
	AppEnded.Reach()
	c.event(AppEnded, c.measures()...)
	r, h := c.r, c.parser.Head()
	switch c.then {
	case endPlain:
		c.body.close(nil)
		c.over()
	case endUnchanged:
		AppNotModified.Reach()
		c.v.status = 304
		c.event(AppNotModified)
		c.finish(AppNotModified)
	case endUnmet:
		c.resume(func(v *visit) {
			v.refusal = refusal{status: 412}
			v.goOn(v.refused(AppUnmet.Reach(), &r.conf.Pos, nil))
		})
	case endIntercept:
		status, kept := h.Status, kept(h, "WWW-Authenticate", "Retry-After")
		c.resume(func(v *visit) {
			v.refusal = refusal{status: status}
			next, why := v.refused(AppIntercepted.Reach(), &r.conf.InterceptErrors.Pos, nil)
			addFields(&v.header, kept)
			v.goOn(next, why)
		})
	case endLocal:
		to := h.Location
		c.resume(func(v *visit) { v.goOn(v.rewalk(to, AppRedirects.Reach(), &r.conf.Pos)) })
	case endAccel:
		to, kept := h.AccelRedirect, kept(h, handedOver...)
		c.resume(func(v *visit) { v.goOn(r.over.lead(v, to, kept, AppAccel.Reach(), &r.conf.Pos)) })
	case endFile:
		i, below := r.over.root(h.SendFile)
		kept := kept(h, handedOver...)
		c.resume(func(v *visit) { v.goOn(r.over.send(v, "upstream", i, below, kept, AppSendFile.Reach())) })
	}
}

// finish delivers an answer without a body.
func (c *call) finish(why *trace.Reason) {
	v := c.v
	c.x.Because(why, &c.r.conf.Pos)
	v.call = nil
	v.walk(deliver)
	c.over()
}
