package site

import (
	"path/filepath"
	"strings"

	"vitrine/config"
	"vitrine/trace"
)

// accessWarnings is what is probably not meant about access: rules that are never asked, and files of users that anybody may
// fetch.
func (s *site) accessWarnings(never []int) []config.Diagnostic {
	var all []config.Diagnostic
	warn := func(at trace.Position, summary, hint string, related ...config.Related) {
		all = append(all, config.Diagnostic{Severity: config.Warning, Pos: at, Summary: summary, Hint: hint, Related: related})
	}
	for _, i := range never {
		guard := &s.each[i].conf.Guard
		if guard.Asks() && guard.Pos.Origin == trace.Written {
			warn(guard.Pos, "these access rules are never asked: another route answers before this one",
				"put the route before the other one: what it guards is open, unless the other one asks as well")
		}
	}
	told := make(map[trace.Position]bool)
	for _, t := range s.all() {
		if t.guard == nil {
			continue
		}
		files := []*config.Value[string]{&t.guard.conf.GroupFile}
		for _, a := range t.guard.conf.Auth {
			files = append(files, &a.File)
		}
		for _, file := range files {
			at := file.Pos
			at.Origin, at.Source = trace.Written, nil
			root := s.rootAbove(file.V)
			if file.V == "" || root == nil || told[at] {
				continue
			}
			told[at] = true
			warn(file.Pos, "this file is below a root, and whoever guesses its name may fetch it", "put it outside of every root",
				config.Related{Pos: root.Pos, Text: "the root is here"})
		}
	}
	return all
}

// rootAbove is the root of the site below which a file is, or nil.
func (s *site) rootAbove(file string) *config.Value[string] {
	for _, t := range s.all() {
		if t.conf.Root == nil {
			continue
		}
		rest, err := filepath.Rel(realPath(t.conf.Root.V), realPath(file))
		if err == nil && rest != ".." && !strings.HasPrefix(rest, ".."+string(filepath.Separator)) {
			return t.conf.Root
		}
	}
	return nil
}

// realPath is a path without links, as far as it can be found out.
func realPath(path string) string {
	if found, err := filepath.EvalSymlinks(path); err == nil {
		return found
	}
	return filepath.Clean(path)
}
