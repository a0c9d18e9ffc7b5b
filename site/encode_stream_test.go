package site

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitrine/web/exchange"
	"vitrine/web/message"
)

func TestLargeFilesAreEncodedWhileTheyAreSent(t *testing.T) {
	large := strings.Repeat(long, 20)
	w := newWorld(t, map[string]string{"large.html": large}, `
memory {
  file_bytes = "1KiB"
}
`+compressed)
	for _, coding := range []string{"gzip", "br", "zstd"} {
		r := w.ask(t, "GET /large.html\nAccept-Encoding: "+coding)
		if r.get("Content-Encoding") != coding || r.fields.Has("Content-Length") || !r.streamed || decoded(t, coding, r.body) != large {
			t.Errorf("%s: %q, length %q, streamed %v, %d bytes", coding, r.get("Content-Encoding"), r.get("Content-Length"), r.streamed, len(r.body))
		}
	}
	if n := w.h.encoders.taken.Load(); n != 0 {
		t.Errorf("%d encoders were not given back", n)
	}
	w.full = true
	if r := w.ask(t, "GET /large.html\nAccept-Encoding: gzip"); r.get("Content-Encoding") != "" || r.body != large {
		t.Error("nothing can leave the loop, and the file is not sent as it is")
	}
}

// A file that becomes shorter while it is sent ends the connection: nobody takes the part for the whole.
func TestAFileThatShrinksIsCutOff(t *testing.T) {
	w := newWorld(t, map[string]string{"large.html": strings.Repeat(long, 20)}, `
memory {
  file_bytes = "1KiB"
}
`+compressed)
	w.ask(t, "GET /large.html")
	if err := os.Truncate(filepath.Join(w.dir, "large.html"), 5000); err != nil {
		t.Fatal(err)
	}
	if r := w.ask(t, "GET /large.html\nAccept-Encoding: gzip"); !r.aborted {
		t.Errorf("%d with %d bytes", r.status, len(r.body))
	}
}

func TestNoMoreIsEncodedAtOnceThanAllowed(t *testing.T) {
	w := newWorld(t, map[string]string{"page.html": long, "large.html": strings.Repeat(long, 20)}, `
limits {
  encoders = 0
}
memory {
  file_bytes = "20KiB"
}
`+compressed)
	w.tracer = true
	for _, path := range []string{"/page.html", "/large.html"} {
		r := w.ask(t, "GET "+path+"\nAccept-Encoding: gzip")
		if r.status != 200 || r.get("Content-Encoding") != "" || encodeReason(r.journey) != "encode.busy" || r.get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: %d %q %s", path, r.status, r.get("Content-Encoding"), encodeReason(r.journey))
		}
	}
}

func TestStreamedBodiesReachTheClientWhenTheyAreFlushed(t *testing.T) {
	w := newWorld(t, map[string]string{"page.html": long}, compressed)
	for _, coding := range []string{"gzip", "br", "zstd"} {
		x := w.begin(t, "GET /stream\nAccept-Encoding: "+coding)
		v := visits.Get().(*visit)
		v.begin(w.h, x)
		v.settings = w.h.anywhere.sites[0].base
		v.status, v.length, v.away = 200, -1, true
		v.header.Set("Content-Type", "text/plain; charset=utf-8")
		var wire bytes.Buffer
		take := func() {
			for {
				b, release := x.Take()
				if b == nil {
					return
				}
				wire.Write(b)
				release.Release()
			}
		}
		v.produce = func(s *sender) error {
			for i := range 3 {
				fmt.Fprintf(s, "line %d\n", i)
				if err := s.Flush(); err != nil {
					return err
				}
				take()
				if got, _ := decode(coding, bytes.NewReader(wire.Bytes())); len(got) != len("line .\n")*(i+1) {
					t.Errorf("%s: after %d flushes the client has %q", coding, i+1, got)
				}
			}
			return nil
		}
		if !x.Go(func(*exchange.Exchange) { v.walk(deliver) }) {
			t.Fatal("it did not leave the loop")
		}
		take()
		if u := x.Update(); u.Block.Fields().Get("Content-Encoding") != coding || u.Length != -1 || u.Abort {
			t.Errorf("%s: %q, length %d", coding, u.Block.Fields().Get("Content-Encoding"), u.Length)
		}
		if got := decoded(t, coding, wire.String()); got != "line 0\nline 1\nline 2\n" {
			t.Errorf("%s: %q", coding, got)
		}
		if n := w.h.encoders.taken.Load(); n != 0 {
			t.Errorf("%d encoders were not given back", n)
		}
	}
}

func TestWhatGoHandlersWriteIsEncoded(t *testing.T) {
	w := newWorld(t, nil, `site "example.org" {
}`)
	h, err := New(parse(t, `
site "example.org" {
  compress {
  }
  route "/*" {
    handler "api" {
    }
  }
}
`), Options{Applications: map[string]Application{
		"api": func(x *exchange.Exchange, head func(int, *message.Header)) {
			header := new(message.Header)
			header.Set("Content-Type", "application/json")
			header.Set("Content-Length", fmt.Sprint(len(long)))
			header.Set("ETag", `"1"`)
			head(200, header)
			x.Stream(message.NewBlock(200, header), int64(len(long)))
			x.Write([]byte(long[:100]))
			x.Flush()
			x.Write([]byte(long[100:]))
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	w.h, w.listen = h, h.conf.Listens[0]
	for _, coding := range []string{"gzip", "br", "zstd", ""} {
		r := w.ask(t, "GET /x\nAccept-Encoding: "+coding)
		if r.get("Content-Encoding") != coding || r.fields.Has("Content-Length") == (coding != "") || decoded(t, coding, r.body) != long || r.get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: %q, %d bytes, Vary %q", coding, r.get("Content-Encoding"), len(r.body), r.get("Vary"))
		}
	}
	if n := h.encoders.taken.Load(); n != 0 {
		t.Errorf("%d encoders were not given back", n)
	}
}

// What is encoded off the loops takes turns, of which there are as many as processors: otherwise a loop would wait for all of
// them.
func TestEncodersTakeTurns(t *testing.T) {
	w := newWorld(t, map[string]string{"long.html": strings.Repeat(long, 2)}, compressed)
	for range cap(turns) {
		takeTurn()
	}
	done := make(chan *reply, 1)
	go func() { done <- w.ask(t, "GET /long.html\nAccept-Encoding: gzip") }()
	select {
	case <-done:
		t.Error("it was encoded without a turn")
	case <-time.After(20 * time.Millisecond):
	}
	for range cap(turns) {
		giveTurn()
	}
	if r := <-done; decoded(t, "gzip", r.body) != strings.Repeat(long, 2) {
		t.Error("it was not encoded")
	}
}
