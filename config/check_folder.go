package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// checkFolder reports a root that is not there, and which component of its path is to blame.
func (d *decoder) checkFolder(path, written string, l located) {
	if written == "" {
		d.fail(l.at, "root names no folder", `write its path, or "." for the folder of this file`)
		return
	}
	if d.opt.NoFiles || d.seenRoots[path] {
		return
	}
	d.seenRoots[path] = true
	shown := quoted(shownPath(path))
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		// To look for anything in it, its search permission is needed.
		if _, err := os.Stat(path + "/."); err != nil {
			d.fail(l.at, "the folder "+shown+" cannot be entered: "+cause(err), permissions(path))
			return
		}
		return
	}
	if err == nil {
		d.fail(l.at, shown+" is a file, and root is a folder", "write "+quoted(filepath.Dir(written))+" for the folder it is in")
		return
	}
	summary, hint := d.brokenPath(path, err)
	d.fail(l.at, summary, hint)
}

// checkParent warns about a log file whose folder is not there: the server would not be able to open it.
func (d *decoder) checkParent(path string, l located) {
	folder := filepath.Dir(path)
	if d.opt.NoFiles || d.seenRoots[folder] {
		return
	}
	d.seenRoots[folder] = true
	if info, err := os.Stat(folder); err != nil {
		summary, hint := d.brokenPath(folder, err)
		d.warn(l.at, summary, hint)
	} else if !info.IsDir() {
		d.warn(l.at, quoted(shownPath(folder))+" is a file, and a log file cannot be in it", "")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		d.fail(l.at, quoted(shownPath(path))+" is a folder", "write the path of a file in it")
	}
}

// brokenPath says which component of an absolute path cannot be found or looked into, and what is there instead.
func (d *decoder) brokenPath(path string, err error) (summary, hint string) {
	good := string(filepath.Separator)
	for _, name := range strings.Split(strings.TrimPrefix(path, good), good) {
		next := filepath.Join(good, name)
		info, stat := os.Stat(next)
		switch {
		case errors.Is(stat, fs.ErrNotExist):
			if _, err := os.Lstat(next); err == nil {
				target, _ := os.Readlink(next)
				return quoted(shownPath(next)) + " is a link that leads nowhere", "it leads to " + quoted(target)
			}
			return fmt.Sprintf("there is no %q in %s", name, shownFolder(good)), neighbours(good, name)
		case stat != nil:
			return fmt.Sprintf("cannot look into %s: %s", shownFolder(good), cause(stat)), permissions(good)
		case !info.IsDir() && next != path:
			return quoted(shownPath(next)) + " is a file, not a folder", ""
		}
		good = next
	}
	return shownPath(path) + ": " + cause(err), ""
}

// shownPath is a path as a person in the working directory would write it, when that is shorter.
func shownPath(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if below, ok := strings.CutPrefix(path, here+string(filepath.Separator)); ok {
		return below
	}
	return path
}

// shownFolder is shownPath for a folder, which may be the working directory itself.
func shownFolder(path string) string {
	if here, err := os.Getwd(); err == nil && here == path {
		return "the working directory"
	}
	return shownPath(path)
}

// neighbours names what is in a folder instead of the missing name.
func neighbours(folder, missing string) string {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return ""
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() || e.Type()&fs.ModeSymlink != 0 {
			names = append(names, e.Name())
		}
	}
	if near := nearest(missing, names); near != "" {
		return "did you mean " + quoted(near) + "?"
	}
	const enough = 6
	switch {
	case len(names) == 0:
		return "there is no folder in it"
	case len(names) == 1:
		return "the only folder in it is " + names[0]
	case len(names) > enough:
		return fmt.Sprintf("the folders in it are %s and %d more", strings.Join(names[:enough], ", "), len(names)-enough)
	}
	return "the folders in it are " + strings.Join(names, ", ")
}

// permissions says who may do what with a folder, and who is asking.
func permissions(folder string) string {
	info, err := os.Stat(folder)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("its mode is %s%s, and this program runs as user %d", info.Mode(), owner(info), os.Geteuid())
}

// checkMissingPages warns about a page for what is missing that is missing itself.
func (d *decoder) checkMissingPages() {
	seen := make(map[string]bool)
	check := func(s *Settings) {
		if s.Root == nil || s.Files.Missing == nil || s.Files.Missing.Path.V == "" || d.opt.NoFiles {
			return
		}
		m := s.Files.Missing
		path := filepath.Join(s.Root.V, filepath.FromSlash(m.Path.V))
		if seen[path] {
			return
		}
		seen[path] = true
		_, rootErr := os.Stat(s.Root.V) // reported already
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && rootErr == nil {
			d.warnAt(m.Path.Pos, fmt.Sprintf("there is no %s under the root %s", m.Path.V, quoted(shownPath(s.Root.V))), "clients get the plain answer until it is there",
				Related{s.Root.Pos, "the root is here"})
		}
	}
	for _, s := range d.config.Sites {
		check(&s.Settings)
		for _, r := range s.Routes {
			if r.Respond == nil && r.Redirect == nil && r.Application == nil {
				check(&r.Settings)
			}
		}
	}
}
