package logfile

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vitrine/trace"
	"vitrine/trace/tracetest"
)

func TestMain(m *testing.M) {
	if helper := os.Getenv("LOGFILE_TEST_HELPER"); helper != "" {
		os.Exit(helpers[helper]())
	}
	tracetest.Main(m, "log.")
}

// told collects Notices.
type told struct {
	mu   sync.Mutex
	list []Notice
}

func (n *told) add(x Notice) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, x)
}

// of is the Notices with a Reason, and how many lines they tell of.
func (n *told) of(r *trace.Reason) (times int, lines uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, x := range n.list {
		if x.Reason == r {
			times++
			lines += x.Lines
		}
	}
	return times, lines
}

func open(t testing.TB, fs *Files, name string, o Options) *File {
	t.Helper()
	f, err := fs.Open(name, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func flush(t testing.TB, fs *Files) {
	t.Helper()
	if err := fs.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func content(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func closeAll(t testing.TB, fs *Files) {
	t.Helper()
	if err := fs.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestALineWaitsForAFullBufferOrForTheFlushTime(t *testing.T) {
	name := filepath.Join(t.TempDir(), "access.log")
	synctest.Test(t, func(t *testing.T) {
		fs := New(nil)
		defer closeAll(t, fs)
		f := open(t, fs, name, Options{Buffer: 20, Flush: time.Second})
		f.Append([]byte("first line\n"))
		time.Sleep(900 * time.Millisecond)
		synctest.Wait()
		if got := content(t, name); got != "" {
			t.Errorf("before the flush time: %q", got)
		}
		time.Sleep(200 * time.Millisecond)
		synctest.Wait()
		if got := content(t, name); got != "first line\n" {
			t.Errorf("after the flush time: %q", got)
		}
		f.Append([]byte("second line\n"))
		f.Append([]byte("third line\n"))
		synctest.Wait()
		if got := content(t, name); got != "first line\nsecond line\n" {
			t.Errorf("after a full buffer: %q", got)
		}
	})
}

func TestWithoutABufferEachLineIsWrittenAtOnce(t *testing.T) {
	name := filepath.Join(t.TempDir(), "access.log")
	synctest.Test(t, func(t *testing.T) {
		fs := New(nil)
		defer closeAll(t, fs)
		open(t, fs, name, Options{}).Append([]byte("a line without its end"))
		synctest.Wait()
		if got := content(t, name); got != "a line without its end\n" {
			t.Errorf("got %q", got)
		}
	})
}

func TestAFileIsSharedByAllWhoNameIt(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	fs := New(nil)
	a := open(t, fs, "x.log", Options{Buffer: 1 << 10})
	b := open(t, fs, filepath.Join(dir, ".", "x.log"), Options{Buffer: 1 << 10})
	if a != b || a.Name() != filepath.Join(dir, "x.log") {
		t.Errorf("%s and %s are two", a.Name(), b.Name())
	}
	if a.Style().Terminal {
		t.Error("a file is a terminal")
	}
	a.Append([]byte("a\n"))
	a.Release()
	b.Append([]byte("b\n"))
	closeAll(t, fs)
	if got := content(t, "x.log"); got != "a\nb\n" {
		t.Errorf("got %q", got)
	}
}

func TestAFileThatNobodyHasOpenStillTakesLines(t *testing.T) {
	name := filepath.Join(t.TempDir(), "access.log")
	synctest.Test(t, func(t *testing.T) {
		fs := New(nil)
		f := open(t, fs, name, Options{Buffer: 1 << 10})
		f.Append([]byte("in time\n"))
		f.Release()
		synctest.Wait()
		if f.running || f.w.out != nil {
			t.Error("the writer has not ended")
		}
		fs.Reopen()
		f.Append([]byte("late\n"))
		synctest.Wait()
		if got := content(t, name); got != "in time\nlate\n" || f.running {
			t.Errorf("got %q, writer running: %v", got, f.running)
		}
		again := open(t, fs, name, Options{Buffer: 1 << 10})
		again.Append([]byte("again\n"))
		closeAll(t, fs)
		if got := content(t, name); got != "in time\nlate\nagain\n" || again != f {
			t.Errorf("got %q", got)
		}
	})
}

func TestAFileThatCannotBeOpenedIsAnError(t *testing.T) {
	fs := New(nil)
	for _, name := range []string{filepath.Join(t.TempDir(), "missing", "x.log"), t.TempDir()} {
		if _, err := fs.Open(name, Options{}); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
	closeAll(t, fs)
}

func TestALineThatWasCutShortByACrashIsEnded(t *testing.T) {
	name := filepath.Join(t.TempDir(), "access.log")
	if err := os.WriteFile(name, []byte("whole\ncut sh"), 0o600); err != nil {
		t.Fatal(err)
	}
	fs := New(nil)
	open(t, fs, name, Options{}).Append([]byte("next\n"))
	closeAll(t, fs)
	if got := content(t, name); got != "whole\ncut sh\nnext\n" {
		t.Errorf("got %q", got)
	}
}

// write has some goroutines append numbered lines, and another do something in between, until all is written.
func write(t *testing.T, fs *Files, f *File, meanwhile func(round int)) (want []string) {
	const writers, lines, rounds = 4, 5000, 20
	var wait sync.WaitGroup
	for w := range writers {
		wait.Go(func() {
			for i := range lines {
				f.Append(fmt.Appendf(nil, "line %d of writer %d%s\n", i, w, strings.Repeat(".", i%50)))
				if i%100 == 0 {
					fs.Flush(context.Background()) // the test is about losing no line, so it must not be behind
				}
			}
		})
		for i := range lines {
			want = append(want, fmt.Sprintf("line %d of writer %d%s", i, w, strings.Repeat(".", i%50)))
		}
	}
	for round := range rounds {
		meanwhile(round)
		flush(t, fs)
	}
	wait.Wait()
	closeAll(t, fs)
	return want
}

// lines are those of all files in a directory, sorted; each file must end with a whole one.
func lines(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text := content(t, filepath.Join(dir, e.Name()))
		if text != "" && !strings.HasSuffix(text, "\n") {
			t.Errorf("%s ends within a line", e.Name())
		}
		all = append(all, strings.Split(strings.TrimSuffix(text, "\n"), "\n")...)
	}
	all = slices.DeleteFunc(all, func(s string) bool { return s == "" })
	slices.Sort(all)
	return all
}

func TestNoLineIsLostOrSplitWhenSomebodyPutsTheFileAsideAndAsksToReopen(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "access.log")
	var notices told
	fs := New(notices.add)
	f := open(t, fs, name, Options{Buffer: 2 << 10, Flush: time.Millisecond})
	want := write(t, fs, f, func(round int) {
		if err := os.Rename(name, fmt.Sprintf("%s.%d", name, round)); err != nil {
			t.Error(err)
		}
		fs.Reopen()
	})
	slices.Sort(want)
	if got := lines(t, dir); !slices.Equal(got, want) {
		t.Errorf("%d lines were appended and %d are there", len(want), len(got))
	}
	if times, _ := notices.of(reasonReopened); times == 0 {
		t.Error("nobody was told")
	}
}

func TestNoLineIsLostOrSplitByRotation(t *testing.T) {
	dir := t.TempDir()
	var notices told
	fs := New(notices.add)
	f := open(t, fs, filepath.Join(dir, "access.log"), Options{Buffer: 2 << 10, Flush: time.Millisecond, Rotate: Rotate{Size: 10_000}})
	want := write(t, fs, f, func(int) {})
	slices.Sort(want)
	if got := lines(t, dir); !slices.Equal(got, want) {
		t.Errorf("%d lines were appended and %d are there", len(want), len(got))
	}
	if times, _ := notices.of(reasonRotated); times < 50 {
		t.Errorf("rotated %d times", times)
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	fs := New(nil)
	defer closeAll(t, fs)
	f := open(t, fs, "/dev/null", Options{Buffer: 4 << 10, Flush: time.Second})
	line := []byte(strings.Repeat("x", 199) + "\n")
	for range 100 { // the buffers in use are made
		f.Append(line)
		flush(t, fs)
	}
	if n := testing.AllocsPerRun(1000, func() { f.Append(line) }); n != 0 {
		t.Errorf("Append allocates %v times", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	fs := New(nil)
	defer fs.Close(context.Background())
	f := open(b, fs, "/dev/null", Options{Buffer: 64 << 10, Flush: time.Second})
	line := []byte(strings.Repeat("x", 199) + "\n")
	b.ReportAllocs()
	for b.Loop() {
		f.Append(line)
	}
}
