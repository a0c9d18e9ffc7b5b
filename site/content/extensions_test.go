package content

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vitrine/config"
	"vitrine/trace"
)

func value(v string) config.Value[string] {
	return config.Value[string]{V: v, Pos: trace.Position{File: "vitrine.hcl", Line: 7, Column: 3}}
}

func TestEachExtensionOfANameTellsWhatItMeans(t *testing.T) {
	plain := NewTypes(typesConfig())
	c := typesConfig()
	c.Encodings = map[string]config.Value[string]{"gz": value("gzip"), "br": value("br")}
	c.Languages = map[string]config.Value[string]{"pl": value("pl"), "kor": value("ko"), "it": value("")}
	c.Charsets = map[string]config.Value[string]{"win": value("windows-1252")}
	own := NewTypes(c)
	for _, test := range []struct {
		types                     *Types
		name                      string
		value, language, encoding string
	}{
		{plain, "/page.html", "text/html; charset=utf-8", "", ""},
		{plain, "/page.html.en", "text/html; charset=utf-8", "en", ""},
		{plain, "/page.en.html", "text/html; charset=utf-8", "en", ""},
		{plain, "/page.HTML.EN", "text/html; charset=utf-8", "en", ""},
		{plain, "/page.html.ko.euc-kr", "text/html; charset=euc-kr", "ko", ""},
		{plain, "/page.pt-br.html", "text/html; charset=utf-8", "pt-BR", ""},
		{plain, "/page.html.zh-hant", "text/html; charset=utf-8", "zh-Hant", ""},
		{plain, "/script.pl", "text/x-perl; charset=utf-8", "", ""},
		{plain, "/page.html.pl", "text/html; charset=utf-8", "pl", ""},
		{plain, "/page.pl.html", "text/html; charset=utf-8", "pl", ""},
		{plain, "/readme.en", "application/octet-stream", "", ""},
		{plain, "/en.html", "text/html; charset=utf-8", "", ""},
		{plain, "/.en.html", "text/html; charset=utf-8", "", ""},
		{plain, "/..html", "application/octet-stream", "", ""},
		{plain, "/evil.html.bak", "application/octet-stream", "", ""},
		{plain, "/evil.html.en.bak", "application/octet-stream", "", ""},
		{plain, "/data.tar.gz", "application/gzip", "", ""},
		{plain, "/dir.html.en/x", "application/octet-stream", "", ""},
		{plain, "/x.html.", "application/octet-stream", "", ""},
		{plain, "/photo.latin1.png", "image/png; charset=iso-8859-1", "", ""},
		{own, "/data.tar.gz", "application/x-tar", "", "gzip"},
		{own, "/page.html.gz.br", "text/html; charset=utf-8", "", "gzip, br"},
		{own, "/page.gz.html.en", "text/html; charset=utf-8", "en", "gzip"},
		{own, "/README.gz", "application/octet-stream", "", "gzip"},
		{own, "/script.pl", "application/octet-stream", "pl", ""},
		{own, "/page.html.kor.win", "text/html; charset=windows-1252", "ko", ""},
		{own, "/page.html.it", "application/octet-stream", "", ""},
	} {
		got := test.types.Lookup(test.name)
		if got.Value != test.value || got.Language != test.language || got.Encoding != test.encoding {
			t.Errorf("%s is %q, language %q, encoding %q", test.name, got.Value, got.Language, got.Encoding)
		}
	}
	if n := testing.AllocsPerRun(100, func() { plain.Lookup("/a/page.html") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	for _, test := range []struct {
		name, stem string
		known      bool
	}{
		{"/page.html.en", "/page", true}, {"/page.html.en", "/page.html", true}, {"/page.html.bak", "/page", false},
		{"/page.old.html", "/page", false}, {"/page.old.html", "/page.old", true}, {"/page.en", "/page", true}, {"/page.tar.gz", "/page", false},
		{"/page.a.b.html", "/page.a.b", true}, {"/page.html.verylongextensionthatnobodyknows0", "/page", false},
	} {
		if e := plain.extensions(test.name, len(test.stem)); e.known != test.known {
			t.Errorf("%s for %s: known %v", test.name, test.stem, e.known)
		}
	}
}

func TestATableOfTypesExtendsOrReplacesTheBuiltInOne(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mime.types")
	if err := os.WriteFile(file, []byte("# a comment\ntext/x-mine\tmine html # more\napplication/none\nnonsense ext\nimage/x-new NEW .dotted\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := typesConfig()
	c.File = value(file)
	c.Extensions = map[string]config.Value[string]{"new": value("image/x-newest")}
	var tables Tables
	types, faults := tables.Types(c)
	if len(faults) != 1 || faults[0].Pos.Line != 4 || faults[0].Pos.File != file {
		t.Errorf("%+v", faults)
	}
	for name, want := range map[string]string{
		"/a.mine": "text/x-mine; charset=utf-8|content.type-file|mime.types:2 mine", "/a.html": "text/x-mine; charset=utf-8|content.type-file|mime.types:2 html",
		"/a.png": "image/png|content.type-built-in|", "/a.new": "image/x-newest|content.type-configured|new", "/a.dotted": "image/x-new|content.type-file|mime.types:5 dotted",
	} {
		got := types.Lookup(name)
		row := got.Row()
		if strings.HasPrefix(row, "types.txt") {
			row = ""
		}
		if s := got.Value + "|" + got.Reason.ID + "|" + row; s != want {
			t.Errorf("%s: %s, want %s", name, s, want)
		}
	}
	c.BuiltIn = config.Value[bool]{Pos: trace.Position{File: "vitrine.hcl", Line: 3}}
	alone, faults := tables.Types(c)
	if got := alone.Lookup("/a.png"); got.Reason != reasonTypeDefault || alone.Lookup("/a.mine").Reason != reasonTypeFile || len(faults) != 0 {
		t.Errorf("%+v %v", got, faults)
	}
	c.File = value(file + ".none")
	if _, faults := tables.Types(c); len(faults) != 1 || faults[0].Pos.File != "vitrine.hcl" {
		t.Errorf("%+v", faults)
	}
}

func TestTheBuiltInTableKnowsTheExtensionsThatTheIssueAsksFor(t *testing.T) {
	if n := len(builtIn()); n < 1200 {
		t.Errorf("the table has %d extensions", n)
	}
}
