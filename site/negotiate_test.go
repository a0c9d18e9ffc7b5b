package site

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const negotiateConfig = `
memory {
  fresh = "1h"
}
site "example.org" {
  root = "$ROOT"
  negotiate {
    variants      = true
    type_maps     = true
    languages     = ["en", "ko"]
    precompressed = ["br", "zstd", "gzip"]
  }
  route "/first/*" {
    negotiate {
      when_none = "first"
    }
  }
  route "/list/*" {
    negotiate {
      when_equal = "list"
    }
  }
  route "/few/*" {
    negotiate {
      candidates = 1
      map_bytes  = "1KiB"
    }
  }
  route "/**/secret.html.fr" {
    respond { status = 403 }
  }
}`

var negotiateFiles = map[string]string{
	"page.html.en": "english", "page.html.ko.euc-kr": "korean", "page.html.bak": "old", "page.html.en.gz": "gz english",
	"logo.avif": "avif...", "logo.webp": "webp.....", "logo.png": "png",
	"style.css": "plain", "style.css.br": "brotli", "style.css.gz": "gzip", "style.css.zst": "",
	"stale.css": "new", "stale.css.br": "old", "alone.css": "alone",
	"docs/index.html.en": "index en", "docs/index.html.de": "index de",
	"first/page.html.en": "english", "first/page.html.ko": "korean", "list/page.html.en": "english", "list/page.html.ko": "korean",
	"few/page.html.en": "english", "few/page.html.ko": "korean", "few/long.var": strings.Repeat("# long\n", 400),
	"secret.html.en": "public", "secret.html.fr": "not for you", ".hidden.html.en": "hidden", "exists": "itself", "exists.html": "another",
	"map.var":   "URI: map.en.html\nContent-type: text/html; qs=0.5\nContent-language: en\n\nURI: sub/map.txt\nContent-type: text/plain; charset=utf-8\n\nContent-type: text/x-inside\nContent-language: de\nBody:--\ninside\n--\n\nURI: gone.html\nContent-type: text/html\n\nURI: ../up\nContent-type: a/b\n",
	"other.var": "URI: map.en.html\nContent-type: text/html\n\nURI: sub/map.txt\nContent-type: text/plain\n", "map.en.html": "map en", "sub/map.txt": "map text", "empty.var": "URI: gone\nContent-type: a/b\n",
	"unknown": "%PDF-1.7 and so on",
}

func TestWhichFileAnswers(t *testing.T) {
	w := newWorld(t, negotiateFiles, negotiateConfig)
	for _, c := range []struct{ request, status, body, location, language, encoding, vary string }{
		{"GET /page", "200", "english", "page.html.en", "en", "", "Accept, Accept-Charset, Accept-Encoding, Accept-Language"},
		{"GET /page.html\nAccept-Language: ko", "200", "korean", "page.html.ko.euc-kr", "ko", "", "Accept, Accept-Charset, Accept-Language"},
		{"HEAD /page\nAccept-Language: ko-KR, en;q=0.1", "200", "", "page.html.ko.euc-kr", "ko", "", "Accept, Accept-Charset, Accept-Language"},
		{"GET /page\nAccept-Encoding: gzip", "200", "gz english", "page.html.en", "en", "gzip", "Accept, Accept-Charset, Accept-Encoding, Accept-Language"},
		{"GET /page\nAccept-Language: ja", "406", "*", "", "", "", "Accept, Accept-Charset, Accept-Language"},
		{"GET /page.html.en", "200", "english", "", "en", "", "Accept-Encoding"},
		{"GET /logo", "200", "png", "logo.png", "", "", "Accept"},
		{"GET /logo\nAccept: image/avif,image/webp,*/*;q=0.8", "200", "avif...", "logo.avif", "", "", "Accept"},
		{"GET /logo\nAccept: image/webp", "200", "webp.....", "logo.webp", "", "", "Accept"},
		{"GET /logo\nAccept: image/webp\nRange: bytes=0-3", "206", "webp", "logo.webp", "", "", "Accept"},
		{"GET /logo\nAccept: image/webp\nRange: bytes=99-", "416", "*", "", "", "", "Accept"},
		{"GET /logo\nAccept: image/webp\nIf-Modified-Since: Fri, 02 Jan 2026 03:04:05 GMT", "304", "", "logo.webp", "", "", "Accept"},
		{"GET /logo\nAccept: image/webp\nIf-Match: \"x\"", "412", "*", "", "", "", "Accept"},
		{"GET /style.css", "200", "plain", "", "", "", "Accept-Encoding"},
		{"GET /style.css\nAccept-Encoding: gzip, br", "200", "brotli", "", "", "br", "Accept-Encoding"},
		{"GET /style.css\nAccept-Encoding: gzip, br;q=0.9", "200", "gzip", "", "", "gzip", "Accept-Encoding"},
		{"GET /style.css\nAccept-Encoding: gzip;q=0.5, identity;q=0.6", "200", "plain", "", "", "", "Accept-Encoding"},
		{"GET /style.css\nAccept-Encoding: br\nRange: bytes=1-2", "206", "ro", "", "", "br", "Accept-Encoding"},
		{"GET /style.css\nAccept-Encoding: identity;q=0, deflate", "406", "*", "", "", "", "Accept, Accept-Encoding"},
		{"GET /stale.css\nAccept-Encoding: br", "200", "new", "", "", "", ""},
		{"GET /alone.css\nAccept-Encoding: br", "200", "alone", "", "", "", ""},
		{"GET /docs/", "200", "index en", "index.html.en", "en", "", "Accept, Accept-Language"},
		{"GET /docs/\nAccept-Language: de", "200", "index de", "index.html.de", "de", "", "Accept, Accept-Language"},
		{"GET /first/page\nAccept-Language: ja", "200", "english", "page.html.en", "en", "", "Accept-Language"},
		{"GET /list/page\nAccept-Language: en, ko", "300", "*", "", "", "", "Accept, Accept-Language"},
		{"GET /list/page\nAccept-Language: ko", "200", "korean", "page.html.ko", "ko", "", "Accept, Accept-Language"},
		{"GET /few/page\nAccept-Language: ko, en;q=0.1", "200", "english", "page.html.en", "en", "", "Accept, Accept-Language"},
		{"GET /few/long.var", "500", "*", "", "", "", "Accept"},
		{"GET /secret\nAccept-Language: fr, en;q=0.1", "200", "public", "secret.html.en", "en", "", "Accept, Accept-Language"},
		{"GET /.hidden", "404", "*", "", "", "", "Accept"},
		{"GET /exists", "200", "itself", "", "", "", ""},
		{"GET /nothing", "404", "*", "", "", "", "Accept"},
		{"GET /page/", "404", "*", "", "", "", "Accept"},
		{"GET /map", "200", "inside\n", "", "de", "", "Accept, Accept-Language"},
		{"GET /map.var\nAccept: text/html", "200", "map en", "map.en.html", "en", "", "Accept, Accept-Language"},
		{"GET /map\nAccept: text/x-inside", "200", "inside\n", "", "de", "", "Accept, Accept-Language"},
		{"GET /empty", "404", "*", "", "", "", "Accept"},
	} {
		if strings.HasPrefix(c.request, "GET /stale") {
			old := modified.Add(-time.Hour)
			os.Chtimes(filepath.Join(w.dir, "stale.css.br"), old, old)
		}
		for round := range 3 { // from the disk, on the loop, from memory
			r := w.ask(t, c.request)
			got := fmt.Sprintf("%d %q %s %s %s %s", r.status, r.body, r.get("Content-Location"), r.get("Content-Language"), r.get("Content-Encoding"), sorted(r.get("Vary")))
			body := c.body
			if body == "*" {
				body = r.body
			}
			want := fmt.Sprintf("%s %q %s %s %s %s", c.status, body, c.location, c.language, c.encoding, c.vary)
			if got != want {
				t.Errorf("%s, round %d:\n got %s\nwant %s (%s)", c.request, round, got, want, r.reasons)
			}
		}
	}
}

// sorted is a list with its members in order.
func sorted(list string) string {
	members := strings.Split(list, ", ")
	for i := range members {
		for j := range i {
			if members[i] < members[j] {
				members[i], members[j] = members[j], members[i]
			}
		}
	}
	return strings.Join(members, ", ")
}

func TestEachVariantHasATagOfItsOwn(t *testing.T) {
	w := newWorld(t, negotiateFiles, negotiateConfig)
	tags := make(map[string]string)
	for _, request := range []string{
		"GET /page\nAccept-Language: en", "GET /page\nAccept-Language: ko", "GET /page\nAccept-Language: en\nAccept-Encoding: gzip",
		"GET /map\nAccept: text/html", "GET /map\nAccept: text/plain", "GET /map\nAccept: text/x-inside",
		"GET /style.css", "GET /style.css\nAccept-Encoding: br", "GET /style.css\nAccept-Encoding: gzip",
	} {
		r := w.ask(t, request)
		tag := r.get("ETag")
		if other := tags[tag]; tag == "" || other != "" {
			t.Errorf("%q has the tag %s of %q", request, tag, other)
		}
		tags[tag] = request
		if again := w.ask(t, request+"\nIf-None-Match: "+tag); again.status != 304 || sorted(again.get("Vary")) != sorted(r.get("Vary")) || again.get("ETag") != tag ||
			again.get("Content-Location") != r.get("Content-Location") {
			t.Errorf("%q: %d %v", request, again.status, again.fields)
		}
		if other := w.ask(t, request+"\nIf-None-Match: \"other\""); other.status != 200 {
			t.Errorf("%q: %d", request, other.status)
		}
	}
}

func TestNegotiatedAnswersComeFromMemory(t *testing.T) {
	w := newWorld(t, negotiateFiles, negotiateConfig)
	w.h.Close()
	w.h, _ = New(w.conf, Options{Store: w.store}) // the test's log allocates
	requests := []string{
		"GET /page\nAccept-Language: en", "GET /page\nAccept-Language: ko", "HEAD /logo\nAccept: image/webp", "GET /style.css\nAccept-Encoding: gzip, br",
		"GET /style.css", "GET /docs/", "GET /other\nAccept: text/html", "GET /alone.css", "GET /page.html.en\nAccept-Encoding: gzip",
	}
	first := make([]*reply, len(requests))
	for i, request := range requests {
		first[i] = w.ask(t, request)
		w.ask(t, request)
	}
	w.off = 0
	for i, request := range requests {
		r := w.ask(t, request)
		if !strings.Contains(r.reasons, "site.remembered") || r.body != first[i].body || fmt.Sprint(r.fields) != fmt.Sprint(first[i].fields) {
			t.Errorf("%q: %q %v\nfirst %q %v (%s)", request, r.body, r.fields, first[i].body, first[i].fields, r.reasons)
		}
		serve := hot(t, w, request)
		if n := testing.AllocsPerRun(100, serve); n != 0 {
			t.Errorf("%q: %v allocations", request, n)
		}
	}
	// A new wish is decided on the loop, too: everything that is looked at is in memory.
	if r := w.ask(t, "GET /page\nAccept-Language: en;q=0.3, ko;q=0.2"); w.off != 0 || r.body != "english" || strings.Contains(r.reasons, "remembered") {
		t.Errorf("%d left the loop, %q by %s", w.off, r.body, r.reasons)
	}
}

func TestWhatIsRememberedEndsWithWhatItWasDecidedBy(t *testing.T) {
	w := newWorld(t, negotiateFiles, strings.Replace(negotiateConfig, `"1h"`, `"1ms"`, 1))
	eventually := func(request, body string) {
		t.Helper()
		for end := time.Now().Add(time.Minute); ; {
			r := w.ask(t, request)
			if r.body == body {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("%s: %d %q by %s", request, r.status, r.body, r.reasons)
			}
		}
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	eventually("GET /page\nAccept-Language: fr, en;q=0.5", "english")
	write("page.html.fr", "french")
	eventually("GET /page\nAccept-Language: fr, en;q=0.5", "french")
	os.Remove(filepath.Join(w.dir, "page.html.fr"))
	eventually("GET /page\nAccept-Language: fr, en;q=0.5", "english")
	eventually("GET /logo", "png")
	write("logo.avif", "a") // now the smallest
	eventually("GET /logo", "a")
	eventually("GET /style.css\nAccept-Encoding: br", "brotli")
	write("style.css", "newer") // the siblings are stale now
	eventually("GET /style.css\nAccept-Encoding: br", "newer")
	eventually("GET /map\nAccept: text/html", "map en")
	write("map.var", "URI: sub/map.txt\nContent-type: text/html\n")
	eventually("GET /map\nAccept: text/html", "map text")
	write("page", "itself")
	eventually("GET /page\nAccept-Language: ko", "itself")
}

func TestNegotiationIsToldToWhoLooks(t *testing.T) {
	w := newWorld(t, negotiateFiles, negotiateConfig)
	w.tracer = true
	for request, want := range map[string][]string{
		"GET /page\nAccept-Language: ko;q=0.5, en\nAccept-Encoding: gzip": {
			"* negotiate content.variant page.html.en (vitrine.hcl:8:21)", "language: en, wanted 1\n", "· negotiate content.variant-lost page.html.ko.euc-kr",
			"lost: another's language is wanted more", "* negotiate site.precompressed /page.html.en.gz (vitrine.hcl:11:36)", "· negotiate site.precompressed-unwanted /page.html.en ",
			"encoding: gzip"},
		"GET /stale.css\nAccept-Encoding: br": {"site.precompressed /stale.css.br"},
		"GET /style.css\nAccept-Encoding: x":  {"* negotiate site.precompressed-plain /style.css ", "wanted: 1/1000"},
		"GET /secret":                         {"· negotiate site.variant-elsewhere /secret.html.fr"},
		"GET /map":                            {"· negotiate site.type-map-fault /map.var:17", "fault: the URI \"../up\" leads away", "· negotiate site.variant-unusable /gone.html"},
		"GET /few/page":                       {"· negotiate site.variants-too-many page.html.ko"},
		"GET /page\nAccept-Language: ja":      {"* negotiate site.not-acceptable /page", "lost: the client does not accept its language"},
	} {
		r := w.ask(t, request)
		story := w.story(r.journey)
		for _, part := range want {
			if !strings.Contains(story, part) {
				t.Errorf("%s: there is no %q in\n%s", request, part, story)
			}
		}
	}
}

func TestTheFirstBytesTellTheTypeAndAreReadOnce(t *testing.T) {
	w := newWorld(t, map[string]string{"unknown": "%PDF-1.7 and so on", "large": "%PDF-1.7 " + strings.Repeat("x", 3000), "page": "<html><script>"}, `
memory {
  file_bytes = "1KiB"
  fresh      = "1h"
}
site "example.org" {
  root = "$ROOT"
  types {
    magic   = true
    nosniff = true
  }
}`)
	for path, want := range map[string]string{"/unknown": "application/pdf", "/large": "application/pdf", "/page": "application/octet-stream"} {
		for range 3 {
			w.off = 0
			r := w.ask(t, "GET "+path)
			if r.get("Content-Type") != want || r.get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s: %v", path, r.fields)
			}
		}
		if w.off != 0 {
			t.Errorf("%s leaves the loop again", path)
		}
		w.off = 0
		if r := w.ask(t, "GET "+path+"\nRange: bytes=0-1"); r.get("Content-Type") != want || w.off != 0 {
			t.Errorf("%s: %v, %d left the loop", path, r.fields, w.off)
		}
	}
}

func TestAFileOfTypesThatIsWrongIsSaid(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "mime.types"), []byte("text/x-ok ok\nnonsense x\n"), 0o644)
	conf := parse(t, strings.ReplaceAll(`
types {
  file = "$ROOT/mime.types"
}
site "example.org" {
  route "/" {
    respond { body = "x" }
  }
}`, "$ROOT", dir))
	_, err := New(conf, Options{})
	if err == nil || !strings.Contains(err.Error(), "nonsense") || !strings.Contains(err.Error(), "mime.types:2") {
		t.Error(err)
	}
}

func BenchmarkNegotiated(b *testing.B) {
	w := newWorld(b, negotiateFiles, negotiateConfig)
	w.h.Close()
	w.h, _ = New(w.conf, Options{Store: w.store})
	const browser = "\nAccept: image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8\nAccept-Language: en-GB,en;q=0.9,ko;q=0.8\nAccept-Encoding: gzip, deflate, br, zstd"
	for _, path := range []string{"/exists", "/style.css", "/logo", "/page"} {
		b.Run(path[1:], func(b *testing.B) {
			for range 3 {
				w.ask(b, "GET "+path+browser)
			}
			serve := hot(b, w, "GET "+path+browser)
			b.ReportAllocs()
			for b.Loop() {
				serve()
			}
		})
	}
}
