package config

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var fence = regexp.MustCompile("(?ms)^```hcl\n(.*?)^```$")

// TestWhatTheDocumentationShowsIsRight reads each example, in a site or a route when it is a part of one.
func TestWhatTheDocumentationShowsIsRight(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal("there are no pages", err)
	}
	const listen = "listen \":80\" {\n}\n"
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(page, "reference.md") {
			continue // each of its examples has a test of the schema's
		}
		for _, at := range fence.FindAllSubmatchIndex(text, -1) {
			example := string(text[at[2]:at[3]])
			site := "site \"example.org\" {\n  root = \"/srv\"\n" + example + "}\n"
			tries := []string{example, listen + example, listen + site, listen + example + "site \"example.org\" {\n  root = \"/srv\"\n}\n",
				listen + "site \"example.org\" {\n  root = \"/srv\"\n  route \"/*\" {\n" + example + "  }\n}\n"}
			var wrong *Diagnostics
			good := false
			for _, source := range tries {
				c, ds := Parse([]byte(source), "example.hcl", Options{NoFiles: true, Env: environment})
				if good = c != nil && !ds.HasErrors(); good {
					break
				}
				if wrong == nil || len(ds.All()) < len(wrong.All()) {
					wrong = ds
				}
			}
			if !good {
				t.Errorf("%s:%d: %v\n%s", page, 1+strings.Count(string(text[:at[0]]), "\n"), fmt.Sprint(wrong.All()), example)
			}
		}
	}
}
