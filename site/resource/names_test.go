package resource

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitrine/trace"
)

func TestTheNamesOfADirectoryAreKeptUntilItChanges(t *testing.T) {
	b := newBench(t, ample)
	dir := layout(t, "d/page.html.en", "d/page.html.ko", "d/page", "d/pages", "d/.page.swp", "d/z")
	past := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(filepath.Join(dir, "d"), past, past))
	r := b.root(t, dir)
	if r.HotNames([]byte("/d/"), 100, b.now()) != nil {
		t.Error("names are hot that nobody has read")
	}
	var tr trace.Journey
	e, f := r.LoadNames("/d/", 100, LoadOptions{}, &tr)
	if f != nil {
		t.Fatal(f)
	}
	if got := fmt.Sprint(e.NamesOf("page.")); got != "[page.html.en page.html.ko]" {
		t.Error(got)
	}
	if got := fmt.Sprint(e.NamesOf("q"), e.HasName([]byte("z")), e.HasName([]byte("zz"))); got != "[] true false" {
		t.Error(got)
	}
	if tr.Events[0].Reason != reasonNamesRead {
		t.Errorf("%+v", tr.Events)
	}
	if r.HotNames([]byte("/d/"), 100, b.now()) != e || r.HotNames([]byte("/d/"), 99, b.now()) != nil {
		t.Error("they are not hot, or are for another bound")
	}
	if r.Hot([]byte("/d/\x00100"), b.now()) != nil {
		t.Error("a path leads to them")
	}
	if _, f := r.Load("/d/\x00100", LoadOptions{Hidden: true}, nil); f == nil || f.Reason != reasonMalformed {
		t.Error(f)
	}
	held := e.Standing()
	if !held.Holds(b.now()) || (Standing{}).Holds(b.now()) {
		t.Error("they do not hold")
	}
	must(t, os.WriteFile(filepath.Join(dir, "d/page.html.de"), nil, 0o644))
	b.clock.Add(int64(time.Hour))
	if held.Holds(b.now()) || r.HotNames([]byte("/d/"), 100, b.now()) != nil {
		t.Error("they are good for ever")
	}
	after, f := r.LoadNames("/d/", 100, LoadOptions{}, nil)
	if f != nil || after == e || len(after.NamesOf("page.")) != 3 || held.Holds(b.now()) || !after.Standing().Holds(b.now()) {
		t.Errorf("%v %v", f, after.NamesOf("page."))
	}
	b.clock.Add(int64(time.Hour))
	tr = trace.Journey{}
	if again, _ := r.LoadNames("/d/", 100, LoadOptions{}, &tr); again != after || tr.Events[0].Reason != reasonNamesUnchanged {
		t.Errorf("%+v", tr.Events)
	}
	tr = trace.Journey{}
	if few, _ := r.LoadNames("/d/", 2, LoadOptions{}, &tr); len(few.NamesOf("")) != 2 || tr.Events[1].Reason != reasonListCut {
		t.Errorf("%+v", tr.Events)
	}
	for path, want := range map[string]*trace.Reason{"/d/z/": reasonNotDirectory, "/none/": reasonMissing, "/.d/": reasonHidden, "/../": reasonMalformed} {
		tr = trace.Journey{}
		if _, f := r.LoadNames(path, 2, LoadOptions{}, &tr); f == nil || f.Reason != want || len(tr.Events) != 1 || strings.Contains(f.Error(), "\x00") {
			t.Errorf("%s: %v", path, f)
		}
	}
	if n := testing.AllocsPerRun(100, func() { r.HotNames([]byte("/d/"), 100, b.now()); after.HasName([]byte("z")) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
