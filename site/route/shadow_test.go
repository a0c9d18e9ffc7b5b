package route

import (
	"fmt"
	"strings"
	"testing"
)

func TestRoutesThatCanNeverAnswerAreFoundWithAnExample(t *testing.T) {
	for _, test := range []struct{ routes, want string }{
		{"/a; /b", ""},
		{"/a; /a", "1 by [0]: GET /a"},
		{"/*; /a", "1 by [0]: GET /a"},
		{"/a; /*", ""},
		{"/docs/*; /docs", "1 by [0]: GET /docs"},
		{"/docs/*; /docs/*.png", "1 by [0]: GET /docs/.png"},
		{"/docs/*; /docs/**", "1 by [0]: GET /docs"},
		{"/docs/*; /docs*", ""},
		{"/docs*; /docs/*", ""},
		{"/docs**; /docs/*", "1 by [0]: GET /docs"},
		{"/**/*.php; /a/b.php", "1 by [0]: GET /a/b.php"},
		{"/**/*.php; /*.php", "1 by [0]: GET /.php"},
		{"/*.php; /**/*.php", ""},
		{"/a/*/c; /a/**/c", ""},
		{"/a/**/c; /a/*/c", "1 by [0]: GET /a/x/c"},
		{"/a; /a/**; /a/*", "2 by [1]: GET /a"},
		{"/; /*x*; /*", ""},
		// Several earlier routes together.
		{"/d; /other; /d/; /d/*/x; /d/*/**; /d/*", "5 by [0 4]: GET /d"},
		// Methods.
		{"POST /a; /a", ""},
		{"POST /a; GET /a", ""},
		{"GET /a; HEAD /a", "1 by [0]: HEAD /a"},
		{"HEAD /a; GET /a", ""},
		{"GET /a/*; POST /a/*; GET,POST /a/b", "2 by [0 1]: GET /a/b"},
		{"GET,POST /a/*; POST /a", "1 by [0]: POST /a"},
		{"/a; BREW /a", "1 by [0]: BREW /a"},
	} {
		table := rules(t, strings.Split(test.routes, "; ")...)
		var got []string
		for _, s := range table.Shadowed() {
			got = append(got, fmt.Sprintf("%d by %v: %s %s", s.Route, s.By, s.Method, s.Example))
			if _, ok := table.rules[s.By[0]].Pattern.Match([]byte(s.Example)); !ok {
				t.Errorf("%s: the example %s is not taken by route %d", test.routes, s.Example, s.By[0])
			}
		}
		if strings.Join(got, ", ") != test.want {
			t.Errorf("%s: got %q, want %q", test.routes, strings.Join(got, ", "), test.want)
		}
	}
}

func TestAnExampleReachesItsRoute(t *testing.T) {
	table := rules(t, "/a", "/a/*", "/a*", "/*")
	for i, want := range []string{"/a", "/a/", "/ax", "/"} {
		if got, ok := table.Example(i, "GET"); !ok || got != want {
			t.Errorf("route %d: %q, %v; want %q", i, got, ok, want)
		}
	}
	if got, ok := rules(t, "/*", "/a").Example(1, "GET"); ok {
		t.Errorf("a shadowed route is reached by %q", got)
	}
	if got, ok := rules(t, "POST /*", "/a").Example(1, "GET"); !ok || got != "/a" {
		t.Errorf("a route behind another method: %q, %v", got, ok)
	}
}

func TestAComparisonThatTakesTooLongSaysNothing(t *testing.T) {
	// Whether one of the last sixteen segments began right after an "a" is 2^16 things to remember.
	many := "/**a" + strings.Repeat("/*", 16)
	if found := rules(t, many+"/*/x", many+"/y/x").Shadowed(); found != nil {
		t.Errorf("found %v", found)
	}
	if found := rules(t, many, "/a", many).Shadowed(); len(found) != 1 || found[0].Route != 2 || found[0].By[0] != 0 {
		t.Errorf("two routes with the same pattern: %v", found)
	}
}

// Thousands of routes that have nothing to do with each other cost no searches of all by all: of each only its own.
func TestManyRoutesAreComparedQuickly(t *testing.T) {
	const n = 2000
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("/old/%d/*", i))
	}
	table := rules(t, append(all, "/old/7/x")...)
	var got []Shadow
	allocated := testing.AllocsPerRun(1, func() { got = table.Shadowed() })
	if len(got) != 1 || got[0].Route != n || len(got[0].By) != 1 || got[0].By[0] != 7 {
		t.Errorf("%+v", got)
	}
	if most := float64(500 * n); allocated > most {
		t.Errorf("%v allocations for %d routes, more than %v", allocated, n, most)
	}
}
