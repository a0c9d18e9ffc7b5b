package http1

import (
	"strings"
	"testing"

	"vitrine/web/message"
)

// responseCases are bytes from a server that answers the methods, and what a client makes of them.
var responseCases = map[string][]struct {
	methods string
	in      string
	want    string
}{
	"RFC 9112 §4 status line": {
		{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200 1.1 length=0 (OK)"},
		{"GET", "HTTP/1.0 200 Yes, all is well\r\nContent-Length: 0\r\n\r\n", "200 1.0 length=0 (Yes, all is well)"},
		{"GET", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "200 1.1 length=0"},
		{"GET", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "200 1.1 length=0"},
		{"GET", "HTTP/1.1 299 é\t!\r\nContent-Length: 0\r\n\r\n", "299 1.1 length=0 (é\t!)"},
		{"GET", "HTTP/1.9 999 x\r\nContent-Length: 0\r\n\r\n", "999 1.1 length=0 (x)"},
		{"GET", "HTTP/2.0 200 OK\r\n\r\n", "505 http1.version.unsupported at 0"},
		{"GET", "HTTP/1.1 200 OK\n\r\n", "400 http1.line.bare-lf at 15"},
		{"GET", "HTTP/1.1 200 a\rb\r\n\r\n", "400 http1.line.bare-cr at 14"},
		{"GET", "HTTP/1.1 200 a\x00b\r\n\r\n", "400 http1.status-line.malformed at 14"},
		{"GET", "HTTP/1.1 2000 OK\r\n\r\n", "400 http1.status-line.malformed at 12"},
		{"GET", "HTTP/1.1 20 OK\r\n\r\n", "400 http1.status-line.malformed at 9"},
		{"GET", "HTTP/1.1 099 OK\r\n\r\n", "400 http1.status-line.malformed at 9"},
		{"GET", "HTTP/1.1 +20 OK\r\n\r\n", "400 http1.status-line.malformed at 9"},
		{"GET", "HTTP/1.1  200 OK\r\n\r\n", "400 http1.status-line.malformed at 9"},
		{"GET", "HTTP/1.1\t200 OK\r\n\r\n", "400 http1.status-line.malformed at 0"},
		{"GET", "http/1.1 200 OK\r\n\r\n", "400 http1.status-line.malformed at 0"},
		{"GET", "HTTP/1.1\r\n\r\n", "400 http1.status-line.malformed at 0"},
		{"GET", "ICY 200 OK\r\n\r\n", "400 http1.status-line.malformed at 0"},
		{"GET", "\r\nHTTP/1.1 200 OK\r\n\r\n", "400 http1.status-line.malformed at 0"},
		{"GET", "HTTP/1.1 200 O", "end: http1.end.in-head"},
		{"GET", "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("b", 500), "431 http1.head.too-large at 400"},
		{"GET", "HTTP/1.1 200 " + strings.Repeat("b", 500), "431 http1.head.too-large at 400"},
		{"GET", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "400 http1.field.folded at 23"},
		{"GET", "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", 7), "431 http1.head.too-many-fields at 53"},
	},
	"RFC 9112 §6.3 rule 1: no content": {
		{"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "200 1.1 length=5 (OK)"},
		{"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "200 1.1 (OK)"},
		{"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "304 1.1 length=5 (Not Modified)"},
		{"GET", "HTTP/1.1 204 No Content\r\n\r\n", "204 1.1 (No Content)"},
		{"GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "204 1.1 (No Content)"},
		{"GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
			"100 1.1 (Continue)\n103 1.1 (Early) Link=x\n200 1.1 length=1 (OK)\nbody \"a\""},
		{"HEAD GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
			"200 1.1 length=5 (OK)\n200 1.1 length=1 (OK)\nbody \"a\""},
	},
	"RFC 9112 §6.3 rule 2: tunnels": {
		{"CONNECT", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbytes and more", "200 1.1 (OK)\nbody \"bytes and more\" until the end"},
		{"CONNECT", "HTTP/1.1 407 No\r\nContent-Length: 1\r\n\r\na", "407 1.1 length=1 (No)\nbody \"a\""},
		{"GET", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\x81\x00", "101 1.1 (Switching Protocols) Upgrade=x\nbody \"\\x81\\x00\" until the end"},
	},
	"RFC 9112 §6.3 rules 3 to 6": {
		{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "200 1.1 length=3 (OK)\nbody \"abc\""},
		{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "200 1.1 length=3 (OK)\nend: http1.end.in-body"},
		{"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nA: b\r\n\r\n", "200 1.1 (OK)\nbody \"a\"\ntrailer A=b"},
		{"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", "200 1.1 (OK)\nend: http1.end.in-body"},
		{"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", "400 http1.framing.length-and-coding at 36"},
		{"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", "400 http1.framing.length-and-coding at 36"},
		{"GET", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "400 http1.framing.coding-in-http10 at 36"},
		{"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "501 http1.framing.coding-unknown at 36"},
		{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc", "400 http1.framing.length-invalid at 33"},
		{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "400 http1.framing.length-repeated at 33"},
		{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\nabc", "413 http1.body.too-large at 33"},
	},
	"RFC 9112 §6.3 rule 8: until the connection's end": {
		{"GET", "HTTP/1.1 200 OK\r\n\r\nabc", "200 1.1 (OK)\nbody \"abc\" until the end"},
		{"GET", "HTTP/1.0 200 OK\r\n\r\n", "200 1.0 (OK)\nbody \"\" until the end"},
		{"GET", "HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("a", 100), "200 1.1 (OK)\nbody \"" + strings.Repeat("a", 100) + "\" until the end"},
	},
}

func TestResponses(t *testing.T) {
	for section, cases := range responseCases {
		for _, c := range cases {
			client := func() peer {
				p := peer{lim: testLimits, client: true}
				for m := range strings.FieldsSeq(c.methods) {
					p.methods = append(p.methods, message.LookupMethod([]byte(m)))
				}
				return p
			}
			got := whole(client(), []byte(c.in))
			if got != c.want {
				t.Errorf("%s\n%q\n%s\ninstead of\n%s", section, c.in, got, c.want)
				continue
			}
			checkCuts(t, client, []byte(c.in), got)
		}
	}
}

func TestContentUntilTheEndIsBounded(t *testing.T) {
	var x Receiver
	lim := testLimits
	var r message.Response
	if n, err := x.ResponseHead([]byte("HTTP/1.1 200 OK\r\n\r\n"), &lim, &r, message.GET); n == 0 || !x.InBody() || x.BodyRemaining() != -1 {
		t.Fatal(n, err)
	}
	if _, n, _, err := x.Body(make([]byte, 100)); n != 100 || err != nil {
		t.Fatal(n, err)
	}
	if _, _, _, err := x.Body(make([]byte, 1)); err == nil || err.Reason != reasonBodyLarge {
		t.Fatal(err)
	}
}

func TestTheEndEndsContentOnce(t *testing.T) {
	var x Receiver
	var lim Limits
	var r message.Response
	x.ResponseHead([]byte("HTTP/1.1 200 OK\r\n\r\n"), &lim, &r, message.GET)
	if err := x.EOF(); err != nil || x.InBody() || x.Idle() {
		t.Error(err)
	}
	if _, n, done, err := x.Body([]byte("x")); n != 0 || !done || err != nil {
		t.Error("content follows the end")
	}
	var y Receiver
	y.ResponseHead([]byte("HTTP/1.1 101 x\r\n\r\n"), &lim, &r, message.GET)
	if !y.Tunnel() || y.InBody() || y.Idle() || y.BodyRemaining() != -1 || y.EOF() != nil {
		t.Error("a tunnel is no message")
	}
}
