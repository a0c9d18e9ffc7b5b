// Package tracetest holds every package to its own Reasons: each one that it declares is reached by its own tests.
package tracetest

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"vitrine/trace"
)

// Main runs a package's tests and then fails when a Reason whose id starts with one of the prefixes was never
// reached. It does not check when only some of the tests ran (-run, -short, -fuzz, -bench or -list).
func Main(m *testing.M, prefixes ...string) {
	flag.Parse()
	code := m.Run()
	if code == 0 && whole() {
		for _, r := range trace.Reasons() {
			for _, p := range prefixes {
				if strings.HasPrefix(r.ID, p) && r.Reached() == 0 {
					fmt.Fprintf(os.Stderr, "reason %s is declared and no test of this package reaches it\n", r.ID)
					code = 1
				}
			}
		}
	}
	os.Exit(code)
}

// whole reports whether every test of the package was asked for.
func whole() bool {
	if testing.Short() {
		return false
	}
	for _, name := range []string{"test.run", "test.skip", "test.fuzz", "test.bench", "test.list"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	return true
}
