package config

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// environment is what the tests' configurations may read.
func environment(name string) (string, bool) {
	value, set := map[string]string{"PORT": "8080", "HOST": "env.example", "DB_PASSWORD": "hunter2", "LISTING": "true",
		"GLASS": "the-words-that-nobody-knows", "COLLECTOR": "another-hidden-word"}[name]
	return value, set
}

func reasonIDs() []string { return []string{"route.matched", "file.sent"} }

// testOptions look at the real folders below testdata and at nothing else of the machine.
var testOptions = Options{Env: environment, ReasonIDs: reasonIDs}

// TestEverythingThatIsWrongIsPrintedAtOnce holds what a person sees to files beside the configurations. Read a
// difference as somebody who is in trouble at night would, before you keep it with -update.
func TestEverythingThatIsWrongIsPrintedAtOnce(t *testing.T) {
	for _, path := range configurations(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			c, ds := Load(path, testOptions)
			if c != nil || !ds.HasErrors() {
				t.Errorf("%s was accepted", path)
			}
			var out bytes.Buffer
			if err := ds.Write(&out, 100, false); err != nil {
				t.Fatal(err)
			}
			compareGolden(t, path+".txt", out.Bytes())
		})
	}
}

// TestWhatIsLegalAndSuspiciousIsSaid holds the warnings about configurations that can be used.
func TestWhatIsLegalAndSuspiciousIsSaid(t *testing.T) {
	paths, err := filepath.Glob("testdata/suspicious/*.hcl")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%v, %v", paths, err)
	}
	for _, path := range paths {
		c, ds := Load(path, testOptions)
		var out bytes.Buffer
		if err := ds.Write(&out, 100, false); err != nil {
			t.Fatal(err)
		}
		if c == nil {
			t.Errorf("%s was refused:\n%s", path, out.String())
		}
		compareGolden(t, path+".txt", out.Bytes())
	}
}

// configurations are the files of testdata with mistakes.
func configurations(t *testing.T) []string {
	var paths []string
	for _, pattern := range []string{"testdata/*.hcl", "testdata/*.json"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v, %v", pattern, found, err)
		}
		paths = append(paths, found...)
	}
	return paths
}

func TestColourMarksTheSeverityAndNothingElseChanges(t *testing.T) {
	_, ds := Load("testdata/quote.hcl", testOptions)
	var plain, coloured bytes.Buffer
	ds.Write(&plain, 0, false)
	ds.Write(&coloured, 0, true)
	if !strings.Contains(coloured.String(), "\x1b[1;31merror:\x1b[0m") {
		t.Errorf("no coloured error in %q", coloured.String())
	}
	stripped := coloured.String()
	for _, escape := range []string{colours.bold, colours.errors, colours.warnings, colours.quiet, colours.hint, colours.reset} {
		stripped = strings.ReplaceAll(stripped, escape, "")
	}
	if stripped != plain.String() {
		t.Errorf("without its colours it is\n%s\nwant\n%s", stripped, plain.String())
	}
}
