package resource

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

func TestTheFilesThatAreKeptAreToldByPath(t *testing.T) {
	b := newBench(t, bounds(1<<20, 100, 10, time.Second))
	dir := layout(t, "b.txt = 12345", "a.txt = 1", "d/", fmt.Sprintf("large = %0200d", 0))
	r := b.root(t, dir)
	for _, path := range []string{"/b.txt", "/a.txt", "/large", "/d"} {
		load(t, r, path)
	}
	files, count := b.Files()
	if len(files) != 3 || count != 3 {
		t.Fatalf("%d of %d: %+v", len(files), count, files)
	}
	for i, want := range []Kept{{Path: "a.txt", Size: 1}, {Path: "b.txt", Size: 5}, {Path: "large", Size: 200, Open: true}} {
		f := files[i]
		if f.Path != filepath.Join(dir, want.Path) || f.Size != want.Size || f.Open != want.Open || f.Open != (f.Bytes == 0) || f.Checked.IsZero() {
			t.Errorf("%+v, want %+v", f, want)
		}
	}
	if r.Hot([]byte("/a.txt"), b.Store.now()) == nil || r.Hot([]byte("/none"), b.Store.now()) != nil {
		t.Fatal("what is hot")
	}
	if s := b.Stats(); s.Hits != 1 || s.Loads != 4 {
		t.Errorf("%+v", s)
	}
}

func TestAtMostTenThousandFilesAreTold(t *testing.T) {
	b := newBench(t, bounds(1<<30, 100, 10, time.Hour))
	r := b.root(t, layout(t, "a = 1"))
	for i := range mostKept + 5 {
		e := newEntry(r, fmt.Sprintf("/%d", i), File, info{}, 1)
		b.keep(e)
	}
	if files, count := b.Files(); len(files) != mostKept || count != mostKept+5 {
		t.Errorf("%d of %d", len(files), count)
	}
}
