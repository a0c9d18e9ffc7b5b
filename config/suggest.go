package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2"
)

// nearest is the candidate that name was most probably meant to be, or "" when none is near enough.
func nearest(name string, candidates []string) string {
	best, bestDistance := "", max(1, len(name)/3)+1
	for _, candidate := range candidates {
		if d := distance(name, candidate); d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// distance is how many mistakes make a name of another. Case, hyphens and underscores are no mistakes, and letters in
// another order are one.
func distance(a, b string) int {
	a, b = plain(a), plain(b)
	if a == b {
		return 0
	}
	if letters(a) == letters(b) {
		return 1
	}
	return levenshtein.Distance(a, b, nil)
}

func plain(name string) string {
	return strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(name))
}

// normal is how names of other servers are listed.
func normal(name string) string { return strings.ToLower(strings.ReplaceAll(name, "-", "_")) }

func letters(name string) string {
	all := []rune(name)
	slices.Sort(all)
	return string(all)
}

// names are the settings and blocks of t that may be written.
func (t *blockType) names() []string {
	var all []string
	for _, s := range t.settings {
		all = append(all, s.name)
	}
	for _, b := range t.blocks {
		all = append(all, b.name)
	}
	return all
}

// unknown reports a name that means nothing where it stands, and what may have been meant: a near name here, the name
// of the same thing elsewhere, or another place for the name.
func (d *decoder) unknown(t *blockType, what, name string, at hcl.Range) {
	hint := d.meant(t, what, name)
	if what == "block" && foreignBlocks[normal(name)] != "" {
		hint = foreignBlocks[normal(name)]
	}
	d.fail(at, fmt.Sprintf("%s has no %s %q", t.title(), what, name), hint)
}

func (d *decoder) meant(t *blockType, what, name string) string {
	near := nearest(name, t.names())
	if near != "" && distance(name, near) <= 1 {
		return "did you mean " + t.written(near) + "?"
	}
	if s := t.elsewhere(normal(name)); s != "" {
		return "did you mean " + t.written(s) + "?"
	}
	if hint := foreign[normal(name)]; hint != "" {
		return hint
	}
	places := d.places(func(other *blockType) bool {
		return other != t && (what == "block" && other.block(name) != nil || what != "block" && other.setting(name) != nil)
	})
	if len(places) == 0 { // a block that is a setting elsewhere, or the other way round
		places = d.places(func(other *blockType) bool {
			return other != t && (other.block(name) != nil || other.setting(name) != nil)
		})
	}
	if len(places) > 0 && len(places) <= 4 {
		return fmt.Sprintf("%s belongs %s", name, oneOf(places))
	}
	if near != "" {
		return "did you mean " + t.written(near) + "?"
	}
	if hint := d.calledElsewhere(name); hint != "" {
		return hint
	}
	if all := t.names(); len(all) > 0 {
		return "it may have " + oneOf(all)
	}
	return ""
}

// places says where all that fits stands.
func (d *decoder) places(fits func(*blockType) bool) (all []string) {
	d.root.walk(nil, func(path []string, other *blockType) {
		if !fits(other) {
			return
		}
		if place := other.place(); !slices.Contains(all, place) {
			all = append(all, place)
		}
	})
	return all
}

// place is where the settings and blocks of t stand, such as "in a files block".
func (t *blockType) place() string {
	if t.name == "" {
		return "at the top level"
	}
	return "in " + t.title()
}

// calledElsewhere is the hint for a name that another server has for something that is found in another place here, or "".
func (d *decoder) calledElsewhere(name string) (hint string) {
	d.root.walk(nil, func(path []string, other *blockType) {
		s := other.elsewhere(normal(name))
		if s == "" || hint != "" {
			return
		}
		hint = fmt.Sprintf("did you mean %s %s?", other.written(s), other.place())
	})
	return hint
}

// elsewhere is the setting or block of t that other servers call name, or "".
func (t *blockType) elsewhere(name string) string {
	for _, s := range t.settings {
		if slices.Contains(s.also, name) {
			return s.name
		}
	}
	for _, b := range t.blocks {
		if slices.Contains(b.also, name) {
			return b.name
		}
	}
	return ""
}

// written shows how the setting or block of that name is written in t.
func (t *blockType) written(name string) string {
	b := t.block(name)
	if b == nil {
		return name
	}
	if b.labels.name == "" {
		return name + " { … }"
	}
	return fmt.Sprintf("%s %q { … }", name, strings.ToUpper(b.labels.name))
}

// oneOf is "a, b or c".
func oneOf(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
