package terminal

import (
	"os"
	"slices"
	"testing"
)

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestTheFirstLocaleVariableThatIsSetDecides(t *testing.T) {
	for _, test := range []struct {
		env  func(string) string
		want bool
	}{
		{env(), false},
		{env("LANG", "de_DE.UTF-8"), true},
		{env("LANG", "C.utf8"), true},
		{env("LC_ALL", "C", "LANG", "de_DE.UTF-8"), false},
		{env("LC_CTYPE", "ko_KR.UTF-8", "LANG", "C"), true},
	} {
		if got := utf8Locale(test.env); got != test.want {
			t.Errorf("UTF-8 is %v, want %v", got, test.want)
		}
	}
}

func TestAFileIsNoTerminal(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := Detect(f, env("LANG", "C.UTF-8", "TERM", "xterm")); got != (Style{Unicode: true}) {
		t.Errorf("a file is %+v", got)
	}
}

func TestColoursAndCharactersAreOnlyWhereTheyCanBeShown(t *testing.T) {
	plain, full := Style{}, Style{Color: true, Unicode: true}
	if got := string(plain.Paint(nil, Good, "x")) + plain.Glyph(Check) + string(plain.End(plain.Begin(nil, Good))); got != "x+" {
		t.Errorf("plain: %q", got)
	}
	if got := string(full.Paint(nil, Good, "x")) + full.Glyph(Check) + string(full.End(full.Begin(nil, Good))); got != "\x1b[32mx\x1b[0m✓\x1b[32m\x1b[0m" {
		t.Errorf("full: %q", got)
	}
	if got := string(full.Paint(nil, Plain, "x")); got != "x" {
		t.Errorf("no colour: %q", got)
	}
	for status, want := range map[int]Colour{0: Failed, 200: Good, 304: Moved, 404: Refused, 502: Failed} {
		if got := ForStatus(status); got != want {
			t.Errorf("%d is %q", status, got)
		}
	}
}

func TestLinesAreBrokenAtSpacesByTheColumnsTheyTake(t *testing.T) {
	for _, test := range []struct {
		text    string
		columns int
		want    []string
	}{
		{"", 10, []string{""}},
		{"one two  three", 7, []string{"one two", "three"}},
		{"one two three", 0, []string{"one two three"}},
		{"abcdefghij k", 4, []string{"abcd", "efgh", "ij k"}},
		{"가나다 라", 4, []string{"가나", "다", "라"}},
		{"e\u0301e\u0301 x", 4, []string{"e\u0301e\u0301 x"}},
		{"가", 1, []string{"가"}},
	} {
		if got := Wrap(test.text, test.columns); !slices.Equal(got, test.want) {
			t.Errorf("%q in %d columns: %q, want %q", test.text, test.columns, got, test.want)
		}
	}
	if got := Pad("가", 4) + "|" + Pad("long", 2); got != "가  |long" {
		t.Errorf("padded: %q", got)
	}
}

func TestSentencesLookAlikeHoweverTheyWereWritten(t *testing.T) {
	for s, want := range map[string]string{
		"": "", ".": "", "nothing is there": "Nothing is there", "Nothing is there.": "Nothing is there", "가.": "가",
	} {
		if got := string(AppendSentence([]byte("x"), s)); got != "x"+want {
			t.Errorf("%q becomes %q", s, got)
		}
	}
}

func TestNothingUnprintableReachesATerminal(t *testing.T) {
	for s, want := range map[string]string{
		`a "b" \c 가`: `a "b" \c 가`, "\x1b[2J\xff\u202e\n": `\x1b[2J\xff\xe2\x80\xae\x0a`,
	} {
		if got := Printable(s); got != want {
			t.Errorf("%q becomes %q, want %q", s, got, want)
		}
	}
}
