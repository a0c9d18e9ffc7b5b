package variables_test

import (
	"testing"

	"vitrine/web/variables"
	"vitrine/web/variables/variablestest"
)

type groups map[string]string

func (g groups) AppendGroup(dst, _ []byte, name string) []byte { return append(dst, g[name]...) }

func TestGroupsAreThoseOfTheRoutesRegularExpression(t *testing.T) {
	v := &variables.Values{Exchange: variablestest.Exchange(t, "GET / HTTP/1.1\nHost: example.org"), Groups: groups{"1": "a b/c?d", "year": "2026"}}
	if got := fill(t, "{match.1} {match.year} {match.2}.", v); got != "a b/c?d 2026 ." {
		t.Error(got)
	}
}
