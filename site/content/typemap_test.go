package content

import (
	"fmt"
	"strings"
	"testing"
)

const mapText = `# a type map
URI: foo

URI: foo.en.html
Content-type: text/html; charset=ISO-8859-1; qs=0.8 (a comment)
Content-language: en
Description: "In (plain) English"

uri: foo.fr.de.html
Content-Type: text/html;
  charset=iso-8859-2
Content-Language: fr, de
Content-Length: 42

URI: pictures/foo.jpeg
Content-type: image/jpeg; qs=.55
Content-encoding: X-GZIP

Content-type: text/plain
Body:----end----
inside
  the map
----end----
URI: last.txt
Content-type: text/plain; qs=1.5`

func show(v []MapVariant, text string) string {
	var b strings.Builder
	for _, v := range v {
		fmt.Fprintf(&b, "%d %s %s %s %s %d %d %s", v.Line, v.Name, v.Type, strings.Join(v.Languages, "+"), v.Encoding, v.Source, v.Size, v.Description)
		if v.Inside {
			fmt.Fprintf(&b, " %q", text[v.From:v.To])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestATypeMapIsReadAsApacheReadsIt(t *testing.T) {
	const want = `4 foo.en.html text/html; charset=ISO-8859-1 en  800 -1 In (plain) English
9 foo.fr.de.html text/html; charset=iso-8859-2 fr+de  1000 42 
15 pictures/foo.jpeg image/jpeg  x-gzip 550 -1 
19  text/plain   1000 17  "inside\n  the map\n"
24 last.txt text/plain   1000 -1 
`
	for _, text := range []string{mapText, strings.ReplaceAll(mapText, "\n", "\r\n")} {
		v, faults := ParseTypeMap([]byte(text), 10)
		got := strings.ReplaceAll(strings.ReplaceAll(show(v, text), `\r\n`, `\n`), " 19  \"inside", " 17  \"inside")
		if got != want || len(faults) != 0 {
			t.Errorf("%s%v\nwant\n%s", got, faults, want)
		}
	}
	if v, faults := ParseTypeMap([]byte(mapText), 2); len(v) != 2 || len(faults) != 1 || faults[0].What != tooManyVariants {
		t.Errorf("%v %v", v, faults)
	}
}

func TestWhatIsWrongWithATypeMapIsSaid(t *testing.T) {
	for text, want := range map[string]string{
		"URI: ../up.html\nContent-type: text/html": "leads away", "URI: /x\nContent-type: a/b": "leads away", "URI: http://x/\nContent-type: a/b": "leads away",
		"URI: a/../b\nContent-type: a/b": "leads away", "URI: a%2e\nContent-type: a/b": "character", "URI:\nContent-type: a/b": "empty",
		"URI: x\nContent-type: html": "no media type", "URI: x\nContent-type: a/b; qs=y": "no quality", "URI: x\nContent-length: -1": "no length",
		"URI: x\nContent-language: a b": "no language", "URI: x\nContent-encoding: a\x01": "no content coding", "URI: x\nColour: red": "no field",
		"nothing": "no field", "Body: \n": "names no text", "Content-type: a/b\nBody: x\nand so on": "no end",
		"URI: " + strings.Repeat("x", 2000): "longer",
	} {
		if _, faults := ParseTypeMap([]byte(text), 10); len(faults) != 1 || !strings.Contains(faults[0].What, want) {
			t.Errorf("%q: %v", text, faults)
		}
	}
}

func FuzzTypeMap(f *testing.F) {
	f.Add([]byte(mapText))
	f.Add([]byte("URI: a\r\nContent-type: text/html; q=\"(\\\"\"\n \n\tx\nBody: b\nb\nBody:b"))
	f.Fuzz(func(t *testing.T, text []byte) {
		variants, faults := ParseTypeMap(text, 5)
		if len(variants) > 5 || len(faults) > mostFaults {
			t.Errorf("%d variants, %d faults", len(variants), len(faults))
		}
		for _, v := range variants {
			if v.Inside && (v.From < 0 || v.From > v.To || v.To > len(text)) || v.Source < 0 || v.Source > 1000 || v.Line < 1 {
				t.Errorf("%+v", v)
			}
			if v.Name != "" && refusedURI(v.Name) != "" || strings.ContainsAny(v.Type+v.Encoding+strings.Join(v.Languages, ""), "\r\n\x00") {
				t.Errorf("%+v", v)
			}
		}
	})
}
