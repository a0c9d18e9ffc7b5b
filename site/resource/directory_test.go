package resource

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"vitrine/trace"
)

func TestReadDirListsWhatCanBeGot(t *testing.T) {
	b := newBench(t, ample)
	dir := layout(t, "d/b = 22", "d/a/", "d/.hidden", "d/to-b => b", "d/to-a => a", "d/nowhere => gone",
		"d/out => ../../outside", "d/odd\xffname", ".well-known/x", "d/.well-known/x")
	must(t, os.Mkdir(filepath.Join(dir, "../outside"), 0o755))
	must(t, syscall.Mkfifo(filepath.Join(dir, "d/pipe"), 0o644))
	r := b.root(t, dir)

	var tr trace.Journey
	l, f := r.ReadDir("/d/", LoadOptions{}, &tr)
	if f != nil {
		t.Fatal(f)
	}
	want := "a b odd\xffname to-a to-b"
	if got := names(l); got != want || l.Cut || l.Path != "/d/" {
		t.Errorf("got %q, want %q", got, want)
	}
	if tr.Events[0].Reason.ID != "resource.listed" {
		t.Errorf("journey has %+v", tr.Events)
	}
	for i, want := range []Item{
		{"a", Directory, 0, l.Items[0].ModTime},
		{"b", File, 2, past.Round(0)},
		{"odd\xffname", File, int64(len("d/odd\xffname")), past.Round(0)},
		{"to-a", Directory, 0, l.Items[0].ModTime},
		{"to-b", File, 2, past.Round(0)},
	} {
		got := l.Items[i]
		if got.Name != want.Name || got.Kind != want.Kind || got.Size != want.Size ||
			got.ModTime.Sub(want.ModTime).Abs() > time.Second {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if l, _ := r.ReadDir("/", LoadOptions{}, nil); names(l) != ".well-known d" {
		t.Errorf("the root has %q", names(l))
	}
	if l, _ := r.ReadDir("/d", LoadOptions{Hidden: true}, nil); names(l) != ".hidden .well-known a b odd\xffname to-a to-b" {
		t.Errorf("with hidden files: %q", names(l))
	}
	if _, f := r.ReadDir("/d/b", LoadOptions{}, nil); f == nil || f.Reason != reasonNotDirectory {
		t.Errorf("of a file: %v", f)
	}
	if _, f := r.ReadDir("/d/pipe", LoadOptions{}, nil); f == nil || f.Reason != reasonNotDirectory {
		t.Errorf("of a pipe: %v", f)
	}
}

func TestReadDirIsBounded(t *testing.T) {
	const limit = 300 // more than one reading of names
	b := newBench(t, ample)
	dir := layout(t)
	for i := range limit + 1 {
		must(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), nil, 0o644))
	}
	r := b.root(t, dir)
	var tr trace.Journey
	l, f := r.readDir("/", LoadOptions{}, limit, &tr)
	if f != nil || len(l.Items) != limit || !l.Cut || tr.Events[0].Reason.ID != "resource.list-cut" {
		t.Errorf("%d entries, cut %v, %v", len(l.Items), l.Cut, f)
	}
	must(t, os.Remove(filepath.Join(dir, "0")))
	if l, _ := r.readDir("/", LoadOptions{}, limit, nil); len(l.Items) != limit || l.Cut {
		t.Errorf("of exactly as many: %d entries, cut %v", len(l.Items), l.Cut)
	}
}
