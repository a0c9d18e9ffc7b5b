package resource

import (
	"testing"
	"time"
)

// Most requests of scanners and of pages with broken links are for what is not there.
func BenchmarkLoadOfWhatIsMissing(b *testing.B) {
	for _, c := range []struct{ name, path string }{
		{"missing", "/deep/er/nothing.html"},
		{"slash-on-file", "/deep/er/file/"},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := newBench(b, bounds(1<<20, 16<<10, 10, time.Second))
			r := s.root(b, layout(b, "deep/er/file"))
			b.ReportAllocs()
			for b.Loop() {
				if _, f := r.Load(c.path, LoadOptions{}, nil); f == nil {
					b.Fatal("it is there")
				}
			}
		})
	}
}
