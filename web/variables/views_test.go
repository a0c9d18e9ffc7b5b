package variables_test

import (
	"testing"

	. "vitrine/web/variables"
)

func TestALogValueIsOneQuotedWordOfPrintableText(t *testing.T) {
	for _, test := range []struct{ raw, want string }{
		{"plain text stays", "plain text stays"},
		{`say "hi" \o/`, `say \"hi\" \\o/`},
		{"a\r\n127.0.0.1 - - forged", `a\r\n127.0.0.1 - - forged`},
		{"tab\tnul\x00esc\x1b[2Jdel\x7f", `tab\tnul\x00esc\x1b[2Jdel\x7f`},
		{"가나다 ä", "가나다 ä"},
		{"\xff\xc3", `\xff\xc3`},
		{"\u0085\u009b1m\u2028\u202e", `\xc2\x85\xc2\x9b1m\xe2\x80\xa8\xe2\x80\xae`},
		{"\ufffd", "\ufffd"},
	} {
		if got := string(EscapeLog([]byte("<"+test.raw), 1)); got != "<"+test.want {
			t.Errorf("%q becomes %q, want %q", test.raw, got, test.want)
		}
	}
}

func TestAJSONValueFitsIntoAString(t *testing.T) {
	for _, test := range []struct{ raw, want string }{
		{"plain", "plain"},
		{`say "hi" \o/`, `say \"hi\" \\o/`},
		{"a\r\n\tb\x00\x1b\x7f", `a\r\n\tb\u0000\u001b\u007f`},
		{"가 ä 😀", "가 ä 😀"},
		{"a\xffb", `a\ufffdb`},
		{"\u2028\U000e0001", `\u2028\udb40\udc01`},
	} {
		if got := string(EscapeJSON([]byte(test.raw), 0)); got != test.want {
			t.Errorf("%q becomes %q, want %q", test.raw, got, test.want)
		}
	}
}

func TestURLValuesStayWhatTheyAreWithinALocation(t *testing.T) {
	for _, test := range []struct{ head, source, want string }{
		{"GET /a%20b/%e4?q=%41&x HTTP/1.1\nHost: A\n", "https://{host}{uri}", "https://a/a%20b/%e4?q=%41&x"},
		{"GET /a%20b/%e4%25 HTTP/1.1\nHost: a\n", "{path}", "/a%20b/%E4%25"},
		{"GET /a%0d%0aSet-Cookie:x HTTP/1.1\nHost: a\n", "{path}", "/a%0D%0ASet-Cookie:x"},
		{"GET /a%3fb%23c HTTP/1.1\nHost: a\n", "{path}", "/a%3Fb%23c"},
		{"GET //evil.example/x HTTP/1.1\nHost: a\n", "{uri}|{path.raw}/|{path}", "/evil.example/x|/evil.example/x/|/evil.example/x"},
		{"GET /\\evil.example HTTP/1.1\nHost: a\n", "{uri}", "/%5Cevil.example"},
		{"GET http://b/x?y HTTP/1.1\nHost: a\n", "https://{host}{uri}", "https://b/x?y"},
		{"GET / HTTP/1.1\nHost: [::1]:80\n", "https://{host}:{port}/", "https://[::1]:80/"},
		{"GET /?to=//evil.example/%26a%3Db HTTP/1.1\nHost: a\n", "/x?to={query.to}", "/x?to=%2F%2Fevil.example%2F%26a%3Db"},
		{"GET / HTTP/1.0\nHost: a\nX: <\"가\">/\n", "/{request.x}", "/%3C%22%EA%B0%80%22%3E%2F"},
		{"GET /?a|b[0]=\"<가>^ HTTP/1.1\nHost: a\n", "/?{query}", "/?a|b[0]=%22%3C%EA%B0%80%3E%5E"},
	} {
		if got := fill(t, test.source, values(t, test.head).URL()); got != test.want {
			t.Errorf("%s of %q is %q, want %q", test.source, test.head, got, test.want)
		}
	}
	v := values(t, "GET / HTTP/1.1\nHost: a\n")
	v.Tail = []byte("a b/ä;%")
	if got := fill(t, "/new/{path.tail}", v.URL()); got != "/new/a%20b/%C3%A4;%25" {
		t.Errorf("tail: %q", got)
	}
}

func TestAFieldValueHasNoControls(t *testing.T) {
	v := values(t, "GET /a%0d%0ax%7f%09%c3%a4 HTTP/1.1\nHost: a\n")
	if got := fill(t, "{path}", v.Field()); got != "/a  x \tä" {
		t.Errorf("got %q", got)
	}
}

func TestABodysValuesAreEscapedAsItsMediaTypeAsks(t *testing.T) {
	v := values(t, `GET /<b>%22&'%01 HTTP/1.1`+"\nHost: a\n")
	for mediaType, want := range map[string]string{
		"text/html; charset=utf-8": "/&lt;b&gt;&#34;&amp;&#39;\x01",
		"IMAGE/SVG+XML":            "/&lt;b&gt;&#34;&amp;&#39;\x01",
		"application/json":         `/<b>\"&'\u0001`,
		"application/problem+json": `/<b>\"&'\u0001`,
		"text/plain":               "/<b>\"&'\x01",
		"":                         "/<b>\"&'\x01",
	} {
		if got := fill(t, "{path}", v.Body(mediaType)); got != want {
			t.Errorf("%s: %q, want %q", mediaType, got, want)
		}
	}
}
