package message

import (
	"slices"
	"testing"
)

// section makes Fields of names and values in turn.
func section(lines ...string) *Fields {
	var arena []byte
	var spans []Span
	for _, s := range lines {
		spans = append(spans, Span{uint32(len(arena)), uint32(len(s))})
		arena = append(arena, s...)
	}
	f := new(Fields)
	f.Reset(arena)
	for i := 0; i < len(spans); i += 2 {
		f.Add(spans[i], spans[i+1])
	}
	return f
}

func TestFieldsAreFoundByNumberAndByName(t *testing.T) {
	f := section("Host", "a", "X-One", "1", "accept", "b", "ACCEPT", "c", "x-one", "2")
	if f.Len() != 5 || !f.Has(Host) || f.Has(Cookie) || string(f.Get(Host)) != "a" || f.Get(Cookie) != nil {
		t.Errorf("%d fields, Host %q", f.Len(), f.Get(Host))
	}
	var accepts []string
	for v := range f.All(Accept) {
		accepts = append(accepts, string(v))
	}
	if !slices.Equal(accepts, []string{"b", "c"}) || f.Count(Accept) != 2 || !f.Repeated(Accept) || f.Repeated(Host) {
		t.Errorf("Accept: %q", accepts)
	}
	if v, ok := f.Lookup("x-ONE"); !ok || string(v) != "1" {
		t.Errorf("X-One: %q, %v", v, ok)
	}
	if v, ok := f.Lookup("aCCept"); !ok || string(v) != "b" {
		t.Errorf("Accept: %q, %v", v, ok)
	}
	if _, ok := f.Lookup("X-Two"); ok {
		t.Error("X-Two was found")
	}
	if _, ok := f.Lookup("Cookie"); ok {
		t.Error("Cookie was found")
	}
	if !f.HasAny(Set(Cookie, Host)) || f.HasAny(Set(Cookie, Range)) {
		t.Error("HasAny is wrong")
	}
	if s := f.Span(Host); s != (Span{4, 1}) || f.Span(Cookie) != (Span{}) {
		t.Errorf("Host lies at %v", s)
	}
	if name, value := f.At(3); string(name) != "ACCEPT" || string(value) != "c" || f.IDAt(3) != Accept {
		t.Errorf("line 3 is %q: %q", name, value)
	}
	f.Reset(nil)
	if f.Len() != 0 || f.Has(Host) || f.Repeated(Accept) {
		t.Error("Reset left something")
	}
}

func TestTokensAreReadOneByOne(t *testing.T) {
	for _, test := range []struct {
		value string
		want  []string
	}{
		{"", nil},
		{" ", nil},
		{",", nil},
		{"close", []string{"close"}},
		{"\tclose ,Upgrade\t, ,x", []string{"close", "Upgrade", "x"}},
		{"trailers;q=0.5, gzip", []string{"trailers;q=0.5", "gzip"}},
	} {
		var got []string
		for token := range Tokens([]byte(test.value)) {
			got = append(got, string(token))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%q has the tokens %q", test.value, got)
		}
	}
	for value, want := range map[string]bool{
		"close": true, "CLOSE": true, "keep-alive, Close": true, "x,close ": true,
		"not-close": false, "closed": false, "close d": false, "": false, "clo,se": false,
	} {
		if HasToken([]byte(value), "close") != want {
			t.Errorf("close is in %q: %v", value, !want)
		}
	}
	value := []byte("keep-alive, Upgrade, close")
	if n := testing.AllocsPerRun(100, func() { HasToken(value, "close") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCharactersOfRFC9110(t *testing.T) {
	for s, want := range map[string]bool{
		"": false, "GET": true, "a b": false, "x-y_z!#$%&'*+.^`|~09": true, "a:": false, "é": false, "a\x00": false, "(": false,
	} {
		if IsToken(s) != want {
			t.Errorf("IsToken(%q) = %v", s, !want)
		}
	}
	for s, want := range map[string]bool{
		"": true, "a b\tc": true, "é\xff": true, "a\nb": false, "a\rb": false, "\x00": false, "\x7f": false, "\x1b[31m": false,
	} {
		if IsValue(s) != want {
			t.Errorf("IsValue(%q) = %v", s, !want)
		}
	}
	if got := Trim(" \t a b\t "); got != "a b" {
		t.Errorf("Trim gave %q", got)
	}
	if EqualFold("k", "\u212A") || EqualFold("@", "`") || !EqualFold("Az", []byte("aZ")) {
		t.Error("EqualFold folds other things than the letters of ASCII")
	}
}
