package site

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"vitrine/config"
	"vitrine/site/content"
	"vitrine/trace"
)

// mostLooked bounds how many names of a folder are looked through for type maps.
const mostLooked = 50_000

// MapWarnings looks through the folders in which type maps are read, and says what is wrong with those it finds: lines that
// are not understood, and files that are not there. It reads the disk.
func (h *Handler) MapWarnings() []config.Diagnostic {
	var all []config.Diagnostic
	seen := make(map[string]bool)
	for _, s := range h.anywhere.sites {
		for _, t := range s.all() {
			if t.negotiation.maps && t.root != nil && !seen[t.root.Dir()] {
				seen[t.root.Dir()] = true
				all = append(all, t.mapWarnings()...)
			}
		}
	}
	return all
}

var errEnough = errors.New("enough")

func (t *settings) mapWarnings() (all []config.Diagnostic) {
	looked := 0
	filepath.WalkDir(t.root.Dir(), func(path string, d fs.DirEntry, err error) error {
		if looked++; looked > mostLooked {
			return errEnough
		}
		switch {
		case err != nil:
			return nil // it is not served either
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != t.root.Dir():
			return fs.SkipDir
		case d.Type().IsRegular() && strings.HasSuffix(d.Name(), mapSuffix):
			all = append(all, t.mapWarning(path)...)
		}
		return nil
	})
	return all
}

// mapWarning is what is wrong with one type map.
func (t *settings) mapWarning(path string) (all []config.Diagnostic) {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, t.conf.Negotiate.MapBytes.V+1))
	if err != nil {
		return nil
	}
	by := []config.Related{{Pos: t.conf.Negotiate.TypeMaps.Pos, Text: "type maps are read here"}}
	warn := func(line int, summary, hint string) {
		all = append(all, config.Diagnostic{Severity: config.Warning, Pos: trace.Position{File: path, Line: line, Column: 1}, Summary: summary, Hint: hint, Related: by})
	}
	if int64(len(text)) > t.conf.Negotiate.MapBytes.V {
		warn(1, "the type map is longer than map_bytes allows", "raise map_bytes in the negotiate block")
		return all
	}
	variants, faults := content.ParseTypeMap(text, t.conf.Negotiate.Candidates.V)
	for _, fault := range faults {
		warn(fault.Line, "the type map is not understood: "+fault.What, "")
	}
	for _, v := range variants {
		if v.Inside {
			continue
		}
		if info, err := os.Stat(filepath.Join(filepath.Dir(path), filepath.FromSlash(v.Name))); err != nil || info.IsDir() {
			warn(v.Line, fmt.Sprintf("the type map names a file that is not there: %q", v.Name), "a URI is relative to the map's folder")
		}
	}
	return all
}
