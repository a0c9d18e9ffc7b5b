package content

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"vitrine/config"
	"vitrine/site/resource"
	"vitrine/trace/tracetest"
	"vitrine/web/exchange"
	"vitrine/web/message"
)

func TestMain(m *testing.M) { tracetest.Main(m, "content.") }

// request makes a head from lines such as "GET" and "Range: bytes=0-1".
func request(method string, lines ...string) *message.Request {
	const host = "example.org:8080"
	var arena strings.Builder
	arena.WriteString(host)
	type spans struct{ name, value message.Span }
	var all []spans
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		at := uint32(arena.Len())
		arena.WriteString(name + value)
		all = append(all, spans{message.Span{Off: at, Len: uint32(len(name))},
			message.Span{Off: at + uint32(len(name)), Len: uint32(len(value))}})
	}
	r := new(message.Request)
	r.Reset([]byte(arena.String()))
	r.Method = message.GET
	if method == "HEAD" {
		r.Method = message.HEAD
	}
	r.Authority = message.Span{Len: uint32(len(host))}
	for _, f := range all {
		r.Fields.Add(f.name, f.value)
	}
	return r
}

const (
	modified = 784111777 // Sun, 06 Nov 1994 08:49:37 GMT, the standard's own example
	present  = 1700000000
)

// digits is a file of ten bytes, each its own offset.
func digits() *resource.Entry {
	return &resource.Entry{Kind: resource.File, Path: "/digits.txt", Size: 10, ModTime: time.Unix(modified, 500),
		ETag: `"v1"`, Bytes: []byte("0123456789")}
}

var textType = &Type{Value: "text/plain; charset=utf-8", Reason: reasonTypeBuiltIn, extension: "txt", line: 1}

// body is all pieces together; they are released.
func body(t testing.TB, pieces []exchange.Piece) string {
	t.Helper()
	var b strings.Builder
	for i := range pieces {
		p := &pieces[i]
		if p.File == nil {
			b.Write(p.Bytes)
		} else if _, err := io.Copy(&b, io.NewSectionReader(p.File.F, p.Offset, p.N)); err != nil {
			t.Fatal(err)
		}
		if p.Release != nil {
			p.Release.Release()
		}
	}
	return b.String()
}

// fields is the header as lines, in order.
func fields(h *message.Header) string {
	var b strings.Builder
	for name, value := range h.Each() {
		fmt.Fprintf(&b, "%s: %s\n", name, value)
	}
	return b.String()
}

func typesConfig() (c config.Types) {
	c.Charset.V, c.Default.V = "utf-8", "application/octet-stream"
	return c
}
