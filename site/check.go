package site

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"vitrine/config"
	"vitrine/site/route"
	"vitrine/web/exchange"
	"vitrine/web/message"
)

// Warnings is what is legal in the configuration and probably not meant: routes that can never answer, and redirects
// that lead back to themselves. Each has an example that shows it. It opens nothing.
func (h *Handler) Warnings() []config.Diagnostic {
	var all []config.Diagnostic
	for _, s := range h.anywhere.sites {
		var never []int
		for _, shadow := range s.routes.Shadowed() {
			never = append(never, shadow.Route)
			all = append(all, s.shadowed(shadow))
		}
		for i, t := range s.each {
			if t.route.Redirect == nil || slices.Contains(never, i) {
				continue
			}
			if d, loops := h.redirectLoop(s, i); loops {
				all = append(all, d)
			}
		}
		all = append(all, s.accessWarnings(never)...)
		all = append(all, s.handoverWarnings()...)
	}
	return all
}

// shadowed is the warning about a route that can never answer.
func (s *site) shadowed(w route.Shadow) config.Diagnostic {
	late := s.each[w.Route].route
	d := config.Diagnostic{
		Severity: config.Warning, Pos: late.Pattern.Pos,
		Summary: fmt.Sprintf("the route %q can never answer", late.Pattern.V),
		Hint:    "put it before them, or remove it",
	}
	if len(w.By) == 1 {
		d.Hint = "put it before the other one, or remove it"
	}
	for k, i := range w.By {
		early := s.each[i].route
		text := "this route takes all that it matches"
		if len(w.By) > 1 {
			text = "this route takes a part of what it matches"
		}
		if k == 0 {
			d.Detail = fmt.Sprintf("For example, %s %s is answered by the route %q in front of it.", w.Method, w.Example, early.Pattern.V)
		}
		d.Related = append(d.Related, config.Related{Pos: early.Pattern.Pos, Text: text})
	}
	return d
}

// mostHops is how many redirects are followed. Browsers give up after twenty.
const mostHops = 20

// redirectLoop follows a redirect from an example path of its route, with the steps that answer requests, and says
// whether it comes back to the route without an end.
func (h *Handler) redirectLoop(s *site, i int) (config.Diagnostic, bool) {
	conf := s.each[i].route
	method := "GET"
	if !s.each[i].allowed.Names(message.GET, nil) {
		method = s.each[i].allowed.First()
	}
	path, ok := s.routes.Example(i, method)
	if !ok {
		return config.Diagnostic{}, false
	}
	at := &url.URL{Scheme: "http", Host: h.hostOf(s), Path: path}
	seen := []string{at.String()}
	asked := []string{method + " " + seen[0]}
	var by []*settings // who redirected each that was asked
	for range mostHops {
		t, location := h.follow(s, method, at)
		if t == nil {
			return config.Diagnostic{}, false
		}
		by = append(by, t)
		to, err := url.Parse(location)
		if err != nil {
			return config.Diagnostic{}, false
		}
		to = at.ResolveReference(to)
		to.Fragment, to.RawFragment = "", ""
		if to.Scheme != at.Scheme || to.Port() != at.Port() {
			return config.Diagnostic{}, false // another server's affair
		}
		if status := t.route.Redirect.Status.V; status == 303 || method == "POST" && status < 303 { // RFC 9110 §15.4
			method = "GET"
		}
		at = to
		seen = append(seen, to.String())
		asked = append(asked, method+" "+to.String())
		if k := slices.Index(asked, asked[len(by)]); k < len(by) {
			// When the circle does not come through this route, the fault is another's, who gets a warning as well.
			return loop(conf, "this redirect leads back to itself", seen[k:]), slices.Contains(by[k:], s.each[i])
		}
	}
	return loop(conf, "this redirect comes to no end", seen[:4]), true
}

func loop(conf *config.Route, summary string, seen []string) config.Diagnostic {
	return config.Diagnostic{
		Severity: config.Warning, Pos: conf.Redirect.To.Pos, Summary: summary,
		Detail: "For example: " + strings.Join(seen, " → "),
		Hint:   "let it lead to a path that its route does not match, or put a route for that path before it",
	}
}

// hostOf is a host, with a port if need be, that reaches a site.
func (h *Handler) hostOf(s *site) string {
	host := "localhost"
	if len(s.conf.Hosts) > 0 {
		host = s.conf.Hosts[0].V
		if suffix, ok := strings.CutPrefix(host, "*"); ok {
			host = "www" + suffix
		}
	}
	for _, l := range h.listeners {
		if !slices.Contains(l.sites, s) || l.conf == nil || len(l.conf.Addresses) == 0 {
			continue
		}
		if port := listenAddress(l.conf.Addresses[0].V).Port(); port != 80 && port != 0 {
			host += ":" + strconv.Itoa(int(port))
		}
		break
	}
	return host
}

// follow answers a request for a URL as far as its route, and gives the redirect's settings and where it leads. The
// settings are nil when something else answers.
func (h *Handler) follow(s *site, method string, at *url.URL) (*settings, string) {
	x, ok := request(method, at)
	if !ok {
		return nil, ""
	}
	defer x.Release()
	v := new(visit)
	v.begin(h, x)
	found, _, _ := h.anywhere.choose(x.Request, x.Peer)
	if found == nil {
		found = s // by its address
	}
	v.settings = found.base
	if next, _ := v.findRoute(); next != admit {
		return nil, ""
	}
	next, _ := v.admit()
	if next == permit { // whoever may follows it
		next = v.permission.next
	}
	if next != redirect {
		return nil, ""
	}
	if next, _ := v.redirect(); next != deliver {
		return nil, ""
	}
	return v.settings, v.header.Get("Location")
}

// request makes an exchange of a method and a URL.
func request(method string, at *url.URL) (*exchange.Exchange, bool) {
	target := at.RequestURI()
	arena := method + target + at.Host
	r := new(message.Request)
	r.Reset([]byte(arena))
	r.Major, r.Minor = 1, 1
	r.MethodText = message.Span{Len: uint32(len(method))}
	r.Method = message.LookupMethod([]byte(method))
	host := message.Span{Off: uint32(len(method) + len(target)), Len: uint32(len(at.Host))}
	if fault, _ := r.ParseTarget(message.Span{Off: uint32(len(method)), Len: uint32(len(target))}); fault != message.NoFault {
		return nil, false
	}
	if fault, _ := r.ParseHost(host); fault != message.NoFault {
		return nil, false
	}
	x := exchange.New()
	x.Begin(nil, r, &exchange.Peer{}, exchange.Limits{})
	return x, true
}
