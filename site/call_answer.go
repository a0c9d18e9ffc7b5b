package site

import (
	"net/url"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"vitrine/site/gateway"
	"vitrine/site/resource"
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
		c.fields(h, func(name string) bool { return !describes.Has(message.LookupFieldIDString(name)) })
		return true
	default:
		return true
	}
	v.status = h.Status
	c.fields(h, nil)
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

// fields makes the answer's fields those of the response, or those of them that keep says.
func (c *call) fields(h *gateway.Head, keep func(name string) bool) {
	for i := range h.Fields {
		if f := &h.Fields[i]; keep == nil || keep(f.Name) {
			c.v.header.Add(f.Name, f.Value)
		}
	}
}

// ending is what happens when the answer is complete.
func (c *call) ending(h *gateway.Head) ending {
	v := c.v
	if to := h.AccelRedirect; to != "" {
		if c.mayLead(to) {
			return endAccel
		}
		c.mayNot("X-Accel-Redirect", to)
	}
	if name := h.SendFile; name != "" {
		if root, _ := c.sendRoot(name); root >= 0 {
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

// mayLead reports whether X-Accel-Redirect may lead to a path: it is below one of those that are configured, as it stands,
// without any way up or around.
func (c *call) mayLead(to string) bool {
	encoded, _, _ := strings.Cut(to, "?")
	p, err := url.PathUnescape(encoded)
	if err != nil || !strings.HasPrefix(p, "/") || path.Clean(p) != strings.TrimSuffix(p, "/") || strings.ContainsAny(p, "\x00\\") {
		return false
	}
	for i := range c.r.conf.AccelRedirect {
		bare := strings.TrimSuffix(c.r.conf.AccelRedirect[i].V, "/")
		if p == bare || strings.HasPrefix(p, bare+"/") {
			return true
		}
	}
	return false
}

// sendRoot is which of the configured folders a file is in, and its path below it; -1: none.
func (c *call) sendRoot(name string) (int, string) {
	if !filepath.IsAbs(name) || filepath.Clean(name) != name || strings.IndexByte(name, 0) >= 0 {
		return -1, ""
	}
	for i, root := range c.r.send {
		if below, ok := strings.CutPrefix(name, strings.TrimSuffix(root.Dir(), "/")+"/"); ok {
			return i, "/" + filepath.ToSlash(below)
		}
	}
	return -1, ""
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
		c.resume(func(v *visit) {
			next, why := v.rewalk(to, AppAccel.Reach(), &r.conf.Pos)
			if next == find {
				addFields(&v.header, kept)
			}
			v.goOn(next, why)
		})
	case endFile:
		i, below := c.sendRoot(h.SendFile)
		kept := kept(h, append([]string{"Content-Type"}, handedOver...)...)
		c.resume(func(v *visit) { v.goOn(v.sendFile(r, i, below, kept)) })
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

// handedOver are the fields of an answer that stay when something else is sent in the place of its body.
var handedOver = []string{"Content-Disposition", "Set-Cookie", "Cache-Control", "Expires"}

// kept are the fields of an answer with certain names.
func kept(h *gateway.Head, names ...string) []gateway.Field {
	var all []gateway.Field
	for _, f := range h.Fields {
		for _, name := range names {
			if message.EqualFold(f.Name, name) {
				all = append(all, f)
			}
		}
	}
	return all
}

func addFields(h *message.Header, all []gateway.Field) {
	for _, f := range all {
		h.Add(f.Name, f.Value)
	}
}

// sendFile sends a file in the place of an application's body, by the one guarded door: no link leads out of the folder.
func (v *visit) sendFile(r *responder, root int, below string, kept []gateway.Field) (step, *trace.Reason) {
	AppSendFile.Reach()
	line := &r.conf.SendFile[root].Pos
	if v.looking() {
		v.tell("upstream", AppSendFile, line, below, true)
	}
	v.x.Because(AppSendFile, line)
	v.header.Reset()
	e, failure := r.send[root].Load(below, v.settings.load, v.x.Trace)
	if failure != nil {
		v.h.report(v.x.Journey, failure)
		v.refusal = refusal{status: failure.Status, retry: failure.Status == 503}
		return v.refused(failure.Reason, line, nil)
	}
	if e.Kind == resource.Directory {
		e.Release()
		v.refusal = refusal{status: 404}
		return v.refused(NothingHere.Reach(), line, nil)
	}
	v.status, v.memorize = 0, false
	addFields(&v.header, kept)
	v.entry, v.file = e, e.Path
	return present, nil
}
