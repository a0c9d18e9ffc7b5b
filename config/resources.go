package config

import (
	"strings"
	"time"

	"vitrine/config/template"
	"vitrine/trace"
)

// Homes is the homes block: the folders of the system's users.
type Homes struct {
	Prefix   Value[string] // of the path, in front of the user's name, such as "/~"
	Folder   Value[string] // below a user's home
	Pattern  Value[string] // where homes are, with * for the user's name; empty: the user database knows
	Users    []Value[string]
	Except   []Value[string]
	FirstUID Value[int] // users with lower numbers are the system's
	LastUID  Value[int]
	Links    Value[string]        // "inside", "owner" or "none"
	Open     Value[int]           // homes that are open at once
	Fresh    Value[time.Duration] // the user database is asked again after this time
	Pos      trace.Position
}

// List is how a folder is listed.
type List struct {
	Sort         Value[string] // "name", "size" or "time"
	Order        Value[string] // "asc" or "desc"
	Ignore       []Value[string]
	Header       []Value[string] // the first of these files that is there is shown above the list
	Readme       []Value[string] // and below it
	Descriptions []Named         // by pattern of the name
	Page         Value[int]      // entries on a page; 0: all on one
}

// ErrorPages is the errors block.
type ErrorPages struct {
	Pages []*ErrorPage // outer ones first
}

// ErrorPage is what is answered instead of the program's own page. Exactly one of File, Path, Redirect and Body says what.
type ErrorPage struct {
	Statuses     []Value[string] // "404", or "4xx" for all of them
	File         *Value[string]  // a path under the root
	Path         *Value[string]  // a path of the site
	Redirect     Value[*template.Template]
	Body         Value[*template.Template]
	Type         Value[string]  // of Body
	Placeholders Value[bool]    // those in File are filled in
	Status       *Value[int]    // instead of the error's own
	Pos          trace.Position // of the block
	Outward      int            // how many blocks outward it was written: 0 where it is in force, 1 in its site for a route
}

// For reports how well the page fits a status: 2 by number, 1 by class, 0 not at all.
func (p *ErrorPage) For(status int) int { return statusFit(p.Statuses, status) }

// statusFit reports how well a list of statuses and classes fits a status: 2 by number, 1 by class, 0 not at all.
func statusFit(list []Value[string], status int) int {
	best := 0
	for _, s := range list {
		if len(s.V) != 3 || int(s.V[0]-'0') != status/100 {
			continue
		}
		switch {
		case strings.HasSuffix(s.V, "xx"):
			best = max(best, 1)
		case int(s.V[1]-'0') == status/10%10 && int(s.V[2]-'0') == status%10:
			best = 2
		}
	}
	return best
}

// Expires is how long clients may keep what they got.
type Expires struct {
	Default  *Value[time.Duration]
	Types    []Named        // media types, or "image/*", and durations
	Modified Value[bool]    // counted from when the file was modified, not from now
	Pos      trace.Position // of the block
}

// Named is a name and a text.
type Named struct {
	Name  string
	Value Value[string]
}

// Duration is the value as a duration; it was checked.
func (n *Named) Duration() time.Duration {
	d, _ := parseDuration(n.Value.V)
	return d
}

// HeaderWhen is what a response must be for a header rule to hold. What is empty holds for all.
type HeaderWhen struct {
	Status  []Value[string] // "404", or "4xx" for all of them
	Types   []Value[string] // media types, or "text/*"
	Methods []Value[string]
}

// Always reports whether there is no condition.
func (w *HeaderWhen) Always() bool {
	return w == nil || len(w.Status)+len(w.Types)+len(w.Methods) == 0
}

// HoldsFor reports whether the status is one of those that are listed.
func (w *HeaderWhen) HoldsFor(status int) bool {
	return len(w.Status) == 0 || statusFit(w.Status, status) > 0
}
