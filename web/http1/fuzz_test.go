package http1

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"vitrine/web/message"
)

// same fails when the bytes mean something else in two pieces or one by one than as a whole.
func same(t *testing.T, start func() peer, in []byte, cut uint16) {
	t.Helper()
	want := whole(start(), in)
	if got := drop(start(), in); got != want {
		t.Fatalf("%q byte by byte:\n%s\ninstead of\n%s", in, got, want)
	}
	i := min(int(cut), len(in))
	p := start()
	p.feed(in[:i])
	p.feed(in[i:])
	if got := p.end(); got != want {
		t.Fatalf("%q cut at %d:\n%s\ninstead of\n%s", in, i, got, want)
	}
}

func FuzzRequestHead(f *testing.F) {
	for _, cases := range requestCases {
		for i, c := range cases {
			f.Add([]byte(c.in), uint16(i*7))
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, cut uint16) {
		same(t, func() peer { return peer{lim: testLimits} }, in, cut)
	})
}

func FuzzResponseHead(f *testing.F) {
	for _, cases := range responseCases {
		for i, c := range cases {
			f.Add([]byte(c.in), byte(i), uint16(i*7))
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, method byte, cut uint16) {
		start := func() peer {
			m := message.Method(method) % (message.PATCH + 1)
			return peer{lim: testLimits, client: true, methods: []message.Method{m, message.GET, message.HEAD, m}}
		}
		same(t, start, in, cut)
	})
}

func FuzzChunkedBody(f *testing.F) {
	for _, cases := range chunkedCases {
		for i, c := range cases {
			f.Add([]byte(c.in), uint16(i*7))
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, cut uint16) {
		in = append([]byte(chunkedHead), in...)
		same(t, func() peer { return peer{lim: testLimits} }, in, cut)
		agree(t, in)
	})
}

func FuzzAgainstNetHTTP(f *testing.F) {
	f.Add([]byte(smallHead))
	f.Add([]byte(browserHead))
	for _, cases := range requestCases {
		for _, c := range cases {
			f.Add([]byte(c.in))
		}
	}
	f.Fuzz(agree)
}

// agree holds what we accept to Go's net/http: it accepts it too, with the same method, target, host, length and
// content. It is more liberal in many places, so that nothing is said about what we refuse. The known exceptions:
//   - it skips no empty lines before a request line;
//   - it checks the names in a Trailer field of a chunked message, which announce and decide nothing here;
//   - it reads escapes in the query of an absolute target's path and host by its own rules, so that only the text of
//     the target is compared, and not its parts;
//   - it bounds a chunk's extensions in another way, and reads trailers into its own map: content is compared
//     only where it has read it whole.
func agree(t *testing.T, in []byte) {
	var x Receiver
	var r message.Request
	var lim Limits
	n, err := x.RequestHead(in, &lim, &r)
	if err != nil || n == 0 {
		return
	}
	skipped := 0
	for bytes.HasPrefix(in[skipped:], []byte("\r\n")) {
		skipped += 2
	}
	theirs, failure := http.ReadRequest(bufio.NewReader(bytes.NewReader(in[skipped:])))
	if failure != nil {
		if r.ContentLength < 0 && r.Fields.Has(message.Trailer) {
			return
		}
		t.Fatalf("%q is accepted as %s, but not by net/http: %v", in, describe(&r), failure)
	}
	if theirs.Method != r.MethodName() {
		t.Fatalf("%q: method %q and %q", in, r.MethodName(), theirs.Method)
	}
	if theirs.RequestURI != string(r.RawTarget()) {
		t.Fatalf("%q: target %q and %q", in, r.RawTarget(), theirs.RequestURI)
	}
	if authority := string(r.Authority.Of(r.Arena())); theirs.Host != authority {
		t.Fatalf("%q: host %q and %q", in, authority, theirs.Host)
	}
	if theirs.ContentLength != r.ContentLength {
		t.Fatalf("%q: length %d and %d", in, r.ContentLength, theirs.ContentLength)
	}
	if r.Target.Form == message.OriginForm && !strings.Contains(string(r.RawPath()), "%") {
		if theirs.URL.Path != string(r.RawPath()) || theirs.URL.RawQuery != string(r.Query()) {
			t.Fatalf("%q: path %q and %q", in, r.RawPath(), theirs.URL.Path)
		}
	}
	var content []byte
	for rest, done := in[n:], !x.InBody(); !done; {
		var data []byte
		data, n, done, err = x.Body(rest)
		if err != nil || n == 0 {
			return
		}
		content = append(content, data...)
		rest = rest[n:]
	}
	if other, failure := io.ReadAll(theirs.Body); failure == nil && !bytes.Equal(other, content) {
		t.Fatalf("%q: content %q and %q", in, content, other)
	}
}
