package site

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the transcripts anew: commit only what you understand")

// The transcript shows what the dry run tells of each decision, whole, so that a change of behaviour is read as a
// difference.
func TestEveryDecisionIsTold(t *testing.T) {
	source, err := os.ReadFile("testdata/explain.hcl")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, map[string]string{
		"index.html": "<h1>index</h1>", "docs/a.txt": "0123456789", "docs/404.html": "gone", "docs/empty/": "", "docs/list/b.md": "b",
		"noindex/x": "x", ".hidden": "hidden",
	}, string(source))
	w.tracer = true
	var got strings.Builder
	for _, request := range []string{
		"GET /",
		"GET /\nHost: www.example.org",
		"GET /\nHost: nobody.example",
		"GET / HTTP/1.0",
		"POST /api/x/y?z",
		"GET /api/x",
		"OPTIONS /api/x",
		"BREW /api/x",
		"GET /old/a.txt",
		"GET /docs",
		"GET /docs/a.txt\nRange: bytes=2-3",
		"GET /docs/a.txt\nRange: bytes=20-",
		"GET /docs/a.txt\nIf-Modified-Since: Fri, 02 Jan 2026 03:04:05 GMT",
		"GET /docs/a.txt\nIf-Unmodified-Since: Thu, 01 Jan 2026 00:00:00 GMT",
		"GET /static/a.txt",
		"GET /static/none",
		"GET /static/list/",
		"GET /broken/none",
		"GET /noindex/",
		"GET /.hidden",
		"GET /index.html/x",
		"POST /index.html",
		"TRACE /index.html",
		"OPTIONS *",
		"CONNECT example.org:443",
		"PUT /index.html\nExpect: tea",
	} {
		r := w.ask(t, request)
		fmt.Fprintf(&got, "> %s\n%s< %d, because of %s\n\n", strings.ReplaceAll(request, "\n", "\n> "), w.story(r.journey), r.status, r.reasons)
	}
	const file = "testdata/explain.txt"
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		for i, line := range strings.Split(got.String(), "\n") {
			if was := strings.Split(string(want), "\n"); i >= len(was) || was[i] != line {
				t.Fatalf("%s differs from line %d on:\n%s\n(write it anew with -update)", file, i+1, line)
			}
		}
		t.Fatalf("%s goes on after what is told now (write it anew with -update)", file)
	}
}
