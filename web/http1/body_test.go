package http1

import (
	"strings"
	"testing"

	"vitrine/web/message"
)

// chunkedHead comes before each of the chunked bodies here; the transcript of it is left out.
const chunkedHead = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"

var chunkedCases = map[string][]requestCase{
	"RFC 9112 §7.1 chunks": {
		{"0\r\n\r\n", `body ""`},
		{"3\r\nabc\r\n0\r\n\r\n", `body "abc"`},
		{"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", `body "abcde"`},
		{"a\r\n0123456789\r\nA\r\n0123456789\r\n00\r\n\r\n", `body "01234567890123456789"`},
		{"00003\r\nabc\r\n0000000\r\n\r\n", `body "abc"`},
		{"2\r\n\r\n\r\n0\r\n\r\n", `body "\r\n"`}, // data is not looked at
		{"5\r\n0\r\n\r\n\r\n0\r\n\r\n", `body "0\r\n\r\n"`},
		{"\r\n", `body "" 400 http1.chunk.size`},
		{" 3\r\nabc\r\n0\r\n\r\n", `body "" 400 http1.chunk.size`},
		{"3 \r\nabc\r\n0\r\n\r\n", `body "" 400 http1.chunk.size`},
		{"3\t\r\nabc\r\n0\r\n\r\n", `body "" 400 http1.chunk.size`},
		{"+3\r\nabc\r\n0\r\n\r\n", `body "" 400 http1.chunk.size`},
		{"-3\r\nabc\r\n0\r\n\r\n", `body "" 400 http1.chunk.size`},
		{"0x3\r\nabc\r\n0\r\n\r\n", `body "" 400 http1.chunk.size`},
		{"3_0\r\nabc\r\n0\r\n\r\n", `body "" 400 http1.chunk.size`},
		{"g\r\n", `body "" 400 http1.chunk.size`},
		{"3,3\r\nabc\r\n0\r\n\r\n", `body "" 400 http1.chunk.size`},
		{"3\nabc\r\n0\r\n\r\n", `body "" 400 http1.chunk.size`},
		{"3\r\x00abc\r\n0\r\n\r\n", `body "" 400 http1.line.bare-cr`},
		{"3\r\r\nabc\r\n0\r\n\r\n", `body "" 400 http1.line.bare-cr`},
		{"3\r\nabc0\r\n\r\n", `body "abc" 400 http1.chunk.end`},
		{"3\r\nabcd\r\n0\r\n\r\n", `body "abc" 400 http1.chunk.end`},
		{"3\r\nabc\n0\r\n\r\n", `body "abc" 400 http1.chunk.end`},
		{"3\r\nabc\r0\r\n\r\n", `body "abc" 400 http1.chunk.end`},
		{"4\r\nabc\r\n0\r\n\r\n", `body "abc\r" 400 http1.chunk.end`},
		{"3\r\nabc\r\n\r\n0\r\n\r\n", `body "abc" 400 http1.chunk.size`},
		{"3\r\nabc\r\n", `end: http1.end.in-body`},
		{"3\r\nab", `end: http1.end.in-body`},
		{"3\r\nabc\r\n0\r\n", `end: http1.end.in-body`},
		{"0\r\n\r\nGET / HTTP/1.1" + h, "body \"\"\nGET 1.1 / @h"},
	},
	"RFC 9112 §7.1 sizes that overflow": {
		{"7fffffffffffffff\r\n", `body "" 413 http1.body.too-large`},
		{"8000000000000000\r\n", `body "" 400 http1.chunk.size-overflow`},
		{"ffffffffffffffff\r\n", `body "" 400 http1.chunk.size-overflow`},
		{"10000000000000003\r\nabc", `body "" 400 http1.chunk.size-overflow`},
		{"1\r\na\r\n7fffffffffffffff\r\n", `body "a" 400 http1.chunk.size-overflow`},
		{"65\r\n", `body "" 413 http1.body.too-large`},
		{"32\r\n" + strings.Repeat("a", 50) + "\r\n33\r\n", `body "` + strings.Repeat("a", 50) + `" 413 http1.body.too-large`},
	},
	"RFC 9112 §7.1.1 extensions are ignored": {
		{"3;a\r\nabc\r\n0;b=c\r\n\r\n", `body "abc"`},
		{"3;a=\"b c\"\r\nabc\r\n0\r\n\r\n", `body "abc"`},
		{"3;\tx\r\nabc\r\n0\r\n\r\n", `body "abc"`},
		{"3;a\nabc\r\n0\r\n\r\n", `body "" 400 http1.chunk.extension`},
		{"3;a\x00\r\nabc\r\n0\r\n\r\n", `body "" 400 http1.chunk.extension`},
		{"3;a\rb\r\nabc\r\n0\r\n\r\n", `body "" 400 http1.line.bare-cr`},
		{"3;" + strings.Repeat("a", 17) + "\r\nabc\r\n0\r\n\r\n", `body "abc"`},
		{"3;" + strings.Repeat("a", 18) + "\r\nabc\r\n0\r\n\r\n", `body "" 400 http1.chunk.line-too-long`},
		{"3;" + strings.Repeat("a", 100), `body "" 400 http1.chunk.line-too-long`},
		{strings.Repeat("0", 20) + "3\r\nabc\r\n0\r\n\r\n", `body "" 400 http1.chunk.line-too-long`},
		{strings.Repeat("1;"+strings.Repeat("x", 17)+"\r\na\r\n", 80), `body "` + strings.Repeat("a", 71) + `" 400 http1.chunk.line-too-long`},
	},
	"RFC 9112 §7.1.2 trailers": {
		{"1\r\na\r\n0\r\nA: b\r\nETag:\"x\" \r\n\r\n", "body \"a\"\ntrailer A=b\ntrailer ETag=\"x\""},
		{"0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n", "body \"\"\ntrailer A=b"},
		{"0\r\nHOST: x\r\nAuthorization: y\r\ncookie: z\r\n\r\n", `body ""`},
		{"0\r\nA: b\n\r\n", `body "" 400 http1.line.bare-lf`},
		{"0\r\n\n", `body "" 400 http1.line.bare-lf`},
		{"0\r\nA : b\r\n\r\n", `body "" 400 http1.field.space-before-colon`},
		{"0\r\n A: b\r\n\r\n", `body "" 400 http1.field.leading-space`},
		{"0\r\nA: b\r\n c\r\n\r\n", `body "" 400 http1.field.folded`},
		{"0\r\nA\r\n\r\n", `body "" 400 http1.field.name`},
		{"0\r\nA: \x00\r\n\r\n", `body "" 400 http1.field.value`},
		{"0\r\nA: b\rc\r\n\r\n", `body "" 400 http1.line.bare-cr`},
		{"0\r\nA: " + strings.Repeat("b", 53) + "\r\n\r\n", "body \"\"\ntrailer A=" + strings.Repeat("b", 53)},
		{"0\r\nA: " + strings.Repeat("b", 54) + "\r\n\r\n", `body "" 431 http1.trailer.too-large`},
		{"0\r\nA: " + strings.Repeat("b", 100), `body "" 431 http1.trailer.too-large`},
		{"0\r\n" + strings.Repeat("A: b\r\n", 7) + "\r\n", `body "" 431 http1.head.too-many-fields`},
		{"0\r\n" + strings.Repeat("A: b\r\n", 10) + "\r\n", `body "" 431 http1.head.too-many-fields`},
	},
}

func TestChunkedBodies(t *testing.T) {
	for section, cases := range chunkedCases {
		for _, c := range cases {
			server := func() peer { return peer{lim: testLimits} }
			in := []byte(chunkedHead + c.in)
			want := "POST 1.1 / @h length=-1\n" + c.want
			if got := whole(server(), in); got != want {
				t.Errorf("%s\n%q\n%s\ninstead of\n%s", section, c.in, got, want)
				continue
			}
			checkCuts(t, server, in, want)
		}
	}
}

func TestWhatARemainingBodyIs(t *testing.T) {
	var x Receiver
	var lim Limits
	var r message.Request
	if !x.Idle() || x.Started() || x.InBody() || x.BodyRemaining() != 0 {
		t.Error("a new receiver is not idle")
	}
	if n, _ := x.RequestHead([]byte("\r\n"), &lim, &r); n != 0 || !x.Idle() || x.Started() {
		t.Error("an empty line begins no message")
	}
	if n, _ := x.RequestHead([]byte("\r\n\r"), &lim, &r); n != 0 || x.Idle() || !x.Started() {
		t.Error("half an empty line may be dropped")
	}
	if n, _ := x.RequestHead([]byte("\r\n\r\n"), &lim, &r); n != 0 || !x.Idle() || x.Started() {
		t.Error("an empty line that came in two parts begins a message")
	}
	if n, _ := x.RequestHead([]byte("GE"), &lim, &r); n != 0 || !x.Started() {
		t.Error("empty lines cannot be dropped")
	}
	x = Receiver{}
	if n, _ := x.RequestHead([]byte("\r\nPOST"), &lim, &r); n != 0 || x.Idle() || !x.Started() || x.InBody() {
		t.Error("a part of a head begins a message")
	}
	in := []byte("\r\nPOST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde")
	n, _ := x.RequestHead(in, &lim, &r)
	if n != len(in)-5 || x.Idle() || x.Started() || !x.InBody() || x.BodyRemaining() != 5 {
		t.Errorf("a head of %d bytes, then %d", n, x.BodyRemaining())
	}
	if len(r.Arena()) != n {
		t.Errorf("the arena has %d bytes", len(r.Arena()))
	}
	data, n, done, _ := x.Body(in[n : n+2])
	if string(data) != "ab" || n != 2 || done || x.BodyRemaining() != 3 {
		t.Errorf("%q, %d, %v; then %d", data, n, done, x.BodyRemaining())
	}
	if _, n, done, _ := x.Body(nil); n != 0 || done {
		t.Error("nothing ended the body")
	}
	data, n, done, _ = x.Body([]byte("cdeGET"))
	if string(data) != "cde" || n != 3 || !done || !x.Idle() || x.BodyRemaining() != 0 || cap(data) != 3 {
		t.Errorf("%q, %d, %v", data, n, done)
	}
	if _, n, done, err := x.Body([]byte("GET")); n != 0 || !done || err != nil {
		t.Error("there is content between two messages")
	}
	if x.EOF() != nil {
		t.Error("a connection may end between two messages")
	}
	if n, _ := x.RequestHead([]byte(chunkedHead), &lim, &r); n == 0 || x.BodyRemaining() != -1 {
		t.Error("a chunked body has no known length")
	}
}

func TestAFaultStays(t *testing.T) {
	var x Receiver
	var lim Limits
	var r message.Request
	_, first := x.RequestHead([]byte("GET\n"), &lim, &r)
	_, second := x.RequestHead([]byte(smallHead), &lim, &r)
	_, _, _, third := x.Body([]byte("a"))
	_, fourth := x.ResponseHead([]byte("HTTP/1.1 200 OK\r\n\r\n"), &lim, new(message.Response), message.GET)
	if first == nil || first != second || first != third || first != fourth || first != x.EOF() || first != x.Err() || x.Idle() {
		t.Errorf("%v, %v, %v, %v", first, second, third, fourth)
	}
	var none *Error
	if none.String() != "no error" || first.String() != "400 http1.method.invalid at 3" {
		t.Errorf("%v and %v", none, first)
	}
}
