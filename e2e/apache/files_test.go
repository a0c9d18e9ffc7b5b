package apache

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// folder is a site: names and what is in them; a name that ends in a slash is a folder. All were modified at one time.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for at := root; at != "/" && at != os.TempDir(); at = filepath.Dir(at) { // Apache's children are somebody else
		os.Chmod(at, 0o755)
	}
	modified := time.Date(2024, 2, 29, 12, 30, 0, 0, time.UTC)
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			os.MkdirAll(path, 0o755)
			continue
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, modified, modified); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// Files, folders, conditions and ranges.
func TestFiles(t *testing.T) {
	digits := strings.Repeat("0123456789", 100)
	root := folder(t, map[string]string{
		"index.html": "<title>front</title>", "style.css": "p{}", "data.json": "{}", "digits.txt": digits, "picture.png": "\x89PNG\r\n\x1a\n",
		"picture.svg": "<svg/>", "sub/index.html": "sub", "empty/": "", "a b.txt": "space", "ü.txt": "umlaut", ".secret": "s", "sub/x.txt": "x",
		"archive.tar.gz": "gz", "none": "none", "UPPER.TXT": "upper", "zero.txt": "",
	})
	theirs := startApache(t, root, nil, "FileETag MTime Size\n<Files \".*\">\nRequire all denied\n</Files>\n")
	ours := startVitrine(t, root, "")
	const (
		modified = "If-Modified-Since: Thu, 29 Feb 2024 12:30:00 GMT"
		before   = "If-Modified-Since: Thu, 29 Feb 2024 12:29:59 GMT"
	)
	// What differs everywhere alike.
	charset := differs{"Content-Type", "AddDefaultCharset names a charset for text/plain and text/html only; here every text type has one"}
	relative := differs{"Location", "a relative reference holds whatever a proxy in front has taken from the path, or calls the host"}
	unmodified := []differs{
		{"Last-Modified", "a 304 with an entity tag needs no date: RFC 9110 §15.4.5 would have it left out"},
		{"Accept-Ranges", "it says nothing that a client who keeps the response needs again"},
	}
	failed := []differs{
		{"Last-Modified", "it would be that of the page about the error"},
		{"Etag", "likewise"}, {"Accept-Ranges", "likewise"},
	}
	broken := differs{"status", "the target itself is malformed: 400, before anything is looked for"}
	methods := differs{"Allow", "files are read here, and neither POST nor TRACE is answered"}
	compare(t, theirs, ours, []question{
		{"GET /", nil},
		{"GET /index.html", nil},
		{"HEAD /index.html", nil},
		{"GET /style.css", []differs{charset}},
		{"GET /data.json", nil},
		{"GET /digits.txt", nil},
		{"GET /picture.png", nil},
		{"GET /picture.svg", nil},
		{"GET /sub/", nil},
		{"GET /sub", []differs{relative}},
		{"GET /sub?a=b", []differs{relative}},
		{"GET /empty/", nil},
		{"GET /a%20b.txt", nil},
		{"GET /%C3%BC.txt", nil},
		{"GET /.secret", []differs{{status, "403 would say that it is there"}}},
		{"GET /nothing", nil},
		{"GET /archive.tar.gz", nil},
		{"GET /none", []differs{
			{"Content-Type", "without a type browsers guess, and guesses can be attacked; types.default says another, or none"}}},
		{"GET /UPPER.TXT", nil},
		{"GET /zero.txt", nil},
		{"GET /index.html/", nil}, {"GET /index.html/more", nil}, {"GET /sub//x.txt", nil}, {"GET /sub/../sub/x.txt", nil},
		{"GET /sub/%2e%2e/digits.txt", nil},
		{"GET /..%2fetc/passwd", []differs{{status, "it climbs out of the root: 400, and no file is looked for"}}},
		{"GET /../etc/passwd", nil},
		{"GET /x%00.txt", []differs{broken}},
		{"GET /sub%2fx.txt", []differs{
			{status, "a path is decoded once, and matched, authorised and opened as the same: %2F is a slash here; AllowEncodedSlashes is Off there"},
			{body, "so it is there"},
			{"Content-Type", "likewise"},
			{"Content-Length", "likewise"},
			{"Etag", "likewise"},
			{"Last-Modified", "likewise"},
			{"Accept-Ranges", "likewise"}}},
		{"POST /digits.txt\nContent-Length: 0", []differs{
			{status, "nothing takes what is posted to a file: 405 says so, instead of an answer as if it had"},
			{"Allow", "405 names what is answered"},
			{body, "likewise"},
			{"Content-Type", "likewise"},
			{"Content-Length", "likewise"},
			{"Etag", "likewise"},
			{"Last-Modified", "likewise"},
			{"Accept-Ranges", "likewise"}}},
		{"DELETE /digits.txt", []differs{methods}},
		{"OPTIONS /digits.txt", []differs{methods, {status, "the answer has no content, and says so"}, {"Content-Type", "likewise"}}},
		{"BREW /digits.txt", []differs{{"Allow", "501 is about the server, not about the resource"}}},
		{"TRACE /", []differs{
			{status, "an echo shows scripts what is hidden from them; TraceEnable is On there"},
			{body, "likewise"},
			{"Content-Type", "likewise"},
			{"Allow", "405 names what is answered"}}},

		{"GET /digits.txt\n" + modified, unmodified},
		{"GET /digits.txt\n" + before, nil},
		{"HEAD /digits.txt\n" + modified, unmodified},
		{"GET /digits.txt\nIf-Modified-Since: yesterday", nil},
		{"GET /digits.txt\nIf-Modified-Since: Thursday, 29-Feb-24 12:30:00 GMT", unmodified},
		{"GET /digits.txt\nIf-None-Match: *", unmodified},
		{"GET /digits.txt\nIf-None-Match: \"x\"", nil},
		{"GET /digits.txt\nIf-None-Match: \"x\"\n" + modified, nil},
		{"GET /digits.txt\nIf-Match: \"x\"", failed}, {"GET /digits.txt\nIf-Match: *", nil},
		{"GET /digits.txt\nIf-Unmodified-Since: Thu, 29 Feb 2024 12:29:59 GMT", failed},
		{"GET /digits.txt\nIf-Unmodified-Since: Thu, 29 Feb 2024 12:30:00 GMT", nil},

		{"GET /digits.txt\nRange: bytes=0-9", nil},
		{"GET /digits.txt\nRange: bytes=990-", nil},
		{"GET /digits.txt\nRange: bytes=-5", nil},
		{"GET /digits.txt\nRange: bytes=995-2000", nil},
		{"GET /digits.txt\nRange: bytes=1000-", []differs{{"Content-Range", "RFC 9110 §15.5.17: 416 says how long the whole is"}}},
		{"GET /digits.txt\nRange: bytes=5-2", nil},
		{"GET /digits.txt\nRange: lines=1-2", nil}, {"GET /digits.txt\nRange: bytes=0-0,2-2", []differs{
			{body, "ranges that nearly touch are joined: the parts' heads would be longer than what lies between (RFC 9110 §15.3.7.2)"},
			{"Content-Type", "so it is one part"}, {"Content-Length", "likewise"}, {"Content-Range", "likewise"}}},
		{"HEAD /digits.txt\nRange: bytes=0-9", []differs{
			{status, "RFC 9110 §14.2 gives Range a meaning with GET only"},
			{"Content-Length", "so the whole is described"},
			{"Content-Range", "likewise"}}},
		{"GET /digits.txt\nRange: bytes=0-9\nIf-Range: Thu, 29 Feb 2024 12:30:00 GMT", nil},
		{"GET /digits.txt\nRange: bytes=0-9\nIf-Range: Thu, 29 Feb 2024 12:29:59 GMT", nil},
		{"GET /digits.txt\nRange: bytes=0-9\nIf-Range: \"x\"", nil},
		{"GET /zero.txt\nRange: bytes=0-", nil},
		{"GET /digits.txt\nRange: bytes=-0", []differs{
			{status, "RFC 9110 §14.1.2: a suffix of no bytes cannot be satisfied"}, {"Content-Range", "416 says how long the whole is"},
			{body, "so there is none"},
			{"Content-Type", "likewise"},
			{"Content-Length", "likewise"},
			{"Etag", "likewise"},
			{"Last-Modified", "likewise"},
			{"Accept-Ranges", "likewise"}}},
		{"GET /digits.txt\nRange: bytes=0-9\n" + modified, unmodified},
	})
}
