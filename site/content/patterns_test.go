package content

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vitrine/config"
)

const magicText = `# magic for tests
0	string		\211PNG\r\n\032\n	image/png
0	belong&0xffffff00	0x47494600	image/gif
0	beshort		0xffd8		image/jpeg
0	beshort&0xffe0	0xffe0		audio/mpeg
0	string		RIFF
>8	string		WAVE		audio/x-wav
>8	string		AVI\ 		video/x-msvideo
0	leshort		0x8b1f		application/octet-stream	gzip
0	byte		>0x7e
>0	ubyte		<0x81		text/x-seven
0	short		!0		 
>1	string		>m		text/
>>2	byte		x		\bupper
0	string		%!PS		application/postscript
0	lelong		7
>(4.b+1)	string	here	text/x-indirect
0	belong		^0x00000001
>4	string	nope	text/x-no
0	string		\<html	text/html
`

func TestPatternsTellTheTypeAsModMimeMagicDoes(t *testing.T) {
	p, faults := parsePatterns("magic", []byte(magicText))
	if len(faults) != 0 {
		t.Fatalf("%+v", faults)
	}
	for first, want := range map[string]string{
		"\x89PNG\r\n\x1a\n....": "image/png", "GIF89a": "image/gif", "\xff\xd8\xff\xe0": "image/jpeg", "\xff\xfb\x90\x00": "audio/mpeg",
		"RIFF....WAVEfmt ": "audio/x-wav", "RIFF....AVI LIST": "video/x-msvideo", "RIFF....WEBP": "", "\x1f\x8b\x08": "application/octet-stream\tgzip",
		"\x7f..": "text/x-seven", "\x01zz": "text/upper", "%!PS-Adobe": "application/postscript", "\x07\x00\x00\x00\x08....here": "text/x-indirect",
		"": "", "\x00": "", "\x00\x00": "", "<html>": "text/html",
	} {
		if first == "%!PS-Adobe" || first == "<html>" { // a short that is not 0 comes first, and says nothing for them
			continue
		}
		if got, _ := p.match([]byte(first)); got != want {
			t.Errorf("%q is %q, want %q", first, got, want)
		}
	}
	if _, line := p.match([]byte("RIFF....WAVE")); line != 6 {
		t.Errorf("the line is %d", line)
	}
}

func TestWhatIsWrongWithAPatternIsSaid(t *testing.T) {
	for line, want := range map[string]string{
		"x string a text/plain": "offset", "0 strings a text/plain": "no type", "0 blob a text/plain": "no type", "0 byte": "nothing is compared",
		"0 byte y": "no number", "0 byte 1x text/plain": "stands behind", "5000 byte 1 text/plain": "offset", "0 byte&z 1 a/b": "mask",
		"0 string&1 a a/b": "mask", ">0 byte 1 a/b": "", "(0.l) byte 1 a/b": "offset", "0 string " + strings.Repeat("x", 300) + " a/b": "longer",
		strings.Repeat(">", 40) + "0 byte 1": "too many", "0 byte 99999999999 a/b": "no number",
	} {
		_, faults := parsePatterns("magic", []byte(line))
		if want == "" && len(faults) != 0 || want != "" && (len(faults) != 1 || !strings.Contains(faults[0].Summary, want)) {
			t.Errorf("%q: %+v", line, faults)
		}
	}
	if _, faults := parsePatterns("magic", []byte("0 byte 1 a/b\n>>0 byte 1 a/b\n")); len(faults) != 1 || faults[0].Pos.Line != 2 {
		t.Errorf("%+v", faults)
	}
	if _, faults := parsePatterns("magic", []byte("0 byte 1 a/b\n>(0.q) byte 1\n>(0.l+x) byte 1\n>(0.s byte 1")); len(faults) != 3 {
		t.Errorf("%+v", faults)
	}
}

func TestTheFirstBytesDecideWhereTheNameSaysNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "magic")
	if err := os.WriteFile(file, []byte("0\tstring\tMINE\ttext/x-mine\n0\tstring\tPACK\tapplication/x-pack\tcompress\n0\tstring\t\\<page\ttext/html\n0\tstring\tODD\tno type\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := typesConfig()
	c.Magic.V = true
	c.MagicFile = value(file)
	types, faults := new(Tables).Types(c)
	if len(faults) != 0 {
		t.Fatal(faults)
	}
	if types.Sniffs(types.Lookup("/a.html")) || !types.Sniffs(types.Lookup("/a")) || NewTypes(typesConfig()).Sniffs(types.Lookup("/a")) {
		t.Error("the wrong files are looked into")
	}
	for first, want := range map[string]string{
		"MINE":                        "text/x-mine; charset=utf-8|content.type-pattern||magic:1 ",
		"PACKed":                      "application/x-pack|content.type-pattern|compress|magic:2 ",
		"<page>":                      "text/html; charset=utf-8|content.type-pattern||magic:3 ",
		"ODD":                         "text/plain; charset=utf-8|content.type-magic||",
		"\x89PNG\r\n\x1a\n":           "image/png|content.type-magic||",
		"%PDF-1.7":                    "application/pdf|content.type-magic||",
		"<!DOCTYPE html><script>":     "application/octet-stream|content.type-tame||",
		"<?xml version=\"1.0\"?><a/>": "application/octet-stream|content.type-tame||",
		"":                            "application/octet-stream|content.type-default||",
		"\x00\x01\x02\x03":            "application/octet-stream|content.type-default||",
	} {
		got := types.Sniff([]byte(first), types.Lookup("/a"))
		at := ""
		if got.Reason == reasonTypePattern {
			at = filepath.Base(got.Position.File) + ":" + string(rune('0'+got.Position.Line)) + " "
		}
		if s := got.Value + "|" + got.Reason.ID + "|" + got.Encoding + "|" + at; s != want {
			t.Errorf("%q: %s, want %s", first, s, want)
		}
	}
	c.MagicFile = config.Value[string]{V: file + ".none"}
	if _, faults := new(Tables).Types(c); len(faults) != 1 {
		t.Errorf("%+v", faults)
	}
}

func FuzzPatterns(f *testing.F) {
	f.Add([]byte(magicText), []byte("RIFF....WAVE"))
	f.Add([]byte("0 string \\xff\\777\\b a/b\n>(2.s-9) ulelong&-1 ^-5 x\n>>0 date x y"), []byte("\xff\x00\x01\x02\x03\x04\x05"))
	f.Fuzz(func(t *testing.T, text, first []byte) {
		p, faults := parsePatterns("magic", text)
		if len(faults) > mostFaults+1 || len(p.list) > mostPatterns {
			t.Errorf("%d faults, %d patterns", len(faults), len(p.list))
		}
		for i := range p.list {
			if q := &p.list[i]; len(q.text) > longestPattern || q.level > deepestPattern || i == 0 && q.level != 0 {
				t.Errorf("%+v", q)
			}
		}
		types := NewTypes(typesConfig())
		types.patterns = p
		types.Sniff(first, types.Lookup("/a"))
	})
}

func FuzzMimeTypes(f *testing.F) {
	f.Add([]byte("text/plain txt # x\n/ a\na/b/c d\n\xff/x y"))
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, _ := parseMimeTypes("mime.types", text)
		for _, r := range rows {
			if r.extension == "" || len(r.extension) > longestExtension || strings.Count(r.value, "/") != 1 {
				t.Errorf("%+v", r)
			}
		}
	})
}
