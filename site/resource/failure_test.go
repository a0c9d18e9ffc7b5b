package resource

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"vitrine/trace"
)

func TestFailureNamesTheComponent(t *testing.T) {
	dir := layout(t, "private/deep/file", "locked", "file", "links/to => ../private/deep", "dangling => links/gone",
		"out => /etc", "open/")
	must(t, os.Chmod(filepath.Join(dir, "private"), 0o700))
	must(t, os.Chmod(filepath.Join(dir, "locked"), 0o600))
	if os.Geteuid() != 0 {
		must(t, os.Chmod(filepath.Join(dir, "private"), 0))
		must(t, os.Chmod(filepath.Join(dir, "locked"), 0))
		defer os.Chmod(filepath.Join(dir, "private"), 0o700)
	}
	must(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644))
	l, err := net.Listen("unix", filepath.Join(dir, "sock"))
	must(t, err)
	defer l.Close()

	for _, c := range []struct {
		path      string
		reason    string
		status    int
		component string // below the root
		says      string // in the error
	}{
		{"/private/deep/file", "resource.forbidden", 403, "/private", "/private is drwx------"},
		{"/links/to/file", "resource.forbidden", 403, "/private", "we are "},
		{"/locked", "resource.forbidden", 403, "/locked", "/locked is -rw-------"},
		{"/a/b/c", "resource.missing", 404, "/a", "/a: no such file"},
		{"/open/b/c", "resource.missing", 404, "/open/b", "/open/b: no such file"},
		{"/dangling", "resource.missing", 404, "/links/gone", "/links/gone: no such file"},
		{"/file/x/y", "resource.not-a-directory", 404, "/file", "/file: not a directory"},
		{"/file/", "resource.slash-on-file", 404, "/file", "asks for a directory"},
		{"/out/passwd", "resource.escapes", 403, "/out", "/out: symbolic link leads out of the root"},
		{"/pipe", "resource.special", 403, "/pipe", "a pipe or a socket"},
		{"/sock", "resource.special", 403, "/sock", "a pipe or a socket"},
		{"/open/" + strings.Repeat("n", 300), "resource.name-too-long", 404, "/open/" + strings.Repeat("n", 300), "too long"},
	} {
		want := c
		if os.Geteuid() != 0 {
			want.says = "" // the modes differ
		}
		b := newBench(t, ample)
		r := b.root(t, dir)
		asNobody(t, func() {
			var tr trace.Journey
			e, f := r.Load(c.path, LoadOptions{}, &tr)
			if e != nil {
				t.Errorf("%s: found", c.path)
				return
			}
			if f.Reason.ID != c.reason || f.Status != c.status || f.Path != c.path || f.Place().Component != dir+c.component {
				t.Errorf("%.40s: %s, %d, component %s; want %s, %d, %s", c.path, f.Reason, f.Status, f.Place().Component,
					c.reason, c.status, dir+c.component)
			}
			if !strings.Contains(f.Error(), want.says) {
				t.Errorf("%.40s: says %q, want %q in it", c.path, f.Error(), want.says)
			}
			if len(tr.Events) != 1 || tr.Events[0].Reason != f.Reason || tr.Events[0].Taken ||
				tr.Events[0].Details[0] != trace.D("component", f.Place().Component) {
				t.Errorf("%.40s: journey has %+v", c.path, tr.Events)
			}
		})
	}
}

func TestForbiddenDirectoryIsNotListed(t *testing.T) {
	dir := layout(t, "secret/a")
	mode := os.FileMode(0o711)
	if os.Geteuid() != 0 {
		mode = 0o311
		defer os.Chmod(filepath.Join(dir, "secret"), 0o755)
	}
	must(t, os.Chmod(filepath.Join(dir, "secret"), mode))
	b := newBench(t, ample)
	r := b.root(t, dir)
	asNobody(t, func() {
		_, f := r.ReadDir("/secret", LoadOptions{}, nil)
		if f == nil || f.Reason != reasonForbidden || f.Place().Component != dir+"/secret" || f.Place().User == "" {
			t.Errorf("ReadDir: %v", f)
		}
		if got := load(t, r, "/secret/a"); got != "secret/a" {
			t.Errorf("a file in a directory that may be searched but not listed: %q", got)
		}
	})
}

// No descriptor left is our trouble, not the client's.
func TestOutOfDescriptors(t *testing.T) {
	big := strings.Repeat("x", 20<<10)
	b := newBench(t, ample)
	r := b.root(t, layout(t, "a = "+big, "b = "+big))
	a, f := r.Load("/a", LoadOptions{}, nil)
	if f != nil {
		t.Fatal(f)
	}
	defer a.Release()
	restore := limitDescriptors(t, a.File.FD)
	_, f = r.Load("/b", LoadOptions{}, nil)
	restore()
	if f == nil || f.Reason != reasonExhausted || f.Status != 503 {
		t.Errorf("with every descriptor in use: %v", f)
	}
	if got := content(t, a); got != big {
		t.Error("the file in use was closed")
	}
}

// What is kept and not in use is given up before a request fails.
func TestKeptDescriptorsMakeRoom(t *testing.T) {
	big := strings.Repeat("x", 20<<10)
	b := newBench(t, ample)
	r := b.root(t, layout(t, "a = "+big, "b = "+big))
	a, f := r.Load("/a", LoadOptions{}, nil)
	if f != nil {
		t.Fatal(f)
	}
	fd := a.File.FD
	a.Release()
	restore := limitDescriptors(t, fd)
	e, f := r.Load("/b", LoadOptions{}, nil)
	restore()
	if f != nil {
		t.Fatal(f)
	}
	e.Release()
	if s := b.Stats(); s.Open != 1 || s.Descriptors != 1 {
		t.Errorf("%d open, %d kept; want only the last one", s.Open, s.Descriptors)
	}
}

// A name from outside cannot write lines of its own into the log.
func TestFailureIsOneLine(t *testing.T) {
	b := newBench(t, ample)
	r := b.root(t, layout(t))
	_, f := r.Load("/a\nerror: b\x1b[1m\xff", LoadOptions{}, nil)
	if got := f.Error(); strings.ContainsAny(got, "\n\x1b\xff") || !strings.Contains(got, `\nerror: b`) {
		t.Errorf("%q", got)
	}
}

// Errors that a test cannot cause are classified all the same.
func TestClassification(t *testing.T) {
	for err, want := range map[error]struct {
		reason *trace.Reason
		status int
	}{
		syscall.EIO:                  {reasonFailed, 500},
		syscall.ESTALE:               {reasonFailed, 500},
		syscall.ENFILE:               {reasonExhausted, 503},
		syscall.ENOMEM:               {reasonExhausted, 503},
		syscall.EPERM:                {reasonForbidden, 403},
		syscall.ELOOP:                {reasonLoop, 404},
		syscall.ENXIO:                {reasonSpecial, 403},
		errors.New("something else"): {reasonFailed, 500},
	} {
		reason, status := classify(&os.PathError{Op: "open", Path: "x", Err: err})
		if reason != want.reason || status != want.status {
			t.Errorf("%v: %s %d, want %s %d", err, reason, status, want.reason, want.status)
		}
	}
	b := newBench(t, ample)
	r := b.root(t, layout(t, "a"))
	if f := r.blame("/a", syscall.EIO); f.Reason != reasonFailed || f.Place().Component != r.Dir()+"/a" {
		t.Errorf("an input/output error: %v", f)
	}
}
