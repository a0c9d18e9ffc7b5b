package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCaretsFindTheirWayThroughEscapesAndExpressions(t *testing.T) {
	const before = "listen \":80\" {\n}\nlocals {\n  two = \"{two}\"\n}\nsite \"a\" {\n  root = \"/\"\n  header {\n    set = { A = "
	for text, marked := range map[string]string{
		`"{wrong}"`:                              `{wrong}`,
		`"\t\"\\ \u00e4 \U0001F600 {wrong} x"`:   `{wrong}`,
		`"$${{a}} %%{{b}} {wrong}"`:              `{wrong}`,
		`"${"x"}${env.PORT} {wrong}"`:            `{wrong}`,
		`"é한국 {wrong}"`:                          `{wrong}`,
		`"${local.two} {path}"`:                  `local.two`,
		`"${"{wrong}"}"`:                         `"${"{wrong}"}"`,
		`local.two`:                              `local.two`,
		`upper("{path}")`:                        `upper("{path}")`,
		"<<-EOT\n        {wrong} EOT\n      EOT": `{wrong}`,
	} {
		src := before + text + "\n }\n  }\n}\n"
		if strings.HasPrefix(text, "<<") {
			// A heredoc ends with a line feed, which no header may contain: a body may.
			src = "listen \":80\" {\n}\nsite \"a\" {\n  route \"/\" {\n    respond {\n      body = " + text + "\n    }\n  }\n}\n"
		}
		c, ds := Parse([]byte(src), "spot.hcl", Options{Env: environment, NoFiles: true})
		if c != nil || len(ds.Errors()) != 1 {
			t.Errorf("%s: %v", text, ds)
			continue
		}
		d := ds.Errors()[0]
		line, _ := newSource([]byte(src)).line(d.Pos.Line)
		got := line[byteOfColumn(line, d.Pos.Column):byteOfColumn(line, d.End.Column)]
		if got != marked {
			t.Errorf("%s: %s marks %q, want %q", text, d.Summary, got, marked)
		}
	}
}

func TestABrokenRootNamesTheComponentThatIsToBlame(t *testing.T) {
	dir := t.TempDir()
	for _, err := range []error{
		os.MkdirAll(filepath.Join(dir, "srv", "www", "html"), 0o755),
		os.Symlink("gone", filepath.Join(dir, "srv", "link")),
		os.WriteFile(filepath.Join(dir, "srv", "file"), nil, 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	long := strings.Repeat("x", 300)
	for root, want := range map[string][]string{
		"srv/www/html":      nil,
		"srv/ww/html":       {`there is no "ww" in `, `did you mean "www"?`},
		"srv/www/html/deep": {`there is no "deep" in `, "there is no folder in it"},
		"srv/link/deep":     {`is a link that leads nowhere`, `it leads to "gone"`},
		"srv/file":          {`is a file, and root is a folder`, `write "srv" for the folder`},
		"srv/file/deep":     {`is a file, not a folder`},
		"srv/" + long:       {`cannot look into `, `its mode is drwxr-xr-x, its owner is user `},
	} {
		src := "listen \":80\" {\n}\nsite \"a\" {\n  root = \"" + root + "\"\n}\n"
		_, ds := Parse([]byte(src), filepath.Join(dir, "vitrine.hcl"), Options{})
		if len(ds.Errors()) != min(len(want), 1) {
			t.Errorf("%s: %v", root, ds)
			continue
		}
		for _, part := range want {
			if !strings.Contains(ds.Error(), part) {
				t.Errorf("%s: no %q in %v", root, part, ds)
			}
		}
	}
}

func TestAFolderThatMayNotBeEnteredSaysWhoMay(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may enter every folder")
	}
	dir := filepath.Join(t.TempDir(), "private")
	if err := os.Mkdir(dir, 0o600); err != nil {
		t.Fatal(err)
	}
	_, ds := Parse([]byte("listen \":80\" {\n}\nsite \"a\" {\n  root = \""+dir+"\"\n}\n"), "vitrine.hcl", Options{})
	for _, part := range []string{"cannot be entered: permission denied", "its mode is drw-------", "this program runs as user"} {
		if !strings.Contains(ds.Error(), part) {
			t.Errorf("no %q in %v", part, ds)
		}
	}
}
