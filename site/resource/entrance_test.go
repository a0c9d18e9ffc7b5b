//go:build linux

package resource

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// entered opens a root by an entrance.
func (b *bench) entered(t testing.TB, at Entrance) *Root {
	t.Helper()
	r, err := b.Enter(at)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// reasonFor is the Reason for which a path is refused, "" when it is served.
func reasonFor(r *Root, path string) string {
	e, f := r.Load(path, LoadOptions{}, nil)
	if f != nil {
		return f.Reason.ID
	}
	e.Release()
	return ""
}

func TestNoLinkIsFollowedWhereNoneIs(t *testing.T) {
	b := newBench(t, ample)
	root := layout(t, "dir/file", "link => dir/file", "dirlink => dir", "absolute => $ABS/dir/file")
	r := b.entered(t, Entrance{Dir: root, Links: LinksNone})
	for path, want := range map[string]string{
		"/dir/file": "", "/dir/": "", "/": "", "/link": "resource.no-links", "/dirlink/file": "resource.no-links", "/dirlink/": "resource.no-links",
		"/absolute": "resource.no-links", "/missing": "resource.missing", "/dir/file/x": "resource.not-a-directory",
	} {
		if got := reasonFor(r, path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	l, f := r.ReadDir("/", LoadOptions{}, nil)
	if f != nil || len(l.Items) != 1 {
		t.Errorf("the list has %v", l)
	}
}

func TestALinkOfTheSameOwnerIsFollowedAlsoOut(t *testing.T) {
	b := newBench(t, ample)
	root := layout(t, "dir/file", "dir/deeper/", "link => dir/file", "dirlink => dir/deeper/..", "absolute => $ABS/dir/file", "out => ../other", "a => b", "b => a",
		"chain => dirlink/../link", "etc => /etc/passwd", "etcdir => /etc", "self => .", "nowhere => gone")
	fill(t, filepath.Dir(root), "other")
	r := b.entered(t, Entrance{Dir: root, Links: LinksOwner})
	want := map[string]string{
		"/dir/file": "", "/link": "", "/dirlink/file": "", "/absolute": "", "/out": "", "/chain": "", "/self/self/dir/": "", "/self": "",
		"/a": "resource.link-loop", "/nowhere": "resource.missing", "/link/x": "resource.not-a-directory", "/etc": "", "/etcdir/passwd": "",
	}
	if os.Geteuid() == 0 {
		for _, name := range []string{"etc", "etcdir", "out"} {
			must(t, os.Lchown(filepath.Join(root, name), 54321, 54321))
		}
		want["/out"] = "resource.link-of-another"
	}
	want["/etc"], want["/etcdir/passwd"] = "resource.link-of-another", "resource.link-of-another"
	for path, want := range want {
		if got := reasonFor(r, path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
		found, failure := r.Find(path, LoadOptions{}, nil)
		real, err := filepath.EvalSymlinks(filepath.Join(root, path))
		switch {
		case (failure == nil) != (want == ""):
			t.Errorf("%s: found %v", path, failure)
		case failure == nil && (err != nil || found.Real != real):
			t.Errorf("%s: found at %q, and it is %q", path, found.Real, real)
		}
	}
}

func TestAFolderBelowIsEnteredByNoLinkOut(t *testing.T) {
	b := newBench(t, ample)
	home := layout(t, "public_html/page", "secret/page", "inside => public_html", "outside => /etc", "up => ..")
	for below, ok := range map[string]bool{"public_html": true, "inside": true, "outside": false, "up": false, "missing": false} {
		r, err := b.Enter(Entrance{Dir: home, Below: below})
		if (err == nil) != ok {
			t.Errorf("%s: %v", below, err)
		}
		if err == nil && reasonFor(r, "/page") != "" {
			t.Errorf("%s: %s", below, reasonFor(r, "/page"))
		}
	}
	if os.Geteuid() == 0 {
		must(t, os.Chown(filepath.Join(home, "secret"), 4711, 4711))
		if _, err := b.Enter(Entrance{Dir: home, Below: "secret", Owned: true, Owner: 4712}); err == nil {
			t.Error("the folder of another was entered")
		}
		if _, err := b.Enter(Entrance{Dir: home, Below: "secret", Owned: true, Owner: 4711}); err != nil {
			t.Error(err)
		}
	}
}

func TestAFolderThatIsReplacedByALinkIsLeft(t *testing.T) {
	b := newBench(t, ample)
	home := layout(t, "public_html/page", "other/page = other")
	r := b.entered(t, Entrance{Dir: home, Below: "public_html"})
	if got := reasonFor(r, "/page"); got != "" {
		t.Fatal(got)
	}
	must(t, os.Rename(filepath.Join(home, "public_html"), filepath.Join(home, "was")))
	must(t, os.Symlink("/etc", filepath.Join(home, "public_html")))
	b.pass(2 * time.Second)
	for _, path := range []string{"/passwd", "/page"} {
		if got := reasonFor(r, path); got != "resource.root-gone" {
			t.Errorf("%s: %q", path, got)
		}
	}
	must(t, os.Remove(filepath.Join(home, "public_html")))
	must(t, os.Symlink("other", filepath.Join(home, "public_html")))
	e, f := r.Load("/page", LoadOptions{}, nil)
	if f != nil || string(e.Bytes) != "other" {
		t.Errorf("%v", f)
	}
}

// Names change from a file to a link and back as fast as they can while they are asked for: never does what is outside come out.
func TestNoRaceLeadsOut(t *testing.T) {
	for _, links := range []Links{LinksInside, LinksNone, LinksOwner} {
		t.Run(links.String(), func(t *testing.T) {
			b := newBench(t, bounds(0, 0, 0, 0))
			home := layout(t, "www/page = good", "www/dir/page = good")
			outside := layout(t, "page = secret")
			if links == LinksOwner {
				if os.Geteuid() != 0 {
					t.Skip("only root can make a file of another")
				}
				must(t, os.Chown(filepath.Join(outside, "page"), 4711, 4711))
				must(t, os.Chown(outside, 4711, 4711))
			}
			at := func(name string) string { return filepath.Join(home, "www", name) }
			must(t, os.Symlink(filepath.Join(outside, "page"), at("evil")))
			must(t, os.Symlink(outside, at("evildir")))
			r := b.entered(t, Entrance{Dir: home, Below: "www", Links: links})
			stop := make(chan struct{})
			var swapping sync.WaitGroup
			swapping.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					swap(t, at("page"), at("evil"))
					swap(t, at("dir"), at("evildir"))
				}
			})
			for i := range 3000 {
				for _, path := range []string{"/page", "/dir/page"} {
					e, f := r.Load(path, LoadOptions{}, nil)
					if f != nil {
						continue
					}
					content := make([]byte, 16)
					n := copy(content, e.Bytes)
					if e.File != nil {
						n, _ = e.File.F.ReadAt(content, 0)
					}
					e.Release()
					if string(content[:n]) != "good" {
						t.Errorf("attempt %d: %s gave %q", i, path, content[:n])
					}
				}
			}
			close(stop)
			swapping.Wait()
		})
	}
}

// swap exchanges two names in one step.
func swap(t *testing.T, a, b string) {
	if err := unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE); err != nil {
		t.Error(err)
	}
}
