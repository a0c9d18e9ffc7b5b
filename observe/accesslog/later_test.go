package accesslog

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vitrine/config"
	"vitrine/config/template"
	"vitrine/observe/logfile"
)

// A line that waited reads as if all had been known at once.
func TestALineThatWaitedReadsAsAnyOther(t *testing.T) {
	for _, format := range []string{"common", "combined", "json", "readable", "{client.host} {ident} {status}", `{{"h":"{client.host}","i":"{ident}"}}`} {
		block := &config.Log{Format: config.Value[string]{V: format}}
		if strings.Contains(format, "{") {
			block.Format.V = "custom"
			compiled, err := template.Compile(format, template.ForLog)
			if err != nil {
				t.Fatal(err)
			}
			block.Custom.V = compiled
		}
		for _, user := range []string{"", "a b\"c\n"} {
			for _, name := range []string{"", "client.example.org"} {
				file := filepath.Join(t.TempDir(), "log")
				files := logfile.New(nil)
				f, err := files.Open(file, logfile.Options{})
				if err != nil {
					t.Fatal(err)
				}
				l := newLogger(f, block)
				v := served(t)
				v.Name, v.Ident = name, user
				l.Log(v)
				v.Name, v.Ident = "", ""
				l.Hold(v, true, true).Write(name, user)
				if err := files.Close(context.Background()); err != nil {
					t.Fatal(err)
				}
				text, _ := os.ReadFile(file)
				lines := strings.SplitAfter(string(text), "\n")
				if half := len(lines) / 2; strings.Join(lines[:half], "") != strings.Join(lines[half:len(lines)-1], "") {
					t.Errorf("%s with name %q, user %q:\n%s", format, name, user, text)
				}
			}
		}
	}
}

func TestTheNumberOfLinesThatWaitIsBounded(t *testing.T) {
	files := logfile.New(nil)
	defer files.Close(context.Background())
	file, err := files.Open(filepath.Join(t.TempDir(), "log"), logfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l := newLogger(file, &config.Log{Format: config.Value[string]{V: "common"}})
	held.Store(mostHeld)
	defer held.Store(0)
	if h := l.Hold(served(t), true, false); h != nil || held.Load() != mostHeld {
		t.Error("one more waits")
	}
	held.Store(0)
	long := served(t)
	long.User = strings.Repeat("\x80", 1<<20)
	var waiting []*Held
	for {
		h := l.Hold(long, true, false)
		if h == nil {
			break
		}
		waiting = append(waiting, h)
	}
	if n := len(waiting); n == 0 || n*4<<20 > mostHeldBytes || heldBytes.Load() > mostHeldBytes {
		t.Errorf("%d lines of 4 MiB wait", n)
	}
	for range 2 { // what was refused is not counted
		if l.Hold(long, true, false) != nil {
			t.Error("one more waits")
		}
	}
	for _, h := range waiting {
		h.Write("", "")
	}
	if held.Load() != 0 || heldBytes.Load() != 0 {
		t.Errorf("%d lines and %d bytes wait when all are written", held.Load(), heldBytes.Load())
	}
	var none *Logger
	if none.Hold(served(t), true, true) != nil {
		t.Error("a log that is off holds lines")
	}
}
