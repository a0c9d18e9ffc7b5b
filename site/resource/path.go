package resource

import "strings"

// wellKnown is the one name with a dot that is never hidden, and only as the first component (RFC 8615 §3).
const wellKnown = ".well-known"

// maxPath is the length from which on no system call takes a path, in bytes (PATH_MAX of Linux).
const maxPath = 4096

// form sorts paths by what their spelling says about them.
type form struct {
	long      bool // longer than any path can be
	malformed bool // not what a decoded and normalised path looks like, or no file can have the name
	hidden    bool // a component begins with a dot
	slash     bool // it ends with a slash, and so only a directory can be meant
}

// inspect reads a path's form. Paths come normalised; that they are is held here once more, because the rest relies
// on it.
func inspect(path string) form {
	if path == "" || path[0] != '/' {
		return form{malformed: true}
	}
	f := form{slash: path[len(path)-1] == '/', long: len(path) >= maxPath}
	rest := strings.TrimSuffix(path[1:], "/")
	for first := true; rest != ""; first = false {
		var c string
		c, rest, _ = strings.Cut(rest, "/")
		if c == "" || c == "." || c == ".." || strings.IndexByte(c, 0) >= 0 {
			f.malformed = true
		}
		if c != "" && c[0] == '.' && !(first && c == wellKnown) {
			f.hidden = true
		}
	}
	if strings.HasSuffix(path, "//") {
		f.malformed = true
	}
	return f
}

// refusal is why a path is refused for its spelling alone, nil when it is not.
func (f form) refusal(path string, opt LoadOptions) *Failure {
	switch {
	case f.malformed:
		return fail(reasonMalformed, 404, path)
	case f.long:
		return fail(reasonNameTooLong, 404, path)
	case f.hidden && !opt.Hidden:
		return fail(reasonHidden, 404, path)
	}
	return nil
}

// nameOf is the path as os.Root wants it: relative, without a slash at the end.
func nameOf(path string) string {
	path, _, _ = strings.Cut(path, namesMark)
	name := strings.Trim(path, "/")
	if name == "" {
		return "."
	}
	return name
}
