package site

import (
	"strings"
	"testing"
)

func TestAFolderIsListedAsTheConfigurationSays(t *testing.T) {
	w := newWorld(t, map[string]string{"a.iso": "aa", "b.bak": "b", "c.txt": "cccc", ".hidden": "x", "README.txt": "read <me>", "dir/": "", "HEADER": strings.Repeat("h", mostNoted+1)}, `
site "example.org" {
  root = "$ROOT"
  files {
    listing = true
    list {
      ignore       = ["*.bak", "README*"]
      readme       = ["README.html", "README.txt"]
      header       = ["HEADER"]
      descriptions = { "*.iso" = "disc image" }
      sort         = "size"
      order        = "desc"
    }
  }
}`)
	r := w.ask(t, "GET /")
	for part, there := range map[string]bool{"a.iso": true, "b.bak": false, ".hidden": false, "read &lt;me&gt;": true, "disc image": true, `href="README.txt"`: false, "hhhh": false, `aria-sort="descending"`: true} {
		if strings.Contains(r.body, part) != there {
			t.Errorf("%s: %v", part, !there)
		}
	}
	if strings.Index(r.body, `href="c.txt"`) > strings.Index(r.body, `href="a.iso"`) {
		t.Error("the largest is not the first")
	}
	if r := w.ask(t, "GET /?C=N;O=A"); strings.Index(r.body, `href="c.txt"`) < strings.Index(r.body, `href="a.iso"`) {
		t.Error("the order that was asked for is not the list's")
	}
	if r := w.ask(t, "GET /b.bak"); r.status != 200 {
		t.Error("what is not listed is not served")
	}
}
