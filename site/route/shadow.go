package route

import (
	"encoding/binary"
	"slices"
	"strings"

	"vitrine/web/message"
)

// Shadow is a route that can never answer, since earlier routes take everything that it matches.
type Shadow struct {
	Route   int    // the route that can never answer
	By      []int  // the earlier routes that leave it nothing, in file order; usually one
	Method  string // a method that the route answers, for the example
	Example string // a path that the route matches, and that By[0] takes
}

// Shadowed finds the routes that can never answer. It compares what the patterns match, not how they are written,
// and also sees what several earlier routes take together. Where the comparison would take too long it says nothing.
func (t *Table) Shadowed() []Shadow {
	var found []Shadow
	for i := range t.rules {
		if s, ok := t.shadow(i); ok {
			found = append(found, s)
		}
	}
	return found
}

func (t *Table) shadow(i int) (Shadow, bool) {
	late := &t.rules[i]
	if late.Pattern.IsRegexp() {
		return Shadow{}, false
	}
	s := Shadow{Route: i}
	// The earlier routes that answer a method are often the same for many methods: each set is looked at once.
	var seen [][]int
	for _, m := range late.Methods.samples() {
		var early []int
		for j := range i {
			if r := &t.rules[j]; !r.Pattern.IsRegexp() && r.Pattern.meets(late.Pattern) && r.Methods.Has(message.LookupMethod([]byte(m)), []byte(m)) {
				early = append(early, j)
			}
		}
		if slices.ContainsFunc(seen, func(other []int) bool { return slices.Equal(other, early) }) {
			continue
		}
		seen = append(seen, early)
		by, ok := t.covers(early, late.Pattern)
		if !ok {
			return s, false
		}
		if s.Method == "" {
			s.Method = m
			s.Example, _, _ = t.search(late.Pattern, nil)
			slices.SortStableFunc(by, func(a, b int) int { // the one that takes the example first
				return t.takes(b, s.Example) - t.takes(a, s.Example)
			})
		}
		for _, j := range by {
			if !slices.Contains(s.By, j) {
				s.By = append(s.By, j)
			}
		}
	}
	return s, true
}

func (t *Table) takes(i int, path string) int {
	if _, ok := t.rules[i].Pattern.Match([]byte(path)); ok {
		return 1
	}
	return 0
}

// covers finds, among the earlier routes, one that matches all that the pattern matches, or else all that together do.
func (t *Table) covers(early []int, late *Pattern) ([]int, bool) {
	for _, j := range early {
		if slices.Equal(t.rules[j].Pattern.tokens(), late.tokens()) {
			return []int{j}, true
		}
		if _, found, whole := t.search(late, []int{j}); !found && whole {
			return []int{j}, true
		}
	}
	if len(early) < 2 {
		return nil, false
	}
	if _, found, whole := t.search(late, early); found || !whole {
		return nil, false
	}
	// Leave out whoever is not needed, so that the answer names only those to blame.
	needed := slices.Clone(early)
	for _, j := range early {
		fewer := slices.DeleteFunc(slices.Clone(needed), func(k int) bool { return k == j })
		if _, found, whole := t.search(late, fewer); !found && whole {
			needed = fewer
		}
	}
	return needed, true
}

// samples is a method of each kind that the set treats differently from others: for every method also one that the
// program does not know.
func (m Methods) samples() []string {
	if !m.Any() {
		var names []string
		for known := message.GET; known <= message.PATCH; known++ {
			if m.known&(1<<known) != 0 {
				names = append(names, known.String())
			}
		}
		return append(names, m.other...)
	}
	var names []string
	for known := message.GET; known <= message.PATCH; known++ {
		names = append(names, known.String())
	}
	return append(names, "OTHER")
}

// Example is a path that reaches the route: its pattern matches the path and no earlier route for the method does.
// It is false when there is none, or none was found in reasonable time.
func (t *Table) Example(i int, method string) (string, bool) {
	if t.rules[i].Pattern.IsRegexp() {
		return "", false
	}
	var early []int
	for j := range i {
		r := &t.rules[j]
		if !r.Pattern.meets(t.rules[i].Pattern) || !r.Methods.Has(message.LookupMethod([]byte(method)), []byte(method)) {
			continue
		}
		if r.Pattern.IsRegexp() {
			return "", false // nobody knows what it leaves
		}
		early = append(early, j)
	}
	path, found, _ := t.search(t.rules[i].Pattern, early)
	return path, found
}

// meets reports whether some path may match both patterns, as far as their beginnings tell. It keeps searches small where there
// are thousands of routes, most of which have nothing to do with each other.
func (p *Pattern) meets(q *Pattern) bool {
	return p.re != nil || q.re != nil || strings.HasPrefix(p.prefix, q.prefix) || strings.HasPrefix(q.prefix, p.prefix)
}

// mostPlaces bounds a search. Patterns as people write them need a few hundred places.
const mostPlaces = 20000

// place is where a search is: a path so far, as its last byte and the place before, and where in each pattern it leads.
type place struct {
	from   int
	c      byte
	late   states
	others []states
}

// search looks for the shortest normalised path that the pattern matches and none of the others does: it walks through
// the patterns' states byte by byte, all paths at once. whole says that the search was not cut short, so that a path
// that was not found does not exist.
func (t *Table) search(late *Pattern, others []int) (path string, found, whole bool) {
	machines := []machine{late.tokens()}
	for _, j := range others {
		machines = append(machines, t.rules[j].Pattern.tokens())
	}
	bytes := alphabet(machines)
	first := place{from: -1, late: machines[0].start()}
	for _, m := range machines[1:] {
		first.others = append(first.others, m.start())
	}
	places := []place{first}
	seen := map[string]bool{}
	for at := 0; at < len(places); at++ {
		if len(places) > mostPlaces {
			return "", false, false
		}
		for _, c := range bytes {
			here := &places[at]
			if at == 0 && c != '/' || at > 0 && c == '/' && here.c == '/' {
				continue // not normalised
			}
			next := place{from: at, c: c, late: machines[0].step(here.late, c)}
			if next.late.empty() {
				continue
			}
			taken := false
			for k, m := range machines[1:] {
				next.others = append(next.others, m.step(here.others[k], c))
				taken = taken || m.ends(next.others[k])
			}
			if machines[0].ends(next.late) && !taken {
				if path := spell(append(places, next)); normalised(path) {
					return path, true, true
				}
			}
			if key := next.key(); !seen[key] {
				seen[key] = true
				places = append(places, next)
			}
		}
	}
	return "", false, true
}

// spell is the path that leads to the last place.
func spell(places []place) string {
	var path []byte
	for at := len(places) - 1; at > 0; at = places[at].from {
		path = append(path, places[at].c)
	}
	slices.Reverse(path)
	return string(path)
}

// normalised reports whether a path is free of dot segments; the search makes no empty ones.
func normalised(path string) bool {
	start := 1
	for i := 1; i <= len(path); i++ {
		if i == len(path) || path[i] == '/' {
			if s := path[start:i]; s == "." || s == ".." {
				return false
			}
			start = i + 1
		}
	}
	return true
}

// readable is all bytes but NUL, those first that read well.
var readable = func() []byte {
	all := []byte("xyzabcdefghijklmnopqrstuvw0123456789_-~ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	for c := range 255 {
		all = append(all, byte(c+1))
	}
	return all
}()

// alphabet is the bytes that some pattern tells from others, with one that stands for all that none does. That one
// comes first, so that examples read well.
func alphabet(machines []machine) []byte {
	var used [256]bool
	used['/'] = true
	for _, m := range machines {
		for _, t := range m {
			if t.kind == literal {
				used[t.b] = true
			}
		}
	}
	bytes := make([]byte, 0, 16)
	for _, c := range readable {
		if !used[c] {
			bytes = append(bytes, c)
			break
		}
	}
	for c, is := range used {
		if is {
			bytes = append(bytes, byte(c))
		}
	}
	return bytes
}

// machine is a whole pattern's tokens, its tail included.
type machine []token

func (m machine) start() states {
	s := make(states, len(m)/64+1)
	s.enter(m, 0)
	return s
}

func (m machine) step(s states, c byte) states {
	next := make(states, len(s))
	s.step(m, c, next)
	return next
}

func (m machine) ends(s states) bool { return s.has(len(m)) }

// key is the place without the way to it. What was the last byte matters only as far as it was a "/".
func (p *place) key() string {
	var b []byte
	add := func(s states) {
		for _, w := range s {
			b = binary.LittleEndian.AppendUint64(b, w)
		}
	}
	add(p.late)
	for _, s := range p.others {
		add(s)
	}
	if p.c == '/' {
		b = append(b, '/')
	}
	return string(b)
}
