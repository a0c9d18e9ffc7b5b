package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// get: get [CURL OPTIONS...] PATH|URL asks with curl and shows what comes back, its header first; it is there for
// stdout. A path is asked of the script's own server. "! get" wants curl to fail.
func get(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: get [CURL OPTIONS...] PATH")
	}
	last := len(args) - 1
	if strings.HasPrefix(args[last], "/") {
		args[last] = ts.Getenv("BASE") + args[last]
	}
	line := append([]string{"curl", "--silent", "--show-error", "--include", "--path-as-is", "--max-time", fmt.Sprint(deadline.Seconds()), "--globoff"}, args...)
	err := ts.Exec(line[0], line[1:]...)
	if neg != (err != nil) {
		ts.Fatalf("%s: %v", strings.Join(line, " "), err)
	}
}

// await: await FILE REGEXP waits until the file has a line that matches.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await FILE REGEXP")
	}
	want, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	path := ts.MkAbs(args[0])
	var content []byte
	for end := time.Now().Add(deadline); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if content, _ = os.ReadFile(path); want.Match(content) {
			return
		}
	}
	ts.Fatalf("%s has no line that matches %s:\n%s", args[0], args[1], content)
}

// lines: lines FILE N compares the number of lines.
func lines(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: lines FILE N")
	}
	got := strings.Count(ts.ReadFile(args[0]), "\n")
	if (strconv.Itoa(got) == args[1]) == neg {
		ts.Fatalf("%s has %d lines:\n%s", args[0], got, ts.ReadFile(args[0]))
	}
}

// makeBytes: bytes FILE N writes a file of N bytes in which every part looks different.
func makeBytes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: bytes FILE N")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	var b bytes.Buffer
	for b.Len() < n {
		fmt.Fprintf(&b, "%015d\n", b.Len())
	}
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[0])), 0o755))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes()[:n], 0o644))
}

// awaitGet: await-get PATH REGEXP asks until the answer matches.
func awaitGet(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await-get PATH REGEXP")
	}
	want, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	line := wrapped(ts, "curl", "--silent", "--include", ts.Getenv("BASE")+args[0])
	var got []byte
	for end := time.Now().Add(deadline); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if got, _ = exec.Command(line[0], line[1:]...).Output(); want.Match(bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n"))) {
			return
		}
	}
	ts.Fatalf("%s never matched %s; last:\n%s", args[0], args[1], got)
}
