package resource

import (
	"os"
	"path/filepath"
	"testing"

	"vitrine/trace"
)

func TestFindTellsTheRealNameAndOpensNothing(t *testing.T) {
	b := newBench(t, ample)
	dir := layout(t, "release/app/index.php = <?php", "current => release", "dir/")
	r := b.root(t, dir)
	must(t, os.Chmod(filepath.Join(dir, "release/app/index.php"), 0o200)) // whoever runs it may read it, we need not
	var j trace.Journey
	found, failure := r.Find("/current/app/index.php", LoadOptions{}, &j)
	if failure != nil {
		t.Fatal(failure)
	}
	real, err := filepath.EvalSymlinks(dir)
	must(t, err)
	if found.Kind != File || found.Real != filepath.Join(real, "release/app/index.php") || found.Path != "/current/app/index.php" || found.Size != 5 {
		t.Errorf("%+v", found)
	}
	if found, failure = r.Find("/dir/", LoadOptions{}, &j); failure != nil || found.Kind != Directory {
		t.Errorf("%+v, %v", found, failure)
	}
	if _, failure = r.Find("/current/app/index.php/more", LoadOptions{}, &j); failure == nil || failure.Reason != reasonNotDirectory {
		t.Errorf("below a file there is %v", failure)
	}
	if len(j.Events) != 3 || j.Events[0].Reason != reasonFound || j.Events[2].Reason != reasonNotDirectory {
		t.Errorf("%+v", j.Events)
	}
	if s := b.Stats(); s.Reads != 0 || s.Entries != 0 {
		t.Errorf("something was read, or kept: %+v", s)
	}
}
