package resource

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"
)

func numbered(n int, size int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("f%d = %s", i, strings.Repeat("x", size))
	}
	return all
}

// cost is what a file of a size costs, when its name is f and digits.
func cost(t *testing.T, size int) int64 {
	b := newBench(t, ample)
	load(t, b.root(t, layout(t, "f0 = "+strings.Repeat("x", size))), "/f0")
	return b.Stats().Bytes
}

func TestMemoryIsBoundedExactly(t *testing.T) {
	limit := 10 * cost(t, 1000)
	b := newBench(t, bounds(limit, 16<<10, 10, time.Second))
	r := b.root(t, layout(t, numbered(10, 1000)...))
	for i := range 10 {
		load(t, r, fmt.Sprintf("/f%d", i))
	}
	if s := b.Stats(); s.Entries != 10 || s.Bytes != limit || s.Evicted != 0 {
		t.Errorf("ten files fit exactly, but there are %d with %d of %d bytes", s.Entries, s.Bytes, limit)
	}
	b.Configure(bounds(limit-1, 16<<10, 10, time.Second))
	if s := b.Stats(); s.Entries != 9 || s.Bytes > limit-1 {
		t.Errorf("with a byte less there are %d with %d bytes", s.Entries, s.Bytes)
	}
}

func TestBoundsHoldAtEveryMoment(t *testing.T) {
	const limit, descriptors = 100 << 10, 7
	b := newBench(t, bounds(limit, 16<<10, descriptors, time.Second))
	var files []string
	for i := range 60 {
		files = append(files, fmt.Sprintf("f%d = %s", i, strings.Repeat("x", i*400)))
	}
	r := b.root(t, layout(t, append(files, "d0/", "d1/", "d2/")...))
	for range 3000 {
		path := fmt.Sprintf("/f%d", rand.IntN(60))
		if rand.IntN(10) == 0 {
			path = fmt.Sprintf("/d%d", rand.IntN(3))
		}
		load(t, r, path)
		if s := b.Stats(); s.Bytes > limit || s.Descriptors > descriptors || s.Open > descriptors {
			t.Fatalf("%+v", s)
		}
	}
	if s := b.Stats(); s.Evicted == 0 || s.Bytes < limit/2 {
		t.Errorf("the bounds were not put to the test: %+v", s)
	}
	var sum int64
	b.memory.each(func(e *Entry) { sum += e.cost })
	if s := b.Stats(); sum != s.Bytes {
		t.Errorf("%d bytes are accounted, and the entries cost %d", s.Bytes, sum)
	}
}

func TestAccountCoversTheHeap(t *testing.T) {
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	for _, size := range []int{0, 1, 700, 5000} {
		b := newBench(t, bounds(100<<20, 16<<10, 10, time.Second))
		r := b.root(t, layout(t, numbered(150, size)...))
		before := heap()
		for i := range 150 {
			load(t, r, fmt.Sprintf("/f%d", i))
		}
		grown, counted := heap()-before, b.Stats().Bytes
		if grown > counted || counted > grown+150*overhead {
			t.Errorf("files of %d bytes: the heap grew by %d bytes, %d are accounted", size, grown, counted)
		}
	}
}

// What is asked for again stays when many files are asked for once.
func TestWalkDoesNotDriveOutWhatIsUsed(t *testing.T) {
	b := newBench(t, bounds(20*cost(t, 1000), 16<<10, 10, time.Hour))
	r := b.root(t, layout(t, numbered(400, 1000)...))
	for i := range 10 {
		load(t, r, fmt.Sprintf("/f%d", i))
	}
	for i := 10; i < 400; i++ {
		for hot := range 10 {
			if b.hot(t, r, fmt.Sprintf("/f%d", hot)) == "" {
				t.Fatalf("f%d was driven out when f%d came", hot, i)
			}
		}
		load(t, r, fmt.Sprintf("/f%d", i))
	}
}

func TestLargeFilesAreSentFromDescriptors(t *testing.T) {
	b := newBench(t, bounds(1<<20, 1000, 2, time.Second))
	r := b.root(t, layout(t, numbered(4, 1001)...))
	var held []*Entry
	for i := range 4 {
		e, f := r.Load(fmt.Sprintf("/f%d", i), LoadOptions{}, nil)
		if f != nil || e.File == nil || e.Bytes != nil {
			t.Fatalf("f%d: %+v, %v", i, e, f)
		}
		held = append(held, e)
	}
	if s := b.Stats(); s.Descriptors != 2 || s.Open != 4 || s.Bytes != 0 {
		t.Errorf("four in use with room for two: %+v", s)
	}
	for i, e := range held {
		if got := content(t, e); len(got) != 1001 {
			t.Errorf("f%d cannot be read while it is held", i)
		}
		if !e.Acquire() {
			t.Errorf("f%d cannot be acquired by somebody who holds it", i)
		}
		e.Release()
		e.Release()
	}
	if s := b.Stats(); s.Open != 2 {
		t.Errorf("%d are open after those in use were released, want the two that are kept", s.Open)
	}
	if evicted := held[0]; evicted.Acquire() {
		t.Error("an evicted entry that nobody holds was acquired")
	}
}

func TestNothingIsKeptWithoutRoom(t *testing.T) {
	for name, m := range map[string]int64{"no memory": 0, "less than an entry": 100} {
		b := newBench(t, bounds(m, 16<<10, 0, time.Second))
		r := b.root(t, layout(t, "a = one", "dir/"))
		if got := load(t, r, "/a") + " " + load(t, r, "/dir"); got != "one directory" {
			t.Errorf("%s: %q", name, got)
		}
		if s := b.Stats(); s.Entries != 0 || s.Bytes != 0 || s.Descriptors != 0 || s.Open != 0 {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestHotAllocatesNothing(t *testing.T) {
	b := newBench(t, ample)
	r := b.root(t, layout(t, "small", "dir/", "large = "+strings.Repeat("x", 20<<10)))
	for _, path := range []string{"/small", "/dir", "/large", "/missing"} {
		load(t, r, path)
		p, now := []byte(path), b.clock.Load()
		if n := testing.AllocsPerRun(100, func() {
			if e := r.Hot(p, now); e != nil {
				e.Release()
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", path, n)
		}
	}
}

func BenchmarkHot(bench *testing.B) {
	b := newBench(bench, ample)
	r := b.root(bench, layout(bench, "index.html"))
	load(bench, r, "/index.html")
	p, now := []byte("/index.html"), b.clock.Load()
	for bench.Loop() {
		r.Hot(p, now).Release()
	}
}

func BenchmarkRevalidate(bench *testing.B) {
	for name, enter := range trees {
		bench.Run(name, func(bench *testing.B) {
			b := newBench(bench, bounds(1<<20, 1<<10, 10, 0))
			b.enter = enter
			r := b.root(bench, layout(bench, "a/b/index.html"))
			for bench.Loop() {
				e, _ := r.Load("/a/b/index.html", LoadOptions{}, nil)
				e.Release()
			}
		})
	}
}
