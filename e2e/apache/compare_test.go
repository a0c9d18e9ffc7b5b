package apache

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// compared are the fields in which the two must agree. Dates of now, the server's name and what belongs to the connection are
// not among them; entity tags differ by nature, so only whether there is one counts.
var compared = []string{"Content-Type", "Content-Length", "Content-Language", "Content-Encoding", "Content-Location", "Content-Range",
	"Accept-Ranges", "Last-Modified", "Location", "Vary", "Allow", "Www-Authenticate", "Etag", "Cache-Control", "Expires"}

var (
	nonce  = regexp.MustCompile(`\b(nonce|opaque)="[^"]*"`)
	escape = regexp.MustCompile(`%[0-9a-f]{2}`)
)

// body is the name under which bodies differ, status that of statuses.
const (
	body   = "body"
	status = "status"
)

// differs explains one difference: what is compared, and why it is right that it differs.
type differs struct{ what, why string }

// question is a request, and the differences that are meant.
type question struct {
	request string // the request line without its version, then fields
	differs []differs
}

// describe is what is compared of an answer. Pages of errors and redirects are each server's own.
func (a answer) describe() map[string]string {
	all := map[string]string{status: fmt.Sprint(a.status)}
	own := a.status >= 300 && a.status != 304
	for _, name := range compared {
		value, ok := a.fields[name]
		switch {
		case !ok, own && (name == "Content-Type" || name == "Content-Length" || name == "Vary"):
			continue
		case name == "Content-Length" && a.fields["Content-Encoding"] != "": // two encoders, two lengths
			value = "some"
		case name == "Etag":
			value = "one"
		case name == "Www-Authenticate": // a nonce is good for one
			value = nonce.ReplaceAllString(value, `$1="…"`)
		case name == "Location":
			value = strings.TrimPrefix(value, "http://www.example.org")
			value = escape.ReplaceAllStringFunc(value, strings.ToUpper)
		case name == "Vary" || name == "Allow": // sets
			list := strings.Split(strings.ToLower(value), ",")
			for i := range list {
				list[i] = strings.TrimSpace(list[i])
			}
			list = slices.DeleteFunc(list, func(field string) bool { return field == "negotiate" }) // of RFC 2295, which nobody speaks
			slices.Sort(list)
			value = strings.Join(slices.Compact(list), ", ")
		}
		all[name] = value
	}
	for name, value := range a.fields { // what the header rules of a test set
		if strings.HasPrefix(name, "X-") {
			all[name] = value
		}
	}
	if !own {
		all[body] = a.body
	}
	return all
}

// compare asks both, and fails for every difference without an explanation and every explanation without a difference.
func compare(t *testing.T, theirs, ours string, questions []question) {
	t.Helper()
	compareFrom(t, "127.0.0.1", theirs, ours, questions)
}

// compareFrom is compare with a client at the address, which is one of the loopback.
func compareFrom(t *testing.T, from, theirs, ours string, questions []question) {
	t.Helper()
	for _, q := range questions {
		t.Run(strings.Join(strings.Fields(q.request), " "), func(t *testing.T) {
			apache, vitrine := ask(t, from, theirs, q.request).describe(), ask(t, from, ours, q.request).describe()
			judge(t, apache, vitrine, q.differs)
		})
	}
}

// judge fails for every difference without an explanation, and every explanation without a difference.
func judge(t *testing.T, apache, vitrine map[string]string, explained []differs) {
	t.Helper()
	names := make(map[string]bool)
	for name := range maps.Keys(apache) {
		names[name] = true
	}
	for name := range maps.Keys(vitrine) {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		meant := slices.ContainsFunc(explained, func(d differs) bool { return d.what == name })
		a, inApache := apache[name]
		v, inVitrine := vitrine[name]
		switch same := a == v && inApache == inVitrine; {
		case same && meant:
			t.Errorf("%s does not differ: %q", name, a)
		case !same && !meant:
			t.Errorf("%s: Apache %.300q, vitrine %.300q", name, a, v)
		}
	}
	for _, d := range explained {
		if !names[d.what] {
			t.Errorf("nobody says %s", d.what)
		}
	}
}
