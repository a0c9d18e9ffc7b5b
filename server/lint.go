package server

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"

	"vitrine/config"
	"vitrine/site/route"
	"vitrine/trace"
)

// Lint warns about what is legal and probably not meant, in a configuration without errors: routes that no request can
// reach, clients rules that decide nothing, redirects that lead back to themselves, folders that answer nothing, and
// files that should not be public and are.
func Lint(c *config.Config, diags *config.Diagnostics) {
	l := linter{config: c, diags: diags}
	l.clients()
	l.published()
	for _, s := range c.Sites {
		l.routes(s)
	}
	if dry := NewDry(c, diags); dry != nil {
		defer dry.Close()
		for _, s := range c.Sites {
			l.redirects(dry, s)
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

// table is the routes of a site as they are chosen from.
func table(s *config.Site) *route.Table {
	var rules []route.Rule
	for _, r := range s.Routes {
		p, err := route.Parse(r.Pattern.V)
		if err != nil {
			return route.NewTable(nil) // the configuration has errors, and they are told elsewhere
		}
		var methods []string
		for _, m := range r.Methods {
			methods = append(methods, m.V)
		}
		rules = append(rules, route.Rule{Pattern: p, Methods: route.MethodsOf(methods...), Position: r.Pos})
	}
	return route.NewTable(rules)
}

// routes warns about routes that can never answer, with a request that an earlier one takes.
func (l *linter) routes(s *config.Site) {
	for _, shadow := range table(s).Shadowed() {
		late := s.Routes[shadow.Route]
		summary := fmt.Sprintf("the route %q can never answer", late.Pattern.V)
		hint := "put it before the other one, or remove it"
		var related []config.Related
		for i, j := range shadow.By {
			early := s.Routes[j]
			text := "this route comes first and takes everything that it matches"
			if len(shadow.By) > 1 {
				text = "this route comes first and takes a part of what it matches"
			}
			if i == 0 && shadow.Example != "" {
				text += fmt.Sprintf(", such as %s %s", shadow.Method, shadow.Example)
			}
			related = append(related, config.Related{Pos: early.Pattern.Pos, Text: text})
		}
		l.warn(late.Pattern.Pos, summary, hint, related...)
	}
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
			if r.Respond == nil && r.Redirect == nil {
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
