package site

import (
	"bytes"
	"path"
	"strings"

	"vitrine/site/route"
)

// A file may stand for another path than its own: a folder's index, a variant, the page for what is missing. Its own path may
// belong to another route, where a program answers for it, its directives are filled in, or fewer people may have it. What
// follows keeps the file from being shown by the wrong one.

// beside is the path of a name in the folder of the path that was asked for.
func (v *visit) beside(name string) []byte {
	asked := v.request().Path()
	folder := asked[:bytes.LastIndexByte(asked, '/')+1]
	return append(append(make([]byte, 0, len(folder)+len(name)), folder...), name...)
}

// belowPrefix is the path that leads to a file below the root.
func (v *visit) belowPrefix(file string) []byte {
	return append([]byte(v.strippedPrefix()), file...)
}

// owner is whoever answers a request like this one for a path: a route, or the site itself; nil when it is refused for its
// method.
func (v *visit) owner(at []byte) *settings {
	s, r := v.settings.site, v.request()
	switch choice := s.routes.Match(at, r.Method, r.MethodBytes(), nil); choice.Reason {
	case route.Matched:
		return s.each[choice.Index]
	case route.MethodRefused:
		return nil
	}
	return s.base
}

// mayShow reports whether the file at a path may be shown by the visit's settings: they are those of the path itself, or the
// path's own serve files as well, to everybody and as they are.
func (v *visit) mayShow(at []byte) bool {
	t := v.settings
	if t.site == nil || !t.site.hides || v.home != nil {
		return true
	}
	to := v.owner(at)
	switch {
	case to == t:
		return true
	case to != nil && to.route != nil && (to.route.Redirect != nil || to.route.Respond != nil):
		return true // such as one that sends whoever asks for the index itself to the folder
	case to == nil, !to.isFiles(), to.scripts != nil, to.ssi != nil && t.ssi == nil, to.guard != nil, to.route != nil && to.route.Internal.V:
		return false
	}
	return true
}

// keepsToItself reports whether the files at the settings' paths may not be shown by others, for some method.
func (t *settings) keepsToItself() bool {
	switch {
	case t.route != nil && len(t.route.Methods) > 0: // it refuses others
		return true
	case t.route != nil && (t.route.Redirect != nil || t.route.Respond != nil):
		return false
	}
	return !t.isFiles() || t.scripts != nil || t.ssi != nil || t.guard != nil || t.route != nil && t.route.Internal.V
}

// isSource reports whether a file would show what a program or a page with directives is made of when it is sent in the place
// of another: one of the endings of its name says so, such as page.php, page.php.gz and page.shtml.en, here or in the route that
// the path with that ending belongs to.
func (v *visit) isSource(full, name string) bool {
	t := v.settings
	last := true
	for end := len(name); end > 0; last = false {
		part := name[:end]
		switch {
		case t.responder != nil && t.responder.isScript(part), t.scripts != nil && t.scripts.isName(part):
			return true
		case !last && t.ssi != nil && t.ssi.extensions[strings.ToLower(path.Ext(part))]: // the last is the page itself
			return true
		case !last && !v.mayShow(v.beside(part)):
			return true
		}
		end = strings.LastIndexByte(part, '.')
	}
	if t.ssi == nil || len(t.ssi.types) == 0 {
		return false
	}
	typ := t.types.Lookup(full)
	return typ.Encoding != "" && t.ssi.types[mediaType(typ.Value)]
}
