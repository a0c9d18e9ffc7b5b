package http1

import (
	"strings"
	"testing"

	"vitrine/trace"
)

// requestCase is one sentence of the standard: bytes, and what a server makes of them. A line that begins with a
// status is a refusal with its Reason and offset.
type requestCase struct{ in, want string }

// The limits of all tables here: small, so that the cases are too.
var testLimits = Limits{HeaderBytes: 400, URIBytes: 60, HeaderCount: 6, BodyBytes: 100, ChunkLine: 20, TrailerBytes: 60}

const h = "\r\nHost: h\r\n\r\n"

var requestCases = map[string][]requestCase{
	"RFC 9112 §2.1 message format": {
		{"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "GET 1.1 / @h"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n", "GET 1.1 / @h A=b"},
		{"GET /1k.html HTTP/1.1\r\nHost: 127.0.0.1:23000\r\n\r\n", "GET 1.1 /1k.html @127.0.0.1:23000"},
		{"GET / HTTP/1.1\r\nHost: h\r\n", "end: http1.end.in-head"},
		{"G", "end: http1.end.in-head"},
		{"", ""},
	},
	"RFC 9112 §2.2 lines end with CRLF": {
		{"GET / HTTP/1.1\nHost: h\n\n", "400 http1.line.bare-lf at 14"},
		{"GET / HTTP/1.1\r\nHost: h\n\r\n", "400 http1.line.bare-lf at 23"},
		{"GET / HTTP/1.1\r\nHost: h\r\n\n", "400 http1.line.bare-lf at 25"},
		{"GET / HTTP/1.1\r\n\nHost: h\r\n\r\n", "400 http1.line.bare-lf at 16"},
		{"GET / HTTP/1.1\r\nHost\n: h\r\n\r\n", "400 http1.line.bare-lf at 20"},
		{"GET / HTTP/1.1\rHost: h\r\n\r\n", "400 http1.line.bare-cr at 14"},
		{"GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", "400 http1.line.bare-cr at 14"},
		{"GET / HTTP/1.1\r\nHost: h\rA: b\r\n\r\n", "400 http1.line.bare-cr at 23"},
		{"GET / HTTP/1.1\r\nHost: h\r\n\r\r\n", "400 http1.line.bare-cr at 25"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA\r: b\r\n\r\n", "400 http1.line.bare-cr at 26"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\r\n\r\n", "400 http1.line.bare-cr at 29"},
		{"GET /\r HTTP/1.1" + h, "400 http1.target.character at 5"},
	},
	"RFC 9112 §2.2 empty lines before the request line": {
		{"\r\nGET / HTTP/1.1" + h, "GET 1.1 / @h"},
		{"\r\n\r\n\r\n\r\nGET / HTTP/1.1" + h, "GET 1.1 / @h"},
		{"\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1" + h, "400 http1.line.empty at 8"},
		{"\nGET / HTTP/1.1" + h, "400 http1.line.bare-lf at 0"},
		{"\r\n\nGET / HTTP/1.1" + h, "400 http1.line.bare-lf at 2"},
		{"\rGET / HTTP/1.1" + h, "400 http1.line.bare-cr at 0"},
		{"\r\n \r\nGET / HTTP/1.1" + h, "400 http1.method.invalid at 2"},
		{"\r\n\r\n", ""}, // a client that ends an idle connection with them
		{"\r", "end: http1.end.in-head"},
		{"\r\n\r", "end: http1.end.in-head"},
	},
	"RFC 9112 §2.2 white space before the first field": {
		{"GET / HTTP/1.1\r\n Host: h\r\n\r\n", "400 http1.field.leading-space at 16"},
		{"GET / HTTP/1.1\r\n\tHost: h\r\n\r\n", "400 http1.field.leading-space at 16"},
		{"GET / HTTP/1.1\r\n \r\nHost: h\r\n\r\n", "400 http1.field.leading-space at 16"},
	},
	"RFC 9112 §2.3 version": {
		{"GET / HTTP/1.0\r\n\r\n", "GET 1.0 / @"},
		{"GET / HTTP/1.2" + h, "GET 1.1 / @h"},
		{"GET / HTTP/1.9" + h, "GET 1.1 / @h"},
		{"GET / HTTP/2.0" + h, "505 http1.version.unsupported at 6"},
		{"GET / HTTP/3.0" + h, "505 http1.version.unsupported at 6"},
		{"GET / HTTP/0.9" + h, "505 http1.version.unsupported at 6"},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 http1.version.unsupported at 6"},
		{"GET / http/1.1" + h, "400 http1.version.malformed at 6"},
		{"GET / Http/1.1" + h, "400 http1.version.malformed at 6"},
		{"GET / HTTP/1" + h, "400 http1.version.malformed at 6"},
		{"GET / HTTP/1." + h, "400 http1.version.malformed at 6"},
		{"GET / HTTP/1.10" + h, "400 http1.version.malformed at 6"},
		{"GET / HTTP/01.1" + h, "400 http1.version.malformed at 6"},
		{"GET / HTTP/1,1" + h, "400 http1.version.malformed at 6"},
		{"GET / HTTP/+.1" + h, "400 http1.version.malformed at 6"},
		{"GET / HTTP/1.x" + h, "400 http1.version.malformed at 6"},
		{"GET / HTTPS/1.1" + h, "400 http1.version.malformed at 6"},
		{"GET / 1.1" + h, "400 http1.version.malformed at 6"},
	},
	"RFC 9112 §3 request line": {
		{"GET /" + h, "400 http1.version.missing at 4"}, // HTTP/0.9
		{"GET /\r\n", "400 http1.version.missing at 4"},
		{"GET HTTP/1.1" + h, "400 http1.version.missing at 4"},
		{"GET" + h, "400 http1.method.invalid at 3"},
		{"GET  / HTTP/1.1" + h, "400 http1.target.character at 4"},
		{"GET /  HTTP/1.1" + h, "400 http1.target.character at 5"},
		{"GET / HTTP/1.1 " + h, "400 http1.version.malformed at 15"},
		{" GET / HTTP/1.1" + h, "400 http1.method.invalid at 0"},
		{"GET\t/ HTTP/1.1" + h, "400 http1.method.invalid at 3"},
		{"GET /\tHTTP/1.1" + h, "400 http1.version.missing at 4"},
		{"GET /\vHTTP/1.1" + h, "400 http1.version.missing at 4"},
		{"GET  HTTP/1.1" + h, "400 http1.target.empty at 4"},
		{"GET /a b HTTP/1.1" + h, "400 http1.target.character at 6"},
		{"GET / HTTP/1.1 x" + h, "400 http1.version.malformed at 15"},
	},
	"RFC 9112 §3.1 method": {
		{"BREW /pot HTTP/1.1" + h, "BREW 1.1 /pot @h"},
		{"get / HTTP/1.1" + h, "get 1.1 / @h"},
		{"M-SEARCH * HTTP/1.1" + h, "400 http1.target.form at 9"},
		{"!#$%&'*+-.^_`|~09 / HTTP/1.1" + h, "!#$%&'*+-.^_`|~09 1.1 / @h"},
		{"G(T / HTTP/1.1" + h, "400 http1.method.invalid at 1"},
		{"GET: / HTTP/1.1" + h, "400 http1.method.invalid at 3"},
		{"G\x00T / HTTP/1.1" + h, "400 http1.method.invalid at 1"},
		{"É / HTTP/1.1" + h, "400 http1.method.invalid at 0"},
		{"\x16\x03\x01\x02\x00\x01\x00", "400 http1.method.invalid at 0"}, // TLS, and no line end in sight
		{strings.Repeat("M", 32) + " / HTTP/1.1" + h, strings.Repeat("M", 32) + " 1.1 / @h"},
		{strings.Repeat("M", 33) + " / HTTP/1.1" + h, "501 http1.method.too-long at 0"},
		{strings.Repeat("M", 33), "501 http1.method.too-long at 0"},
	},
	"RFC 9112 §3.2.1 origin form": {
		{"GET /a/../b%20c/./d//e?f=g%2F HTTP/1.1" + h, "GET 1.1 /b c/d/e ?f=g%2F @h"},
		{"GET /? HTTP/1.1" + h, "GET 1.1 / ? @h"},
		{"GET //x/y HTTP/1.1" + h, "GET 1.1 /x/y @h"},
		{"GET /a#b HTTP/1.1" + h, "400 http1.target.fragment at 6"},
		{"GET /%zz HTTP/1.1" + h, "400 http1.target.escape at 5"},
		{"GET /?q=100% HTTP/1.1" + h, "GET 1.1 / ?q=100% @h"},
		{"GET /%00 HTTP/1.1" + h, "400 http1.target.nul at 5"},
		{"GET /a\x00b HTTP/1.1" + h, "400 http1.target.character at 6"},
		{"GET /a\x7f HTTP/1.1" + h, "400 http1.target.character at 6"},
		{"GET /.. HTTP/1.1" + h, "400 http1.target.above-root at 7"},
		{"GET /%2e%2e%2fetc/passwd HTTP/1.1" + h, "400 http1.target.above-root at 13"},
		{"GET x HTTP/1.1" + h, "400 http1.target.form at 4"},
		{"GET ?x HTTP/1.1" + h, "400 http1.target.form at 4"},
	},
	"RFC 9112 §3.2.2 absolute form": {
		{"GET http://O.example:8080/a?b HTTP/1.1" + h, "GET 1.1 absolute /a ?b @o.example:8080"},
		{"GET HTTPS://o HTTP/1.1" + h, "GET 1.1 absolute / @o"},
		{"GET http://o/ HTTP/1.0\r\n\r\n", "GET 1.0 absolute / @o"},
		{"GET http://o/ HTTP/1.1\r\n\r\n", "400 http1.host.missing at 24"}, // Host is needed all the same
		{"GET http://o/ HTTP/1.1\r\nHost: a b\r\n\r\n", "400 http1.host.invalid at 31"},
		{"GET http://u:p@o/ HTTP/1.1" + h, "400 http1.target.user at 11"},
		{"GET ftp://o/ HTTP/1.1" + h, "400 http1.target.scheme at 4"},
		{"GET http:/// HTTP/1.1" + h, "400 http1.target.authority at 11"},
		{"GET http://o:99999/ HTTP/1.1" + h, "400 http1.target.authority at 13"},
		{"GET http://o..p/ HTTP/1.1" + h, "400 http1.target.authority at 13"},
		{"GET http://o/#x HTTP/1.1" + h, "400 http1.target.fragment at 13"},
		{"OPTIONS http://o HTTP/1.1" + h, "OPTIONS 1.1 absolute / @o"},
	},
	"RFC 9112 §3.2.3 authority form": {
		{"CONNECT o:443 HTTP/1.1" + h, "CONNECT 1.1 authority @o:443"},
		{"CONNECT [::1]:443 HTTP/1.1" + h, "CONNECT 1.1 authority @::1:443"},
		{"CONNECT o HTTP/1.1" + h, "400 http1.target.authority at 9"},
		{"CONNECT o:0 HTTP/1.1" + h, "400 http1.target.authority at 11"},
		{"CONNECT / HTTP/1.1" + h, "400 http1.target.authority at 8"},
		{"GET o:443 HTTP/1.1" + h, "400 http1.target.scheme at 4"},
	},
	"RFC 9112 §3.2.4 asterisk form": {
		{"OPTIONS * HTTP/1.1" + h, "OPTIONS 1.1 asterisk @h"},
		{"GET * HTTP/1.1" + h, "400 http1.target.form at 4"},
		{"OPTIONS *x HTTP/1.1" + h, "400 http1.target.form at 8"},
	},
	"RFC 9112 §3.2 Host": {
		{"GET / HTTP/1.1\r\n\r\n", "400 http1.host.missing at 16"},
		{"GET / HTTP/1.1\r\nHostt: h\r\n\r\n", "400 http1.host.missing at 16"},
		{"GET / HTTP/1.1\r\nHOST: H.Example.\r\n\r\n", "GET 1.1 / @h.example"},
		{"GET / HTTP/1.1\r\nhost:h:\r\n\r\n", "GET 1.1 / @h"},
		{"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "GET 1.1 / @::1:80"},
		{"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", "400 http1.host.repeated at 22"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\nhost: i\r\n\r\n", "400 http1.host.repeated at 22"},
		{"GET / HTTP/1.0\r\nHost: h\r\nHost: i\r\n\r\n", "400 http1.host.repeated at 22"},
		{"GET / HTTP/1.1\r\nHost:\r\n\r\n", "400 http1.host.invalid at 21"},
		{"GET / HTTP/1.1\r\nHost: h i\r\n\r\n", "400 http1.host.invalid at 23"},
		{"GET / HTTP/1.1\r\nHost: h, i\r\n\r\n", "400 http1.host.invalid at 24"},
		{"GET / HTTP/1.1\r\nHost: h/\r\n\r\n", "400 http1.host.invalid at 23"},
		{"GET / HTTP/1.1\r\nHost: http://h\r\n\r\n", "400 http1.host.invalid at 27"},
		{"GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", "400 http1.host.invalid at 23"},
		{"GET / HTTP/1.1\r\nHost: ..\r\n\r\n", "400 http1.host.invalid at 22"},
		{"GET / HTTP/1.1\r\nHost: h:x\r\n\r\n", "400 http1.host.invalid at 24"},
		{"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "400 http1.host.invalid at 22"},
		{"GET / HTTP/1.0\r\nHost: h i\r\n\r\n", "400 http1.host.invalid at 23"},
	},
	"RFC 9112 §5 field lines": {
		{"GET / HTTP/1.1\r\nHost: h\r\nA:b\r\n\r\n", "GET 1.1 / @h A=b"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: \t b c \t\r\n\r\n", "GET 1.1 / @h A=b c"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA:\r\n\r\n", "GET 1.1 / @h A="},
		{"GET / HTTP/1.1\r\nHost: h\r\nA:    \r\n\r\n", "GET 1.1 / @h A="},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: b:c\r\n\r\n", "GET 1.1 / @h A=b:c"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: é\xff\r\n\r\n", "GET 1.1 / @h A=é\xff"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: b\tc\td e f g h i j k\r\n\r\n", "GET 1.1 / @h A=b\tc\td e f g h i j k"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\nA: c\r\n\r\n", "GET 1.1 / @h A=b A=c"},
		{"GET / HTTP/1.1\r\nHost : h\r\n\r\n", "400 http1.field.space-before-colon at 20"},
		{"GET / HTTP/1.1\r\nHost\t: h\r\n\r\n", "400 http1.field.space-before-colon at 20"},
		{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length \t: 3\r\n\r\n", "400 http1.field.space-before-colon at 39"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA b: c\r\n\r\n", "400 http1.field.name at 26"},
		{"GET / HTTP/1.1\r\nHost: h\r\n: c\r\n\r\n", "400 http1.field.name at 25"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA\r\n\r\n", "400 http1.field.name at 26"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA(: c\r\n\r\n", "400 http1.field.name at 26"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA\x00: c\r\n\r\n", "400 http1.field.name at 26"},
		{"GET / HTTP/1.1\r\nHost: h\r\né: c\r\n\r\n", "400 http1.field.name at 25"},
		{"GET / HTTP/1.1\r\nHost: h\r\n\"A\": c\r\n\r\n", "400 http1.field.name at 25"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: b\x00c\r\n\r\n", "400 http1.field.value at 29"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: \x1b[31m\r\n\r\n", "400 http1.field.value at 28"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: 12345678\x7f\r\n\r\n", "400 http1.field.value at 36"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: 1234567\x0b\r\n\r\n", "400 http1.field.value at 35"},
	},
	"RFC 9112 §5.2 folded lines": {
		{"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", "400 http1.field.folded at 31"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n\tc\r\n\r\n", "400 http1.field.folded at 31"},
		{"GET / HTTP/1.1\r\nHost: h\r\n \r\n\r\n", "400 http1.field.folded at 25"},
		{"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n chunked\r\n\r\n", "400 http1.field.folded at 45"},
	},
	"RFC 9112 §6.1 Transfer-Encoding": {
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "POST 1.1 / @h length=-1\nbody \"\""},
		{"POST / HTTP/1.1\r\nHost: h\r\nTRANSFER-ENCODING:\tCHUNKED \r\n\r\n1\r\na\r\n0\r\n\r\n", "POST 1.1 / @h length=-1\nbody \"a\""},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc", "400 http1.framing.length-and-coding at 45"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc", "400 http1.framing.length-and-coding at 64"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: identity\r\n\r\nabc", "400 http1.framing.length-and-coding at 64"},
		{"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400 http1.framing.coding-in-http10 at 36"},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "501 http1.framing.coding-unknown at 45"},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n", "501 http1.framing.coding-unknown at 45"},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", "400 http1.framing.chunked-not-last at 45"},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n", "400 http1.framing.chunked-not-last at 45"},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n", "400 http1.framing.chunked-not-last at 45"},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n", "400 http1.framing.chunked-not-last at 45"},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n", "400 http1.framing.chunked-not-last at 45"},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", "400 http1.framing.chunked-twice at 45"},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "400 http1.framing.chunked-twice at 45"},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip, chunked\r\n\r\n", "400 http1.framing.chunked-twice at 45"},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n\r\n", "400 http1.framing.coding-malformed at 44"},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: ,\r\n\r\n", "400 http1.framing.coding-malformed at 45"},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked,\r\n\r\n", "400 http1.framing.coding-malformed at 45"},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: ,chunked\r\n\r\n", "400 http1.framing.coding-malformed at 45"},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked;q=1\r\n\r\n", "400 http1.framing.coding-malformed at 45"},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", "400 http1.framing.coding-malformed at 45"},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunk ed\r\n\r\n", "400 http1.framing.coding-malformed at 45"},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \x0bchunked\r\n\r\n", "400 http1.field.value at 45"},
		{"POST / HTTP/1.1\r\nHost: h\r\nTransfer_Encoding: chunked\r\n\r\n", "POST 1.1 / @h Transfer_Encoding=chunked"},
	},
	"RFC 9112 §6.2 Content-Length": {
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", "POST 1.1 / @h length=3\nbody \"abc\""},
		{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", "GET 1.1 / @h length=3\nbody \"abc\""},
		{"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", "POST 1.0 / @ length=3\nbody \"abc\""},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", "POST 1.1 / @h"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 003\r\n\r\nabc", "POST 1.1 / @h length=3\nbody \"abc\""},
		{"POST / HTTP/1.1\r\nHost: h\r\n\r\n", "POST 1.1 / @h"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "400 http1.framing.length-repeated at 42"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", "400 http1.framing.length-repeated at 42"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\nabc", "400 http1.framing.length-invalid at 42"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\nabc", "400 http1.framing.length-invalid at 42"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -3\r\n\r\nabc", "400 http1.framing.length-invalid at 42"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3 0\r\n\r\nabc", "400 http1.framing.length-invalid at 42"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x3\r\n\r\nabc", "400 http1.framing.length-invalid at 42"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3.0\r\n\r\nabc", "400 http1.framing.length-invalid at 42"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\nabc", "400 http1.framing.length-invalid at 41"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: abc\r\n\r\nabc", "400 http1.framing.length-invalid at 42"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ٣\r\n\r\nabc", "400 http1.framing.length-invalid at 42"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9223372036854775808\r\n\r\n", "400 http1.framing.length-invalid at 42"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551617\r\n\r\n", "400 http1.framing.length-invalid at 42"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999999\r\n\r\n", "400 http1.framing.length-invalid at 42"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9223372036854775807\r\n\r\n", "413 http1.body.too-large at 42"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n", "413 http1.body.too-large at 42"},
		{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nab", "POST 1.1 / @h length=3\nend: http1.end.in-body"},
	},
	"RFC 9112 §9.3.2 pipelining": {
		{"GET /a HTTP/1.1" + h + "GET /b HTTP/1.1" + h + "GET /c HTTP/1.1" + h, "GET 1.1 /a @h\nGET 1.1 /b @h\nGET 1.1 /c @h"},
		{"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1" + h, "POST 1.1 /a @h length=3\nbody \"abc\"\nGET 1.1 /b @h"},
		{"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc\r\nGET /b HTTP/1.1" + h, "POST 1.1 /a @h length=3\nbody \"abc\"\nGET 1.1 /b @h"},
		{"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\nGET /b HTTP/1.1" + h,
			"POST 1.1 /a @h length=-1\nbody \"abc\"\nGET 1.1 /b @h"},
		{"GET /a HTTP/1.1" + h + "GET /b HTTP/1.1\r\n\r\n" + "GET /c HTTP/1.1" + h, "GET 1.1 /a @h\n400 http1.host.missing at 17"},
		{"GET /a HTTP/1.1" + h + "GET /b", "GET 1.1 /a @h\nend: http1.end.in-head"},
	},
	"RFC 6585 §5 and RFC 9110 §15.5.15 limits": {
		{"GET /" + strings.Repeat("a", 59) + " HTTP/1.1" + h, "GET 1.1 /" + strings.Repeat("a", 59) + " @h"},
		{"GET /" + strings.Repeat("a", 60) + " HTTP/1.1" + h, "414 http1.target.too-long at 4"},
		{"GET /" + strings.Repeat("a", 100), "414 http1.target.too-long at 4"},
		{"GET /" + strings.Repeat("a b ", 100), "414 http1.target.too-long at 4"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: " + strings.Repeat("a", 368) + "\r\n\r\n", "GET 1.1 / @h A=" + strings.Repeat("a", 368)},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: " + strings.Repeat("a", 369) + "\r\n\r\n", "431 http1.head.too-large at 400"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: " + strings.Repeat("a", 369), "end: http1.end.in-head"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: " + strings.Repeat("a", 373), "431 http1.head.too-large at 400"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA b: " + strings.Repeat("a", 500), "431 http1.head.too-large at 400"},
		{"GET / HTTP/1.1\r\nHost: h\r\nA b: c\r\nA: " + strings.Repeat("a", 500), "400 http1.field.name at 26"},
		{"GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("A: b\r\n", 5) + "\r\n", "GET 1.1 / @h A=b A=b A=b A=b A=b"},
		{"GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("A: b\r\n", 6) + "\r\n", "431 http1.head.too-many-fields at 55"},
		{"GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("A: b\r\n", 6), "431 http1.head.too-many-fields at 55"},
	},
}

func TestRequests(t *testing.T) {
	total := 0
	for section, cases := range requestCases {
		for _, c := range cases {
			total++
			server := func() peer { return peer{lim: testLimits} }
			got := whole(server(), []byte(c.in))
			if got != c.want {
				t.Errorf("%s\n%q\n%s\ninstead of\n%s", section, c.in, got, c.want)
				continue
			}
			checkCuts(t, server, []byte(c.in), got)
		}
	}
	if total < 150 {
		t.Errorf("only %d cases", total)
	}
	t.Logf("%d cases", total)
}

func TestEveryReasonOfARequestsTargetHasItsSection(t *testing.T) {
	for fault, reason := range faultReasons {
		if (reason == nil) != (fault == 0) {
			t.Errorf("fault %d has the Reason %v", fault, reason)
		}
	}
	for _, r := range trace.Reasons() {
		if strings.HasPrefix(r.ID, "http1.") && r.Standard == "" {
			t.Errorf("%s cites no standard", r.ID)
		}
	}
}
