package deps

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	declaring = regexp.MustCompile(`trace\.Declare\(\s*"([^"]+)"`)
	held      = regexp.MustCompile(`tracetest\.Main\(m,?([^)]*)\)`)
	quoted    = regexp.MustCompile(`"([^"]+)"`)
)

// TestEachPackageIsHeldToItsReasons sees to it that no Reason is declared where nobody looks whether it is reached: each
// package that declares some runs its tests by tracetest.Main, with prefixes that cover all of them.
func TestEachPackageIsHeldToItsReasons(t *testing.T) {
	packages, _ := tree(t)
	n := 0
	for name := range packages {
		files, err := filepath.Glob(filepath.Join(root, name, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		var ids, prefixes []string
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(file, "_test.go") {
				for _, m := range declaring.FindAllSubmatch(text, -1) {
					ids = append(ids, string(m[1]))
				}
				continue
			}
			for _, m := range held.FindAllSubmatch(text, -1) {
				for _, q := range quoted.FindAllSubmatch(m[1], -1) {
					prefixes = append(prefixes, string(q[1]))
				}
			}
		}
		for _, id := range ids {
			n++
			covered := false
			for _, p := range prefixes {
				covered = covered || strings.HasPrefix(id, p)
			}
			if !covered {
				t.Errorf("%s declares %s, and its tests do not look whether it is reached", name, id)
			}
		}
	}
	if n < 400 {
		t.Errorf("only %d Reasons were found", n)
	}
}
