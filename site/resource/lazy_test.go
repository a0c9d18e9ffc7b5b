package resource

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"vitrine/trace"
)

// counted is a tree that counts how often it is asked.
type counted struct {
	tree
	asked *atomic.Int64
}

func (c counted) stat(name string) (info, error) {
	c.asked.Add(1)
	return c.tree.stat(name)
}

func (c counted) lstat(name string) (info, error) {
	c.asked.Add(1)
	return c.tree.lstat(name)
}

// counting makes the roots of a bench count how often their directory is asked for something.
func counting(b *bench) *atomic.Int64 {
	var asked atomic.Int64
	enter := b.enter
	b.enter = func(dir string) (tree, error) {
		t, err := enter(dir)
		return counted{t, &asked}, err
	}
	return &asked
}

// What is missing is answered after one look: which name on the way is to blame is only looked for when somebody
// wants to know, once for all who do, and no name is looked at twice.
func TestWhoIsToBlameIsLookedForWhenSomebodyAsks(t *testing.T) {
	b := newBench(t, ample)
	asked := counting(b)
	r := b.root(t, layout(t, "there/file"))
	asked.Store(0)
	for range 5 {
		if got := load(t, r, "/there/not/at/all"); got != "resource.missing" {
			t.Fatal(got)
		}
	}
	if n := asked.Load(); n != 5 {
		t.Errorf("5 answers cost %d looks at the disk", n)
	}

	_, f := r.Load("/there/not/at/all", LoadOptions{}, nil)
	asked.Store(0)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got := f.Place().Component; got != r.Dir()+"/there/not" {
				t.Errorf("%s is to blame", got)
			}
		})
	}
	all.Wait()
	if n := asked.Load(); n != 2 { // there, not
		t.Errorf("to find who is to blame cost %d looks at the disk", n)
	}
}

// The place is looked for later than the failure happened, and the disk may have changed: nobody is blamed then.
func TestNobodyIsBlamedForWhatHasChanged(t *testing.T) {
	b := newBench(t, ample)
	dir := layout(t, "file")
	r := b.root(t, dir)
	_, f := r.Load("/a/b", LoadOptions{}, nil)
	_, gone := r.Load("/a/c", LoadOptions{}, nil)
	must(t, os.WriteFile(filepath.Join(dir, "a"), nil, 0o600))
	if at := f.Place(); at.Component != dir+"/a/b" || at.Mode != 0 || f.Reason != reasonMissing {
		t.Errorf("%v: %+v", f.Reason, at)
	}
	r.Close()
	if at := gone.Place(); at.Component != dir+"/a/c" {
		t.Errorf("after the root was closed: %+v", at)
	}
}

// Names of users and groups may be a question to the network: a request asks none, and a journey only what was not
// answered lately.
func TestNamesAreAskedForWhenSomebodyLooks(t *testing.T) {
	var asked atomic.Int64
	name := func(answer string, err error) func(string) (string, error) {
		return func(string) (string, error) { asked.Add(1); return answer, err }
	}
	defer func(u, g func(string) (string, error)) {
		users = register{ask: u}
		groups = register{ask: g}
	}(users.ask, groups.ask)
	users = register{ask: name("ada", nil)}
	groups = register{ask: name("", errors.New("no such group"))}

	b := newBench(t, ample)
	dir := layout(t, "file", "locked/file")
	must(t, os.Chmod(filepath.Join(dir, "locked"), 0))
	defer os.Chmod(filepath.Join(dir, "locked"), 0o755)
	r := b.root(t, dir)
	asNobody(t, func() {
		for _, path := range []string{"/file/", "/locked/file"} {
			asked.Store(0)
			_, f := r.Load(path, LoadOptions{}, nil)
			if n := asked.Load(); n != 0 {
				t.Errorf("%s: a request asked for %d names", path, n)
			}
			users.known, groups.known = nil, nil
			first := f.Error()
			var tr trace.Journey
			_, again := r.Load(path, LoadOptions{}, &tr)
			owner := "ada:" + itoa(int64(os.Getgid()))
			if got := again.Place().Owner; got != owner || f.Place().Owner != owner {
				t.Errorf("%s: owned by %q, then %q; want %s", path, f.Place().Owner, got, owner)
			}
			if again.Error() != first {
				t.Errorf("%s: it says %q, then %q", path, first, again.Error())
			}
			if n := asked.Load(); n != 2 { // who is the user, the program's too, and the group
				t.Errorf("%s: two journeys asked for %d names", path, n)
			}
		}
	})
}
