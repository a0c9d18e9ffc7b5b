package variables_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	. "vitrine/web/variables"
)

func seed(f *testing.F) {
	for _, s := range []string{"", "plain", `"`, `\`, "\r\n", "\x00\x1b[0m", "\xff\xc3\x28", "가\u2028\u202e", "1234567\x7f",
		"12345678\"9", "😀\U000e0001", "<&'>", "%zz%41%", "//evil"} {
		f.Add([]byte(s))
	}
}

// FuzzEscapeLog holds every escaped value to what makes a log line safe: printable, no bare quotation mark, no
// escape left open at the end; and what is safe already does not change.
func FuzzEscapeLog(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := EscapeLog(append([]byte(`"\`), raw...), 2)
		if !bytes.HasPrefix(got, []byte(`"\`)) {
			t.Fatalf("%q: what stood before changed", got)
		}
		got = got[2:]
		open := false
		for i := 0; i < len(got); {
			r, size := utf8.DecodeRune(got[i:])
			switch {
			case r == utf8.RuneError && size == 1, !unicode.IsPrint(r):
				t.Fatalf("%q becomes %q: not printable at %d", raw, got, i)
			case open && !strings.ContainsRune(`"\nrtx`, r):
				t.Fatalf("%q becomes %q: no such escape at %d", raw, got, i)
			case !open && r == '"':
				t.Fatalf("%q becomes %q: bare quotation mark at %d", raw, got, i)
			}
			open = !open && r == '\\'
			i += size
		}
		if open {
			t.Fatalf("%q becomes %q: escapes the closing quote", raw, got)
		}
		if !bytes.ContainsAny(raw, `"\`) && utf8.Valid(raw) && strings.IndexFunc(string(raw), func(r rune) bool { return !unicode.IsPrint(r) }) < 0 &&
			!bytes.Equal(raw, got) {
			t.Fatalf("%q was safe and became %q", raw, got)
		}
	})
}

func FuzzEscapeJSON(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := append(EscapeJSON(append([]byte{'"'}, raw...), 1), '"')
		var back string
		if err := json.Unmarshal(got, &back); err != nil {
			t.Fatalf("%q becomes %q: %v", raw, got, err)
		}
		if want := strings.ToValidUTF8(string(raw), "\x00"); utf8.Valid(raw) && back != want {
			t.Fatalf("%q reads back as %q", raw, back)
		}
		for _, r := range string(got) {
			if !unicode.IsPrint(r) {
				t.Fatalf("%q becomes %q: not printable", raw, got)
			}
		}
	})
}

// FuzzURL holds Locations to being one URL on the host that was written, whatever the client sends.
func FuzzURL(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		v := values(t, "GET / HTTP/1.1\nHost: a\n")
		v.Tail = raw
		got := fill(t, "https://{host}/{path.tail}?q={request.host}", v.URL())
		u, err := url.Parse(got)
		if err != nil || u.Host != "a" || u.RawQuery != "q=a" || u.Fragment != "" {
			t.Fatalf("%q: %v %+v", got, err, u)
		}
		if u.Path != "/"+string(raw) {
			t.Fatalf("%q reads back as %q", raw, u.Path)
		}
	})
}

func FuzzEscapeHTMLAndField(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if got := EscapeHTML(bytes.Clone(raw), 0); bytes.ContainsAny(got, "<>\"'\x00") {
			t.Fatalf("%q becomes %q", raw, got)
		}
		if got := EscapeField(bytes.Clone(raw), 0); bytes.ContainsAny(got, "\r\n\x00") || len(got) != len(raw) {
			t.Fatalf("%q becomes %q", raw, got)
		}
	})
}
