package site

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"path"
	"strconv"
	"strings"
	"time"

	"vitrine/config"
	"vitrine/site/resource"
	"vitrine/site/ssi"
	"vitrine/trace"
	"vitrine/web/message"
)

// ssiSettings are an ssi block, compiled.
type ssiSettings struct {
	conf       *config.SSI
	extensions map[string]bool // with their dots, in lower case
	types      map[string]bool // in lower case, without parameters
}

// newSSI compiles a block; nil when pages are sent as they are.
func newSSI(conf *config.SSI) *ssiSettings {
	if conf.Off.V {
		return nil
	}
	s := &ssiSettings{conf: conf, extensions: make(map[string]bool), types: make(map[string]bool)}
	for _, e := range conf.Extensions {
		s.extensions[strings.ToLower(e.V)] = true
	}
	for _, t := range conf.Types {
		s.types[mediaType(t.V)] = true
	}
	return s
}

// mediaType is a Content-Type without its parameters, in lower case.
func mediaType(s string) string {
	s, _, _ = strings.Cut(s, ";")
	return strings.ToLower(strings.TrimSpace(s))
}

// parses reports whether a file is a page with directives.
func (s *ssiSettings) parses(t *settings, e *resource.Entry) bool {
	if s.extensions[strings.ToLower(path.Ext(e.Path))] {
		return true
	}
	return len(s.types) > 0 && s.types[mediaType(t.types.Lookup(e.Path).Value)]
}

func (s *ssiSettings) defaults() ssi.Defaults {
	return ssi.Defaults{Error: s.conf.Error.V, Undefined: s.conf.Undefined.V, TimeFormat: s.conf.TimeFormat.V}
}

// parsedPage is a file with its directives, kept with it.
type parsedPage struct {
	longest int64
	page    *ssi.Page
}

// pageOf finds the directives of the visit's file, or has them from before.
func (v *visit) pageOf() (*ssi.Page, *trace.Reason) {
	e, conf := v.entry, v.settings.ssi.conf
	longest := conf.DirectiveBytes.V
	if kept, _ := e.Page.Load().(*parsedPage); kept != nil && kept.longest == longest {
		return kept.page, nil
	}
	if e.Size > conf.PageBytes.V {
		return nil, IncludeTooLarge.Reach()
	}
	src := e.Bytes
	if e.File != nil {
		src = make([]byte, e.Size)
		if _, err := io.ReadFull(io.NewSectionReader(e.File.F, 0, e.Size), src); err != nil {
			return nil, IncludeUnread.Reach()
		}
	}
	var t turn
	t.take()
	page := ssi.Compile(src, int(longest), t.breathe)
	t.give()
	// What is kept with a file is not accounted but for a kilobyte. A page that is nearly all directives is parsed anew.
	if e.File == nil && page.Size() <= 2*len(src)+4096 {
		e.Page.Store(&parsedPage{longest, page})
	}
	return page, nil
}

// include fills in the directives of a page. As long as it is no longer than what is held back, the answer is made before
// it is sent; a longer one is sent from then on as it is made.
func (v *visit) include() (step, *trace.Reason) {
	if !v.away {
		return v.leave(include)
	}
	conf := v.settings.ssi.conf
	line := &conf.Off.Pos
	v.memorize, v.kept, v.line = false, false, line
	page, wrong := v.pageOf()
	if wrong != nil {
		v.refusal.status = 500
		return v.refused(wrong, line, []trace.Detail{trace.D("file", v.entry.Path), trace.D("size", strconv.FormatInt(v.entry.Size, 10)),
			trace.D("bound", strconv.FormatInt(conf.PageBytes.V, 10))})
	}
	if v.nest != nil {
		return v.includeNested(page)
	}
	IncludePage.Reach()
	v.tellPage(page)
	r := newPageRun(v)
	whole := false
	defer func() {
		if !whole && r.w != nil { // it panicked
			r.w.free()
		}
	}()
	r.page(v, page)
	whole = true
	return r.end()
}

func (v *visit) tellPage(page *ssi.Page) {
	if v.looking() {
		v.tell("include", IncludePage, &v.settings.ssi.conf.Off.Pos, v.entry.Path, true, trace.D("directives", strconv.Itoa(page.Directives())))
	}
}

// includeNested fills in a page that another includes, which takes what it comes to.
func (v *visit) includeNested(page *ssi.Page) (step, *trace.Reason) {
	r, n := v.nest.into, v.nest
	for i := range r.open {
		if o := &r.open[i]; o.root == v.root && o.path == v.entry.Path {
			v.refusal.status = 508
			names := make([]string, 0, len(r.open)+1)
			for _, o := range r.open[i:] {
				names = append(names, o.path)
			}
			return v.refused(IncludeLoop.Reach(), v.line, []trace.Detail{trace.D("loop", strings.Join(append(names, v.entry.Path), " → "))})
		}
	}
	IncludePage.Reach()
	v.tellPage(page)
	n.written, n.modified, n.pure = true, v.entry.ModTime, v.varies == 0 && !v.missing
	n.vary, n.varies = v.header.Get("Vary"), v.varies
	r.page(v, page)
	return done, nil
}

// openPage is a page that is being filled in: others must not include it.
type openPage struct {
	root *resource.Root
	path string
}

// end makes the answer of what the page has come to.
func (r *pageRun) end() (step, *trace.Reason) {
	v := r.v
	if r.w != nil { // the head is sent
		r.send()
		r.w.close(r.err)
		v.leaveHome()
		v.ended.Store(true)
		return done, nil
	}
	v.line = r.line()
	switch r.err {
	case nil:
		return r.whole()
	case errOnlyHead:
		r.describe()
		v.length, v.produce = -1, func(*sender) error { return nil }
		return deliver, r.tell(IncludeStreamed.Reach())
	case errCondition:
		return r.condition()
	case errPageTooLong:
		v.refusal.status = 500
		return v.refused(IncludeTooLong.Reach(), &r.conf.OutputBytes.Pos, []trace.Detail{trace.D("bound", strconv.FormatInt(r.conf.OutputBytes.V, 10))})
	}
	v.refusal.status = 500
	return v.refused(IncludeTooLong, v.line, nil)
}

// whole answers with a page that is complete. Its entity tag is made of what it came to, so it is strong, whatever the page
// depends on.
func (r *pageRun) whole() (step, *trace.Reason) {
	v := r.v
	r.describe()
	v.body = r.held
	if v.status == 200 {
		digest := sha256.Sum256(v.body)
		current := message.Current{Exists: true, ETag: `"` + hex.EncodeToString(digest[:12]) + `"`}
		now := v.x.Start / int64(time.Second)
		if r.isPure() {
			current.LastModified = min(r.newest.Unix(), now)
		}
		switch o := message.Evaluate(&v.request().Fields, v.request().Method, current, now); o.Verdict {
		case message.NotModified:
			v.status, v.body = 304, nil
			v.foresee(v.header.Get("Content-Type"), 0) // its entity tag is that of the form that the client has
			v.header.Del("Content-Type")
			v.header.Del("Accept-Ranges")
			v.header.Set("ETag", current.ETag)
			return deliver, r.tell(IncludeUnchanged.Reach())
		case message.PreconditionFailed:
			return r.condition()
		}
		v.header.Set("ETag", current.ETag)
		if current.LastModified != 0 {
			v.header.Set("Last-Modified", string(message.AppendDate(nil, current.LastModified)))
		}
	}
	v.header.Set("Content-Length", strconv.Itoa(len(v.body)))
	return deliver, r.tell(IncludeWhole.Reach(), trace.D("length", strconv.Itoa(len(v.body))))
}

// condition answers for a page of which the request wants another version.
func (r *pageRun) condition() (step, *trace.Reason) {
	r.v.refusal = refusal{status: 412}
	r.v.header.Reset()
	return r.v.refused(IncludeCondition.Reach(), r.line(), nil)
}

// describe sets the fields of a page's head that do not depend on how it is sent. A page that depends on more than files is
// not to be taken from a cache without a question: what it would say to somebody else, or now, only the server knows.
func (r *pageRun) describe() {
	v := r.v
	if v.status == 0 {
		v.status = 200
	}
	if t := v.settings.types.Lookup(v.entry.Path); t.Value != "" {
		v.header.Set("Content-Type", t.Value)
	}
	v.header.Set("Accept-Ranges", "none")
	v.varies |= r.varies
	for _, name := range r.vary {
		addVaryName(&v.header, name)
	}
	if r.w != nil || r.err != nil || !r.isPure() {
		v.header.Set("Cache-Control", "no-cache")
	}
}

// addVaryName notes a field in Vary.
func addVaryName(h *message.Header, name string) {
	switch before := h.Get("Vary"); {
	case before == "":
		h.Set("Vary", name)
	case !message.HasToken([]byte(before), name) && !message.HasToken([]byte(before), "*"):
		h.Set("Vary", before+", "+name)
	}
}

// tell tells the journey what a page came to.
func (r *pageRun) tell(why *trace.Reason, details ...trace.Detail) *trace.Reason {
	if v := r.v; v.looking() {
		details = append(details, trace.D("includes", strconv.Itoa(r.includes)), trace.D("failed", strconv.Itoa(r.failures)))
		v.tell("include", why, r.line(), r.name, true, details...)
	}
	return why
}

// line is the configuration's that turned the directives on.
func (r *pageRun) line() *trace.Position { return &r.conf.Off.Pos }
