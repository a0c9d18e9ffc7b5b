package site

import (
	"net/netip"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"

	"vitrine/site/cgi"
	"vitrine/site/gateway"
	"vitrine/site/resource"
	"vitrine/trace"
)

// script finds the script that the path leads to and runs it (RFC 3875), off the loop. Where only some files are scripts,
// the walk goes on with resolve when the path leads to none of them.
func (v *visit) script() (step, *trace.Reason) {
	t := v.settings
	s := t.scripts
	asked, stripped := t.below(v.request().Path())
	var info []byte // where one program answers for all of the route
	if t.single != nil {
		if stripped { // as the whole of an application gets it; otherwise the path is the program's own name
			info = v.request().Path()[len(t.strip()):]
		}
		asked = t.single
	}
	if t.homes != nil {
		if _, _, ours := t.homes.split(v.request().Path()); ours {
			return v.notScript() // and present does not show it
		}
	}
	if !s.among(asked) {
		return v.notScript()
	}
	if !v.away {
		return v.leave(script)
	}
	q := v.queued
	if v.queued = nil; q != nil {
		defer q.release() // what is not used after all
		switch {
		case q.how != entered:
			return v.busy(s, s.gate.why(q.how))
		case v.x.Gone() != nil:
			return v.busy(s, s.gate.why(abandoned))
		}
	}
	p, failure := t.root.Program(string(asked), s.find)
	switch {
	case failure != nil:
		return v.failed(failure)
	case p == nil:
		return v.notScript()
	case p.Name == "":
		v.refusal.status = 403
		return v.refused(ScriptIsFolder.Reach(), &s.conf.Pos, []trace.Detail{trace.D("folder", p.Path)})
	}
	defer p.Close()
	if t.single != nil {
		p.Info = string(info)
	}
	v.file = p.Path
	ScriptFound.Reach()
	switch {
	case !v.looking():
	case q != nil:
		v.tell("cgi", ScriptWaited.Reach(), &s.conf.Concurrent.Pos, p.Path, true, trace.D("for", milliseconds(time.Since(q.since))))
	default:
		v.tell("cgi", ScriptFound, &s.conf.Pos, p.Path, true, trace.D("file", p.Name), trace.D("mode", p.Mode.String()), trace.D("path info", p.Info))
	}
	if why := s.refuses(p); why != nil {
		v.refusal.status = 403
		v.complain(why, p.Name+" is "+p.Mode.String()+", its folder is "+p.Folder.String())
		return v.refused(why.Reach(), &s.conf.Pos, []trace.Detail{trace.D("file", p.Name), trace.D("mode", p.Mode.String()), trace.D("folder", p.Folder.String())})
	}
	if v.rehearsed() {
		return v.rehearse(s, p)
	}
	return v.run(s, p, q)
}

// notScript goes on with files, for the methods that they answer.
func (v *visit) notScript() (step, *trace.Reason) {
	s, r := v.settings.scripts, v.request()
	switch {
	case s.noFiles:
		return v.methodRefused(FilesMethod.Reach(), v.allow())
	case !s.files.Names(r.Method, r.MethodBytes()):
		return v.filesOnly(s.files)
	}
	return resolve, nil
}

// scriptFound leads to a script that stands for something else, such as an index: what a script is made of is never shown.
func (v *visit) scriptFound() (step, *trace.Reason) {
	t := v.settings
	if v.home != nil { // users' programs are not run, and not shown either
		v.refusal.status = 403
		return v.refused(ScriptInHome.Reach(), &t.conf.Homes.Pos, []trace.Detail{trace.D("user", v.home.name), trace.D("file", v.entry.Path)})
	}
	standing := v.standing
	if v.missing { // its page: the status is that of the page, whoever makes it
		standing = v.status
	}
	next, why := v.leadTo(v.belowPrefix(v.entry.Path), ScriptFound, &t.scripts.conf.Pos)
	if next == find {
		v.standing = standing
	}
	return next, why
}

// refuses says why a script is not to be run, nil when it may be.
func (s *scripts) refuses(p *resource.Program) *trace.Reason {
	const others = 0o002
	switch {
	case strings.HasPrefix(path.Base(p.Path), "nph-"):
		return ScriptNonParsed
	case !s.conf.Writable.V && (p.Mode|p.Folder)&others != 0:
		return ScriptWritable
	case p.Mode&0o111 == 0 && s.interpreter(p.Name) == "":
		return ScriptNotExecutable
	}
	return nil
}

var variablesPool = sync.Pool{New: func() any { return new(gateway.Variables) }}

// metaVariables are what the script is told of the request.
func (v *visit) metaVariables(vars *gateway.Variables, s *scripts, p *resource.Program, length int64) {
	t, x, r := v.settings, v.x, v.request()
	// The part of the path that was stripped belongs to the script's name: URLs that the script makes of it lead here.
	name := r.Path()[:len(r.Path())-len(p.Info)]
	root := t.root.Dir()
	if base := t.site.base.root; base != nil { // a folder of scripts is not where the documents are
		root = base.Dir()
	}
	q := gateway.Request{Head: r, Asked: x.Request, Client: x.Client, User: x.User, AuthType: x.Scheme, Server: x.Peer.Local, Name: t.site.name, Software: t.server.V,
		Script: name, Info: []byte(p.Info), File: p.Name, Root: root, Length: length, Credentials: s.conf.Authorization.V}
	if q.Client.Addr().IsValid() {
		q.Client = netip.AddrPortFrom(q.Client.Addr().Unmap(), q.Client.Port())
	}
	v.callers(&q)
	if p.Info != "" {
		q.Translated = path.Join(root, p.Info)
	}
	vars.Reset()
	vars.Collect(&q)
}

// callers fills in how the client is called, as far as somebody has found that out already: it is never asked for a script.
func (v *visit) callers(q *gateway.Request) {
	a := v.x.Client.Addr()
	if n := v.h.opt.Names; n != nil {
		if all, known := n.Known(a); known && len(all) > 0 {
			q.Host = all[0]
		}
	}
	if i, peer := v.h.opt.Ident, v.x.Peer; i != nil && i.Wants(peer.Remote.Addr()) {
		q.Ident, _ = i.Known(ConnectionOf(peer))
	}
}

// command is how the script is run.
func (v *visit) command(s *scripts, p *resource.Program, env []string) cgi.Command {
	c := cgi.Command{Path: p.Name, Env: env, Dir: path.Dir(p.Name), User: s.user, Limits: s.limits}
	if i := s.interpreter(p.Name); i != "" {
		c.Path = i
		c.Args = append(c.Args, i)
	} else if p.File != nil {
		var head [cgi.HeadSize]byte
		if _, isScript := cgi.Interpreter(cgi.Head(p.File, &head)); !isScript && strings.HasPrefix(string(head[:4]), "\x7fELF") {
			c.Exec = p.File // what was looked at is what is run, whatever its name leads to by now
		}
	}
	c.Args = append(c.Args, p.Name)
	if s.conf.Arguments.V {
		c.Args = append(c.Args, arguments(v.request().Query())...)
	}
	return c
}

// mostArguments bounds the arguments that a query becomes.
const mostArguments = 64

// arguments are the words of a query without "=", decoded (RFC 3875 §4.4). There are none when any of them would be an
// option of the script or of its interpreter, or cannot be decoded.
func arguments(query []byte) []string {
	if len(query) == 0 || strings.IndexByte(string(query), '=') >= 0 {
		return nil
	}
	var all []string
	for word := range strings.SplitSeq(string(query), "+") {
		text, ok := decodeWord(word)
		if !ok || strings.HasPrefix(text, "-") || len(all) == mostArguments {
			return nil
		}
		all = append(all, text)
	}
	return all
}

// decodeWord undoes the encoding of a word of a query. It may have no NUL, which no argument can.
func decodeWord(word string) (string, bool) {
	text, err := url.PathUnescape(word)
	return text, err == nil && strings.IndexByte(text, 0) < 0
}

// rehearse says which script would be run, and with what. Nothing is.
func (v *visit) rehearse(s *scripts, p *resource.Program) (step, *trace.Reason) {
	var vars gateway.Variables
	v.metaVariables(&vars, s, p, max(v.request().ContentLength, 0))
	v.line = &s.conf.Pos
	c := v.command(s, p, s.environment(&vars))
	details := []trace.Detail{trace.D("command", strings.Join(c.Args, " ")), trace.D("folder", c.Dir)}
	v.tell("cgi", ScriptRehearsed, v.line, p.Path, true, append(details, s.masked(&vars)...)...)
	v.status = 200
	v.describeBody("")
	return deliver, ScriptRehearsed.Reach()
}

// scriptTrouble is what the error log is told about a script.
type scriptTrouble struct {
	why    *trace.Reason
	script string
	text   string
}

func (e *scriptTrouble) Error() string {
	s := "script " + e.script
	if e.why != nil && !strings.Contains(e.text, e.why.Clause()) {
		s += ": " + e.why.Clause()
	}
	if e.text != "" {
		s += ": " + e.text
	}
	return s
}

// complain tells the error log about the script, with what the client is not told.
func (v *visit) complain(why *trace.Reason, text string) {
	v.h.report(v.x.Journey, &scriptTrouble{why, v.file, text})
}

// milliseconds is a duration as it is shown.
func milliseconds(d time.Duration) string { return d.Round(10 * time.Microsecond).String() }
