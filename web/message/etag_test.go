package message

import (
	"slices"
	"testing"
)

func TestEntityTags(t *testing.T) {
	for _, test := range []struct{ text, opaque, rest string }{
		{`"a"`, `"a"`, ""},
		{`W/"a"x`, `W/"a"`, "x"},
		{`""`, `""`, ""},
		{`"é!#"`, `"é!#"`, ""},
		{`"a\"`, `"a\"`, ""}, // a backslash escapes nothing here
		{`"a`, "", ""},
		{`a`, "", ""},
		{`w/"a"`, "", ""},
		{`W/a`, "", ""},
		{`W/`, "", ""},
		{`"a b"`, "", ""},
		{"\"a\x7f\"", "", ""},
		{``, "", ""},
		{`"`, "", ""},
	} {
		tag, rest, ok := ParseETag([]byte(test.text))
		if !ok {
			if test.opaque != "" || string(rest) != test.text {
				t.Errorf("%s is no tag, and %q is left", test.text, rest)
			}
			continue
		}
		got := string(tag.Opaque)
		if tag.Weak {
			got = "W/" + got
		}
		if got != test.opaque || string(rest) != test.rest {
			t.Errorf("%s is %s with %q after it", test.text, got, rest)
		}
	}
}

func TestListsOfEntityTags(t *testing.T) {
	for value, want := range map[string][]string{
		`"a"`:               {`"a"`},
		`"a", W/"b" ,"c,d"`: {`"a"`, `"b"`, `"c,d"`},
		` , "a",, `:         {`"a"`},
		`"a" "b"`:           nil,
		`"a", b, "c"`:       {`"a"`},
		`*`:                 nil,
		``:                  nil,
		`"a", "b`:           {`"a"`},
	} {
		var got []string
		for tag := range ETags([]byte(value)) {
			got = append(got, string(tag.Opaque))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s lists %q, and not %q", value, got, want)
		}
	}
}

// The examples of RFC 9110 §8.8.3.2.
func TestComparisonOfEntityTags(t *testing.T) {
	for _, test := range []struct {
		a, b         string
		strong, weak bool
	}{
		{`W/"1"`, `W/"1"`, false, true},
		{`W/"1"`, `W/"2"`, false, false},
		{`W/"1"`, `"1"`, false, true},
		{`"1"`, `"1"`, true, true},
	} {
		a, _, _ := ParseETag([]byte(test.a))
		b, _, _ := ParseETag([]byte(test.b))
		if StrongEqual(a, b) != test.strong || WeakEqual(a, b) != test.weak {
			t.Errorf("%s and %s: strong %v, weak %v", test.a, test.b, !test.strong, !test.weak)
		}
	}
	if WeakEqual(EntityTag{}, EntityTag{}) {
		t.Error("two absent tags are the same")
	}
}

func FuzzETag(f *testing.F) {
	for _, s := range []string{`"a", W/"b"`, `*`, `"a" b`, `W/""`, `,,"x"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		n := 0
		for tag := range ETags([]byte(value)) {
			o := tag.Opaque
			if len(o) < 2 || o[0] != '"' || o[len(o)-1] != '"' || slices.Contains(o[1:len(o)-1], '"') || !IsValue(o) {
				t.Fatalf("%q lists %q", value, o)
			}
			n += len(o)
		}
		if n > len(value) {
			t.Fatalf("%q lists more than it has", value)
		}
	})
}
