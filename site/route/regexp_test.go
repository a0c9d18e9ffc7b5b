package route

import (
	"testing"

	"vitrine/web/message"
)

func TestRegularExpressionsMatchThePathAsItIsDecoded(t *testing.T) {
	for _, test := range []struct {
		pattern, path string
		matches       bool
		groups        map[string]string
	}{
		{"~ ^/old/(\\d+)/(?P<rest>.*)$", "/old/17/a b/c", true, map[string]string{"0": "/old/17/a b/c", "1": "17", "2": "a b/c", "rest": "a b/c", "3": "", "name": ""}},
		{"~ ^/old/(\\d+)$", "/old/x", false, nil},
		{"~\\.php$", "/a/b.php", true, map[string]string{"0": ".php"}},
		{"~\\.php$", "/a/b.PHP", false, nil},
		{"~* \\.php$", "/a/b.PHP", true, nil},
		{"~ ^/(a)?(b)$", "/b", true, map[string]string{"1": "", "2": "b"}},
		{"~ 가", "/x/가/y", true, nil},
	} {
		p, err := Parse(test.pattern)
		if err != nil {
			t.Fatal(err)
		}
		tail, ok := p.Match([]byte(test.path))
		if ok != test.matches || ok && tail != len(test.path) || !p.IsRegexp() || p.String() != test.pattern {
			t.Errorf("%s on %s: %v, tail %d", test.pattern, test.path, ok, tail)
		}
		for name, want := range test.groups {
			if got := string(p.AppendGroup(nil, []byte(test.path), name)); got != want {
				t.Errorf("%s on %s: group %s is %q, want %q", test.pattern, test.path, name, got, want)
			}
		}
	}
	if p, _ := Parse("/old/*"); p.IsRegexp() || p.HasGroup("1") {
		t.Error("stars have groups")
	}
}

// What a regular expression takes is not known, so nothing is said of the routes behind it, and nothing of itself.
func TestTheSearchForShadowsLeavesRegularExpressionsOut(t *testing.T) {
	var rules []Rule
	for _, text := range []string{"~ .", "/a/*", "~ ^/a/b$", "/a/b"} {
		p, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		rules = append(rules, Rule{Pattern: p, Methods: MethodsOf()})
	}
	table := NewTable(rules)
	if found := table.Shadowed(); len(found) != 1 || found[0].Route != 3 || found[0].By[0] != 1 {
		t.Errorf("%+v", found)
	}
	if path, ok := table.Example(1, "GET"); ok {
		t.Errorf("an example %s behind a regular expression", path)
	}
	if c := table.Match([]byte("/a/b"), message.GET, nil, nil); c.Index != 0 {
		t.Errorf("%+v", c)
	}
}
