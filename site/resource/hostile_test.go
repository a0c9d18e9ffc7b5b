package resource

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// hostile is the one table of names that must not do harm. Every operation is tried on each of them.
var hostile = []struct {
	name  string
	files []string // see layout; the target is made besides
	path  string
	// target is what the path leads to, made as a file or a directory, below the root; or, when the path is to be
	// refused, what it must not lead to.
	target string
	want   string // the Reason of the refusal, "" when the target is found
}{
	{"plain path", nil, "/target", "target", ""},
	{"path in directory", []string{"a/b/c/"}, "/a/b/c/target", "a/b/c/target", ""},
	{"link to a neighbour", []string{"link => target"}, "/link", "target", ""},
	{"link in the middle", []string{"dir/", "link => dir"}, "/link/target", "dir/target", ""},
	{"link that ends in a slash", []string{"dir/", "link => dir/"}, "/link/target", "dir/target", ""},
	{"link that ends in a dot", []string{"b/", "a => b/."}, "/a/target", "b/target", ""},
	{"link up and down again", []string{"a/link => ../b", "b/"}, "/a/link/target", "b/target", ""},
	{"chain of links", []string{"link => a/b/c/target", "a/b => e", "a/e => ../f", "f => g/h/i", "g/h/i => ..", "g/c/"},
		"/link", "g/c/target", ""},
	{"long chain of links", []string{"l1 => l2", "l2 => l3", "l3 => l4", "l4 => l5", "l5 => l6", "l6 => l7", "l7 => l8",
		"l8 => l9", "l9 => l10", "l10 => l11", "l11 => target"}, "/l1", "target", ""},
	{"absolute link inside", []string{"link => $ABS/a", "a/"}, "/link/target", "a/target", ""},
	{"absolute link inside, up and down", []string{"link => $ABS/a/../b", "a/", "b/"}, "/link/target", "b/target", ""},
	{"absolute link to the root", []string{"link => $ABS"}, "/link/target", "target", ""},
	{"link named as two dots and more", []string{"... => target"}, "/...", "", "resource.hidden"},

	{"link to the parent", []string{"link => ../"}, "/link/ROOT/target", "target", "resource.escapes"},
	{"link out and in again", []string{"link => ../ROOT/target"}, "/link", "target", "resource.escapes"},
	{"link out from below", []string{"dir/link => ../../ROOT"}, "/dir/link/target", "target", "resource.escapes"},
	{"chain that leaves", []string{"link => a/b/c/target", "a/b => e", "a/e => ../../ROOT", "c/"}, "/link", "c/target",
		"resource.escapes"},
	{"absolute link out", []string{"link => /"}, "/link/etc/passwd", "", "resource.escapes"},
	{"absolute link to a longer name", []string{"link => $ABS-other/target"}, "/link", "", "resource.escapes"},
	{"absolute link in and out", []string{"link => $ABS/../target"}, "/link", "", "resource.escapes"},
	{"long chain that leaves", []string{"l1 => l2", "l2 => l3", "l3 => l4", "l4 => l5", "l5 => l6", "l6 => l7", "l7 => l8",
		"l8 => l9", "l9 => l10", "l10 => l11", "l11 => /etc"}, "/l1/passwd", "", "resource.escapes"},
	{"circle", []string{"a => a"}, "/a", "", "resource.link-loop"},
	{"circle of two", []string{"a => b/x", "b => a"}, "/a", "", "resource.link-loop"},
	{"link to nowhere", []string{"link => gone"}, "/link", "", "resource.missing"},

	{"missing", nil, "/missing", "", "resource.missing"},
	{"missing directory", nil, "/missing/file", "", "resource.missing"},
	{"below a file", []string{"file"}, "/file/below", "", "resource.not-a-directory"},
	{"below a link to a file", []string{"file", "link => file"}, "/link/below", "", "resource.not-a-directory"},
	{"name too long", nil, "/" + strings.Repeat("n", 256), "", "resource.name-too-long"},
	{"path too long", nil, strings.Repeat("/a", 5000), "", "resource.name-too-long"},
	{"hidden", []string{".hidden/target"}, "/.hidden/target", "", "resource.hidden"},

	{"empty", nil, "", "", "resource.malformed"},
	{"no slash in front", nil, "target", "target", "resource.malformed"},
	{"two dots", nil, "/../ROOT/target", "target", "resource.malformed"},
	{"two dots below", []string{"a/"}, "/a/../../ROOT/target", "target", "resource.malformed"},
	{"two dots inside", []string{"a/"}, "/a/../target", "target", "resource.malformed"},
	{"one dot", nil, "/./target", "target", "resource.malformed"},
	{"two slashes", []string{"a/"}, "/a//target", "a/target", "resource.malformed"},
	{"two slashes in front", nil, "//etc/passwd", "", "resource.malformed"},
	{"two slashes behind", []string{"a/"}, "/a//", "", "resource.malformed"},
	{"NUL", nil, "/target\x00.html", "target", "resource.malformed"},
	{"NUL alone", nil, "/\x00", "", "resource.malformed"},
}

func TestHostileNames(t *testing.T) {
	for name, enter := range trees {
		t.Run(name, func(t *testing.T) { testHostileNames(t, enter) })
	}
}

func testHostileNames(t *testing.T, enter func(string) (tree, error)) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			for _, operation := range []struct {
				name, made string // what the target is made as, after its name
				want       string
				do         func(*bench, *Root) string
			}{
				{"Load", " = here", "here", func(_ *bench, r *Root) string { return load(t, r, c.path) }},
				{"Load a large file", " = " + strings.Repeat("h", 20<<10), strings.Repeat("h", 20<<10),
					func(_ *bench, r *Root) string { return load(t, r, c.path) }},
				{"Load as a directory", "/here", "directory", func(_ *bench, r *Root) string { return load(t, r, c.path) }},
				{"Hot after Load", " = here", "here", func(b *bench, r *Root) string {
					if refused := load(t, r, c.path); refused != "here" {
						if got := b.hot(t, r, c.path); got != "" {
							t.Errorf("refused, and then hot: %q", got)
						}
						return refused
					}
					return b.hot(t, r, c.path)
				}},
				{"Find", " = here", "here", func(_ *bench, r *Root) string {
					found, f := r.Find(c.path, LoadOptions{}, nil)
					if f != nil {
						return f.Reason.ID
					}
					if real, err := filepath.EvalSymlinks(filepath.Join(r.Dir(), c.path)); err != nil || found.Real != real {
						t.Errorf("Find(%q) says that it is %s, and it is %s: %v", c.path, found.Real, real, err)
					}
					text, err := os.ReadFile(found.Real)
					must(t, err)
					return string(text)
				}},
				{"ReadDir", "/here", "here", func(_ *bench, r *Root) string {
					l, f := r.ReadDir(c.path, LoadOptions{}, nil)
					if f != nil {
						return f.Reason.ID
					}
					return names(l)
				}},
			} {
				files := c.files
				if c.target != "" {
					files = append(slices.Clone(files), c.target+operation.made)
				}
				want := operation.want
				if c.want != "" {
					want = c.want
				}
				b := newBench(t, ample)
				b.enter = enter
				if got := operation.do(b, b.root(t, layout(t, files...))); got != want {
					t.Errorf("%s(%.40q): got %.40q, want %.40q", operation.name, c.path, got, want)
				}
			}
		})
	}
}

func names(l *List) string {
	var all []string
	for _, item := range l.Items {
		all = append(all, item.Name)
	}
	return strings.Join(all, " ")
}
