package resource

import (
	"os"
	"strings"
	"testing"
	"time"
)

// FuzzNothingLeavesTheRoot asks for any path in a root with links of all kinds. Every file inside begins with
// "inside", every one outside with "OUTSIDE"; a name inside never contains "secret".
func FuzzNothingLeavesTheRoot(f *testing.F) {
	dir := layout(f, "a/b/file = inside", "file = inside", ".dot/file = inside", "in => a/b", "abs => $ABS/a", "up => a/..",
		"back => a/b/../../a", "self => self", "out => ..", "out2 => ../secret", "far => /", "tricky => $ABS/../secret",
		"a/out => ../../secret", "mix => in/../../../secret", "a/b/root => $ABS", "long => a/b/root/a/b/root/a")
	must(f, os.Mkdir(dir+"/../secret", 0o755))
	must(f, os.WriteFile(dir+"/../secret/file", []byte("OUTSIDE"), 0o644))
	for _, c := range hostile {
		f.Add(c.path)
	}
	for _, path := range []string{"/a/b/file", "/in/file", "/out/secret/file", "/out2/file", "/far/etc/passwd", "/abs/b/file",
		"/tricky/file", "/a/out/file", "/mix/file", "/long/b/file", "/a/b/root/../../secret/file", "/out2/../file",
		"/.dot/file", "/self/file", "/\xff", "/..", "/a/%2e%2e/secret"} {
		f.Add(path)
	}
	type pair struct {
		*bench
		*Root
	}
	var doors []pair
	for _, enter := range trees {
		b := newBench(f, bounds(1<<20, 1<<10, 10, time.Hour))
		b.enter = enter
		doors = append(doors, pair{b, b.root(f, dir)})
	}
	f.Fuzz(func(t *testing.T, path string) {
		var answers []string
		for _, d := range doors {
			answer := ""
			e, failure := d.Load(path, LoadOptions{Hidden: true}, nil)
			switch {
			case (e == nil) == (failure == nil):
				t.Fatalf("%q: both or neither of an entry and a failure", path)
			case failure != nil:
				answer = failure.Reason.ID
				if failure.Status < 400 || failure.Error() == "" {
					t.Errorf("%q: %+v", path, failure)
				}
			default:
				answer = e.Kind.String()
				if e.Kind == File && !strings.HasPrefix(content(t, e), "inside") {
					t.Errorf("%q: read %q", path, content(t, e))
				}
				e.Release()
			}
			if got := d.hot(t, d.Root, path); e == nil && got != "" {
				t.Errorf("%q: refused by Load and hot: %q", path, got)
			}
			l, failure := d.ReadDir(path, LoadOptions{Hidden: true}, nil)
			if failure == nil {
				for _, item := range l.Items {
					if strings.Contains(item.Name, "secret") {
						t.Errorf("%q: lists %q", path, item.Name)
					}
				}
			}
			answers = append(answers, answer)
		}
		if answers[0] != answers[1] {
			t.Errorf("%q: one tree says %s, the other %s", path, answers[0], answers[1])
		}
	})
}
