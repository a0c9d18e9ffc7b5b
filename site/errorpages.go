package site

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"

	"vitrine/config"
	"vitrine/config/template"
	"vitrine/site/content"
	"vitrine/site/resource"
	"vitrine/trace"
	"vitrine/web/message"
)

// erring is the error that a page of the configuration's is made for.
type erring struct {
	refusal refusal
	page    *config.ErrorPage
	kept    [][2]string // fields of the response that belong to the error and not to the page

	settings *settings // of the request that met the error
	inner    *message.Request
	failed   bool // the page cannot be served
}

// keptFields say what a client may do about an error, and who may be asked again (RFC 9110 §10.2.1, §10.2.3, §11.6.1).
var keptFields = []string{"Allow", "Retry-After", "WWW-Authenticate", "Authentication-Info", "Accept-Ranges", "Content-Range"}

// configuredPage goes on with the page that the configuration has for the refusal and that the client accepts. It returns
// false when the program's own is to be made.
func (v *visit) configuredPage() (step, *trace.Reason, bool) {
	if v.erring != nil { // the page for an error ends in another
		if !v.erring.failed {
			v.pageFailed(v.refusal.reason, nil)
		}
		return 0, nil, false
	}
	if v.x.Refused != nil {
		return 0, nil, false
	}
	p := v.choosePage()
	if p == nil {
		return 0, nil, false
	}
	v.release() // of a file that is not sent
	if p.File != nil && !v.away && (v.rehearsed() || v.hotPage(p) == nil) {
		kept := v.refusal
		if next, _ := v.leave(refuse); next == done {
			return done, nil, true
		}
		v.refusal = kept
		return 0, nil, false
	}
	ErrorPageChosen.Reach()
	if v.looking() {
		v.tell("error", ErrorPageChosen, &p.Pos, strconv.Itoa(v.refusal.status), true)
	}
	v.erring = &erring{refusal: v.refusal, page: p, settings: v.settings, inner: v.inner}
	for name, value := range v.header.Each() {
		if slices.ContainsFunc(keptFields, func(kept string) bool { return message.EqualFold(kept, name) }) {
			v.erring.kept = append(v.erring.kept, [2]string{name, value})
		}
	}
	v.line = &p.Pos
	next, err := v.beginPage(p)
	if err != nil {
		v.pageFailed(nil, err)
		return 0, nil, false
	}
	return next, nil, true
}

// hotPage is the page's file when it is in memory. Its reference is the visit's.
func (v *visit) hotPage(p *config.ErrorPage) *resource.Entry {
	e := v.settings.root.Hot([]byte(p.File.V), v.x.Start)
	if e != nil && e.Kind != resource.File {
		e.Release()
		return nil
	}
	v.entry = e
	return e
}

// choosePage is the page for the refusal's status: those for the status itself before those for its class, and among those
// that fit alike the one that the client wants most. Of those that it wants alike the innermost, and of one block's the first in
// the file: whoever writes a page in HTML and one in JSON below it expects HTML for a client that takes anything. Nil: none, or
// the client wants none.
func (v *visit) choosePage() *config.ErrorPage {
	var best *config.ErrorPage
	fit, want := 0, 0
	for _, p := range v.settings.conf.Errors.Pages {
		f := p.For(v.refusal.status)
		if f == 0 || f < fit || p.Path != nil && v.settings.site == nil || p.File != nil && v.settings.root == nil {
			continue
		}
		q := 1000
		if mediaType := v.pageType(p); mediaType != "" {
			q = content.Quality(&v.request().Fields, mediaType)
		}
		if q > 0 && (best == nil || f > fit || q > want || q == want && p.Outward < best.Outward) {
			best, fit, want = p, f, q
		}
	}
	return best
}

// pageType is the media type of a page, "" when it is known only once it is there.
func (v *visit) pageType(p *config.ErrorPage) string {
	switch {
	case p.Body.V != nil:
		return p.Type.V
	case p.File != nil:
		return v.settings.types.Lookup(p.File.V).Value
	}
	return ""
}

var (
	errPageFolder = errors.New("the page is a folder")
	errPageLarge  = errors.New("the page is too large to have its placeholders filled in")
	errPageRoute  = errors.New("the page sends the client elsewhere")
)

// beginPage is the first step of a page.
func (v *visit) beginPage(p *config.ErrorPage) (step, error) {
	v.header.Reset()
	v.status = v.refusal.status
	if p.Status != nil {
		v.status = p.Status.V
	}
	v.memorize, v.handed, v.verbatim = false, false, false
	switch {
	case p.Redirect.V != nil:
		if p.Status == nil {
			v.status = 302
		}
		location := v.location(p.Redirect.V.Source(), p.Redirect.V.Append(v.buf[:0], v.vars().URL()))
		if location == "" || v.header.Set("Location", location) != nil {
			return 0, errors.New("its redirect leads nowhere")
		}
		v.body = []byte(strconv.Itoa(v.status) + " " + message.StatusText(v.status) + ": " + location + "\n")
		v.describeBody("text/plain; charset=utf-8")
		return deliver, nil
	case p.Body.V != nil:
		v.body = p.Body.V.Append(nil, v.vars().Body(p.Type.V))
		v.describeBody(p.Type.V)
		return deliver, nil
	case p.Path != nil:
		status := v.status
		next, _ := v.lead(p.Path.V, ofBody|conditions, ErrorPath.Reach(), &p.Pos)
		if next != find {
			return 0, errors.New("its path leads nowhere")
		}
		v.status = status
		return next, nil
	}
	return v.filePage(p)
}

// filePage answers with a file under the root.
func (v *visit) filePage(p *config.ErrorPage) (step, error) {
	e := v.entry
	if e == nil {
		var failure *resource.Failure
		if e, failure = v.settings.root.Load(p.File.V, v.settings.load, v.x.Trace); failure != nil {
			return 0, failure
		}
		v.entry = e
	}
	if e.Kind != resource.File {
		v.release()
		return 0, errPageFolder
	}
	v.file = e.Path
	if !p.Placeholders.V {
		v.missing = true
		return present, nil
	}
	text, err := wholeFile(e)
	v.release()
	if err != nil {
		return 0, err
	}
	mediaType := v.settings.types.Lookup(e.Path).Value
	v.body = v.fill(text, mediaType)
	v.describeBody(mediaType)
	return deliver, nil
}

// mostFilled bounds the files whose placeholders are filled in, in bytes.
const mostFilled = 256 << 10

// wholeFile is what is in a file.
func wholeFile(e *resource.Entry) ([]byte, error) {
	switch {
	case e.Size > mostFilled:
		return nil, errPageLarge
	case e.File == nil:
		return e.Bytes, nil
	}
	return io.ReadAll(io.NewSectionReader(e.File.F, 0, e.Size))
}

var placeholder = regexp.MustCompile(`\{[a-z][a-zA-Z0-9._-]*\}`)

// fill fills in what placeholders a text has, escaped as its type needs. Other braces stay as they are.
func (v *visit) fill(text []byte, mediaType string) []byte {
	values := v.vars().Body(mediaType)
	return placeholder.ReplaceAllFunc(text, func(found []byte) []byte {
		t, err := template.Compile(string(found), template.ForHeader)
		if err != nil {
			return found
		}
		return t.Append(nil, values)
	})
}

// pageFailed goes back from the page to the error that it was for, which then has the program's own page.
func (v *visit) pageFailed(why *trace.Reason, err error) {
	e := v.erring
	details := []trace.Detail{}
	if why != nil {
		details = append(details, trace.D("because", why.String()))
		if err == nil {
			err = errors.New(why.Clause())
		}
	}
	if err != nil {
		details = append(details, trace.D("error", err.Error()))
	}
	if !v.rehearsed() {
		v.h.report(v.x.Journey, errors.New("the page for "+strconv.Itoa(e.refusal.status)+" at "+e.page.Pos.String()+" cannot be served: "+err.Error()))
	}
	ErrorPageFailed.Reach()
	if v.looking() {
		v.tell("error", ErrorPageFailed, &e.page.Pos, strconv.Itoa(e.refusal.status), true, details...)
	}
	v.release()
	v.unwanted()
	v.dropPieces()
	v.header.Reset()
	v.keepFields()
	v.settings, v.inner, e.failed = e.settings, e.inner, true
	v.refusal, v.file, v.body, v.missing, v.block = e.refusal, "", nil, false, nil
	v.line = nil
}

// keepFields puts back what belongs to the error.
func (v *visit) keepFields() {
	for _, field := range v.erring.kept {
		v.header.Del(field[0])
	}
	for _, field := range v.erring.kept {
		v.header.Add(field[0], field[1])
	}
}

// finishPage gives the page's answer what belongs to the error: its status, unless the page has its own, and its fields. It
// returns false when the page is none, since it sends the client elsewhere.
func (v *visit) finishPage() bool {
	e := v.erring
	if e.page.Path != nil && v.header.Has("Location") {
		v.pageFailed(nil, errPageRoute)
		return false
	}
	if e.page.Redirect.V == nil {
		v.status = e.refusal.status
		if e.page.Status != nil {
			v.status = e.page.Status.V
		}
	}
	if v.status >= 400 {
		v.keepFields()
	}
	switch {
	case e.refusal.status == 405 && v.status == 405:
		v.header.Set("Allow", e.refusal.allow)
	case e.refusal.retry && v.status >= 400:
		v.header.Set("Retry-After", "1")
	}
	if !v.header.Has("Content-Length") && v.produce == nil && message.BodyAllowed(v.status) {
		v.header.Set("Content-Length", strconv.Itoa(len(v.body)))
	}
	v.refusal = e.refusal
	content.AddVary(&v.header, message.Accept)
	return true
}

// ownPage is the program's page for a refusal, in the form that the client wants most: plain text, unless it wants HTML or JSON
// more. HTML counts when it is named, as browsers do, and JSON likewise; among equals HTML comes first then.
func (v *visit) ownPage() (body []byte, mediaType string) {
	r := &v.refusal
	f := &v.request().Fields
	if v.x.Refused != nil || !f.Has(message.Accept) {
		return appendPage(nil, r.status, r.reason, v.x.Journey, false), "text/plain; charset=utf-8"
	}
	plain := content.Quality(f, "text/plain")
	page, data := content.Quality(f, "text/html"), max(content.Quality(f, "application/problem+json"), content.Quality(f, "application/json"))
	html, json := namesType(f, "text/html", "application/xhtml+xml"), namesType(f, "application/problem+json", "application/json")
	if namesType(f, "application/xhtml+xml") {
		page = max(page, content.Quality(f, "application/xhtml+xml"))
	}
	switch {
	case page > 0 && (page > data || page == data && (html || !json)) && (page > plain || html && page == plain):
		return appendPage(nil, r.status, r.reason, v.x.Journey, true), "text/html; charset=utf-8"
	case data > 0 && (data > plain || json && data == plain):
		return appendProblem(nil, r.status, r.reason, v.x.Journey), "application/problem+json"
	}
	return appendPage(nil, r.status, r.reason, v.x.Journey, false), "text/plain; charset=utf-8"
}

// namesType reports whether an Accept field has one of the media types by name.
func namesType(f *message.Fields, types ...string) bool {
	for value := range f.All(message.Accept) {
		for member := range message.Tokens(value) {
			name, parameters, _ := bytes.Cut(member, []byte{';'})
			if p := message.Trim(parameters); len(p) > 0 && p[0]|0x20 != 'q' {
				continue // a range with parameters is for a form that the page is not
			}
			for _, t := range types {
				if message.EqualFold(message.Trim(name), t) {
					return true
				}
			}
		}
	}
	return false
}

// appendProblem appends the details of a problem (RFC 9457).
func appendProblem(b []byte, status int, why *trace.Reason, journey trace.ID) []byte {
	b = append(b, `{"type":"about:blank","title":`...)
	b = strconv.AppendQuote(b, message.StatusText(status))
	b = strconv.AppendInt(append(b, `,"status":`...), int64(status), 10)
	b = append(b, `,"detail":`...)
	b = appendJSONText(b, sentence(why))
	b = append(b, `,"reason":`...)
	b = appendJSONText(b, why.ID)
	if journey != 0 {
		b = append(append(append(b, `,"journey":"`...), journey.String()...), '"')
	}
	return append(b, "}\n"...)
}

// appendJSONText appends a text of the program's own as a string of JSON.
func appendJSONText(b []byte, text string) []byte {
	b = append(b, '"')
	for i := range len(text) {
		if c := text[i]; c == '"' || c == '\\' {
			b = append(b, '\\', c)
		} else if c >= ' ' {
			b = append(b, c)
		}
	}
	return append(b, '"')
}
