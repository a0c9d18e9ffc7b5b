package server

import (
	"net/netip"
	neturl "net/url"
	"slices"
	"strings"

	"vitrine/config"
)

// mostHops is how many redirects a browser follows before it gives up; browsers take about twenty.
const mostHops = 20

// redirects follows the redirects of a site, from a path that reaches each, and warns about those that lead in a
// circle or on for ever.
func (l *linter) redirects(dry *Dry, s *config.Site) {
	host, ok := someHost(s)
	if !ok {
		return
	}
	t := table(s)
	told := make(map[string]bool) // URLs of circles: each is told at its first redirect only
	for i, r := range s.Routes {
		if r.Redirect == nil {
			continue
		}
		method := "GET"
		if len(r.Methods) > 0 {
			method = r.Methods[0].V
		}
		path, found := t.Example(i, method)
		if !found {
			continue // it can never answer, which is told already
		}
		hops, ends := dry.follow(method, "http://"+host+escaped(path), s, i)
		if ends || told[hops[0]] {
			continue
		}
		for _, hop := range hops {
			told[hop] = true
		}
		summary := "this redirect leads in a circle: " + strings.Join(hops, " to ")
		switch {
		case hops[0] != hops[len(hops)-1]:
			summary = "this redirect leads on for ever: " + strings.Join(hops[:3], " to ") + " and so on"
		case len(hops) == 2:
			summary = "this redirect leads to itself: " + strings.Join(hops, " to ")
		}
		l.warn(r.Redirect.Pos, summary, "a browser gives up after some rounds: keep the target out of the pattern, or redirect elsewhere")
	}
}

// follow follows the redirects from a URL that the site's i-th route answers. It returns the URLs on the way, and
// whether they come to an end. When they do not because they come back, what is returned is the circle: its first
// and its last URL are the same.
func (d *Dry) follow(method, first string, s *config.Site, i int) (hops []string, ends bool) {
	hops = []string{first}
	for range mostHops {
		last := hops[len(hops)-1]
		a, err := d.Ask(Query{Method: method, URL: last, From: d.someClient(s)})
		if err != nil || a.Result == nil || a.Result.Status < 300 || a.Result.Status > 399 {
			return hops, true
		}
		if len(hops) == 1 && a.Route() != s.Routes[i].Pattern.V {
			return hops, true // another rule answers the example
		}
		base, err := neturl.Parse(last)
		if err != nil {
			return hops, true
		}
		next, err := base.Parse(a.Result.Fields.Get("Location"))
		if err != nil || next.Scheme != "http" {
			return hops, true
		}
		next.Fragment = ""
		before := slices.Index(hops, next.String())
		hops = append(hops, next.String())
		if before >= 0 {
			return hops[before:], false
		}
	}
	return hops, false
}

// front warns about a site whose front page is an error because its folder has no index.
func (l *linter) front(dry *Dry, s *config.Site) {
	host, ok := someHost(s)
	if !ok || s.Settings.Root == nil {
		return
	}
	a, err := dry.Ask(Query{URL: "http://" + host + "/", From: dry.someClient(s)})
	if err != nil || a.Result == nil || a.Result.Status != 404 || !a.Decided("site.no-index") {
		return
	}
	var names []string
	for _, name := range s.Settings.Files.Index {
		names = append(names, name.V)
	}
	hint := "let the folder be listed with files { listing = true }"
	if len(names) > 0 {
		hint = "put " + strings.Join(names, " or ") + " there, or " + hint
	}
	l.warn(s.Settings.Root.Pos, "the front page is an error: this folder has no index and is not listed", hint)
}

// someClient is an address that may connect to a listener of the site.
func (d *Dry) someClient(s *config.Site) (a netip.Addr) {
	for _, l := range d.listening {
		if reaches(l.conf, s, d.config) {
			if a = l.clients.someone(); a.IsValid() {
				return a
			}
		}
	}
	return a
}

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// someone is an address that may connect; the zero address when this machine may.
func (c *clients) someone() netip.Addr {
	if c.find(loopback) == nil && !c.only || c.find(loopback) != nil && !c.find(loopback).deny {
		return netip.Addr{}
	}
	for i := range c.rules {
		if a := c.rules[i].network.Addr(); !c.rules[i].deny && c.find(a) == &c.rules[i] {
			return a
		}
	}
	return netip.Addr{}
}

// someHost is a host that chooses the site.
func someHost(s *config.Site) (string, bool) {
	for _, h := range s.Hosts {
		if suffix, wild := strings.CutPrefix(h.V, "*"); wild {
			return "www" + suffix, true
		}
		return h.V, true
	}
	if s.Default.V {
		return "localhost", true
	}
	if len(s.Address) > 0 {
		if a := s.Address[0].V.Addr(); a.Is6() {
			return "[" + a.String() + "]", true
		}
		return s.Address[0].V.Addr().String(), true
	}
	return "", false
}

// escaped is a decoded path as a URL has it.
func escaped(path string) string { return (&neturl.URL{Path: path}).EscapedPath() }
