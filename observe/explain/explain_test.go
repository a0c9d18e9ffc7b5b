package explain

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"vitrine/observe/terminal"
	"vitrine/trace"
	"vitrine/web/message"
)

var update = flag.Bool("update", false, "rewrite the golden files; look at what changed before you commit it")

func source(name string) ([]string, error) {
	if name != file {
		return nil, errors.New("no such file")
	}
	return strings.Split(configuration, "\n"), nil
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got\n%s", path, got)
	}
}

func text(t testing.TB, s *Story, style terminal.Style) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Text(&b, s, TextOptions{Style: style, Source: source}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTheStories(t *testing.T) {
	for name, story := range stories {
		got := text(t, story(), terminal.Style{Unicode: true})
		golden(t, name+".txt", got)
		for line := range strings.Lines(string(got)) {
			if cells := terminal.Cells(strings.TrimSuffix(line, "\n")); cells > usual || strings.HasSuffix(line, " \n") {
				t.Errorf("%s: %d columns in %q", name, cells, line)
			}
		}
	}
}

func TestNarrowAndWithoutUnicode(t *testing.T) {
	for _, width := range []int{40, 60, 120} {
		for name, story := range stories {
			got := text(t, story(), terminal.Style{Width: width})
			for line := range strings.Lines(string(got)) {
				if cells := terminal.Cells(strings.TrimSuffix(line, "\n")); cells > width {
					t.Errorf("%s: %d columns of %d in %q", name, cells, width, line)
				}
			}
		}
	}
	golden(t, "narrow.txt", text(t, stories["unreadable"](), terminal.Style{Width: 60}))
	golden(t, "colour.txt", text(t, stories["unreadable"](), terminal.Style{Width: 100, Color: true, Unicode: true}))
}

func TestJSONHasTheSameStory(t *testing.T) {
	for name, story := range stories {
		var b bytes.Buffer
		if err := JSON(&b, story()); err != nil {
			t.Fatal(err)
		}
		var back map[string]any
		if err := json.Unmarshal(b.Bytes(), &back); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(b.String(), "secret") || strings.Contains(b.String(), "c2VjcmV0") {
			t.Errorf("%s shows a secret", name)
		}
		if name == "unreadable" || name == "denied" || name == "served" {
			golden(t, name+".json", b.Bytes())
		}
	}
}

func TestFieldsOfMessages(t *testing.T) {
	h := new(message.Header)
	h.Add("cache-control", "no-store")
	h.Add("ETag", `"1"`)
	got := ResponseFields(h, []trace.Event{
		{Step: "header", Reason: ruleApplied, Subject: "Cache-Control", Taken: true, Position: at(1, 1)},
		{Step: "header", Reason: ruleApplied, Subject: "Cache-Control", Taken: true, Position: at(2, 1)},
		{Step: "header", Reason: ruleHeld, Subject: "Cache-Control", Position: at(3, 1)},
		{Step: "type", Reason: typeFound, Subject: "ETag", Taken: true, Position: at(4, 1)},
	})
	if len(got) != 2 || got[0] != (Field{Name: "cache-control", Value: "no-store", Position: at(2, 1)}) || got[1] != (Field{Name: "ETag", Value: `"1"`}) {
		t.Errorf("response: %+v", got)
	}
	var f message.Fields
	f.Reset([]byte("Host: a"))
	f.Add(message.Span{Len: 4}, message.Span{Off: 6, Len: 1})
	if got := RequestFields(&f); len(got) != 1 || got[0] != field("Host", "a") {
		t.Errorf("request: %+v", got)
	}
}

func TestWithoutTheSourceNothingIsQuoted(t *testing.T) {
	var b bytes.Buffer
	if err := Text(&b, stories["served"](), TextOptions{}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "^^^") || !strings.Contains(b.String(), "18:6") {
		t.Errorf("quoted something:\n%s", b.String())
	}
}

func FuzzText(f *testing.F) {
	f.Add("/a", "Accept", "text/html", 100)
	f.Add("/\x1b[2J\xff", "X\u202e", "\x9b\n\r", 1)
	f.Fuzz(func(t *testing.T, url, name, value string, width int) {
		s := stories["served"]()
		s.Request.URL, s.Request.Method, s.Request.Protocol = url, name, value
		s.Request.Fields = []Field{field(name, value)}
		s.Fields = []Field{field(name, value)}
		s.Recorded = recording()
		s.Recorded.NoEvents, s.Recorded.Frames.None, s.Recorded.Connection.Network = name, value, url
		s.Recorded.Parts[0].Title, s.Recorded.Connection.Snapshots[0].Info.State = value, name
		s.Events = append(s.Events, trace.Event{Step: name, Subject: url, Reason: missing, Details: []trace.Detail{trace.D(name, value)}, Position: trace.Position{File: url, Line: 1}})
		for _, r := range string(text(t, s, terminal.Style{Width: width % 300, Unicode: true})) {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Fatalf("%q got out", r)
			}
		}
		var b bytes.Buffer
		if err := JSON(&b, s); err != nil || !json.Valid(b.Bytes()) {
			t.Fatalf("%v: %s", err, b.Bytes())
		}
		for _, r := range b.String() {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Fatalf("%q got out", r)
			}
		}
	})
}
