package message

import (
	"errors"
	"strings"
	"testing"
)

func (h *Header) text() string {
	var b strings.Builder
	for name, value := range h.Each() {
		b.WriteString(name + "=" + value + ";")
	}
	return b.String()
}

func TestHeaderKeepsOrderAndSpelling(t *testing.T) {
	steps := []struct {
		name string
		do   func(h *Header) error
		want string
	}{
		{"add", func(h *Header) error { return h.Add("x-A", "1") }, "x-A=1;"},
		{"add again", func(h *Header) error { return h.Add("X-a", "2") }, "x-A=1;X-a=2;"},
		{"add known", func(h *Header) error { return h.Add("vary", "a") }, "x-A=1;X-a=2;vary=a;"},
		{"set replaces all in the place of the first", func(h *Header) error { return h.Set("X-A", "3") }, "X-A=3;vary=a;"},
		{"set appends what is new", func(h *Header) error { return h.Set("ETag", `"x"`) }, `X-A=3;vary=a;ETag="x";`},
		{"default leaves what is there", func(h *Header) error { return h.Default("VARY", "b") }, `X-A=3;vary=a;ETag="x";`},
		{"default appends what is not", func(h *Header) error { return h.Default("Age", "0") }, `X-A=3;vary=a;ETag="x";Age=0;`},
		{"delete known", func(h *Header) error { h.Del("etag"); return nil }, `X-A=3;vary=a;Age=0;`},
		{"delete other", func(h *Header) error { h.Del("x-a"); return nil }, `vary=a;Age=0;`},
		{"delete nothing", func(h *Header) error { h.Del("x-a"); h.Del("Date"); return nil }, `vary=a;Age=0;`},
		{"white space is not part of a value", func(h *Header) error { return h.Set("Age", "\t1 ") }, `vary=a;Age=1;`},
	}
	var h Header
	for _, step := range steps {
		if err := step.do(&h); err != nil {
			t.Fatal(step.name, err)
		}
		if got := h.text(); got != step.want {
			t.Fatalf("%s: %s instead of %s", step.name, got, step.want)
		}
	}
	if h.Get("VARY") != "a" || h.GetID(Vary) != "a" || h.GetID(Date) != "" || h.Get("x-a") != "" || !h.Has("age") || h.Has("etag") {
		t.Error("Get or Has is wrong")
	}
	if !h.HasID(Age) || h.HasID(ETag) || h.HasID(OtherField) || !h.HasAny(Set(Age, Date)) || h.HasAny(Set(Date)) {
		t.Error("HasID or HasAny is wrong")
	}
	clone := h.Clone()
	h.Reset()
	if h.Len() != 0 || h.Has("vary") || clone.text() != `vary=a;Age=1;` {
		t.Errorf("after Reset %s, the clone %s", h.text(), clone.text())
	}
}

func TestNothingThatWouldEndALineGetsIntoAHeader(t *testing.T) {
	for _, test := range []struct {
		name, value string
		err         error
	}{
		{"X", "a\r\nSet-Cookie: b", ErrFieldValue},
		{"X", "a\nb", ErrFieldValue},
		{"X", "a\rb", ErrFieldValue},
		{"X", "a\x00b", ErrFieldValue},
		{"X", "a\x7f", ErrFieldValue},
		{"", "a", ErrFieldName},
		{"X Y", "a", ErrFieldName},
		{"X:", "a", ErrFieldName},
		{"X\r\nY", "a", ErrFieldName},
		{"é", "a", ErrFieldName},
		{"X", "", nil},
		{"X", "a\tb é", nil},
	} {
		for method, put := range map[string]func(h *Header) error{
			"Add":     func(h *Header) error { return h.Add(test.name, test.value) },
			"Set":     func(h *Header) error { return h.Set(test.name, test.value) },
			"Default": func(h *Header) error { return h.Default(test.name, test.value) },
		} {
			var h Header
			if err := put(&h); !errors.Is(err, test.err) {
				t.Errorf("%s(%q, %q): %v", method, test.name, test.value, err)
			}
			if want := test.err == nil; want != (h.Len() == 1) {
				t.Errorf("%s(%q, %q) left %d fields", method, test.name, test.value, h.Len())
			}
		}
	}
}
