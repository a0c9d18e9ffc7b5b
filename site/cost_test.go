package site

import (
	"strings"
	"testing"
)

const costConfig = `
memory {
  file_bytes = "1KiB"
}
site "example.org" {
  root = "$ROOT"
  route "/hello/you" {
    respond { body = "hello {client.address}" }
  }
  route "/old/**" {
    redirect { to = "/new/{path.tail}?{query}" }
  }
  route "/client/*" {
    root = "$ROOT"
    strip_prefix = "/client"
    header {
      set = { X-Client = "{client.address}" }
    }
  }
  route "/secret/*" {
    access { deny = ["0.0.0.0/0", "::/0"] }
  }
}
`

// What cannot be remembered takes the walk, which allocates what the client gets and nothing else: the texts of the fields that
// this answer alone has, the body where one is made, and the block of the head.
func TestAWalkAllocatesOnlyItsAnswer(t *testing.T) {
	if underRace {
		t.Skip("the race detector makes pools forget, so that they allocate anew; the test without it holds the promise")
	}
	w := newWorld(t, map[string]string{"index.html": "index", "large.bin": strings.Repeat("large", 1000)}, costConfig)
	w.h.Close()
	h, err := New(w.conf, Options{Store: w.store})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	w.h = h
	for _, test := range []struct {
		head string
		most float64
	}{
		{"GET /\nIf-None-Match: *", 2}, // the block, and the path of the index, since a route keeps its files to itself
		{"GET /\nIf-Modified-Since: Sun, 22 Nov 2037 10:00:00 GMT", 2},
		{"GET /large.bin\nIf-Match: \"x\"", 3},        // the block, the page and its length
		{"GET /large.bin\nRange: bytes=10-99", 5},     // the block, the date, what is sent of what, the range and the piece
		{"GET /large.bin\nRange: bytes=90000000-", 5}, // the block, the page, its length and the file's
		{"GET /hello/you", 2},                         // the block and the body
		{"GET /old/a?b", 13},                          // besides, the URLs by which circles are found
		{"GET /client/index.html", 4},
		{"GET /secret/x", 4},
		{"POST /", 5},
		{"OPTIONS /", 3},
	} {
		w.ask(t, test.head)
		serve := hot(t, w, test.head)
		serve()
		if n := testing.AllocsPerRun(200, serve); n > test.most {
			t.Errorf("%s: %v allocations, and %v are enough", test.head, n, test.most)
		}
	}
}
