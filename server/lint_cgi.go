package server

import (
	"fmt"
	"os"
	"path/filepath"

	"vitrine/config"
)

// mostLooked is at how many files of a folder of scripts is looked.
const mostLooked = 1000

// scripts warns about scripts that somebody else may bring: folders and scripts that every user may write, and folders below
// which requests may upload files. And about scripts that run as root.
func (l *linter) scripts() {
	seen := make(map[string]bool)
	asRoot := false
	for _, s := range l.config.Sites {
		all := []*config.Settings{&s.Settings}
		for _, r := range s.Routes {
			all = append(all, &r.Settings)
		}
		for _, t := range all {
			if t.CGI == nil || t.CGI.Off.V || t.Root == nil || seen[t.Root.V] {
				continue
			}
			seen[t.Root.V] = true
			l.writable(t)
			l.uploads(t)
			if !asRoot && os.Geteuid() == 0 && t.CGI.User.V == "" {
				asRoot = true
				l.warn(t.CGI.Pos, "scripts here run as root, as this program does: whoever finds a mistake in one has the machine",
					`write user = "nobody" into the cgi block, or run the server as somebody else`)
			}
		}
	}
}

// writable warns about a folder of scripts, or a file in it, that every user may write.
func (l *linter) writable(t *config.Settings) {
	const others = 0o002
	if info, err := os.Stat(t.Root.V); err == nil && info.Mode()&others != 0 {
		what := "scripts in it are not run"
		if t.CGI.Writable.V {
			what = "whoever has an account here runs programs as the server"
		}
		l.warn(t.Root.Pos, fmt.Sprintf("every user of this machine may put a script into %s (its mode is %s): %s", t.Root.V, info.Mode(), what), "chmod o-w "+t.Root.V)
		return
	}
	f, err := os.Open(t.Root.V)
	if err != nil {
		return
	}
	defer f.Close()
	names, _ := f.Readdirnames(mostLooked)
	for _, name := range names {
		path := filepath.Join(t.Root.V, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&others != 0 && isScript(t.CGI, name) {
			l.warn(t.Root.Pos, fmt.Sprintf("every user of this machine may change the script %s (its mode is %s)", path, info.Mode()), "chmod o-w "+path)
			return
		}
	}
}

func isScript(c *config.CGI, name string) bool {
	if len(c.Extensions) == 0 {
		return true
	}
	for _, e := range c.Extensions {
		if filepath.Ext(name) == e.V || filepath.Ext(name) == "."+e.V {
			return true
		}
	}
	return false
}

// uploads warns about scripts in a folder, or below or above one, whose files take methods that bring files.
func (l *linter) uploads(t *config.Settings) {
	for _, s := range l.config.Sites {
		all := []*config.Settings{&s.Settings}
		for _, r := range s.Routes {
			if r.Respond == nil && r.Redirect == nil && r.Application == nil {
				all = append(all, &r.Settings)
			}
		}
		for _, other := range all {
			if other.Root == nil || other.Root.V != t.Root.V && !inside(other.Root.V, t.Root.V) && !inside(t.Root.V, other.Root.V) {
				continue
			}
			for _, m := range other.Files.Methods {
				if m.V == "PUT" || m.V == "POST" || m.V == "PATCH" {
					l.warn(t.CGI.Pos, fmt.Sprintf("scripts are run in %s, and %s to files is allowed there: whoever can upload a file can run a program", t.Root.V, m.V),
						"keep uploads in a folder of their own, in which nothing is run", config.Related{Pos: m.Pos, Text: m.V + " is allowed here"})
					return
				}
			}
		}
	}
}
