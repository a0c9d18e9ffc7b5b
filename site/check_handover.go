package site

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"vitrine/config"
	"vitrine/site/route"
	"vitrine/trace"
	"vitrine/web/message"
)

// handoverWarnings is what scripts and applications may hand over to, and clients may ask for themselves.
func (s *site) handoverWarnings() (all []config.Diagnostic) {
	told := make(map[trace.Position]bool)
	for _, t := range s.all() {
		var o *handover
		switch {
		case t.responder != nil:
			o = &t.responder.over
		case t.scripts != nil:
			o = &t.scripts.over
		default:
			continue
		}
		for i := range o.paths {
			at := o.paths[i].Pos
			at.Origin, at.Source = trace.Written, nil
			witness, to := s.reachable(o, o.paths[i].V)
			if to == nil || told[at] {
				continue
			}
			told[at] = true
			d := config.Diagnostic{Severity: config.Warning, Pos: o.paths[i].Pos,
				Summary: "clients may ask for what is handed over to here, without asking for it here first",
				Detail:  fmt.Sprintf("For example, GET %s is answered to everybody.", witness),
				Hint:    "write internal = true into the route that answers there"}
			if to.route != nil {
				d.Related = []config.Related{{Pos: to.route.Pattern.Pos, Text: "this route answers"}}
			} else {
				d.Hint = fmt.Sprintf("put a route for it before, with internal = true, such as route %q", strings.TrimSuffix(o.paths[i].V, "/")+"/*")
			}
			all = append(all, d)
		}
	}
	return all
}

// reachable is a path that may be handed over to, below one of those that are configured, and who answers everybody there: nil when
// none was found.
func (s *site) reachable(o *handover, below string) (string, *settings) {
	witnesses := []string{strings.TrimSuffix(below, "/") + "/x"}
	for i := range s.each {
		if example, ok := s.routes.Example(i, "GET"); ok && o.mayLead(example) && strings.HasPrefix(example, strings.TrimSuffix(below, "/")) {
			witnesses = append(witnesses, example)
		}
	}
	for _, witness := range witnesses {
		to := s.base
		choice := s.routes.Match([]byte(witness), message.GET, []byte("GET"), nil)
		switch choice.Reason {
		case route.Matched:
			to = s.each[choice.Index]
		case route.MethodRefused:
			continue
		}
		switch {
		case to.guard != nil, to.route != nil && to.route.Internal.V, to.isFiles() && to.root == nil:
		case to.route != nil && (to.route.Redirect != nil || to.route.Respond != nil): // it says the same to everybody
		default:
			return witness, to
		}
	}
	return "", nil
}

// SourceWarnings looks through the folders in which scripts lie among files, and says where names look like copies of scripts. It
// reads the disk.
func (h *Handler) SourceWarnings() (all []config.Diagnostic) {
	seen, told := make(map[string]bool), make(map[string]bool)
	for _, s := range h.anywhere.sites {
		for _, t := range s.all() {
			if t.root == nil || t.single != nil || seen[t.root.Dir()] { // beside a single file nothing is served
				continue
			}
			at := t.sourceLine()
			if at == nil {
				continue
			}
			seen[t.root.Dir()] = true
			first, more := "", 0
			looked := 0
			filepath.WalkDir(t.root.Dir(), func(path string, d fs.DirEntry, err error) error {
				switch looked++; {
				case looked > mostLooked:
					return errEnough
				case err != nil:
				case d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != t.root.Dir():
					return fs.SkipDir
				case d.Type().IsRegular() && t.isCopy(d.Name()) && !told[path]: // a root may lie in another one
					told[path] = true
					if first == "" {
						first = path
					} else {
						more++
					}
				}
				return nil
			})
			if first == "" {
				continue
			}
			what := first
			if more > 0 {
				what += fmt.Sprintf(" and %d more", more)
			}
			all = append(all, config.Diagnostic{Severity: config.Warning, Pos: *at,
				Summary: "names look like copies of scripts, which would show what those are made of: " + what,
				Detail:  "Requests for them are refused with 403, here; another route or another server that has the folder may send them.",
				Hint:    "move them out of the root; where such a file is meant to be sent, give it a route of its own that runs no scripts"})
		}
	}
	return all
}
