package server

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// lines is how many lines of the error log have a text.
func (l *live) lines(text string) int { return strings.Count(l.errors(), text) }

// Clients that are turned away, however many and whoever they are, do not fill the error log: a few are told, and of
// the others how many there were.
func TestAFloodOfDeniedClientsIsCounted(t *testing.T) {
	l := run(t, "listen \"127.0.0.1:0\" {\n  clients {\n    deny = [\"127.0.0.0/8\"]\n  }\n}\nsite {\n  default = true\n  route \"/*\" {\n    respond {}\n  }\n}\n")
	const flood = 60
	for range flood {
		c, err := l.dial()
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.ask("/"); err == nil {
			t.Error("it was answered")
		}
		c.Close()
	}
	l.signals <- sigTerminate
	l.end()
	told := l.lines("connection from 127.0.0.1:")
	if told == 0 || told > 20 {
		t.Errorf("%d of %d are told one by one:\n%s", told, flood, l.errors())
	}
	if want := fmt.Sprintf("%d more of the same", flood-told); l.lines(want) != 1 {
		t.Errorf("the error log does not say %q:\n%s", want, l.errors())
	}
}

// Files that may not be read do not fill it either, each with a journey of its own though they are.
func TestAFloodOfForbiddenFilesIsCounted(t *testing.T) {
	l := run(t, "listen \"127.0.0.1:0\" {}\nsite {\n  default = true\n  root = \".\"\n}\n")
	if err := os.Symlink("/etc", l.path("out")); err != nil {
		t.Fatal(err)
	}
	const flood = 60
	c, err := l.dial()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range flood {
		if _, _, err := c.ask(fmt.Sprint("/out/", i)); err == nil || !strings.Contains(err.Error(), "403") {
			t.Fatal(err)
		}
	}
	c.Close()
	l.signals <- sigTerminate
	l.end()
	told := l.lines("/out: symbolic link leads out of the root")
	if told == 0 || told > 20 {
		t.Errorf("%d of %d are told one by one:\n%s", told, flood, l.errors())
	}
	if want := fmt.Sprintf("%d more of the same", flood-told); l.lines(want) == 0 {
		t.Errorf("the error log does not say %q:\n%s", want, l.errors())
	}
}
