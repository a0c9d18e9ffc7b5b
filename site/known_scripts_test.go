package site

import (
	"fmt"
	"testing"
	"time"

	"vitrine/site/resource"
)

func TestKnownScriptsAreFoundWhileTheyAreFresh(t *testing.T) {
	var k knownScripts
	const now, fresh = int64(time.Hour), time.Second
	is := func(path, want string, at int64) {
		t.Helper()
		got := ""
		if f := k.hot([]byte(path), at, fresh); f != nil {
			got = f.Real
		}
		if got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	is("/a.php", "", now)
	k.keep(&resource.Found{Path: "/a.php", Real: "one"}, now)
	is("/a.php", "one", now+int64(fresh)-1)
	is("/a.php", "", now+int64(fresh))
	k.keep(&resource.Found{Path: "/a.php", Real: "one"}, now+int64(fresh)) // as before: it is fresh again
	is("/a.php", "one", now+int64(fresh))
	k.keep(&resource.Found{Path: "/a.php", Real: "two"}, now)
	is("/a.php", "two", now)
	if n := testing.AllocsPerRun(100, func() { k.hot([]byte("/a.php"), now, fresh) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	// Many paths: most of as many as there are places are known, what is used is kept fresh by use, and memory is bounded.
	for i := range 100 * mostKnown {
		k.keep(&resource.Found{Path: fmt.Sprint("/", i, ".php"), Real: "x"}, now+int64(i))
	}
	known := 0
	for i := range 100 * mostKnown {
		if k.hot([]byte(fmt.Sprint("/", i, ".php")), now, fresh) != nil {
			known++
		}
	}
	if known < mostKnown/2 || known > mostKnown {
		t.Errorf("%d are known of %d", known, mostKnown)
	}
}

// BenchmarkKeepScript is what one more path costs:
//
//	go test ./site -run xxx -bench KeepScript
func BenchmarkKeepScript(b *testing.B) {
	var k knownScripts
	all := make([]*resource.Found, 4*mostKnown)
	for i := range all {
		all[i] = &resource.Found{Path: fmt.Sprint("/", i, ".php")}
	}
	for i := 0; b.Loop(); i++ {
		k.keep(all[i%len(all)], int64(i))
	}
}
