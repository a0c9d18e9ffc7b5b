package site

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitrine/config"
	"vitrine/web/exchange"
	"vitrine/web/message"
	"vitrine/web/variables"
)

const memoryConfig = `
memory {
  fresh = "1h"
  file_bytes = "1KiB"
}
site "example.org" {
  root = "$ROOT"
  route "/hello" {
    respond { body = "hello" }
  }
  route "/hello/you" {
    respond { body = "hello {client.address}" }
  }
  route "/client/*" {
    root = "$ROOT"
    strip_prefix = "/client"
    header {
      set = { X-Client = "{client.address}" }
    }
  }
  route "/other/*" {
    root = "$ROOT"
    strip_prefix = "/other"
    header {
      set = { X-Other = "yes" }
    }
  }
}`

func TestPlainRequestsAreAnsweredFromMemory(t *testing.T) {
	large := strings.Repeat("large", 1000)
	w := newWorld(t, map[string]string{"index.html": "index", "a.txt": "a", "docs/index.html": "docs", "large.bin": large, "empty.txt": ""}, memoryConfig)
	for _, test := range []struct {
		request    string
		body       string
		remembered bool
	}{
		{"GET /a.txt", "a", true},
		{"HEAD /a.txt", "", true},
		{"GET /", "index", true},
		{"GET /docs/", "docs", true},
		{"GET /docs/index.html", "docs", true},
		{"GET /large.bin", large, true},
		{"HEAD /large.bin", "", true},
		{"GET /empty.txt", "", true},
		{"GET /hello", "hello", true},
		{"GET /a.txt?query", "a", true},
		{"GET /x/../a.txt", "a", true},
		{"GET http://example.org/a.txt", "a", true},
		{"GET /hello/you", "hello 203.0.113.9", false},
		{"GET /client/a.txt", "a", false},
		{"GET /other/a.txt", "a", true},
	} {
		first := w.ask(t, test.request)
		w.off = 0
		w.ask(t, test.request)
		third := w.ask(t, test.request)
		if w.off != 0 {
			t.Errorf("%s: leaves the loop although it is in memory", test.request)
		}
		if got := strings.Contains(third.reasons, "site.remembered"); got != test.remembered {
			t.Errorf("%s: remembered: %v (%s)", test.request, got, third.reasons)
		}
		if third.body != test.body || third.status != first.status || fmt.Sprint(third.fields) != fmt.Sprint(first.fields) {
			t.Errorf("%s: first %d %q %v\nthen %d %q %v", test.request, first.status, first.body, first.fields, third.status, third.body, third.fields)
		}
	}
	// Two routes that serve one file keep a head each.
	for range 2 {
		if a, b := w.ask(t, "GET /a.txt"), w.ask(t, "GET /other/a.txt"); a.fields.Has("X-Other") || !b.fields.Has("X-Other") ||
			!strings.Contains(a.reasons+b.reasons, "site.remembered") {
			t.Errorf("%s %v\n%s %v", a.reasons, a.fields, b.reasons, b.fields)
		}
	}
}

func TestAChangedFileIsNotAnsweredFromMemory(t *testing.T) {
	w := newWorld(t, map[string]string{"a.txt": "before"}, strings.Replace(memoryConfig, `"1h"`, `"1ms"`, 1))
	w.ask(t, "GET /a.txt")
	w.ask(t, "GET /a.txt")
	if err := os.WriteFile(filepath.Join(w.dir, "a.txt"), []byte("afterwards"), 0o644); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; {
		r := w.ask(t, "GET /a.txt")
		if r.body == "afterwards" && r.get("Content-Length") == "10" {
			break
		}
		if time.Now().After(end) || r.body != "before" {
			t.Fatalf("%q, %s bytes, %s", r.body, r.get("Content-Length"), r.reasons)
		}
	}
}

func TestMemoryHoldsManyPathsAndForgetsSome(t *testing.T) {
	w := newWorld(t, nil, `
site "example.org" {
  route "/*" {
    respond { body = "x" }
  }
}`)
	for range 2 {
		for i := range 3 * memorySlots {
			if r := w.ask(t, fmt.Sprintf("GET /%d", i)); r.body != "x" {
				t.Fatal(r.body)
			}
		}
	}
	m := &w.h.anywhere.sites[0].memory
	kept := 0
	for i := range 3 * memorySlots {
		if a := m.find([]byte(fmt.Sprintf("/%d", i)), message.GET, new(message.Fields)); a != nil {
			kept++
		}
	}
	if kept < memorySlots/2 || kept > memorySlots {
		t.Errorf("%d paths are remembered in %d slots", kept, memorySlots)
	}
	if m.find([]byte("/1"), message.HEAD, new(message.Fields)) != nil {
		t.Error("an answer to GET is found for HEAD")
	}
	w.ask(t, "GET /"+strings.Repeat("x", longestPath))
	if m.find([]byte("/"+strings.Repeat("x", longestPath)), message.GET, new(message.Fields)) != nil {
		t.Error("a path that is too long is remembered")
	}
}

func TestWhenTooManyWaitForTheDiskTheAnswerIsATryAgain(t *testing.T) {
	w := newWorld(t, map[string]string{"a.txt": "a"}, memoryConfig)
	w.full = true
	r := w.ask(t, "GET /a.txt")
	if r.status != 503 || r.get("Retry-After") != "1" || !strings.HasSuffix(r.reasons, "site.busy") {
		t.Errorf("%d %s %v", r.status, r.reasons, r.fields)
	}
	w.full = false
	if r := w.ask(t, "GET /a.txt"); r.body != "a" {
		t.Errorf("%d %s", r.status, r.reasons)
	}
}

// hot is an exchange that can be served again and again, as a connection's loop does.
func hot(t testing.TB, w *world, head string) func() {
	x := w.begin(t, head)
	peer, r := x.Peer, x.Request
	start := x.Start
	return func() {
		x.Begin(w, r, peer, exchange.Limits{})
		x.Start = start
		w.h.Serve(x)
		if _, pieces := x.Answer(); len(pieces) > 0 && pieces[0].Release != nil {
			pieces[0].Release.Release()
		}
		w.h.Finish(x)
		x.Forget()
	}
}

func TestAnAnswerFromMemoryDoesNotAllocate(t *testing.T) {
	w := newWorld(t, map[string]string{"index.html": "index", "large.bin": strings.Repeat("large", 1000)}, memoryConfig)
	recorded := 0
	h, err := New(w.conf, Options{Store: w.store, Log: func(*config.Log) func(*variables.Values) {
		return func(v *variables.Values) { recorded += len(v.Site) + v.Fields.Len() }
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	w.h = h
	for _, head := range []string{"GET /", "HEAD /index.html", "GET /large.bin", "GET /hello"} {
		w.ask(t, head)
		serve := hot(t, w, head)
		serve()
		recorded = 0
		if n := testing.AllocsPerRun(100, serve); n != 0 || recorded == 0 {
			t.Errorf("%s: %v allocations, recorded %d", head, n, recorded)
		}
	}
}

func BenchmarkMemory(b *testing.B) {
	w := newWorld(b, map[string]string{"index.html": "index", "large.bin": strings.Repeat("large", 1000)}, memoryConfig)
	w.h.Close()
	w.h, _ = New(w.conf, Options{Store: w.store})
	for _, head := range []string{"GET /", "GET /large.bin", "GET /hello", "GET /hello/you", "GET /client/index.html"} {
		b.Run(strings.TrimPrefix(head, "GET "), func(b *testing.B) {
			serve := hot(b, w, head)
			w.ask(b, head)
			b.ReportAllocs()
			for b.Loop() {
				serve()
			}
		})
	}
}
