package config

import (
	"fmt"
	"net/url"
	"strings"

	"vitrine/trace"
)

// finish completes the configuration and checks what only the whole of it can show.
func (d *decoder) finish() {
	c := d.config
	c.Base.BodyBytes = c.Limits.BodyBytes
	c.Access = c.Base.Access
	if d.broken {
		return // something may be missing: what follows would be guesses
	}
	if len(c.Listens) == 0 && (len(c.Sites) == 0 || anyWithoutListen(c.Sites)) && !d.diags.HasErrors() {
		d.failAt(trace.Position{File: d.files[0].name}, "this configuration listens nowhere", `write, for example, listen ":80" {} or listen "127.0.0.1:8080" {}`)
	}
	if len(c.Sites) == 0 && !d.diags.HasErrors() {
		d.warnAt(trace.Position{File: d.files[0].name}, "there is no site, so every request gets 421", `write, for example, site "example.org" { root = "/srv/www" }`)
	}
	d.checkListens()
	d.checkListensOn()
	d.checkAdminWhole()
	d.checkWhen()
	d.checkQueues()
	d.checkHosts()
	for _, e := range c.Expects {
		d.checkExpectNames(e)
	}
	d.checkMissingPages()
	d.checkGuards()
	d.checkLogFiles()
	if m := c.Memory; m.FileBytes.V > m.FilesBytes.V && m.FilesBytes.V > 0 {
		d.warnAt(m.FileBytes.Pos, "file_bytes is more than files_bytes", "no file that large is ever kept: "+formatSize(m.FilesBytes.V)+" is for all files together",
			Related{m.FilesBytes.Pos, "all files together are bounded here"})
	}
}

// checkLogFiles warns about logs that share a file and disagree on how it is written: the first one's word counts.
func (d *decoder) checkLogFiles() {
	first := make(map[string]*Log)
	check := func(l *Log) {
		if l.Off.V {
			return
		}
		before := first[l.File.V]
		if before == nil {
			first[l.File.V] = l
			return
		}
		differ := func(name string, mine, other trace.Position, same bool) {
			if same || !isOwn(mine) {
				return
			}
			related := []Related{{before.File.Pos, "the first log that writes there is here"}}
			if isOwn(other) {
				related = []Related{{other, "the first one says this"}}
			}
			if place(related[0].Pos) == "" {
				related = nil
			}
			d.warnAt(mine, fmt.Sprintf("another log writes to %s as well, and its %s counts", shownPath(l.File.V), name), "say it once, for the first of them", related...)
		}
		differ("buffer", l.Buffer.Pos, before.Buffer.Pos, l.Buffer.V == before.Buffer.V)
		differ("flush", l.Flush.Pos, before.Flush.Pos, l.Flush.V == before.Flush.V)
		differ("size", l.Rotate.Size.Pos, before.Rotate.Size.Pos, l.Rotate.Size.V == before.Rotate.Size.V)
		differ("age", l.Rotate.Age.Pos, before.Rotate.Age.Pos, l.Rotate.Age.V == before.Rotate.Age.V)
		differ("keep", l.Rotate.Keep.Pos, before.Rotate.Keep.Pos, l.Rotate.Keep.V == before.Rotate.Keep.V)
	}
	check(&d.config.Access)
	for _, s := range d.config.Sites {
		check(&s.Settings.Access)
		for _, r := range s.Routes {
			check(&r.Settings.Access)
		}
	}
}

func anyWithoutListen(sites []*Site) bool {
	for _, s := range sites {
		if len(s.Listens) == 0 {
			return true
		}
	}
	return false
}

// claim is one address that something listens on.
type claim struct {
	address Value[string]
	site    *Site // nil: at the top level
	listen  *Listen
}

// checkListens refuses addresses that two blocks want. Sites may share one that both name, as long as they agree on
// how to listen; the port 0 is another free one each time.
func (d *decoder) checkListens() {
	byPort := make(map[string][]claim)
	check := func(site *Site, listens []*Listen) {
		for _, l := range listens {
			for _, address := range l.Addresses {
				key := listenKey(address.V)
				port := key[strings.LastIndexByte(key, ':'):]
				if port == ":0" {
					continue
				}
				mine := claim{address, site, l}
				for _, before := range byPort[port] {
					if d.checkClaims(before, mine) {
						break
					}
				}
				byPort[port] = append(byPort[port], mine)
			}
		}
	}
	check(nil, d.config.Listens)
	for _, s := range d.config.Sites {
		check(s, s.Listens)
	}
}

// checkClaims compares two addresses with the same port and reports whether it found anything wrong.
func (d *decoder) checkClaims(before, mine claim) bool {
	first, second := listenKey(before.address.V), listenKey(mine.address.V)
	switch {
	case first == second && before.site != mine.site && before.site != nil && sameListen(before.listen, mine.listen):
		return false
	case first == second:
		hint := "keep one of them"
		if before.site != mine.site {
			hint = "sites that share an address must agree on its clients and backlog; or say it once, at the top level"
			if before.site == nil {
				hint = "a listen block at the top level serves every site that names none: remove this one"
			}
		}
		d.failAt(mine.address.Pos, fmt.Sprintf("the address %q is taken already", mine.address.V), hint, Related{before.address.Pos, "it is named here first"})
		return true
	case isWildcard(first) || isWildcard(second):
		d.warnAt(mine.address.Pos, fmt.Sprintf("%q and %q overlap, and the system may refuse the second", before.address.V, mine.address.V),
			"keep the wider one, or name each address", Related{before.address.Pos, "the other one is here"})
		return true
	}
	return false
}

func isWildcard(key string) bool {
	return strings.HasPrefix(key, ":") || strings.HasPrefix(key, "0.0.0.0:")
}

// sameListen reports whether two blocks listen in the same way.
func sameListen(a, b *Listen) bool {
	same := a.Backlog.V == b.Backlog.V && len(a.Clients.Allow) == len(b.Clients.Allow) && len(a.Clients.Deny) == len(b.Clients.Deny)
	for i := 0; same && i < len(a.Clients.Allow); i++ {
		same = a.Clients.Allow[i].V == b.Clients.Allow[i].V
	}
	for i := 0; same && i < len(a.Clients.Deny); i++ {
		same = a.Clients.Deny[i].V == b.Clients.Deny[i].V
	}
	return same && sameProxies(a.Proxies, b.Proxies)
}

// shared is the listener key of the listen blocks at the top level.
const shared = "shared"

// listeners are the keys of the listeners that reach a site.
func (s *Site) listeners() []string {
	if len(s.Listens) == 0 {
		return []string{shared}
	}
	var keys []string
	for _, l := range s.Listens {
		for _, a := range l.Addresses {
			keys = append(keys, listenKey(a.V))
		}
	}
	return keys
}

// checkHosts refuses hosts, addresses and defaults that two sites claim on one listener.
func (d *decoder) checkHosts() {
	type key struct{ listener, name string }
	hosts, addresses, defaults := make(map[key]Related), make(map[key]Related), make(map[string]Related)
	for _, s := range d.config.Sites {
		for _, listener := range s.listeners() {
			for _, h := range s.Hosts {
				k := key{listener, h.V}
				if first, taken := hosts[k]; taken {
					d.failAt(h.Pos, fmt.Sprintf("the host %q is claimed twice", h.V), "remove it here or there, or make one site of the two", first)
					continue
				}
				hosts[k] = Related{h.Pos, "it is claimed here first"}
			}
			for _, a := range s.Address {
				k := key{listener, a.V.String()}
				if first, taken := addresses[k]; taken {
					d.failAt(a.Pos, fmt.Sprintf("the address %s chooses two sites", a.V), "remove it here or there", first)
					continue
				}
				addresses[k] = Related{a.Pos, "it chooses this site first"}
			}
			if !s.Default.V {
				continue
			}
			if first, taken := defaults[listener]; taken {
				d.failAt(s.Default.Pos, "there are two default sites", "one site answers for hosts that nobody claims: keep one of them", first)
				continue
			}
			defaults[listener] = Related{s.Default.Pos, "the first one is here"}
		}
	}
}

// checkExpectNames looks up the site and the route that an expect block names.
func (d *decoder) checkExpectNames(e *Expect) {
	within := d.expectIn[e]
	if e.Site != nil {
		site, names := d.siteNamed(e.Site.V)
		if site == nil {
			hint := ""
			if near := nearest(e.Site.V, names); near != "" {
				hint = "did you mean " + quoted(near) + "?"
			} else if len(names) > 0 {
				hint = "the sites are " + oneOf(quotedAll(names))
			}
			d.failAt(e.Site.Pos, "there is no site "+quoted(e.Site.V), hint)
			return
		}
		e.Site.V = site.Name()
		within = site
	} else if u, err := url.Parse(e.URL.V); err == nil && within == nil {
		within, _ = d.siteNamed(strings.ToLower(u.Hostname()))
	}
	if e.Route == nil {
		return
	}
	var patterns []string
	for _, s := range d.config.Sites {
		if within != nil && s != within {
			continue
		}
		for _, r := range s.Routes {
			if r.Pattern.V == e.Route.V {
				return
			}
			patterns = append(patterns, r.Pattern.V)
		}
	}
	in := ""
	if within != nil {
		in = " in the site " + quoted(within.Name())
	}
	hint := ""
	if near := nearest(e.Route.V, patterns); near != "" {
		hint = "did you mean " + quoted(near) + "?"
	} else if len(patterns) > 0 {
		hint = "its routes are " + oneOf(quotedAll(patterns))
	}
	d.failAt(e.Route.Pos, "there is no route "+quoted(e.Route.V)+in, hint)
}

// siteNamed finds a site by its name or one of its hosts, and lists what it might be called.
func (d *decoder) siteNamed(name string) (*Site, []string) {
	var names []string
	for _, s := range d.config.Sites {
		if s.Name() == name {
			return s, nil
		}
		if len(s.Hosts) == 0 {
			names = append(names, s.Name())
		}
		for _, h := range s.Hosts {
			if h.V == normalHost(name) {
				return s, nil
			}
			names = append(names, h.V)
		}
	}
	return nil, names
}
