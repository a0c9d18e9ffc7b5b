package config

import (
	"fmt"
	"path/filepath"
	"strings"
)

func checkScriptExtension(name string) *problem {
	bare := strings.TrimPrefix(name, ".")
	if bare == "" || strings.ContainsAny(bare, "/*\x00") {
		return &problem{message: quoted(name) + " is no file name extension", hint: `write, for example, ".cgi"`}
	}
	return nil
}

func checkInterpreter(path string) *problem {
	if !filepath.IsAbs(path) {
		return &problem{message: quoted(path) + " is no absolute path", hint: `write, for example, "/usr/bin/perl"`}
	}
	return nil
}

// checkVariableName checks the name of a variable of an environment.
func checkVariableName(name string) *problem {
	if name == "" || strings.ContainsAny(name, "=\x00") {
		return &problem{message: quoted(name) + " is no name of a variable", hint: "write, for example, LANG"}
	}
	if strings.EqualFold(name, "HTTP_PROXY") {
		return &problem{message: "a script takes HTTP_PROXY for a header field of the request, and trusts neither",
			hint: "write http_proxy or ALL_PROXY, which libraries read"}
	}
	return nil
}

func checkVariableValue(value string) *problem {
	if strings.Contains(value, "\x00") {
		return &problem{message: "no variable can contain a NUL", hint: "remove it"}
	}
	return nil
}

func checkHandlerName(name string) *problem {
	if name == "" {
		return &problem{message: "the handler has no name", hint: `write, for example, handler "api" { }`}
	}
	return nil
}

// assignVariable adds a variable of an environment. Names are case-sensitive.
func (d *decoder) assignVariable(s *setting, p pair, all *[]Variable) {
	text, ok := d.checkedText(s, p.value)
	if problem := checkVariableName(p.name); problem != nil {
		d.problem(p.key, problem)
		return
	}
	if problem := checkVariableValue(text); problem != nil {
		d.problem(p.value, problem)
		return
	}
	if ok {
		*all = append(*all, Variable{p.name, Value[string]{text, p.value.pos}})
	}
}

// checkCGI looks at a cgi block as a whole.
func checkCGI(d *decoder, b *block, value any) {
	c := value.(*CGI)
	if c.User.V == "" && c.Group.V != "" {
		d.warnAt(c.Group.Pos, "group has no effect without user", "write user as well")
	}
	if c.HeadTime.V > c.WholeTime.V && b.body.attr("whole_time") != nil {
		d.warnAt(c.WholeTime.Pos, fmt.Sprintf("whole_time is %v, and head_time %v: the shorter one holds", c.WholeTime.V, c.HeadTime.V), "let whole_time be the longer one")
	}
}

// checkScripts holds a route's cgi block to the folder that it needs, and its handler to being its only answer.
func (d *decoder) checkScripts(b *block, r *Route) {
	handler, cgi := b.body.block("handler"), b.body.block("cgi")
	if handler != nil {
		for _, name := range []string{"respond", "redirect", "fastcgi", "cgi"} {
			if other := b.body.block(name); other != nil {
				d.failRelated(other.head, "this route has two ways to answer", "keep one of them: a route has one way to answer", handler.head, "a handler answers here")
			}
		}
		if root := b.body.attr("root"); root != nil {
			d.failRelated(root.at, "this route serves files, and has a handler as well", "keep one of them: a route has one way to answer", handler.head, "the handler is here")
		}
		r.Settings.Root = nil
	}
	file := b.body.attr("file") != nil // that is the script, wherever it lies
	switch {
	case file:
	case r.Settings.Root == nil && cgi != nil && handler == nil && b.body.block("respond") == nil && b.body.block("redirect") == nil && !d.siteHasRoot() && b.body.whole():
		d.fail(cgi.head, "there is no folder with scripts here", `write root = "…" in the route, or in the site`)
	case cgi != nil && r.Settings.Root == nil && handler == nil && (b.body.block("respond") != nil || b.body.block("redirect") != nil):
		d.warn(cgi.head, "this cgi block has no effect: the route runs no scripts", "remove it")
	}
	// Nothing is run in a folder that was not meant: what a site says holds for the site's own folder.
	if r.Settings.Root == nil && !file || b.body.attr("root") != nil && cgi == nil {
		r.Settings.CGI = nil
	}
}
