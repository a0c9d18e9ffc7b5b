package site

import (
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"vitrine/config"
	"vitrine/site/gateway"
	"vitrine/site/ssi"
	"vitrine/trace"
	"vitrine/web/message"
)

// pageWorld is what one page of a pageRun can ask for. It implements ssi.World.
type pageWorld struct {
	run    *pageRun
	v      *visit // of this page
	conf   *config.SSI
	name   string // of its file below its root
	folder string // as a path within the site, with its slash
}

// includeFault is why an include has no answer. Its text is for the log.
type includeFault struct {
	reason *trace.Reason
	text   string
}

func (f *includeFault) Error() string { return f.text }

// faultOf is an includeFault of a Reason alone.
func faultOf(why *trace.Reason) error { return &includeFault{why.Reach(), why.Clause()} }

// Include puts what a reference leads to into the page.
func (w *pageWorld) Include(ref ssi.Reference) error {
	if w.run.turn.give() {
		defer w.run.turn.take()
	}
	n, err := w.ask(ref, wantBody, Included)
	if err == nil {
		w.run.absorb(n)
	}
	return err
}

// Stat looks at the file that a reference leads to.
func (w *pageWorld) Stat(ref ssi.Reference) (size int64, modified time.Time, err error) {
	if w.run.turn.give() {
		defer w.run.turn.take()
	}
	n, err := w.ask(ref, wantFile, IncludeSized)
	if err != nil {
		return 0, time.Time{}, err
	}
	w.run.absorb(n)
	return n.size, n.modified, nil
}

// Exec puts the answer of a script into the page, where the configuration lets pages run them.
func (w *pageWorld) Exec(kind, what string) error {
	switch {
	case !w.conf.Exec.V:
		return faultOf(ExecOff)
	case kind == "cmd":
		return faultOf(ExecCommand)
	}
	if w.run.turn.give() {
		defer w.run.turn.take()
	}
	n, err := w.ask(ssi.Reference{Path: what}, wantScript, Included)
	if err == nil {
		w.run.absorb(n)
	}
	return err
}

// ask makes the request within the request.
func (w *pageWorld) ask(ref ssi.Reference, what want, told *trace.Reason) (*nested, error) {
	r := w.run
	if r.includes++; r.includes > w.run.conf.Includes.V {
		return nil, faultOf(IncludeMany)
	}
	if len(r.open) > r.conf.Depth.V {
		return nil, faultOf(IncludeDeep)
	}
	target, ok := w.target(ref)
	if !ok {
		return nil, &includeFault{IncludePath.Reach(), shownReference(ref.Path) + ": " + IncludePath.Clause()}
	}
	told.Reach()
	if w.v.looking() {
		w.v.tell("include", told, &w.conf.Off.Pos, target, true)
	}
	n := w.v.subrequest(target, r, what)
	if n.reason != nil {
		return nil, n.why(target)
	}
	return n, nil
}

// target is what a reference asks for, as in a request line: with file a name below the page's folder, with virtual a path
// within the site, from the page's folder unless it begins with a slash, and maybe a query.
func (w *pageWorld) target(ref ssi.Reference) (string, bool) {
	folder := (&url.URL{Path: w.folder}).EscapedPath()
	if ref.File {
		if strings.HasPrefix(ref.Path, "/") || strings.ContainsAny(ref.Path, "\\\x00") || slices.Contains(strings.Split(ref.Path, "/"), "..") {
			return "", false
		}
		return folder + (&url.URL{Path: "/" + ref.Path}).EscapedPath()[1:], true
	}
	to := ref.Path
	first, _, _ := strings.Cut(to, "/")
	if strings.HasPrefix(to, "//") || strings.Contains(first, ":") || strings.ContainsAny(to, "#\x00") {
		return "", false
	}
	if strings.HasPrefix(to, "?") {
		return "", false
	}
	if !strings.HasPrefix(to, "/") {
		to = folder + to
	}
	return encodeLiteral([]byte(to)), true
}

// shownReference is a reference as a line of a log can have it.
func shownReference(s string) string { return strconv.Quote(s[:min(len(s), 100)]) }

// absorb notes what the page depends on with what was put into it.
func (r *pageRun) absorb(n *nested) {
	if !n.pure {
		r.foreign = true
	}
	if r.newest.Before(n.modified) {
		r.newest = n.modified
	}
	r.varies |= n.varies
	for name := range message.Tokens([]byte(n.vary)) {
		r.vary = append(r.vary, string(name))
	}
}

// Failed tells the error log, and whoever looks, why a directive came to nothing.
func (w *pageWorld) Failed(d *ssi.Directive, why error) {
	line, name := strconv.Itoa(d.Line), w.name
	var reason *trace.Reason
	switch f := why.(type) {
	case *ssi.Fault:
		reason = f.Reason
	case *includeFault:
		reason = f.reason
	}
	text := name + ":" + line + ": " + shownReference(d.Name) + ": " + why.Error()
	w.run.fail(&includeFault{reason, text})
	if w.v.looking() {
		w.v.tell("include", reason, &w.conf.Off.Pos, name+":"+line, false, trace.D("directive", d.Name), trace.D("why", why.Error()))
	}
}

// Variable is the value of one of the request's variables. They are those of CGI, with what mod_include adds; none names a
// path of the machine, and the client's credentials are none of them.
func (w *pageWorld) Variable(name string) (string, bool) {
	r := w.run
	v := r.v
	switch name {
	case "DOCUMENT_NAME":
		return path.Base(r.name), true
	case "DOCUMENT_URI":
		return string(v.request().Path()), true
	case "DOCUMENT_PATH_INFO":
		return "", true
	case "DOCUMENT_ARGS":
		r.foreign = true
		return string(v.request().Query()), true
	case "QUERY_STRING_UNESCAPED":
		r.foreign = true
		return unescapedQuery(string(v.request().Query())), true
	case "USER_NAME":
		return r.file.Owner(), true
	}
	value, ok := r.variables().Get(name)
	if ok || ofRequest(name) {
		r.foreign = true
	}
	return string(value), ok
}

// ofRequest reports whether other requests may have a variable.
func ofRequest(name string) bool {
	for _, prefix := range []string{"HTTP_", "HTTPS", "REMOTE_", "AUTH_", "QUERY_", "PATH_", "CONTENT_", "SERVER_", "REQUEST_", "SSL_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// Names are the names of the request's variables.
func (w *pageWorld) Names() []string {
	w.run.foreign = true
	names := []string{"DOCUMENT_NAME", "DOCUMENT_URI", "DOCUMENT_PATH_INFO", "DOCUMENT_ARGS", "QUERY_STRING_UNESCAPED", "USER_NAME"}
	for name := range w.run.variables().Each() {
		names = append(names, string(name))
	}
	return names
}

// variables are the request's, collected when the first one is asked for.
func (r *pageRun) variables() *gateway.Variables {
	if r.asks == nil {
		v := r.v
		r.asks = new(gateway.Variables)
		r.asks.Collect(&gateway.Request{
			Head: v.request(), Client: v.x.Client, Server: v.x.Peer.Local, Name: v.settings.site.name,
			Software: v.settings.server.V, Script: v.request().Path(), User: v.x.User, AuthType: v.x.Scheme,
		})
	}
	return r.asks
}

// unescapedQuery is a query without its escapes, in which a backslash stands before everything that has a meaning for a
// shell, as mod_include has it.
func unescapedQuery(query string) string {
	if decoded, err := url.PathUnescape(query); err == nil {
		query = decoded
	}
	var b strings.Builder
	for i := range len(query) {
		if strings.IndexByte("&;`'\"|*?~<>^()[]{}$\\\n\xff", query[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(query[i])
	}
	return b.String()
}
