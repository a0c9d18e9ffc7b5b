package resource

import (
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"vitrine/config"
	"vitrine/trace"
	"vitrine/trace/tracetest"
)

func TestMain(m *testing.M) { tracetest.Main(m, "resource.") }

const second = int64(time.Second)

// bench is a store under a clock that the test moves, without the goroutine that looks after it.
type bench struct {
	*Store
	clock atomic.Int64
}

var ample = bounds(1<<20, 16<<10, 100, time.Second)

func bounds(files, file int64, descriptors int, fresh time.Duration) (m config.Memory) {
	m.FilesBytes.V, m.FileBytes.V, m.Descriptors.V, m.Fresh.V = files, file, descriptors, fresh
	return m
}

func newBench(t testing.TB, m config.Memory) *bench {
	t.Helper()
	b := &bench{}
	b.clock.Store(1_000_000 * second)
	b.Store = newStore(m, b.clock.Load)
	t.Cleanup(func() {
		b.giveUp()
		if n := b.opened.Load(); n != 0 {
			t.Errorf("%d descriptors are still open after everything was released", n)
		}
	})
	return b
}

func (b *bench) pass(d time.Duration) { b.clock.Add(int64(d)) }

func (b *bench) root(t testing.TB, dir string) *Root {
	t.Helper()
	r, err := b.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// layout makes a directory ROOT from a list: "d/" is a directory, "a => b" a symbolic link, "f" a file with its
// name as content and "f = text" one with that text. $ABS is the directory's path.
func layout(t testing.TB, entries ...string) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "ROOT")
	must(t, os.Mkdir(root, 0o755))
	fill(t, root, entries...)
	return root
}

// past is when the files of a layout were modified: long enough ago that nobody waits for the file system's clock.
var past = time.Now().Add(-time.Hour)

func fill(t testing.TB, root string, entries ...string) {
	t.Helper()
	for _, entry := range entries {
		entry = strings.ReplaceAll(entry, "$ABS", root)
		name, target, link := strings.Cut(entry, " => ")
		name, text, given := strings.Cut(name, " = ")
		if !given {
			text = name
		}
		full := path.Join(root, name)
		must(t, os.MkdirAll(path.Dir(full), 0o755))
		switch {
		case link:
			must(t, os.Symlink(target, full))
		case strings.HasSuffix(name, "/"):
			must(t, os.MkdirAll(full, 0o755))
		default:
			write(t, full, text, past)
		}
	}
}

// write makes a file with a modification time.
func write(t testing.TB, name, text string, modified time.Time) {
	t.Helper()
	must(t, os.WriteFile(name, []byte(text), 0o644))
	must(t, os.Chtimes(name, modified, modified))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// load is the content of what a path leads to, or the reason why there is none.
func load(t testing.TB, r *Root, path string) string {
	t.Helper()
	e, f := r.Load(path, LoadOptions{}, nil)
	if f != nil {
		return f.Reason.ID
	}
	defer e.Release()
	return content(t, e)
}

func content(t testing.TB, e *Entry) string {
	t.Helper()
	switch {
	case e.Kind == Directory:
		return "directory"
	case e.File == nil:
		return string(e.Bytes)
	}
	b := make([]byte, e.Size)
	_, err := e.File.F.ReadAt(b, 0)
	must(t, err)
	return string(b)
}

// hot is the content of what a path leads to when it is hot, "" when it is not.
func (b *bench) hot(t testing.TB, r *Root, path string) string {
	t.Helper()
	e := r.Hot([]byte(path), b.clock.Load())
	if e == nil {
		return ""
	}
	defer e.Release()
	return content(t, e)
}

func TestLoadFindsFilesAndDirectories(t *testing.T) {
	b := newBench(t, ample)
	dir := layout(t, "index.html = hello", "sub/", "big = "+strings.Repeat("x", 20<<10), "empty = ",
		".well-known/acme = token", "sub/.env", ".git/config", "with space ü.txt = odd")
	r := b.root(t, dir)
	var tr trace.Journey
	e, f := r.Load("/index.html", LoadOptions{}, &tr)
	if f != nil {
		t.Fatal(f)
	}
	defer e.Release()
	fi, err := os.Stat(filepath.Join(dir, "index.html"))
	must(t, err)
	if e.Kind != File || e.Path != "/index.html" || e.Size != 5 || string(e.Bytes) != "hello" || e.File != nil ||
		!e.ModTime.Equal(fi.ModTime()) || e.Mode != fi.Mode() {
		t.Errorf("entry is %+v", e)
	}
	if len(e.ETag) < 5 || e.ETag[0] != '"' || e.ETag[len(e.ETag)-1] != '"' {
		t.Errorf("entity tag %s is not a strong one", e.ETag)
	}
	if len(tr.Events) != 1 || tr.Events[0].Reason.ID != "resource.read" || tr.Events[0].Step != "resource" ||
		!tr.Events[0].Taken || tr.Events[0].Subject != "/index.html" {
		t.Errorf("journey has %+v", tr.Events)
	}

	for path, want := range map[string]string{
		"/":                     "directory",
		"/sub":                  "directory",
		"/sub/":                 "directory",
		"/big":                  strings.Repeat("x", 20<<10),
		"/empty":                "",
		"/with space ü.txt":     "odd",
		"/.well-known/acme":     "token",
		"/.well-known":          "directory",
		"/sub/.env":             "resource.hidden",
		"/.git/config":          "resource.hidden",
		"/sub/.well-known/acme": "resource.hidden",
		"/.well-known/.x":       "resource.hidden",
	} {
		if got := load(t, r, path); got != want {
			t.Errorf("%s: got %.40q, want %.40q", path, got, want)
		}
	}
}

func TestHiddenFilesAreNeverHot(t *testing.T) {
	b := newBench(t, ample)
	r := b.root(t, layout(t, ".env = secret"))
	e, f := r.Load("/.env", LoadOptions{Hidden: true}, nil)
	if f != nil || string(e.Bytes) != "secret" {
		t.Fatalf("with Hidden: %v, %v", e, f)
	}
	if got := b.hot(t, r, "/.env"); got != "" {
		t.Errorf("a hidden file is hot: whoever shares the root gets %q", got)
	}
}

func TestSameDirectoryIsSameRoot(t *testing.T) {
	b := newBench(t, ample)
	dir := layout(t, "a")
	r1, r2 := b.root(t, dir), b.root(t, dir+"/../ROOT/")
	if r1 != r2 {
		t.Fatal("two roots for one directory")
	}
	r1.Close()
	if got := load(t, r2, "/a"); got != "a" {
		t.Errorf("after one of two has closed the root: %q", got)
	}
	r2.Close()
	if got := load(t, r2, "/a"); got != "resource.closed" {
		t.Errorf("after both have: %q", got)
	}
	if s := b.Stats(); s.Bytes != 0 || s.Entries != 0 {
		t.Errorf("a closed root still has %d bytes in %d entries", s.Bytes, s.Entries)
	}
}

func TestOpenNamesWhatIsWrong(t *testing.T) {
	b := newBench(t, ample)
	dir := layout(t, "private/www/", "file")
	must(t, os.Chmod(filepath.Join(dir, "private"), 0o700))
	must(t, os.Chmod(filepath.Dir(dir), 0o755))
	must(t, os.Chmod(filepath.Dir(filepath.Dir(dir)), 0o755))
	if os.Geteuid() != 0 {
		must(t, os.Chmod(filepath.Join(dir, "private"), 0))
		defer os.Chmod(filepath.Join(dir, "private"), 0o700)
	}
	for _, c := range []struct{ dir, want string }{
		{dir + "/missing/www", dir + "/missing: no such file or directory"},
		{dir + "/private/www", dir + "/private is d"},
		{dir + "/file", dir + "/file: not a directory"},
	} {
		asNobody(t, func() {
			if _, err := b.Open(c.dir); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("Open(%s): %v, want %s…", c.dir, err, c.want)
			}
		})
	}
}

// trees are the implementations of tree; both do the same where the rights allow it.
var trees = map[string]func(dir string) (tree, error){"system": openTree, "os.Root": openRootTree}

// setLimit sets a number whose type depends on the system.
func setLimit[T int64 | uint64](limit *T, to uintptr) { *limit = T(to) }

// limitDescriptors leaves the process no descriptor until the returned function is called. Descriptors up to the
// given one can be used again when they are closed meanwhile.
func limitDescriptors(t *testing.T, upTo int) (restore func()) {
	t.Helper()
	var old syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old))
	var holes []*os.File
	for {
		f, err := os.Open(os.DevNull) // the lowest free number
		must(t, err)
		holes = append(holes, f)
		if int(f.Fd()) > upTo {
			break
		}
	}
	limit := old
	setLimit(&limit.Cur, holes[len(holes)-1].Fd()+1)
	must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	return func() {
		must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old))
		closeAll(holes)
	}
}
