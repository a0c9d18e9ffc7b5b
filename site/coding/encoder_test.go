package coding

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// decode reads what was encoded with decoders of their own: the standard library's where it has one.
func decode(t testing.TB, c Coding, encoded io.Reader) []byte {
	t.Helper()
	var r io.Reader
	switch c {
	case Gzip:
		z, err := gzip.NewReader(encoded)
		if err != nil {
			t.Fatal(err)
		}
		r = z
	case Brotli:
		r = brotli.NewReader(encoded)
	case Zstd:
		z, err := zstd.NewReader(encoded, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20)) // RFC 9659 §3
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		r = z
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("%s: %v", c, err)
	}
	return b
}

// page is text as pages have it, of about a size.
func page(size int) []byte {
	var b bytes.Buffer
	r := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("<p> the response </p> <li> of a server is encoded while it passes <a href= and what was written comes out class= sooner or later")
	for b.Len() < size {
		fmt.Fprintf(&b, "%s %d ", words[r.IntN(len(words))], r.IntN(100))
	}
	return b.Bytes()[:size]
}

func each(f func(c Coding, level int)) {
	for c := Gzip; c < Codings; c++ {
		least, greatest := c.Levels()
		for level := least; level <= greatest; level++ {
			f(c, level)
		}
	}
}

func TestWhatIsDecodedIsWhatWasWritten(t *testing.T) {
	random := make([]byte, 100_000)
	r := rand.NewChaCha8([32]byte{1})
	r.Read(random)
	for name, text := range map[string][]byte{"nothing": nil, "a byte": {'a'}, "a page": page(70_000), "zeros": make([]byte, 1<<20), "noise": random} {
		each(func(c Coding, level int) {
			if got := decode(t, c, bytes.NewReader(Append(nil, text, c, level))); !bytes.Equal(got, text) {
				t.Errorf("%s at level %d: %s came back as %d bytes, want %d", c, level, name, len(got), len(text))
			}
		})
	}
}

func TestEncodedIsAppendedToWhatIsThere(t *testing.T) {
	each(func(c Coding, level int) {
		b := Append([]byte("head"), page(2000), c, level)
		if !bytes.HasPrefix(b, []byte("head")) {
			t.Fatalf("%s: what was there is gone", c)
		}
		if got := decode(t, c, bytes.NewReader(b[4:])); !bytes.Equal(got, page(2000)) {
			t.Errorf("%s: %d bytes came back", c, len(got))
		}
	})
}

// After a Flush, whoever decodes has everything that was written, although the body is not at its end.
func TestFlushedBytesCanBeDecodedAtOnce(t *testing.T) {
	for _, c := range []Coding{Gzip, Brotli, Zstd} {
		e := New(c, 4)
		wire, in := io.Pipe()
		got := make(chan []byte)
		go func() {
			var r io.Reader
			switch c {
			case Gzip:
				r, _ = gzip.NewReader(wire)
			case Brotli:
				r = brotli.NewReader(wire)
			case Zstd:
				z, _ := zstd.NewReader(wire, zstd.WithDecoderConcurrency(1))
				defer z.Close()
				r = z
			}
			for {
				b := make([]byte, len("line 0\n"))
				if _, err := io.ReadFull(r, b); err != nil {
					close(got)
					return
				}
				got <- b
			}
		}()
		for i := range 5 {
			line := fmt.Sprintf("line %d\n", i)
			b := e.Write(nil, []byte(line))
			if _, err := in.Write(e.Flush(b)); err != nil {
				t.Fatal(err)
			}
			if b := <-got; string(b) != line {
				t.Errorf("%s: %q, want %q", c, b, line)
			}
		}
		in.Write(e.Close(nil))
		in.Close()
		if b, more := <-got; more {
			t.Errorf("%s: %q after the end", c, b)
		}
		e.Release()
	}
}

// An encoder that was given back in the middle of a body begins anew.
func TestReleasedEncoderRemembersNothing(t *testing.T) {
	each(func(c Coding, level int) {
		for range 3 {
			e := New(c, level)
			e.Write(nil, page(100_000))
			e.Release()
			if got := decode(t, c, bytes.NewReader(Append(nil, []byte("second"), c, level))); string(got) != "second" {
				t.Fatalf("%s at level %d: %q", c, level, got)
			}
		}
	})
}

func TestTwoEncodersGiveTheSameBytes(t *testing.T) {
	text := page(50_000)
	each(func(c Coding, level int) {
		if !bytes.Equal(Append(nil, text, c, level), Append(nil, text, c, level)) {
			t.Errorf("%s at level %d is different each time", c, level)
		}
	})
}

func TestPagesBecomeSmaller(t *testing.T) {
	text := page(100_000)
	each(func(c Coding, level int) {
		if n := len(Append(nil, text, c, level)); n > len(text)/2 {
			t.Errorf("%s at level %d: %d of %d bytes", c, level, n, len(text))
		}
	})
}

// What an encoder takes, by coding and level, is bounded whatever is written: the documentation says one to three mebibytes.
func TestMemoryOfAnEncoderIsBounded(t *testing.T) {
	piece := page(64 << 10)
	for _, k := range []struct {
		c     Coding
		level int
		most  int64
	}{{Gzip, 6, 1 << 20}, {Gzip, 9, 1 << 20}, {Brotli, 4, 4 << 20}, {Zstd, 3, 3 << 20}} {
		heap := func() int64 {
			var m runtime.MemStats
			runtime.GC()
			runtime.GC()
			runtime.ReadMemStats(&m)
			return int64(m.HeapAlloc)
		}
		const n = 8
		before := heap()
		var all [n]*Encoder
		var out []byte
		for i := range all {
			all[i] = New(k.c, k.level)
			for range 32 {
				out = all[i].Write(out[:0], piece)
			}
		}
		if each := (heap() - before) / n; each > k.most {
			t.Errorf("%s at level %d: an encoder takes %d bytes, want at most %d", k.c, k.level, each, k.most)
		} else {
			t.Logf("%s at level %d: %d bytes", k.c, k.level, each)
		}
		runtime.KeepAlive(&all)
	}
}

func TestPiecesAreEncodedWithoutAllocation(t *testing.T) {
	piece := page(16 << 10)
	for _, c := range []Coding{Gzip, Zstd} { // brotli's library allocates
		e := New(c, 3)
		out := make([]byte, 0, 64<<10)
		for range 100 {
			out = e.Write(out[:0], piece)
		}
		if n := testing.AllocsPerRun(100, func() { out = e.Flush(e.Write(out[:0], piece)) }); n > 0 {
			t.Errorf("%s: %v allocations for a piece", c, n)
		}
		e.Release()
	}
}

func TestNamesAreThoseOfHTTP(t *testing.T) {
	for name, want := range map[string]Coding{"gzip": Gzip, "br": Brotli, "zstd": Zstd} {
		if c, ok := Parse(name); !ok || c != want || c.String() != name {
			t.Errorf("%s: %v, %v", name, c, ok)
		}
	}
	for _, name := range []string{"", "identity", "deflate", "GZIP", "brotli"} {
		if c, ok := Parse(name); ok {
			t.Errorf("%q is %v", name, c)
		}
	}
}

func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("text text text"), uint8(1), uint8(5), true)
	f.Fuzz(func(t *testing.T, text []byte, which, level uint8, flush bool) {
		c := Gzip + Coding(which)%(Codings-1)
		least, greatest := c.Levels()
		e := New(c, least+int(level)%(greatest-least+1))
		half := len(text) / 2
		b := e.Write(nil, text[:half])
		if flush {
			b = e.Flush(b)
		}
		b = e.Close(e.Write(b, text[half:]))
		e.Release()
		if got := decode(t, c, bytes.NewReader(b)); !bytes.Equal(got, text) {
			t.Errorf("%s: %q came back as %q", c, text, got)
		}
	})
}
