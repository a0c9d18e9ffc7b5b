package apache

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// scripts are the same for both servers.
var scripts = map[string]string{
	"hello":        "echo 'Content-Type: text/plain'; echo; echo hello",
	"status":       "echo 'Status: 404 Nowhere'; echo 'Content-Type: text/plain'; echo; echo nothing",
	"created":      "echo 'Status: 201'; echo 'Content-Type: text/plain'; echo 'Cache-Control: no-store'; echo; echo made",
	"remote":       "echo 'Location: http://elsewhere.example/x'; echo",
	"remotestatus": "echo 'Status: 307'; echo 'Location: http://elsewhere.example/x'; echo",
	"local":        "echo 'Location: /page.txt'; echo",
	"loop":         "echo 'Location: /cgi-bin/loop'; echo",
	"crlf":         "printf 'Content-Type: text/plain\\r\\nCache-Control: no-cache\\r\\n\\r\\nhello'",
	"length":       "printf 'Content-Type: text/plain\\nContent-Length: 5\\n\\nhello'",
	"notype":       "echo 'X-Field: 1'; echo; echo hello",
	"noheader":     "echo; echo hello",
	"text":         "echo hello world; echo; echo more",
	"malformed":    "echo 'Content-Type: text/plain'; echo 'no field'; echo; echo hello",
	"huge":         "echo 'Content-Type: text/plain'; printf 'X-Long: '; head -c 100000 /dev/zero | tr '\\0' x; echo; echo; echo hello",
	"silent":       "exit 0",
	"early":        "echo 'Content-Type: text/pl'; exit 0",
	"failed":       "echo 'Content-Type: text/plain'; echo; echo hello; exit 1",
	"onlyfailed":   "echo oh >&2; exit 1",
	"killed":       "kill -9 $$",
	"killedlater":  "echo 'Content-Type: text/plain'; echo; echo hello; kill -9 $$",
	"etag":         "echo 'Content-Type: text/plain'; echo 'ETag: \"1\"'; echo; echo hello",
	"modified":     "echo 'Content-Type: text/plain'; echo 'Last-Modified: Thu, 29 Feb 2024 12:30:00 GMT'; echo; echo hello",
	"body":         "echo 'Content-Type: text/plain'; echo; echo \"$REQUEST_METHOD $CONTENT_TYPE\"; cat",
	"ignores":      "echo 'Content-Type: text/plain'; echo; echo ignored",
	"args":         "echo 'Content-Type: text/plain'; echo; echo \"$#: $*\"",
	"nph-x":        "printf 'HTTP/1.1 202 Fine\\r\\nContent-Type: text/plain\\r\\nContent-Length: 3\\r\\n\\r\\nnph'",
	"env": `echo 'Content-Type: text/plain'; echo
for n in GATEWAY_INTERFACE SERVER_PROTOCOL REQUEST_METHOD SCRIPT_NAME PATH_INFO QUERY_STRING REQUEST_URI SERVER_NAME REMOTE_ADDR \
  REMOTE_USER AUTH_TYPE REMOTE_IDENT CONTENT_TYPE CONTENT_LENGTH HTTP_HOST HTTP_X_FIELD HTTP_ACCEPT HTTP_COOKIE HTTP_PROXY HTTP_AUTHORIZATION \
  HTTPS REQUEST_SCHEME; do eval "echo $n=\${$n-unset}"; done
echo "root ${DOCUMENT_ROOT##*/}, file ${SCRIPT_FILENAME##*/}, translated ${PATH_TRANSLATED##*/}, in ${PWD##*/}"`,
	"under": "echo 'Content-Type: text/plain'; echo; echo \"${HTTP_X_ONE-unset}\"",
}

// What Apache's mod_cgid answers for the same scripts. There, AddDefaultCharset would hold for them as well: here what a script
// says of its type is left as it is.
func TestScripts(t *testing.T) {
	files := map[string]string{"page.txt": "a page", "cgi-bin/folder/": ""}
	for name, text := range scripts {
		files["cgi-bin/"+name] = "#!/bin/sh\n" + text + "\n"
	}
	files["cgi-bin/notexecutable"], files["cgi-bin/nointerpreter"] = "#!/bin/sh\necho\n", "#!/no/such/interpreter\n"
	root := folder(t, files)
	for name := range files {
		if name != "page.txt" && name != "cgi-bin/notexecutable" {
			os.Chmod(filepath.Join(root, name), 0o755)
		}
	}
	if gcc, err := exec.LookPath("gcc"); err == nil { // a program in the machine's own format
		source := filepath.Join(t.TempDir(), "own.c")
		os.WriteFile(source, []byte("#include <stdio.h>\n#include <stdlib.h>\nint main(void) {\n"+
			"  printf(\"Content-Type: text/plain\\n\\nown %s\\n\", getenv(\"QUERY_STRING\"));\n  return 0;\n}\n"), 0o644)
		if out, err := exec.Command(gcc, "-o", filepath.Join(root, "cgi-bin/own"), source).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	theirs := startApache(t, root, []string{"alias", "cgid"}, fmt.Sprintf("ScriptAlias /cgi-bin/ %s/cgi-bin/\nScriptSock %s/sock\nCGIDScriptTimeout 10\n"+
		"<Location /cgi-bin>\nAddDefaultCharset Off\n</Location>\n", root, t.TempDir()))
	ours := startVitrine(t, root, fmt.Sprintf("  route \"/cgi-bin/*\" {\n    root = %q\n    strip_prefix = \"/cgi-bin\"\n    cgi {\n    }\n  }\n", root+"/cgi-bin"))
	broken := []differs{{status, "the script's answer is what is wrong, and 502 says so, as with FastCGI; 500 is for what could not be run"}}
	arguments := []differs{{body, "a query becomes arguments with arguments = true only: programs take options from there that nobody meant to give them"}}
	for _, q := range []question{
		{"GET /cgi-bin/hello", nil},
		{"HEAD /cgi-bin/hello", nil},
		{"HEAD /cgi-bin/length", nil},
		{"GET /cgi-bin/own?q", nil},
		{"GET /cgi-bin/hello/path/info", nil},
		{"GET /cgi-bin/../cgi-bin/hello", nil},
		{"GET /cgi-bin/status", nil},
		{"GET /cgi-bin/created", nil},
		{"GET /cgi-bin/remote", nil},
		{"GET /cgi-bin/remotestatus", nil},
		{"GET /cgi-bin/local", nil},
		{"GET /cgi-bin/loop", nil},
		{"GET /cgi-bin/crlf", nil},
		{"GET /cgi-bin/length", nil},
		{"GET /cgi-bin/length\nRange: bytes=1-2", nil},
		{"GET /cgi-bin/notype", nil},
		{"GET /cgi-bin/noheader", nil},
		{"GET /cgi-bin/failed", nil},
		{"GET /cgi-bin/killedlater", nil},
		{"GET /cgi-bin/text", broken},
		{"GET /cgi-bin/malformed", broken},
		{"GET /cgi-bin/huge", broken},
		{"GET /cgi-bin/silent", broken},
		{"GET /cgi-bin/early", broken},
		{"GET /cgi-bin/onlyfailed", broken},
		{"GET /cgi-bin/killed", broken},
		{"GET /cgi-bin/nointerpreter", nil},
		{"GET /cgi-bin/notexecutable", []differs{{status, "nobody may run it, which is no error but a refusal; the error log has its mode"}}},
		{"GET /cgi-bin/none", nil},
		{"GET /cgi-bin/", nil},
		{"GET /cgi-bin/folder", []differs{
			{status, "a folder of scripts is not listed, with a slash or without"},
			{"Location", "so there is nowhere to go"}}},
		{"GET /cgi-bin/folder/", nil},
		{"GET /cgi-bin/hello%2fx", []differs{
			{status, "a path is decoded once: %2F is a slash here; AllowEncodedSlashes is Off there"},
			{body, "so x is the path info"},
			{"Content-Type", "likewise"}}},
		{"GET /cgi-bin/etag", nil},
		{"GET /cgi-bin/etag\nIf-None-Match: \"1\"", nil},
		{"GET /cgi-bin/etag\nIf-None-Match: \"2\"", nil},
		{"GET /cgi-bin/etag\nIf-Match: \"2\"", nil},
		{"GET /cgi-bin/modified\nIf-Modified-Since: Thu, 29 Feb 2024 12:30:00 GMT", nil},
		{"GET /cgi-bin/modified\nIf-Modified-Since: Thu, 29 Feb 2024 12:29:59 GMT", nil},
		{"GET /cgi-bin/args?a+b%20c", arguments},
		{"GET /cgi-bin/args?a=b", nil},
		{"GET /cgi-bin/args?-x", arguments},
		{"GET /cgi-bin/nph-x", []differs{
			{status, "it would speak to the client itself, past limits and log, and is refused"},
			{body, "so there is none"},
			{"Content-Type", "likewise"}}},
		{"GET /cgi-bin/env/a%20b/c?x=y\nX-Field: 1\nX-Field: 2\nAccept: a/b\nCookie: c\nProxy: evil\nAuthorization: Basic eA==", nil},
		{"GET /cgi-bin/env?novalue", nil},
		{"GET /cgi-bin/env", nil},
		{"GET /cgi-bin/under\nX_One: 1", nil},
		{"PUT /cgi-bin/body\nContent-Length: 0", nil},
		{"DELETE /cgi-bin/body", nil},
		{"POST /cgi-bin/body\nContent-Length: 5\nContent-Type: a/b\n\nhello", nil},
		{"POST /cgi-bin/body\nTransfer-Encoding: chunked\n\n5\r\nhello\r\n0\r\n\r\n", nil},
		{"BREW /cgi-bin/body", nil},
		{"OPTIONS /cgi-bin/hello", nil},
		{"TRACE /cgi-bin/hello", []differs{
			{status, "an echo shows scripts of pages what is hidden from them; TraceEnable is On there"},
			{"Allow", "405 names what is answered"},
			{body, "likewise"},
			{"Content-Type", "likewise"}}},
	} {
		if _, err := os.Stat(filepath.Join(root, "cgi-bin/own")); err != nil && strings.Contains(q.request, "/own") {
			continue // there is no gcc
		}
		t.Run(strings.Join(strings.Fields(q.request), " "), func(t *testing.T) {
			apache, vitrine := ask(t, "127.0.0.1", theirs, q.request).describe(), ask(t, "127.0.0.1", ours, q.request).describe()
			delete(apache, "Content-Length") // both say it when they happen to have the whole
			delete(vitrine, "Content-Length")
			judge(t, apache, vitrine, q.differs)
		})
	}
	for range 100 { // what is not read is no reason not to answer
		if a := ask(t, "127.0.0.1", ours, "POST /cgi-bin/ignores\nContent-Length: 5\n\nhello"); a.status != 200 || a.body != "ignored\n" {
			t.Fatalf("%+v", a)
		}
	}
}
