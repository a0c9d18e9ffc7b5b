package content

import (
	"regexp"
	"strings"
	"testing"

	"vitrine/config"
	"vitrine/trace"
)

func TestBuiltInTable(t *testing.T) {
	extension := regexp.MustCompile(`^[a-z0-9_+-]{1,31}$`)
	mediaType := regexp.MustCompile(`^(application|audio|chemical|font|image|message|model|multipart|text|video|x-conference)/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*$`)
	seen := make(map[string]string)
	for line := range strings.Lines(builtInText) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if !mediaType.MatchString(words[0]) || len(words) == 1 {
			t.Errorf("%q is no row", line)
		}
		for _, e := range words[1:] {
			if !extension.MatchString(e) {
				t.Errorf("%q is no extension in lower case", e)
			}
			if seen[e] != "" {
				t.Errorf("%s stands for %s and for %s", e, seen[e], words[0])
			}
			seen[e] = words[0]
		}
	}
	if len(seen) < 1200 || len(seen) != len(builtIn()) {
		t.Errorf("%d extensions in the text, %d in the table", len(seen), len(builtIn()))
	}
}

func TestTypesOfTheWeb(t *testing.T) {
	types := NewTypes(typesConfig())
	for name, want := range map[string]string{
		"/index.html": "text/html; charset=utf-8", "/style.css": "text/css; charset=utf-8",
		"/app.js": "text/javascript; charset=utf-8", "/app.mjs": "text/javascript; charset=utf-8",
		"/app.js.map": "application/json", "/data.json": "application/json", "/x.wasm": "application/wasm",
		"/site.webmanifest": "application/manifest+json", "/feed.rss": "application/rss+xml",
		"/feed.atom": "application/atom+xml", "/sitemap.xml": "application/xml", "/README.md": "text/markdown; charset=utf-8",
		"/robots.txt": "text/plain; charset=utf-8", "/a.csv": "text/csv; charset=utf-8", "/v.vtt": "text/vtt; charset=utf-8",
		"/favicon.ico": "image/vnd.microsoft.icon", "/a.svg": "image/svg+xml", "/a.png": "image/png", "/a.jpg": "image/jpeg",
		"/a.jpeg": "image/jpeg", "/a.gif": "image/gif", "/a.webp": "image/webp", "/a.avif": "image/avif", "/a.jxl": "image/jxl",
		"/a.heic": "image/heic", "/a.woff": "font/woff", "/a.woff2": "font/woff2", "/a.ttf": "font/ttf", "/a.otf": "font/otf",
		"/a.mp4": "video/mp4", "/a.webm": "video/webm", "/a.mov": "video/quicktime", "/a.ts": "video/mp2t",
		"/a.m3u8": "application/vnd.apple.mpegurl", "/a.mpd": "application/dash+xml", "/a.mp3": "audio/mpeg",
		"/a.m4a": "audio/mp4", "/a.ogg": "audio/ogg", "/a.opus": "audio/ogg", "/a.flac": "audio/flac", "/a.wav": "audio/wav",
		"/a.pdf": "application/pdf", "/a.zip": "application/zip", "/a.gz": "application/gzip", "/a.zst": "application/zstd",
		"/a.epub": "application/epub+zip", "/a.ics": "text/calendar; charset=utf-8", "/a.glb": "model/gltf-binary",
		"/a.docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		"/a.odt":  "application/vnd.oasis.opendocument.text", "/a.go": "text/x-go; charset=utf-8",
		"/a.yaml": "application/yaml", "/a.toml": "application/toml", "/a.xhtml": "application/xhtml+xml",

		// by the last extension, in any case
		"/a.tar.gz": "application/gzip", "/A.HTML": "text/html; charset=utf-8", "/a.PnG": "image/png",
		"name.css": "text/css; charset=utf-8",
		// none, or one that nobody knows
		"/README": "application/octet-stream", "/.html": "application/octet-stream", "/dir.html/file": "application/octet-stream",
		"/a.": "application/octet-stream", "/": "application/octet-stream", "": "application/octet-stream",
		".css": "application/octet-stream", "/a.unheardof": "application/octet-stream",
		"/a." + strings.Repeat("x", 100): "application/octet-stream", "/a.\xff": "application/octet-stream",
	} {
		if got := types.Lookup(name); got.Value != want {
			t.Errorf("%.40s: %s, want %s", name, got.Value, want)
		}
	}
}

func TestTypesSayWhere(t *testing.T) {
	c := typesConfig()
	line := func(n int) trace.Position { return trace.Position{File: "v.hcl", Line: n} }
	c.Extensions = map[string]config.Value[string]{
		"html":  {V: "application/x-own", Pos: line(1)},
		".page": {V: "text/html", Pos: line(2)},
		"DAT":   {V: "text/plain; charset=ISO-8859-1", Pos: line(3)},
		"text":  {V: "text/plain; Charset=us-ascii", Pos: line(4)},
	}
	c.Default.Pos = line(5)
	for _, c := range []struct {
		name, change string
		types        *Types
		want         string
		reason       *trace.Reason
		line         int
		row          string
	}{
		{"/a.css", "built-in", NewTypes(c), "text/css; charset=utf-8", reasonTypeBuiltIn, 0, " css"},
		{"/a.html", "extension", NewTypes(c), "application/x-own", reasonTypeConfigured, 1, "html"},
		{"/a.PAGE", "extension with dot", NewTypes(c), "text/html; charset=utf-8", reasonTypeConfigured, 2, "page"},
		{"/a.dat", "charset given", NewTypes(c), "text/plain; charset=ISO-8859-1", reasonTypeConfigured, 3, "dat"},
		{"/a.text", "charset given in capitals", NewTypes(c), "text/plain; Charset=us-ascii", reasonTypeConfigured, 4, "text"},
		{"/a", "default", NewTypes(c), "application/octet-stream", reasonTypeDefault, 5, ""},
		{"/a.html", "explicit", func() *Types {
			c := c
			c.Explicit = &config.Value[string]{V: "text/x-all", Pos: line(6)}
			return NewTypes(c)
		}(), "text/x-all; charset=utf-8", reasonTypeExplicit, 6, ""},
		{"/a", "no default", func() *Types {
			c := c
			c.Default.V = ""
			return NewTypes(c)
		}(), "", reasonTypeNone, 5, ""},
		{"/a.css", "no charset", func() *Types {
			c := c
			c.Charset.V = ""
			return NewTypes(c)
		}(), "text/css", reasonTypeBuiltIn, 0, " css"},
	} {
		before := c.reason.Reached()
		got := c.types.Lookup(c.name)
		if got.Value != c.want || got.Reason != c.reason || c.reason.Reached() != before+1 {
			t.Errorf("%s: %q by %s, want %q by %s", c.change, got.Value, got.Reason, c.want, c.reason)
		}
		if c.line == 0 && got.Position != nil || c.line != 0 && (got.Position == nil || got.Position.Line != c.line) {
			t.Errorf("%s: position is %v", c.change, got.Position)
		}
		if !strings.HasSuffix(got.Row(), c.row) || c.line == 0 && !strings.HasPrefix(got.Row(), "types.txt:") {
			t.Errorf("%s: row is %q", c.change, got.Row())
		}
	}
	if got := NewTypes(typesConfig()).Lookup("/a.html").Value; got != "text/html; charset=utf-8" {
		t.Errorf("one configuration's extensions show in another: %s", got)
	}
}

func TestLookupAllocatesNothing(t *testing.T) {
	types := NewTypes(typesConfig())
	for _, name := range []string{"/a/b/index.html", "/A.HTML", "/none", "/a.unknown"} {
		if n := testing.AllocsPerRun(100, func() { types.Lookup(name) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestANameWithOneExtensionIsReadAsAnyOther(t *testing.T) {
	types := NewTypes(config.Types{
		Languages:  map[string]config.Value[string]{"js": {V: "jv"}, "quux": {V: "qu"}},
		Encodings:  map[string]config.Value[string]{"gz": {V: "gzip"}},
		Extensions: map[string]config.Value[string]{"foo.": {V: "a/b"}, "vitrine": {V: "text/plain"}},
	})
	single := 0
	for extension := range types.byExtension {
		for _, name := range []string{"x." + extension, "/a.b/X." + strings.ToUpper(extension), "." + extension, "/." + extension,
			"/..a." + extension, "/a..", "/a." + extension + ".", "x.html." + extension, "x." + extension + ".html"} {
			e := types.extensions(name, len(name))
			want, got := types.compose(&e), types.Lookup(name)
			if types.only(name) != nil {
				single++
			}
			if got != want && (got.Value != want.Value || got.Language != want.Language || got.Encoding != want.Encoding || got.Row() != want.Row()) {
				t.Errorf("%s: %+v, want %+v", name, got, want)
			}
		}
	}
	if single < 1000 {
		t.Errorf("only %d names took the short way", single)
	}
}
