package config

import (
	"slices"
	"strings"
)

// The placeholders of a redirect's target that may stand in the name of its host, and those whose value begins with a
// slash, so that the host's name ends before them.
var (
	ofHost     = []string{"host", "port", "scheme", "site", "server.address", "server.port"}
	withASlash = []string{"uri", "path", "path.raw"}
)

// checkTargetHost checks that no client chooses the host that a target leads to: in "http://example.org{path.tail}" a tail
// such as ".example.net" would continue the host's name. A group of a regular expression may be a part of the name, as in
// "http://{match.1}.example.org/", when text follows that holds it to a domain; what the group gives is looked at for each
// request.
func checkTargetHost(text string) *problem {
	start, p := hostOf(text)
	if start < 0 || p != nil {
		return p
	}
	// The name ends at a slash, a query, a fragment, or a placeholder whose value begins with a slash.
	for i := start; i < len(text); i++ {
		switch text[i] {
		case '/', '?', '#':
			return nil
		case '{':
			n := strings.IndexByte(text[i:], '}')
			if n < 0 {
				return nil // the template's own error
			}
			name, end := text[i+1:i+n], i+n+1
			switch {
			case slices.Contains(withASlash, name):
				return nil
			case slices.Contains(ofHost, name), strings.HasPrefix(name, "match.") && heldToADomain(text[end:]):
				i = end - 1
				continue
			}
			hint := "write / before it"
			if i == start {
				hint = "write the host's name"
				if strings.HasPrefix(name, "match.") {
					hint = "write a domain behind it: {" + name + "}.example.org/"
				}
			}
			return &problem{message: "here {" + name + "} would continue the host's name, and clients could be sent to any host", hint: hint, offset: i, end: end}
		}
	}
	return nil
}

// heldToADomain reports whether what follows begins with the rest of a host's name, such as ".example.org".
func heldToADomain(rest string) bool {
	if i := strings.IndexAny(rest, "/?#{"); i >= 0 {
		rest = rest[:i]
	}
	rest, _, _ = strings.Cut(rest, ":")
	return strings.HasPrefix(rest, ".") && len(rest) > 1
}

// hostOf is where in a target the name of its host begins, -1 when it has none.
func hostOf(text string) (int, *problem) {
	if strings.HasPrefix(text, "//") {
		return 2, nil
	}
	i := strings.IndexByte(text, ':')
	if i < 0 || !isToken(text[:i]) && text[:i] != "{scheme}" {
		return -1, nil
	}
	if strings.HasPrefix(text[i+1:], "//") {
		return i + 3, nil
	}
	switch scheme := text[:i]; {
	case strings.EqualFold(scheme, "http"), strings.EqualFold(scheme, "https"), scheme == "{scheme}":
		// Browsers take what follows for a host, however many slashes there are.
		return -1, &problem{message: "two slashes and a host have to follow " + text[:i+1], hint: "write " + text[:i+1] + "//example.org/", end: i + 1}
	}
	return -1, nil
}
