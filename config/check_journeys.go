package config

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// checkWhenHost checks a host that is asked for.
func checkWhenHost(text string) *problem {
	if strings.Contains(text, "*") {
		return &problem{message: quoted(text) + " is a wildcard, and a condition names each host", hint: "a site's name in sites stands for all of its hosts"}
	}
	p := checkHost(text)
	switch {
	case p == nil:
	case strings.Contains(p.hint, " in a listen block"):
		p.hint = "leave the port out"
	case strings.Contains(p.hint, ", and route "):
		p.hint = "write " + quoted(text[:p.offset]) + ", and in paths " + quoted(text[p.offset:])
	case strings.Contains(p.hint, "default = true"):
		p.hint = `write, for example, "www.example.org"`
	}
	return p
}

// checkWhenPath checks a pattern of paths.
func checkWhenPath(text string) *problem {
	if text == "" || text[0] != '/' && text[0] != '*' {
		return &problem{message: quoted(text) + " is no path", hint: "write " + quoted("/"+text)}
	}
	if i := strings.IndexAny(text, "?#"); i >= 0 {
		return &problem{message: "a path ends before " + quoted(text[i:]), hint: "write " + quoted(text[:i]) + "; * stands for any text", offset: i, end: len(text)}
	}
	return nil
}

// checkWhenStatus checks a status or a class of them.
func checkWhenStatus(text string) *problem {
	if len(text) == 3 && '1' <= text[0] && text[0] <= '5' {
		if _, err := strconv.Atoi(text); err == nil || strings.EqualFold(text[1:], "xx") {
			return nil
		}
	}
	hint := `write, for example, "404" or "5xx"`
	if len(text) == 1 && '1' <= text[0] && text[0] <= '5' {
		hint = "write " + quoted(text+"xx")
	}
	return &problem{message: quoted(text) + " is no status", hint: hint}
}

// checkService checks the name of a service.
func checkService(text string) *problem {
	if text == "" {
		return &problem{message: "a service has a name", hint: `write, for example, service = "vitrine"`}
	}
	return checkFieldValue(text)
}

// checkEndpoint checks the URL of a collector.
func checkEndpoint(text string) *problem {
	const example = `write, for example, "http://localhost:4318"`
	u, err := url.Parse(text)
	switch {
	case err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "":
		switch {
		case u.User != nil:
			return &problem{message: "this URL has a name and a password, and everybody would see them", hint: "send them in headers"}
		case u.RawQuery != "" || u.Fragment != "":
			return &problem{message: "the URL of a collector ends with its path", hint: "leave out what begins with ? or #"}
		case u.Port() != "" && checkPort(u.Port(), 0) != nil || u.Port() == "0":
			return &problem{message: quoted(u.Port()) + " is no port", hint: example}
		case u.Port() == "4317":
			return &problem{message: "on port 4317 collectors speak gRPC", hint: "OTLP over HTTP is on port 4318: write " + quoted(strings.Replace(text, ":4317", ":4318", 1))}
		}
		return nil
	case err == nil && (u.Scheme == "grpc" || u.Scheme == "grpcs"):
		return &problem{message: "journeys are sent over HTTP, not gRPC", hint: example}
	}
	if _, _, splitErr := net.SplitHostPort(text); splitErr == nil || err == nil && u.Scheme == "" && text != "" && !strings.ContainsAny(text, " /") {
		return &problem{message: quoted(text) + " is no URL", hint: "write " + quoted("http://"+text)}
	}
	return &problem{message: quoted(text) + " is no URL of a collector", hint: example}
}

// checkOTLP looks at an otlp block as a whole.
func checkOTLP(d *decoder, b *block, value any) {
	o := value.(*OTLP)
	d.labelOr(b, "endpoint", "this otlp block has two endpoints")
	if u, err := url.Parse(o.Endpoint.V); err == nil && u.Scheme == "http" && len(o.Headers) > 0 && !isLocal(u.Hostname()) {
		d.warnAt(o.Endpoint.Pos, "what is in headers is sent to another machine in the clear", "write "+quoted("https"+strings.TrimPrefix(o.Endpoint.V, "http"))+", if the collector has a certificate")
	}
}

func isLocal(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// checkJourneys looks at a journeys block as a whole.
func checkJourneys(d *decoder, b *block, value any) {
	j := value.(*Journeys)
	if !b.body.whole() {
		return
	}
	if j.Record.V == "failures" {
		for _, name := range []string{"sample", "most"} {
			if a := b.body.attr(name); a != nil && (name != "sample" || j.Sample.V > 1) {
				d.warnAt(d.position(a.at), name+" has no effect: failures are recorded whatever it is, and nothing else is", "remove it", Related{j.Record.Pos, "record is set here"})
			}
		}
	}
	for _, h := range j.Hide {
		for _, s := range j.Show {
			if strings.EqualFold(h.V, s.V) {
				d.failAt(h.Pos, h.V+" is both shown and hidden", "keep one of them", Related{s.Pos, "it is shown here"})
			}
		}
	}
	if j.Off.V {
		if o := j.OTLP; o != nil {
			d.warnAt(o.Pos, "nothing is recorded, and so nothing is exported", "remove off, or the otlp block", Related{j.Off.Pos, "recording is off here"})
		}
	}
}

// checkWhen looks up what the condition of recording names, and warns where nothing can ever match.
func (d *decoder) checkWhen() {
	w := &d.config.Journeys.When
	for i := range w.Sites {
		site, names := d.siteNamed(w.Sites[i].V)
		if site != nil {
			w.Sites[i].V = site.Name()
			continue
		}
		hint := ""
		if near := nearest(w.Sites[i].V, names); near != "" {
			hint = "did you mean " + quoted(near) + "?"
		} else if len(names) > 0 {
			hint = "the sites are " + oneOf(quotedAll(names))
		}
		d.warnAt(w.Sites[i].Pos, "no request is recorded for the site "+quoted(w.Sites[i].V)+": there is none of that name", hint)
	}
	if d.opt.ReasonIDs == nil {
		return
	}
	ids := d.opt.ReasonIDs()
	for _, r := range w.Reasons {
		family := strings.HasSuffix(r.V, ".")
		if slices.ContainsFunc(ids, func(id string) bool { return id == r.V || family && strings.HasPrefix(id, r.V) }) {
			continue
		}
		hint := "vitrine reasons lists them all"
		if near := nearest(r.V, ids); near != "" {
			hint = "did you mean " + quoted(near) + "?"
		} else if slices.ContainsFunc(ids, func(id string) bool { return strings.HasPrefix(id, r.V+".") }) {
			hint = "write " + quoted(r.V+".") + " for all that begin so"
		}
		d.failAt(r.Pos, "there is no Reason "+quoted(r.V), hint)
	}
}
