package logfile

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestAFileIsPutAsideBeforeTheLineThatWouldMakeItTooLarge(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) { // the clock stands at 2000-01-01 00:00:00 UTC
		fs := New(nil)
		f := open(t, fs, filepath.Join(dir, "access.log"), Options{Buffer: 1 << 10, Rotate: Rotate{Size: 12}})
		f.Append([]byte("one\ntwo\nthree\nfour\na line that is too long for any file\nsix\n"))
		closeAll(t, fs)
	})
	want := map[string]string{
		"access-20000101T000000.000Z.log": "one\ntwo\n",
		"access-20000101T000000.001Z.log": "three\nfour\n",
		"access-20000101T000000.002Z.log": "a line that is too long for any file\n",
		"access.log":                      "six\n",
	}
	for _, name := range names(t, dir) {
		if got := content(t, filepath.Join(dir, name)); got != want[name] {
			t.Errorf("%s has %q, want %q", name, got, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

func TestAFileIsPutAsideByTheAgeOfItsFirstLine(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		fs := New(nil)
		f := open(t, fs, filepath.Join(dir, "access.log"), Options{Rotate: Rotate{Age: 24 * time.Hour}})
		time.Sleep(48 * time.Hour) // an empty file does not age
		for i := range 5 {
			f.Append(fmt.Appendf(nil, "line %d\n", i))
			time.Sleep(10 * time.Hour)
		}
		closeAll(t, fs)
	})
	if got := names(t, dir); !slices.Equal(got, []string{"access-20000104T060000.000Z.log", "access.log"}) {
		t.Fatalf("files: %v", got)
	}
	if got := content(t, filepath.Join(dir, "access.log")); got != "line 3\nline 4\n" {
		t.Errorf("the new file has %q", got)
	}
}

func TestAnOldFileKeepsItsAgeAcrossARestart(t *testing.T) {
	name := filepath.Join(t.TempDir(), "access.log")
	if err := os.WriteFile(name, []byte("old\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	otherwise := time.Now().Add(time.Hour)
	switch got := birth(f, otherwise); {
	case got.Equal(otherwise):
		t.Skip("this file system does not tell when a file was created")
	case time.Since(got) > time.Hour || time.Since(got) < -time.Minute:
		t.Errorf("a file of now was born %v", got)
	}
}

func TestOnlyTheNewestAreKeptAndNothingElseIsTouched(t *testing.T) {
	dir := t.TempDir()
	others := []string{"access-.log", "access-20000101T000000.000Z.log.gz", "access-old.log", "error-20000101T000000.000Z.log"}
	for _, name := range others {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		fs := New(nil)
		f := open(t, fs, filepath.Join(dir, "access.log"), Options{Rotate: Rotate{Size: 5, Keep: 2}})
		for i := range 6 {
			f.Append(fmt.Appendf(nil, "line %d\n", i))
			time.Sleep(time.Second)
		}
		closeAll(t, fs)
	})
	want := append(others, "access-20000101T000004.000Z.log", "access-20000101T000005.000Z.log", "access.log")
	slices.Sort(want)
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("files: %v", got)
	}
}

func TestAFileThatSomebodyElseHasPutAsideIsNotRenamed(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "access.log")
	fs := New(nil)
	f := open(t, fs, name, Options{Rotate: Rotate{Size: 5}})
	f.Append([]byte("old line\n"))
	flush(t, fs)
	if err := os.Rename(name, name+".1"); err != nil {
		t.Fatal(err)
	}
	f.Append([]byte("new line\n"))
	closeAll(t, fs)
	if got := names(t, dir); !slices.Equal(got, []string{"access.log", "access.log.1"}) {
		t.Errorf("files: %v", got)
	}
}

func TestAFileThatCannotBePutAsideGrowsOnAndIsTriedAgainAMinuteLater(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, strings.Repeat("x", 250)) // with a stamp it is too long for a name
	var notices told
	synctest.Test(t, func(t *testing.T) {
		fs := New(notices.add)
		f := open(t, fs, name, Options{Rotate: Rotate{Size: 5}})
		for range 3 {
			f.Append([]byte("line one\nline two\n"))
			flush(t, fs)
			time.Sleep(31 * time.Second)
		}
		closeAll(t, fs)
	})
	if got := content(t, name); got != strings.Repeat("line one\nline two\n", 3) {
		t.Errorf("got %q", got)
	}
	if times, _ := notices.of(reasonNotRotated); times != 2 {
		t.Errorf("told %d times, want 2", times)
	}
}

func TestNamesWithAndWithoutAnExtension(t *testing.T) {
	for name, want := range map[string]string{
		"/var/log/access.log": "/var/log/access-20261121T214703.123Z.log",
		"/var/log/access":     "/var/log/access-20261121T214703.123Z",
		"/var/log/.log":       "/var/log/.log-20261121T214703.123Z",
		"/var/v1.d/access":    "/var/v1.d/access-20261121T214703.123Z",
		"/var/log/a.b.log":    "/var/log/a.b-20261121T214703.123Z.log",
	} {
		at := time.Date(2026, 11, 21, 22, 47, 3, 123_999_999, time.FixedZone("", 3600))
		if got, err := freeName(name, at); got != want || err != nil {
			t.Errorf("%s becomes %s, %v; want %s", name, got, err, want)
		}
	}
}
