package resource

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitrine/trace"
)

// reasonOf is how a load came out.
func reasonOf(r *Root, path string) string {
	var tr trace.Journey
	if e, _ := r.Load(path, LoadOptions{}, &tr); e != nil {
		e.Release()
	}
	return tr.Events[len(tr.Events)-1].Reason.ID
}

func TestEntryIsHotForTheFreshTime(t *testing.T) {
	b := newBench(t, ample)
	dir := layout(t, "a = one")
	r := b.root(t, dir)
	if got := b.hot(t, r, "/a"); got != "" {
		t.Errorf("hot before anybody asked: %q", got)
	}
	load(t, r, "/a")
	write(t, filepath.Join(dir, "a"), "two", past.Add(time.Minute))
	b.pass(time.Second - 1)
	if got := b.hot(t, r, "/a"); got != "one" {
		t.Errorf("a moment before the fresh time is over: %q", got)
	}
	if got := reasonOf(r, "/a"); got != "resource.kept" {
		t.Errorf("Load within the fresh time: %s", got)
	}
	b.pass(1)
	if got := b.hot(t, r, "/a"); got != "" {
		t.Errorf("when it is over: %q", got)
	}
	if got := load(t, r, "/a"); got != "two" {
		t.Errorf("Load when it is over: %q", got)
	}
	if got := b.hot(t, r, "/a"); got != "two" {
		t.Errorf("after Load: %q", got)
	}
}

func TestUnchangedFileIsNotReadAgain(t *testing.T) {
	b := newBench(t, ample)
	r := b.root(t, layout(t, "a", "dir/", "big = "+strings.Repeat("x", 20<<10)))
	for _, path := range []string{"/a", "/dir", "/big"} {
		first, f := r.Load(path, LoadOptions{}, nil)
		if f != nil {
			t.Fatal(f)
		}
		first.Aux.Store("head")
		b.pass(time.Hour)
		if got := reasonOf(r, path); got != "resource.unchanged" {
			t.Errorf("%s: %s", path, got)
		}
		again := r.Hot([]byte(path), b.clock.Load())
		if again != first || again.Aux.Load() != "head" {
			t.Errorf("%s: an unchanged file has become another entry", path)
		}
		again.Release()
		first.Release()
	}
}

// Everything that can become of a path is seen as soon as the fresh time is over, both by the next request and by
// the refresher.
func TestChangesAreSeen(t *testing.T) {
	big, other := strings.Repeat("x", 20<<10), strings.Repeat("y", 20<<10)
	for _, c := range []struct {
		name   string
		files  []string
		path   string
		change func(t *testing.T, dir string)
		want   string
	}{
		{"rewritten in place", []string{"a = one"}, "/a", func(t *testing.T, dir string) {
			write(t, dir+"/a", "two", past.Add(time.Second))
		}, "two"},
		{"rewritten in place with the same size and modification time", []string{"a = one"}, "/a", func(t *testing.T, dir string) {
			write(t, dir+"/a", "two", past)
		}, "two"},
		{"replaced by a file of the same size and modification time", []string{"a = one"}, "/a", func(t *testing.T, dir string) {
			write(t, dir+"/new", "two", past)
			must(t, os.Rename(dir+"/new", dir+"/a"))
		}, "two"},
		{"large one replaced", []string{"a = " + big}, "/a", func(t *testing.T, dir string) {
			write(t, dir+"/new", other, past)
			must(t, os.Rename(dir+"/new", dir+"/a"))
		}, other},
		{"truncated", []string{"a = " + big}, "/a", func(t *testing.T, dir string) { must(t, os.Truncate(dir+"/a", 3)) }, "xxx"},
		{"grown too large for memory", []string{"a = one"}, "/a", func(t *testing.T, dir string) {
			write(t, dir+"/a", big, past)
		}, big},
		{"removed", []string{"a"}, "/a", func(t *testing.T, dir string) { must(t, os.Remove(dir+"/a")) }, "resource.missing"},
		{"large one removed", []string{"a = " + big}, "/a", func(t *testing.T, dir string) { must(t, os.Remove(dir+"/a")) },
			"resource.missing"},
		{"file becomes a directory", []string{"a"}, "/a", func(t *testing.T, dir string) {
			must(t, os.Remove(dir+"/a"))
			must(t, os.Mkdir(dir+"/a", 0o755))
		}, "directory"},
		{"directory becomes a file", []string{"a/"}, "/a", func(t *testing.T, dir string) {
			must(t, os.Remove(dir+"/a"))
			write(t, dir+"/a", "file", past)
		}, "file"},
		{"directory renamed", []string{"d/a"}, "/d/a", func(t *testing.T, dir string) { must(t, os.Rename(dir+"/d", dir+"/e")) },
			"resource.missing"},
		{"link leads elsewhere", []string{"one/a = one", "two/a = two", "now => one"}, "/now/a", func(t *testing.T, dir string) {
			must(t, os.Symlink("two", dir+"/new"))
			must(t, os.Rename(dir+"/new", dir+"/now"))
		}, "two"},
		{"link leads out", []string{"one/a = one", "now => one"}, "/now/a", func(t *testing.T, dir string) {
			must(t, os.Mkdir(dir+"/../outside", 0o755))
			write(t, dir+"/../outside/a", "secret", past)
			must(t, os.Remove(dir+"/now"))
			must(t, os.Symlink("../outside", dir+"/now"))
		}, "resource.escapes"},
		{"root replaced", []string{"a = one"}, "/a", func(t *testing.T, dir string) {
			must(t, os.Rename(dir, dir+".old"))
			must(t, os.Mkdir(dir, 0o755))
			write(t, dir+"/a", "two", past)
		}, "two"},
		{"root gone", []string{"a = one"}, "/a", func(t *testing.T, dir string) { must(t, os.Rename(dir, dir+".old")) },
			"resource.root-gone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, by := range []string{"the next request", "the refresher"} {
				dir := layout(t, c.files...)
				b := newBench(t, ample)
				r := b.root(t, dir)
				load(t, r, c.path)
				c.change(t, dir)
				if by == "the refresher" {
					b.pass(600 * time.Millisecond)
					if e := r.Hot([]byte(c.path), b.clock.Load()); e == nil {
						t.Fatal("not hot before the refresher came by")
					} else {
						e.Release()
					}
					if !b.refresh() {
						t.Error("the refresher found nothing that can be answered from")
					}
					want := c.want
					if strings.HasPrefix(want, "resource.") {
						want = "" // hot is what can be answered from
					}
					if got := b.hot(t, r, c.path); got != want {
						t.Errorf("hot after the refresher came by: %.20q, want %.20q", got, want)
					}
				}
				b.pass(time.Second)
				if got := load(t, r, c.path); got != c.want {
					t.Errorf("seen by %s: %.20q, want %.20q", by, got, c.want)
				}
			}
		})
	}
}

func TestRootLink(t *testing.T) {
	b := newBench(t, ample)
	dir := layout(t, "releases/1/a = one", "releases/2/a = two", "current => releases/1")
	r := b.root(t, dir+"/current")
	if got := load(t, r, "/a"); got != "one" {
		t.Fatal(got)
	}
	must(t, os.Symlink("releases/2", dir+"/next"))
	must(t, os.Rename(dir+"/next", dir+"/current"))
	b.pass(time.Second)
	var tr trace.Journey
	e, f := r.Load("/a", LoadOptions{}, &tr)
	if f != nil || string(e.Bytes) != "two" {
		t.Fatalf("after the switch to another release: %v, %v", e, f)
	}
	if tr.Events[0].Reason.ID != "resource.root-moved" {
		t.Errorf("journey begins with %s", tr.Events[0].Reason)
	}
}

// A hot file is compared in the background before it expires, so that no request ever waits for the disk.
func TestRefresherKeepsWhatIsInUse(t *testing.T) {
	b := newBench(t, ample)
	r := b.root(t, layout(t, "used", "idle", "big = "+strings.Repeat("x", 20<<10)))
	load(t, r, "/used")
	load(t, r, "/idle")
	load(t, r, "/big")
	b.refresh() // takes the marks of the loads
	loads := b.Stats().Loads
	for range 40 {
		b.pass(250 * time.Millisecond)
		if b.hot(t, r, "/used") == "" || b.hot(t, r, "/big") == "" {
			t.Fatal("a file in use has expired")
		}
		if !b.refresh() {
			t.Fatal("nothing left to answer from")
		}
	}
	if s := b.Stats(); s.Loads != loads || s.Reads != 3 {
		t.Errorf("%d loads and %d reads, want none besides the first", s.Loads-loads, s.Reads)
	}
	if got := b.hot(t, r, "/idle"); got != "" {
		t.Errorf("a file that nobody asked for was kept fresh: %q", got)
	}
	b.pass(time.Second)
	if b.refresh() {
		t.Error("the refresher goes on when everything has expired")
	}
}

// The goroutine does the same in real time: it starts with the first load and ends with the store.
func TestRefresherRuns(t *testing.T) {
	dir := layout(t, "a = one")
	s := NewStore(bounds(1<<20, 1<<10, 10, 80*time.Millisecond))
	r, err := s.Open(dir)
	must(t, err)
	load(t, r, "/a")
	loads := s.Stats().Loads
	write(t, filepath.Join(dir, "a"), "two", past)
	deadline := time.Now().Add(time.Minute)
	for {
		e := r.Hot([]byte("/a"), time.Now().UnixNano())
		if e != nil && string(e.Bytes) == "two" {
			break
		}
		if e == nil { // this goroutine was not scheduled for the fresh time: begin again
			load(t, r, "/a")
			write(t, filepath.Join(dir, "a"), "two", past)
		}
		if time.Now().After(deadline) {
			t.Fatalf("the change was not seen; %+v, %d loads", s.Stats(), s.Stats().Loads-loads)
		}
	}
	s.Configure(bounds(1<<20, 1<<10, 10, time.Hour))
	if e := r.Hot([]byte("/a"), time.Now().Add(time.Minute).UnixNano()); e == nil {
		t.Error("a longer fresh time does not hold for what is kept already")
	}
	s.Close()
}

func TestZeroFreshLooksEveryTime(t *testing.T) {
	b := newBench(t, bounds(1<<20, 1<<10, 10, 0))
	dir := layout(t, "a = one")
	r := b.root(t, dir)
	load(t, r, "/a")
	if got := b.hot(t, r, "/a"); got != "" {
		t.Errorf("hot: %q", got)
	}
	if got := reasonOf(r, "/a"); got != "resource.unchanged" {
		t.Errorf("second look: %s", got)
	}
	write(t, filepath.Join(dir, "a"), "two", past)
	if got := load(t, r, "/a"); got != "two" {
		t.Errorf("after a change: %q", got)
	}
}

// A clock that is set back must not make old files young.
func TestClockSetBack(t *testing.T) {
	b := newBench(t, ample)
	r := b.root(t, layout(t, "a"))
	load(t, r, "/a")
	b.pass(-time.Hour)
	if got := b.hot(t, r, "/a"); got != "" {
		t.Errorf("hot an hour before it was looked at: %q", got)
	}
	if got := load(t, r, "/a"); got != "a" {
		t.Errorf("Load: %q", got)
	}
	if got := b.hot(t, r, "/a"); got != "a" {
		t.Errorf("hot after the next look: %q", got)
	}
}

// A file that was modified within this tick of the clock could change again unseen.
func TestJustModifiedFileIsLetSettle(t *testing.T) {
	b := newBench(t, ample)
	dir := layout(t)
	r := b.root(t, dir)
	write(t, filepath.Join(dir, "a"), "now", time.Now())
	if got := load(t, r, "/a"); got != "now" {
		t.Fatal(got)
	}
	fi, err := os.Stat(filepath.Join(dir, "a"))
	must(t, err)
	if age := time.Since(fi.ModTime()); age < granule {
		t.Errorf("read %v after it was modified", age)
	}
}
