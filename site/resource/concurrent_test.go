package resource

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// onRead runs f each time that a file was read into memory and not yet looked at again.
func onRead(t *testing.T, f func()) {
	readHook = f
	t.Cleanup(func() { readHook = func() {} })
}

func TestFileThatChangesWhileItIsRead(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, file string, times int)
		times  int // how often it changes
		want   string
		reason string
	}{
		{"once in place", func(t *testing.T, file string, n int) { write(t, file, "two", past) }, 1, "two", "resource.read"},
		{"once by another", func(t *testing.T, file string, n int) {
			write(t, file+"~", "two", past)
			must(t, os.Rename(file+"~", file))
		}, 1, "two", "resource.read"},
		{"truncated", func(t *testing.T, file string, n int) { write(t, file, "", past) }, 1, "", "resource.read"},
		{"removed", func(t *testing.T, file string, n int) { must(t, os.Remove(file)) }, 1, "resource.missing", "resource.missing"},
		{"becomes a directory", func(t *testing.T, file string, n int) {
			must(t, os.Remove(file))
			must(t, os.Mkdir(file, 0o755))
		}, 1, "directory", "resource.directory"},
		{"each time", func(t *testing.T, file string, n int) {
			write(t, file, strings.Repeat("+", 3+n), past.Add(time.Duration(n)*time.Second))
		}, tries, "+++++", "resource.unsteady"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, ample)
			dir := layout(t, "a = one")
			r := b.root(t, dir)
			n := 0
			onRead(t, func() {
				if n++; n <= c.times {
					c.change(t, filepath.Join(dir, "a"), n)
				}
			})
			reached := reasonOf(r, "/a")
			readHook = func() {}
			if reached != c.reason {
				t.Errorf("%s, want %s", reached, c.reason)
			}
			if got := load(t, r, "/a"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// A large file that shrinks while it is sent must not look shorter than it was: the entry keeps its length, and
// whoever reads meets the end too early.
func TestHeldFileKeepsItsLength(t *testing.T) {
	b := newBench(t, ample)
	dir := layout(t, "a = "+strings.Repeat("x", 20<<10))
	r := b.root(t, dir)
	e, f := r.Load("/a", LoadOptions{}, nil)
	if f != nil {
		t.Fatal(f)
	}
	defer e.Release()
	must(t, os.Truncate(filepath.Join(dir, "a"), 100))
	if e.Size != 20<<10 {
		t.Errorf("size is %d", e.Size)
	}
	if n, err := e.File.F.ReadAt(make([]byte, e.Size), 0); n != 100 || err == nil {
		t.Errorf("read %d bytes, %v", n, err)
	}
	// Replaced or removed, on the other hand, it is still there whole.
	write(t, filepath.Join(dir, "b"), strings.Repeat("y", 20<<10), past)
	e2, f := r.Load("/b", LoadOptions{}, nil)
	if f != nil {
		t.Fatal(f)
	}
	defer e2.Release()
	must(t, os.Remove(filepath.Join(dir, "b")))
	if got := content(t, e2); got != strings.Repeat("y", 20<<10) {
		t.Error("a removed file cannot be read to its end")
	}
}

func TestFlashCrowdReadsOnce(t *testing.T) {
	for name, text := range map[string]string{"in memory": "one", "from the descriptor": strings.Repeat("x", 20<<10),
		"missing": ""} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, ample)
			r := b.root(t, layout(t, "other"))
			if text != "" {
				fill(t, r.Dir(), "a = "+text)
			}
			// The first one has begun; it goes on when all others wait for it.
			const crowd = 50
			first := &flight{start: b.clock.Load(), done: make(chan struct{})}
			r.flights["/a"] = first
			var wg sync.WaitGroup
			var found, missing atomic.Int32
			for range crowd {
				wg.Go(func() {
					e, f := r.Load("/a", LoadOptions{}, nil)
					if f != nil {
						missing.Add(1)
						return
					}
					found.Add(1)
					if got := content(t, e); got != text {
						t.Errorf("got %.20q", got)
					}
					e.Release()
				})
			}
			for waiting := 0; waiting < crowd; runtime.Gosched() {
				r.mu.Lock()
				waiting = first.waiters
				r.mu.Unlock()
			}
			if o := r.fly("/a", first); o.entry != nil {
				o.entry.Release()
			}
			wg.Wait()
			if n := b.Stats().Reads; n > 1 {
				t.Errorf("read %d times", n)
			}
			if want := int32(crowd); text == "" && missing.Load() != want || text != "" && found.Load() != want {
				t.Errorf("%d found it, %d did not", found.Load(), missing.Load())
			}
		})
	}
}

// With a fresh time of zero, what somebody else began to look at before this request came is not good enough.
func TestCrowdLooksAgainWhenItMust(t *testing.T) {
	b := newBench(t, bounds(1<<20, 1<<10, 10, 0))
	dir := layout(t, "a = one")
	r := b.root(t, dir)
	began := make(chan struct{})
	goOn := make(chan struct{})
	var once sync.Once
	onRead(t, func() {
		once.Do(func() {
			close(began)
			<-goOn
		})
	})
	go func() {
		e, _ := r.Load("/a", LoadOptions{}, nil)
		e.Release()
	}()
	<-began
	b.pass(time.Millisecond)
	got := make(chan string)
	go func() { got <- load(t, r, "/a") }()
	for waiting := 0; waiting == 0; runtime.Gosched() {
		r.mu.Lock()
		if f := r.flights["/a"]; f != nil {
			waiting = f.waiters
		}
		r.mu.Unlock()
	}
	loads := b.Stats().Reads + b.Stats().Unchanged
	close(goOn)
	<-got
	if again := b.Stats().Reads + b.Stats().Unchanged - loads; again != 2 {
		t.Errorf("the disk was looked at %d times, want once for each", again)
	}
}

func TestPanicDoesNotLeaveTheCrowdWaiting(t *testing.T) {
	b := newBench(t, ample)
	r := b.root(t, layout(t, "a"))
	onRead(t, func() { panic("test") })
	func() {
		defer func() { recover() }()
		r.Load("/a", LoadOptions{}, nil)
		t.Error("no panic")
	}()
	readHook = func() {}
	if got := load(t, r, "/a"); got != "a" {
		t.Errorf("after a panic: %q", got)
	}
}

// While writers replace, rewrite, truncate and remove files, every answer is whole: one version or none.
func TestAnswersAreWholeWhileFilesChange(t *testing.T) {
	s := NewStore(bounds(200<<10, 8<<10, 4, 5*time.Millisecond))
	defer s.Close()
	dir := layout(t)
	r, err := s.Open(dir)
	must(t, err)
	// A version is one letter, as often as the letter's number says.
	version := func(n int) []byte { return bytes.Repeat([]byte{byte('a' + n%26)}, 1+n%26*600) }
	whole := func(b []byte) bool {
		return len(b) > 0 && bytes.Count(b, b[:1]) == len(b) && len(b) == 1+int(b[0]-'a')*600
	}
	stop := time.Now().Add(time.Second)
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Go(func() {
			for n := 0; time.Now().Before(stop); n++ {
				name := filepath.Join(dir, fmt.Sprintf("f%d", (n+w)%5))
				if n%7 == 3 {
					os.Remove(name)
					continue
				}
				temp := fmt.Sprintf("%s.%d~", name, w)
				if os.WriteFile(temp, version(n), 0o644) == nil {
					os.Chtimes(temp, past, past)
					os.Rename(temp, name)
				}
			}
		})
	}
	var answers atomic.Int32
	for range 4 {
		wg.Go(func() {
			for n := 0; time.Now().Before(stop); n++ {
				path := fmt.Sprintf("/f%d", n%5)
				e := r.Hot([]byte(path), time.Now().UnixNano())
				if e == nil {
					var f *Failure
					if e, f = r.Load(path, LoadOptions{}, nil); f != nil {
						if f.Reason != reasonMissing {
							t.Error(f)
						}
						continue
					}
				}
				got := e.Bytes
				if e.File != nil {
					got = make([]byte, e.Size)
					if _, err := e.File.F.ReadAt(got, 0); err != nil {
						t.Error(err)
					}
				}
				if !whole(got) {
					t.Errorf("%d bytes that begin with %.3q are no version", len(got), got)
				}
				answers.Add(1)
				e.Release()
			}
		})
	}
	wg.Wait()
	if answers.Load() == 0 {
		t.Error("no answer at all")
	}
}

// Readers who take no lock see a table that others change.
func TestTableIsReadWhileItChanges(t *testing.T) {
	b := newBench(t, bounds(50*(overhead+50), 1<<10, 10, time.Hour))
	r := b.root(t, layout(t, numbered(200, 10)...))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				for i := range 200 {
					path := fmt.Sprintf("/f%d", i)
					if e := r.Hot([]byte(path), b.clock.Load()); e != nil && e.Path != path {
						t.Errorf("asked for %s and got %s", path, e.Path)
					}
				}
			}
		})
	}
	for range 10 {
		for i := range 200 {
			load(t, r, fmt.Sprintf("/f%d", i))
		}
	}
	close(stop)
	wg.Wait()
	inTable := 0
	for i := range *r.table.slots.Load() {
		for n := (*r.table.slots.Load())[i].Load(); n != nil; n = n.next.Load() {
			inTable++
		}
	}
	if inTable != r.table.count || inTable != b.Stats().Entries {
		t.Errorf("%d in the table, which counts %d; %d kept", inTable, r.table.count, b.Stats().Entries)
	}
}
