package site

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestTypeMapsThatNameMissingFilesAreFound(t *testing.T) {
	w := newWorld(t, map[string]string{
		"good.var": "URI: a.html\nContent-type: text/html\n", "a.html": "a", "sub/bad.var": "URI: ../a.html\nContent-type: text/html\n\nURI: gone.html\nContent-type: text/html\n",
		"long.var": strings.Repeat("#\n", 1000), ".hidden/bad.var": "nonsense",
	}, "site \"example.org\" {\n  root = \"$ROOT\"\n  negotiate {\n    type_maps = true\n    map_bytes = \"1KiB\"\n  }\n}\n")
	var got []string
	for _, d := range w.h.MapWarnings() {
		name, _ := filepath.Rel(w.dir, d.Pos.File)
		got = append(got, name+" "+d.Summary)
	}
	want := "long.var the type map is longer than map_bytes allows\n" +
		"sub/bad.var the type map is not understood: the URI \"../a.html\" leads away: write the name of a file in the map's folder, or below it\n" +
		"sub/bad.var the type map names a file that is not there: \"gone.html\""
	if strings.Join(got, "\n") != want {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}
