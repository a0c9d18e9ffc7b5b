package http1

import (
	"strings"
	"testing"

	"vitrine/web/message"
)

// The request of wrk, and that of a browser.
const (
	smallHead   = "GET /1k.html HTTP/1.1\r\nHost: 127.0.0.1:23000\r\n\r\n"
	browserHead = "GET /assets/app/main.4f2c1a.js?v=20240611 HTTP/1.1\r\n" +
		"Host: www.example.org\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
		"Accept-Language: en-GB,en;q=0.7,de;q=0.3\r\n" +
		"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
		"Referer: https://www.example.org/a/rather/long/path/to/a/page.html\r\n" +
		"Connection: keep-alive\r\n" +
		"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes\r\n" +
		"Sec-Fetch-Dest: script\r\n" +
		"Sec-Fetch-Mode: no-cors\r\n" +
		"If-None-Match: \"5f3b-18e2b7c0a40\"\r\n" +
		"Priority: u=2\r\n\r\n"
)

func benchmarkRequestHead(b *testing.B, head string) {
	var x Receiver
	var lim Limits
	var r message.Request
	in := []byte(head)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if n, err := x.RequestHead(in, &lim, &r); n != len(in) {
			b.Fatal(n, err)
		}
	}
}

func BenchmarkRequestHeadSmall(b *testing.B)   { benchmarkRequestHead(b, smallHead) }
func BenchmarkRequestHeadBrowser(b *testing.B) { benchmarkRequestHead(b, browserHead) }

func BenchmarkRequestHeadEscapes(b *testing.B) {
	benchmarkRequestHead(b, "GET /a%20b/./c/../%C3%A9t%C3%A9.html?x=1 HTTP/1.1\r\nHost: WWW.Example.ORG\r\n\r\n")
}

func BenchmarkRequestHeadByteByByte(b *testing.B) {
	var x Receiver
	var lim Limits
	var r message.Request
	in := []byte(browserHead)
	for b.Loop() {
		for i := range in {
			if n, err := x.RequestHead(in[:i+1], &lim, &r); n != 0 != (i+1 == len(in)) || err != nil {
				b.Fatal(n, err)
			}
		}
	}
}

func BenchmarkBodyChunked(b *testing.B) {
	chunk := "4000\r\n" + strings.Repeat("x", 0x4000) + "\r\n"
	in := []byte(strings.Repeat(chunk, 8) + "0\r\n\r\n")
	var x Receiver
	var lim Limits
	b.SetBytes(8 * 0x4000)
	b.ReportAllocs()
	for b.Loop() {
		x.expect(Chunked, 0, &lim, message.Span{})
		for rest, done := in, false; !done; {
			var n int
			var err *Error
			if _, n, done, err = x.Body(rest); err != nil {
				b.Fatal(err)
			}
			rest = rest[n:]
		}
	}
}
