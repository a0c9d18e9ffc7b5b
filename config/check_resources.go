package config

import (
	"fmt"
	"path"
	"strings"
)

func checkHomesPrefix(prefix string) *problem {
	switch {
	case !strings.HasPrefix(prefix, "/"):
		return noSlash("prefix", prefix, "")
	case strings.ContainsAny(prefix, "*"):
		return &problem{message: fmt.Sprintf("the prefix %q is a pattern", prefix), hint: `write what stands in front of the user's name, such as "/~" or "/users/"`}
	}
	return checkPathText(prefix)
}

// checkBelowHome refuses what does not lead below a home.
func checkBelowHome(folder string) *problem {
	clean := path.Clean(folder)
	if folder == "" || path.IsAbs(folder) || clean == "." || clean == ".." || strings.HasPrefix(clean, "../") {
		return &problem{message: quoted(folder) + " is no folder below a home", hint: `write a path such as "public_html"; a path with * for the user's name goes into pattern`}
	}
	return nil
}

func checkHomesPattern(pattern string) *problem {
	if pattern == "" {
		return nil
	}
	segments := strings.Split(strings.Trim(pattern, "/"), "/")
	stars := 0
	for _, s := range segments {
		switch {
		case s == "*":
			stars++
		case s == "" || s == "." || s == ".." || strings.Contains(s, "*"):
			stars = 2
		}
	}
	if !strings.HasPrefix(pattern, "/") || stars != 1 {
		return &problem{message: quoted(pattern) + " does not say where each user's folder is", hint: `write a path in which one name is *, such as "/home/*/public_html"`}
	}
	return nil
}

// ValidUserName reports whether a name may be a user's (POSIX.1-2017 §3.437), and none that means something as a path.
func ValidUserName(name string) bool {
	if name == "" || len(name) > 64 || name[0] == '-' || name[0] == '.' {
		return false
	}
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-', c == '.':
		default:
			return false
		}
	}
	return true
}

func checkUserName(name string) *problem {
	if !ValidUserName(name) {
		return &problem{message: quoted(name) + " is no user's name", hint: "names have letters, digits, dots, hyphens and underscores, and begin with none of the first two"}
	}
	return nil
}

// checkHomes looks at a homes block as a whole.
func checkHomes(d *decoder, b *block, value any) {
	h := value.(*Homes)
	folder, pattern := b.body.attr("folder"), b.body.attr("pattern")
	switch {
	case folder != nil && pattern != nil && h.Pattern.V != "":
		d.failRelated(folder.at, "these homes have a folder, and a pattern as well", "the pattern is the whole path: keep one of them", pattern.at, "the pattern is here")
	case h.FirstUID.V > h.LastUID.V && b.body.whole():
		d.fail(b.head, "no user has a number from first_uid to last_uid", "first_uid is the lower one")
	}
}

// checkNamePattern refuses what can be no name's pattern.
func checkNamePattern(pattern string) *problem {
	if _, err := path.Match(pattern, ""); err != nil || pattern == "" || strings.Contains(pattern, "/") {
		return &problem{message: quoted(pattern) + " is no pattern of names", hint: `write, for example, "*.bak": * is anything, ? one character, [a-z] one of them`}
	}
	return nil
}

// checkStatusClass refuses what is neither a status nor a class of them.
func checkStatusClass(status string) *problem {
	if len(status) == 3 && status[0] >= '2' && status[0] <= '5' && (status[1:] == "xx" || digits(status[1:])) {
		return nil
	}
	return &problem{message: quoted(status) + " is no status", hint: `write a number such as 404, or "4xx" for all that begin with 4`}
}

func checkErrorStatus(status string) *problem {
	if p := checkStatusClass(status); p != nil {
		return p
	}
	if status[0] < '4' {
		return &problem{message: status + " is no error", hint: "errors are from 400 to 599"}
	}
	return nil
}

func digits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

func checkErrorPath(target string) *problem {
	if !strings.HasPrefix(target, "/") {
		return noSlash("path", target, "; to send the client to another site, write redirect")
	}
	before, _, _ := strings.Cut(target, "?")
	return checkPathText(before)
}

// checkErrorPage holds a page to one answer.
func checkErrorPage(d *decoder, b *block, value any) {
	p := value.(*ErrorPage)
	var said []*attr
	for _, name := range []string{"file", "path", "body", "redirect"} {
		if a := b.body.attr(name); a != nil {
			said = append(said, a)
		}
	}
	switch {
	case len(said) > 1:
		d.failRelated(said[1].at, "this page is two things at once", "keep one of "+said[0].name+" and "+said[1].name, said[0].at, "the other one is here")
	case len(said) == 0 && b.body.whole():
		d.fail(b.head, "this page is nothing", `write file = "/errors/404.html", path = "/errors/show", body = "…" or redirect = "https://…"`)
	case len(said) == 1 && said[0].name != "body" && b.body.attr("type") != nil:
		d.warn(b.body.attr("type").at, "type has no effect: it is for body, and this page is a "+said[0].name, "remove it")
	case len(said) == 1 && said[0].name != "file" && b.body.attr("placeholders") != nil:
		d.warn(b.body.attr("placeholders").at, "placeholders has no effect: it is for file", "remove it")
	}
	if s := p.Status; s != nil && p.Redirect.V != nil && checkRedirectStatus(decimal(int64(s.V))) != nil {
		d.failAt(s.Pos, decimal(int64(s.V))+" is no redirect", "write 301, 302, 303, 307 or 308")
	} else if s != nil && (s.V == 204 || s.V == 205 || s.V == 304) {
		d.failAt(s.Pos, "an answer with status "+decimal(int64(s.V))+" has no page", "choose another status")
	}
}

func checkAge(text string) *problem {
	d, p := parseDuration(text)
	if p == nil && (d < 0 || d > 10*366*day) {
		p = &problem{message: quoted(text) + " is no time to keep something", hint: `write, for example, "1h" or "30d"`}
	}
	return p
}

// assignNamed puts one name with its text into a list, in place of one with the same name.
func (d *decoder) assignNamed(s *setting, p pair, list *[]Named) {
	var wrong *problem
	switch s.name {
	case "descriptions":
		wrong = checkNamePattern(p.name)
	case "types":
		wrong = checkMediaRange(p.name)
	}
	if wrong != nil {
		d.problem(p.key, wrong)
		return
	}
	text, ok := d.checkedText(s, p.value)
	if !ok {
		return
	}
	named := Named{p.name, Value[string]{text, p.value.pos}}
	for i := range *list {
		if strings.EqualFold((*list)[i].Name, p.name) {
			(*list)[i] = named
			return
		}
	}
	*list = append(*list, named)
}

// checkMediaRange refuses what is neither a media type nor a range of them, such as "image/*".
func checkMediaRange(text string) *problem {
	if main, ok := strings.CutSuffix(text, "/*"); ok && main != "" && !strings.ContainsAny(main, "/*;") {
		return checkMediaType(main + "/x")
	}
	if strings.Contains(text, ";") {
		return &problem{message: quoted(text) + " has parameters", hint: "leave them out: they are not compared"}
	}
	return checkMediaType(text)
}

// checkRouteFile holds a route that serves one file to that, and a route with a root of its own to files of nobody's home.
func (d *decoder) checkRouteFile(b *block, r *Route) {
	file, root, homes := b.body.attr("file"), b.body.attr("root"), b.body.block("homes")
	if root != nil && homes == nil || file != nil {
		r.Settings.Homes = nil
	}
	if file == nil {
		return
	}
	one := "keep one of them: a route has one way to answer"
	for _, name := range []string{"respond", "redirect", "handler", "homes"} {
		if other := b.body.block(name); other != nil {
			d.failRelated(file.at, "this route serves a file, and has a "+name+" block as well", one, other.head, "it is here")
			return
		}
	}
	if b.body.attr("strip_prefix") == nil {
		r.Settings.StripPrefix = Value[string]{} // the site's is about its own files
	}
	for _, name := range []string{"root", "strip_prefix"} {
		other := b.body.attr(name)
		if name == "strip_prefix" && b.body.block("cgi") != nil {
			continue // what follows it is the script's PATH_INFO
		}
		if other != nil {
			d.failRelated(other.at, "this route serves one file, and "+name+" says where many are", one, file.at, "the file is here")
			return
		}
	}
}
