package server

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"

	"vitrine/config"
	"vitrine/trace"
)

// Lint warns about what is legal and probably not meant, in a configuration without errors: routes that no request can
// reach, clients rules that decide nothing, redirects that lead back to themselves, folders that answer nothing,
// files that should not be public and are, and applications that have gone.
func Lint(c *config.Config, diags *config.Diagnostics) {
	l := linter{config: c, diags: diags}
	l.clients()
	l.published()
	l.network()
	l.scripts()
	l.applications()
	if dry := NewDry(c, diags); dry != nil {
		defer dry.Close()
		for _, w := range dry.handler.Warnings() {
			diags.Append(w)
		}
		for _, w := range dry.handler.MapWarnings() {
			diags.Append(w)
		}
		for _, w := range dry.handler.SourceWarnings() {
			diags.Append(w)
		}
		for _, s := range c.Sites {
			l.front(dry, s)
		}
	}
}

type linter struct {
	config *config.Config
	diags  *config.Diagnostics
}

func (l *linter) warn(at trace.Position, summary, hint string, related ...config.Related) {
	l.diags.Append(config.Diagnostic{Severity: config.Warning, Pos: at, Summary: summary, Hint: hint, Related: related})
}

// clients warns about rules that change nothing.
func (l *linter) clients() {
	for _, listen := range allListens(l.config) {
		c := newClients(listen)
		for i := range c.rules {
			r := &c.rules[i]
			wider, network := c.wider(i), short(r.network)
			switch {
			case i > 0 && c.rules[i-1].network == r.network && c.rules[i-1].deny != r.deny:
				l.warn(r.pos, fmt.Sprintf("%s is allowed and denied, and deny wins", network), "keep one of the two",
					config.Related{Pos: c.rules[i-1].pos, Text: "it is denied here"})
			case i > 0 && c.rules[i-1].network == r.network:
				l.warn(r.pos, fmt.Sprintf("%s is listed twice", network), "keep one of the two",
					config.Related{Pos: c.rules[i-1].pos, Text: "the other one is here"})
			case wider != nil && wider.deny == r.deny:
				l.warn(r.pos, fmt.Sprintf("%s changes nothing: %s contains it and decides the same", network, short(wider.network)), "remove it",
					config.Related{Pos: wider.pos, Text: "the wider network is here"})
			case wider == nil && r.deny && c.only && !c.sameAllowed(i):
				l.warn(r.pos, fmt.Sprintf("denying %s changes nothing: allow lists networks, and it is in none of them", network), "remove it")
			}
		}
	}
}

// wider is the most specific other network that contains a rule's.
func (c *clients) wider(i int) *clientRule {
	r := &c.rules[i]
	for j := i + 1; j < len(c.rules); j++ { // sorted: those behind are as wide or wider
		if w := &c.rules[j]; w.network.Bits() < r.network.Bits() && w.network.Contains(r.network.Addr()) {
			return w
		}
	}
	return nil
}

// sameAllowed reports whether the network that a rule denies is allowed as well, which is told at the other rule.
func (c *clients) sameAllowed(i int) bool {
	return i+1 < len(c.rules) && c.rules[i+1].network == c.rules[i].network
}

// short is a network as a person writes it: without the length when it is a single address.
func short(n netip.Prefix) string {
	if n.IsSingleIP() {
		return n.Addr().String()
	}
	return n.String()
}

// allListens is every listen block once.
func allListens(c *config.Config) []*config.Listen {
	all := append([]*config.Listen(nil), c.Listens...)
	for _, s := range c.Sites {
		all = append(all, s.Listens...)
	}
	return all
}

// published warns about the configuration itself and the logs where everybody can read them.
func (l *linter) published() {
	type private struct {
		path, what string
		at         trace.Position
	}
	var files []private
	for _, path := range l.config.Paths {
		files = append(files, private{path, "the configuration", trace.Position{}})
	}
	log := func(v config.Value[string], what string) {
		if v.V != "stdout" && v.V != "stderr" && v.V != "" {
			files = append(files, private{v.V, what, v.Pos})
		}
	}
	log(l.config.Errors.File, "the error log")
	log(l.config.Access.File, "the access log")
	for _, s := range l.config.Sites {
		if !s.Settings.Access.Off.V && s.Settings.Access.File.V != l.config.Access.File.V {
			log(s.Settings.Access.File, "the access log")
		}
	}
	for _, root := range l.roots() {
		for _, f := range files {
			if inside(root.V, f.path) {
				l.warn(root.Pos, fmt.Sprintf("everybody can read %s: %s is below this root", f.what, f.path),
					"move it, or give the root a folder of its own", relatedTo(f.at, f.what)...)
			}
		}
	}
}

func relatedTo(at trace.Position, what string) []config.Related {
	if at.IsZero() || at.Origin == trace.Default {
		return nil
	}
	return []config.Related{{Pos: at, Text: what + " is named here"}}
}

// roots is every folder that is served, once.
func (l *linter) roots() []config.Value[string] {
	var all []config.Value[string]
	seen := make(map[string]bool)
	add := func(s *config.Settings) {
		if s.Root != nil && !seen[s.Root.V] {
			seen[s.Root.V] = true
			all = append(all, *s.Root)
		}
	}
	for _, s := range l.config.Sites {
		add(&s.Settings)
		for _, r := range s.Routes {
			if r.Respond == nil && r.Redirect == nil && r.Application == nil {
				add(&r.Settings)
			}
		}
	}
	return all
}

// inside reports whether a file is below a folder and not hidden there by a name with a dot.
func inside(folder, file string) bool {
	file, err := filepath.Abs(file)
	if err != nil {
		return false
	}
	below, err := filepath.Rel(folder, file)
	if err != nil || below == ".." || strings.HasPrefix(below, "../") {
		return false
	}
	return !strings.HasPrefix(below, ".") && !strings.Contains(below, "/.")
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
