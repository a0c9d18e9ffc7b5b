package config

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// checkLog looks at a log block as a whole.
func checkLog(d *decoder, b *block, value any) {
	l := value.(*Log)
	custom, format := b.body.attr("custom"), b.body.attr("format")
	switch {
	case custom != nil && format != nil && l.Format.V != "custom":
		d.failRelated(format.at, fmt.Sprintf("this log has the format %q and a template of its own", l.Format.V), "keep one of them", custom.at, "the template is here")
	case l.Custom.V == nil && custom != nil:
		return // it is wrong, and reported
	case custom != nil:
		l.Format = Value[string]{"custom", l.Custom.Pos}
		if text := literalText(l.Custom.V); text != "" && b.body.whole() {
			d.warnAt(l.Custom.Pos, "every line of this log is the same: it has no placeholder", "write, for example, {client.address} or {uri}")
		}
	case format != nil && l.Format.V == "custom" && l.Custom.V == nil && b.body.whole():
		d.fail(format.at, "the format is custom, and there is no template", `write custom = "{client.address} {method} {uri} {status}"`)
	}
}

// attr finds a setting by its name. One that is null was not written.
func (b *body) attr(name string) *attr {
	for _, a := range b.attrs {
		if a.name == name && !a.null {
			return a
		}
	}
	return nil
}

// block finds a block by its name.
func (b *body) block(name string) *block {
	for _, inner := range b.blocks {
		if inner.name == name {
			return inner
		}
	}
	return nil
}

// checkSite looks at a site as a whole. What concerns several sites is checked when all are known.
func checkSite(d *decoder, b *block, value any) {
	s := value.(*Site)
	if !b.body.whole() {
		return
	}
	if len(b.labels) == 0 && b.body.attr("hosts") == nil && len(s.Address) == 0 && !s.Default.V {
		d.fail(b.head, "nothing can choose this site: it has no host, no address and is not the default",
			`write its host, site "example.org" { … }, or default = true inside`)
	}
	if s.Settings.Root == nil && s.Settings.Homes == nil && len(s.Routes) == 0 && b.body.attr("root") == nil {
		d.warn(b.head, "this site has neither root nor routes, so every request gets 404", `write, for example, root = "/srv/www"`)
	}
}

// checkRoute holds a route to one way to answer.
func checkRoute(d *decoder, b *block, value any) {
	r := value.(*Route)
	respond, redirect, root := b.body.block("respond"), b.body.block("redirect"), b.body.attr("root")
	one := "keep one of them: a route has one way to answer"
	switch {
	case respond != nil && redirect != nil:
		d.failRelated(redirect.head, "this route redirects, and responds as well", one, respond.head, "it responds here")
	case respond != nil && root != nil:
		d.failRelated(root.at, "this route serves files, and responds as well", one, respond.head, "it responds here")
	case redirect != nil && root != nil:
		d.failRelated(root.at, "this route serves files, and redirects as well", one, redirect.head, "it redirects here")
	case respond == nil && redirect == nil && b.body.block("handler") == nil && b.body.block("fastcgi") == nil && root == nil && r.Settings.Homes == nil && b.body.attr("file") == nil && !d.siteHasRoot() && b.body.whole():
		d.fail(b.head, "this route has no way to answer", `write respond { … }, redirect "…" { … } or root = "…" inside, or root in the site`)
	}
	if respond != nil || redirect != nil {
		r.Settings.Root = nil
		answer := "responds"
		if respond == nil {
			answer = "redirects"
		}
		for _, name := range []string{"files", "types", "negotiate"} {
			if useless := b.body.block(name); useless != nil {
				d.warn(useless.head, fmt.Sprintf("this %s block has no effect: the route %s and serves no files", name, answer), "remove it")
			}
		}
		if useless := b.body.attr("strip_prefix"); useless != nil {
			d.warn(useless.at, fmt.Sprintf("strip_prefix has no effect: the route %s and serves no files", answer), "remove it")
		}
	}
	d.checkScripts(b, r)
	d.checkApplication(b, r)
	d.checkStrip(b, r)
	d.checkRouteFile(b, r)
}

// siteHasRoot reports whether the site being decoded says a root, be it a wrong one.
func (d *decoder) siteHasRoot() bool {
	site := d.config.Sites[len(d.config.Sites)-1]
	return site.Settings.Root != nil || d.written[site].body.attr("root") != nil
}

// checkStrip warns about a prefix that the pattern's paths do not begin with.
func (d *decoder) checkStrip(b *block, r *Route) {
	prefix := r.Settings.StripPrefix
	if prefix.V == "" || prefix.V == "/" || b.body.attr("strip_prefix") == nil {
		return
	}
	literal, _, glob := strings.Cut(r.Pattern.V, "*")
	fits := literal == prefix.V || strings.HasPrefix(literal, prefix.V+"/") || glob && strings.HasPrefix(prefix.V, strings.TrimSuffix(literal, "/"))
	if !fits {
		hint := "strip_prefix takes away what stands at the front of the path"
		if front := strings.TrimRight(literal, "/"); nearest(prefix.V, []string{front}) != "" {
			hint = "did you mean " + quoted(front) + "?"
		}
		d.warnAt(prefix.Pos, fmt.Sprintf("no path that %q matches begins with %q", r.Pattern.V, prefix.V), hint,
			Related{r.Pattern.Pos, "the pattern is here"})
	}
}

// checkRespond refuses a body where the standard allows none.
func checkRespond(d *decoder, b *block, value any) {
	r := value.(*Respond)
	if body := b.body.attr("body"); body != nil && (r.Status.V == 204 || r.Status.V == 205 || r.Status.V == 304) && literalTextOr(r, " ") != "" {
		d.fail(body.at, fmt.Sprintf("a response with status %d has no body", r.Status.V), "leave the body out, or choose another status")
	}
}

// literalTextOr is the body's text, or other when it has placeholders.
func literalTextOr(r *Respond, other string) string {
	if r.Body.V == nil {
		return ""
	}
	if text, static := r.Body.V.Static(); static {
		return text
	}
	return other
}

// labelOr holds a block to one of its label and the setting that says the same where an expression is needed.
func (d *decoder) labelOr(b *block, name, two string) {
	switch setting := b.body.attr(name); {
	case setting == nil:
		d.needLabels(b, len(b.labels))
	case len(b.labels) > 0:
		d.failRelated(setting.at, two, "keep one of them", b.labels[0].at, "the other one is here")
	}
}

// checkRedirect holds a redirect to one target.
func checkRedirect(d *decoder, b *block, _ any) {
	d.labelOr(b, "to", "this redirect has two targets")
}

// checkExpect looks at an expect block as a whole. Its sites and routes are looked up when all are known.
func checkExpect(d *decoder, b *block, value any) {
	e := value.(*Expect)
	if e.URL.V == "" {
		if b.body.attr("url") == nil && b.body.whole() {
			d.fail(b.head, "this expect block asks for no URL", `write, for example, url = "http://example.org/"`)
		}
		return
	}
	if e.Status == nil && e.Site == nil && e.Route == nil && e.Type == nil && e.File == nil && e.Location == nil &&
		e.Body == nil && len(e.Reasons) == 0 && len(e.Fields) == 0 && b.body.whole() {
		d.warn(b.head, "this expect block expects nothing", "write, for example, status = 200")
	}
	d.completeURL(e)
	if d.opt.ReasonIDs == nil {
		return
	}
	ids := d.opt.ReasonIDs()
	for _, r := range e.Reasons {
		if !slices.Contains(ids, r.V) {
			hint := "vitrine reasons lists them all"
			if near := nearest(r.V, ids); near != "" {
				hint = "did you mean " + quoted(near) + "?"
			}
			d.failAt(r.Pos, "there is no Reason "+quoted(r.V), hint)
		}
	}
}

// completeURL makes the URL of an expect block absolute.
func (d *decoder) completeURL(e *Expect) {
	site := d.expectIn[e]
	wrong := func(summary, hint string) { d.failAt(e.URL.Pos, summary, hint) }
	if strings.HasPrefix(e.URL.V, "/") {
		if site == nil {
			wrong("this URL has no host", "write http://HOST"+e.URL.V+", or put the expect block into a site")
			return
		}
		host, ok := site.someHost()
		if !ok {
			wrong("this URL has no host, and its site has only wildcards", "write http://HOST"+e.URL.V)
			return
		}
		e.URL.V = "http://" + host + e.URL.V
	}
	u, err := url.Parse(e.URL.V)
	switch {
	case err != nil:
		wrong(quoted(e.URL.V)+" is no URL", "write, for example, http://example.org/")
	case u.Scheme == "" || u.Host == "":
		wrong(quoted(e.URL.V)+" is not a whole URL", "write, for example, http://example.org/, or /path inside a site")
	case u.Scheme != "http":
		wrong(fmt.Sprintf("this server does not speak %s", u.Scheme), "write http://"+u.Host+u.RequestURI())
	case u.Fragment != "":
		wrong("no client sends a fragment", "leave #"+u.Fragment+" out")
	}
}

// someHost is a host that chooses the site: its first that is no wildcard.
func (s *Site) someHost() (string, bool) {
	for _, h := range s.Hosts {
		if !strings.HasPrefix(h.V, "*") {
			return h.V, true
		}
	}
	if len(s.Hosts) == 0 && s.Default.V {
		return "localhost", true
	}
	if len(s.Hosts) == 0 && len(s.Address) > 0 {
		return normalHost(s.Address[0].V.Addr().String()), true
	}
	return "", false
}
