package site

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"vitrine/trace"
)

// long is a text that is worth encoding, of some thousand bytes.
var long = "<!DOCTYPE html>\n" + strings.Repeat("<p>What is written here is written here again.</p>\n", 200)

// decoded is a body without its coding.
func decoded(t *testing.T, coding, body string) string {
	t.Helper()
	b, err := decode(coding, strings.NewReader(body))
	if err != nil {
		t.Errorf("%s: %v", coding, err)
	}
	return b
}

// decode takes the coding away, as far as there is something to decode.
func decode(coding string, r io.Reader) (string, error) {
	switch coding {
	case "gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			return "", err
		}
		r = z
	case "br":
		r = brotli.NewReader(r)
	case "zstd":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1)) // so that it reads no further than it has to
		if err != nil {
			return "", err
		}
		defer z.Close()
		r = z
	}
	b, err := io.ReadAll(r)
	return string(b), err
}

const compressed = `
site "example.org" {
  root = "$ROOT"
  compress {
  }
}
`

func TestTheClientChoosesTheCodingByItsWeights(t *testing.T) {
	w := newWorld(t, map[string]string{"page.html": long}, compressed)
	for accept, want := range map[string]string{
		"":                                   "", // no field at all
		"gzip":                               "gzip",
		"GZIP":                               "gzip",
		"x-gzip":                             "gzip",
		"br":                                 "br",
		"zstd":                               "zstd",
		"gzip, deflate, br, zstd":            "zstd", // the server's preference
		"gzip, br":                           "br",
		"gzip;q=1.0, br;q=0.9, zstd;q=0.8":   "gzip",
		"gzip;q=0.001":                       "gzip",
		"gzip;q=0":                           "",
		"gzip;q=0, br":                       "br",
		"identity, gzip;q=0.5":               "",
		"identity;q=0.5, gzip;q=0.5":         "gzip",
		"identity;q=0, gzip;q=0.1":           "gzip",
		"*":                                  "zstd",
		"*;q=0.5, zstd;q=0":                  "br",
		"*;q=0":                              "", // nothing is acceptable: it is sent all the same
		"identity;q=0":                       "",
		"identity;q=0, *;q=0":                "",
		"deflate":                            "",
		"compress, snappy":                   "",
		"gzip;q=2":                           "", // malformed
		"gzip;level=9":                       "gzip",
		"gzip;q=0.5;q=0":                     "gzip",
		"br;q=0.5, gzip;q=0.50, identity":    "",
		strings.Repeat("x, ", 300) + "gzip":  "gzip",
		"deflate, gzip;q=0.3, *;q=0":         "gzip",
		"zstd;q=0.1, identity;q=0.1, gzip;q": "zstd",
	} {
		for range 3 { // the second is from memory, where it can be
			head := "GET /page.html"
			if accept != "" {
				head += "\nAccept-Encoding: " + accept
			}
			r := w.ask(t, head)
			if got := r.get("Content-Encoding"); got != want {
				t.Errorf("%.60q: %q, want %q", accept, got, want)
				break
			}
			if decoded(t, want, r.body) != long || r.status != 200 {
				t.Errorf("%q: %d, another body", accept, r.status)
			}
			if r.get("Vary") != "Accept-Encoding" {
				t.Errorf("%q: Vary is %q", accept, r.get("Vary"))
			}
			if tag := r.get("ETag"); strings.HasPrefix(tag, "W/") != (want != "") || r.fields.Has("Accept-Ranges") != (want == "") {
				t.Errorf("%q: ETag %s, Accept-Ranges %s", accept, tag, r.get("Accept-Ranges"))
			}
		}
	}
}

func TestWhatIsNotToBeEncodedGoesAsItIs(t *testing.T) {
	files := map[string]string{
		"a.html": long, "a.png": long, "small.html": "<p>short</p>", "a.json": long, "empty.html": "", "a.svg": long,
		"noise.txt": func() string {
			b := make([]byte, 3000)
			f, _ := os.Open("/dev/urandom")
			io.ReadFull(f, b)
			f.Close()
			return string(b)
		}(),
	}
	w := newWorld(t, files, `
site "example.org" {
  root = "$ROOT"
  compress {
    types = ["text/*", "image/*"]
  }
  route "/forbidden/*" {
    root         = "$ROOT"
    strip_prefix = "/forbidden"
    header {
      set = { Cache-Control = "public, no-transform" }
    }
  }
  route "/coded/*" {
    root         = "$ROOT"
    strip_prefix = "/coded"
    header {
      set = { Content-Encoding = "aes128gcm" }
    }
  }
  route "/digested/*" {
    root         = "$ROOT"
    strip_prefix = "/digested"
    header {
      set = { Content-Digest = "sha-256=:AAAA:" }
    }
  }
  route "/off/*" {
    root         = "$ROOT"
    strip_prefix = "/off"
    compress {
      off = true
    }
  }
}
`)
	w.tracer = true
	for _, c := range []struct{ head, coding, why, vary string }{
		{"GET /a.html", "gzip", "encode.coded", "Accept-Encoding"},
		{"GET /a.svg", "gzip", "encode.coded", "Accept-Encoding"},
		{"GET /a.png", "", "encode.type", ""}, // compressed in itself, whatever the configuration says
		{"GET /a.json", "", "encode.type", ""},
		{"GET /small.html", "", "encode.small", ""},
		{"GET /empty.html", "", "", ""},
		{"GET /noise.txt", "", "encode.longer", "Accept-Encoding"},
		{"GET /forbidden/a.html", "", "encode.no-transform", "Accept-Encoding"},
		{"GET /coded/a.html", "aes128gcm", "encode.coded-already", "Accept-Encoding"},
		{"GET /digested/a.html", "", "encode.digested", "Accept-Encoding"},
		{"GET /off/a.html", "", "", ""},
		{"GET /a.html\nRange: bytes=0-9", "", "encode.part", "Accept-Encoding"},
		{"GET /a.html\nRange: bytes=0-9,20-29", "", "encode.part", "Accept-Encoding"},
		{"GET /a.html\nRange: bytes=99999-", "", "", ""},
		{"GET /a.html\nIf-Match: *", "", "encode.strong", "Accept-Encoding"},
	} {
		r := w.ask(t, c.head+"\nAccept-Encoding: gzip")
		if got := r.get("Content-Encoding"); got != c.coding {
			t.Errorf("%q: %q, want %q", c.head, got, c.coding)
		}
		if r.status < 400 && r.get("Vary") != c.vary {
			t.Errorf("%q: Vary is %q, want %q", c.head, r.get("Vary"), c.vary)
		}
		if why := encodeReason(r.journey); why != c.why && r.status < 400 {
			t.Errorf("%q: %q, want %q", c.head, why, c.why)
		}
	}
	for accept, want := range map[string]string{"identity;q=0": "encode.identity-refused", "deflate": "encode.not-accepted"} {
		if why := encodeReason(w.ask(t, "GET /a.html\nAccept-Encoding: "+accept).journey); why != want {
			t.Errorf("%s: %s, want %s", accept, why, want)
		}
	}
}

// encodeReason is what the journey says about the coding.
func encodeReason(tr *trace.Journey) string {
	for _, e := range tr.Events {
		if e.Step == "encode" {
			return e.Reason.ID
		}
	}
	return ""
}

func TestPreconditionsHoldForTheCodedForm(t *testing.T) {
	w := newWorld(t, map[string]string{"page.html": long}, compressed)
	ask := func(fields ...string) *reply {
		return w.ask(t, "GET /page.html\n"+strings.Join(fields, "\n"))
	}
	gz := "Accept-Encoding: gzip"
	weak, strong := ask(gz).get("ETag"), ask("Accept: */*").get("ETag")
	if weak != "W/"+strong {
		t.Fatalf("%s and %s", weak, strong)
	}
	date := modified.Format("Mon, 02 Jan 2006 15:04:05 GMT")
	for _, c := range []struct {
		name   string
		fields []string
		status int
		coding string
		tag    string
	}{
		{"the coded form is still the same", []string{gz, "If-None-Match: " + weak}, 304, "", weak},
		{"so it is for who has the file as it is", []string{gz, "If-None-Match: " + strong}, 304, "", weak},
		{"and for who wants it as it is", []string{"If-None-Match: " + weak}, 304, "", strong},
		{"by date", []string{gz, "If-Modified-Since: " + date}, 304, "", weak},
		{"it has changed", []string{gz, `If-None-Match: "other"`}, 200, "gzip", weak},
		{"a part of the file", []string{gz, "Range: bytes=0-4"}, 206, "", strong},
		{"a part of the same file", []string{gz, "Range: bytes=0-4", "If-Range: " + strong}, 206, "", strong},
		{"a part of what has no parts", []string{gz, "Range: bytes=0-4", "If-Range: " + weak}, 200, "gzip", weak},
		{"a date that both forms have", []string{gz, "Range: bytes=0-4", "If-Range: " + date}, 200, "gzip", weak},
		{"a date of the only form", []string{"Range: bytes=0-4", "If-Range: " + date}, 206, "", strong},
		{"a part, but not as it is", []string{"Accept-Encoding: gzip, identity;q=0", "Range: bytes=0-4"}, 200, "gzip", weak},
		{"this version", []string{gz, "If-Match: " + strong}, 200, "", strong},
		{"a weak tag is no version", []string{gz, "If-Match: " + weak}, 412, "", ""},
	} {
		r := ask(c.fields...)
		if r.status != c.status || r.get("Content-Encoding") != c.coding || r.get("ETag") != c.tag {
			t.Errorf("%s: %d %q %s, want %d %q %s", c.name, r.status, r.get("Content-Encoding"), r.get("ETag"), c.status, c.coding, c.tag)
		}
		if c.status < 400 && r.get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: Vary is %q", c.name, r.get("Vary"))
		}
		switch c.status {
		case 200:
			if decoded(t, c.coding, r.body) != long {
				t.Errorf("%s: another body", c.name)
			}
		case 206:
			if r.body != long[:5] {
				t.Errorf("%s: %q", c.name, r.body)
			}
		}
	}
}

func TestHeadHasTheFieldsOfGet(t *testing.T) {
	w := newWorld(t, map[string]string{"page.html": long, "large.html": strings.Repeat(long, 5)}, `
memory {
  file_bytes = "20KiB"
}
`+compressed)
	for _, path := range []string{"/page.html", "/large.html"} {
		for range 3 {
			get, head := w.ask(t, "GET "+path+"\nAccept-Encoding: gzip"), w.ask(t, "HEAD "+path+"\nAccept-Encoding: gzip")
			if head.body != "" {
				t.Errorf("%s: HEAD has a body", path)
			}
			for name, value := range get.fields.Each() {
				if head.get(name) != value {
					t.Errorf("%s: HEAD has %s: %q, GET %q", path, name, head.get(name), value)
				}
			}
			if head.fields.Len() != get.fields.Len() {
				t.Errorf("%s: HEAD has %d fields, GET %d", path, head.fields.Len(), get.fields.Len())
			}
		}
	}
}

func TestFixedAnswersListingsAndErrorPagesAreEncoded(t *testing.T) {
	files := map[string]string{"d/": ""}
	for i := range 40 {
		files[fmt.Sprintf("d/file-%d.txt", i)] = "x"
	}
	w := newWorld(t, files, `
site "example.org" {
  root = "$ROOT"
  files {
    listing = true
  }
  compress {
    min_size = 100
  }
  route "/fixed/*" {
    respond {
      type = "application/json"
      body = "[`+strings.Repeat("1, ", 100)+`1]"
    }
  }
  route "/large/*" {
    respond {
      body = "`+strings.Repeat("again ", 3000)+`"
    }
  }
  route "/filled/*" {
    respond {
      body = "`+strings.Repeat("{path} ", 100)+`"
    }
  }
}
`)
	for _, path := range []string{"/fixed/a", "/fixed/b", "/large/a", "/filled/a", "/d/", "/missing"} {
		plain := w.ask(t, "GET "+path+"\nAccept: text/html")
		for _, coding := range []string{"gzip", "br", "gzip", "zstd"} {
			head := path + "\nAccept: text/html\nAccept-Encoding: " + coding
			r := w.ask(t, "GET "+head)
			if r.get("Content-Encoding") != coding || !strings.Contains(r.get("Vary"), "Accept-Encoding") || r.status != plain.status {
				t.Errorf("%s: %d %q, Vary %q", path, r.status, r.get("Content-Encoding"), r.get("Vary"))
			} else if got := decoded(t, coding, r.body); got != plain.body && path != "/missing" { // that names the journey
				t.Errorf("%s: another body\n%s\n%s", path, got, plain.body)
			}
			if h := w.ask(t, "HEAD "+head); h.get("Content-Length") != "" && h.get("Content-Length") != r.get("Content-Length") && path != "/missing" || h.get("Content-Encoding") != coding {
				t.Errorf("HEAD %s: %q, length %s", path, h.get("Content-Encoding"), h.get("Content-Length"))
			}
		}
	}
}

func TestDynamicHeaderRulesDoNotUndoTheCoding(t *testing.T) {
	w := newWorld(t, map[string]string{"page.html": long}, `
site "example.org" {
  root = "$ROOT"
  header {
    set = { X-Path = "{path}", Vary = "Cookie" }
    add = { Vary = "Origin" }
  }
  compress {
  }
}
`)
	for range 3 {
		r := w.ask(t, "GET /page.html\nAccept-Encoding: br")
		if decoded(t, "br", r.body) != long || r.get("X-Path") != "/page.html" {
			t.Errorf("%v", r.fields)
		}
		var vary []string
		for name, value := range r.fields.Each() {
			if name == "Vary" {
				vary = append(vary, value)
			}
		}
		if got := strings.Join(vary, " | "); got != "Cookie | Origin | Accept-Encoding" {
			t.Errorf("Vary is %s", got)
		}
	}
}
