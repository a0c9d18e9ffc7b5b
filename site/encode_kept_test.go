package site

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vitrine/web/exchange"
)

// A hot file that is encoded costs what a hot file costs: it is on the loop, and nothing is allocated.
func TestEncodedFilesInMemoryAreAnsweredWithoutAllocation(t *testing.T) {
	w := newWorld(t, map[string]string{"page.html": strings.Repeat(long, 2)}, compressed)
	head := "GET /page.html\nAccept-Encoding: gzip, deflate, br, zstd"
	if r := w.ask(t, head); !r.off {
		t.Error("a long file was encoded on the loop")
	}
	if r := w.ask(t, head); r.off || strings.Contains(r.reasons, "site.remembered") {
		t.Errorf("the second time: off the loop %v, %s", r.off, r.reasons)
	}
	r := w.ask(t, head)
	if r.off || !strings.Contains(r.reasons, "site.remembered") || decoded(t, "zstd", r.body) != strings.Repeat(long, 2) {
		t.Errorf("the third time: off the loop %v, %s", r.off, r.reasons)
	}
	quiet, err := New(w.conf, Options{Store: w.store})
	if err != nil {
		t.Fatal(err)
	}
	defer quiet.Close()
	w.h = quiet
	w.ask(t, head)
	x := w.begin(t, head)
	if n := testing.AllocsPerRun(100, func() {
		x.Begin(w, x.Request, x.Peer, exchange.Limits{})
		w.h.Serve(x)
		if _, pieces := x.Answer(); len(pieces) != 1 {
			t.Fatal("no piece")
		}
		x.Forget()
		w.h.Finish(x)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestWhatWasEncodedGoesWithItsFile(t *testing.T) {
	w := newWorld(t, map[string]string{"page.html": long}, `
memory {
  fresh = "0s"
}
`+compressed)
	before := func() int64 { return w.store.Stats().Bytes }
	w.ask(t, "GET /page.html")
	plain := before()
	r := w.ask(t, "GET /page.html\nAccept-Encoding: gzip")
	if grown := before() - plain; grown < int64(len(r.body)) || grown > int64(len(r.body))+4096 {
		t.Errorf("%d bytes are accounted for %d", grown, len(r.body))
	}
	changed := strings.ReplaceAll(long, "again", "anew")
	if err := os.WriteFile(filepath.Join(w.dir, "page.html"), []byte(changed), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := w.ask(t, "GET /page.html\nAccept-Encoding: gzip"); decoded(t, "gzip", r.body) != changed {
		t.Error("a changed file is sent as it was")
	}
}

func TestNothingIsKeptWhereThatIsNotWanted(t *testing.T) {
	w := newWorld(t, map[string]string{"page.html": long}, `
site "example.org" {
  root = "$ROOT"
  compress {
    keep = false
  }
}
`)
	w.ask(t, "GET /page.html")
	before := w.store.Stats().Bytes
	for range 3 {
		r := w.ask(t, "GET /page.html\nAccept-Encoding: gzip")
		if decoded(t, "gzip", r.body) != long || strings.Contains(r.reasons, "site.remembered") {
			t.Errorf("%s", r.reasons)
		}
	}
	if grown := w.store.Stats().Bytes - before; grown != 0 {
		t.Errorf("%d bytes are kept", grown)
	}
}
