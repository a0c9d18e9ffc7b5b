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
	l := &Logger{format: (*Logger).common, named: "common"}
	held.Store(mostHeld)
	defer held.Store(0)
	if h := l.Hold(served(t), true, false); h != nil || held.Load() != mostHeld {
		t.Error("one more waits")
	}
	var none *Logger
	if none.Hold(served(t), true, true) != nil {
		t.Error("a log that is off holds lines")
	}
}
