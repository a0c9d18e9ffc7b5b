package web

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"vitrine/socket"
	"vitrine/web/exchange"
	"vitrine/web/message"
	"vitrine/web/serve"
)

// rawCase is a sentence of a standard: what the client sends, what it must read, and what becomes of the connection.
type rawCase struct {
	name string
	send string
	// want are the answers in order, each "STATUS body"; "HEAD STATUS" for one without the body its head announces.
	want string
	// end is "kept" or "closed". A connection that is closed ends in order: the client never sees a reset.
	end string
	// why is the id of the Reason of the last exchange's ending, and so of a refusal when there was one.
	why string
	// atOnce: how the bytes are cut matters, because the client sends more than it should.
	atOnce bool
}

// rawSettings are small limits, so that cases can cross them.
var rawSettings = Settings{HeaderBytes: 4 << 10, URIBytes: 512, HeaderCount: 20, BodyBytes: 1000, OutputBytes: 64 << 10}

// rawHandler answers the cases' requests.
func rawHandler(x *Exchange) {
	if refusal(x) {
		return
	}
	switch string(x.Request.Path()) {
	case "/none":
		b, _ := text(204, "")
		x.Respond(b)
	case "/same":
		b, _ := text(304, "", "ETag", `"x"`)
		x.AddBytes([]byte("no body goes with 304"), nil)
		x.Respond(b)
	case "/echo":
		x.Go(func(x *Exchange) {
			body, err := io.ReadAll(x.Body())
			if err != nil {
				return // the server says what was wrong with the body
			}
			if t := x.Trailer(); t != nil {
				for name, value := range t.Each() {
					body = append(body, ("[" + name + "=" + value + "]")...)
				}
			}
			respond(x, 200, string(body))
		})
	case "/broken": // a handler with an answer of its own to a body that is at fault
		x.Go(func(x *Exchange) {
			_, err := io.ReadAll(x.Body())
			var gone *exchange.GoneError
			if errors.As(err, &gone) {
				respond(x, 422, gone.Reason.ID)
			}
		})
	case "/stream":
		x.Go(func(x *Exchange) {
			b, _ := text(200, "")
			h := b.Fields().Clone()
			h.Del("Content-Length")
			x.Stream(message.NewBlock(200, h), -1)
			x.Write([]byte("hel"))
			x.Write([]byte("lo"))
		})
	case "/sized":
		x.Go(func(x *Exchange) {
			b, body := text(200, "hello")
			x.Stream(b, 5)
			x.Write(body)
		})
	case "/last":
		x.CloseAfter()
		respond(x, 200, "hello")
	case "/host":
		respond(x, 200, string(x.Request.Host())+" "+strconv.Itoa(int(x.Request.Port())))
	case "/method":
		respond(x, 200, x.Request.MethodName())
	case "/a":
		v, _ := x.Request.Fields.Lookup("a")
		respond(x, 200, string(v))
	case "":
		respond(x, 200, x.Request.MethodName()+" "+x.Request.Target.Form.String())
	default:
		respond(x, 200, "hello")
	}
}

// runRaw runs the cases of a section under every architecture, each with all bytes at once and byte by byte.
func runRaw(t *testing.T, cases []rawCase) {
	each := func(t *testing.T, arch string, options ...func(*Options)) {
		sv := start(t, arch, rawSettings, rawHandler, options...)
		for _, tc := range cases {
			t.Run(tc.name, func(t *testing.T) {
				tc.run(t, sv, []string{tc.send})
				if !tc.atOnce && !t.Failed() {
					tc.run(t, sv, strings.Split(tc.send, ""))
				}
			})
		}
	}
	eachArchitecture(t, func(t *testing.T, arch string) { each(t, arch) })
	if portable != nil {
		t.Run("threads on the portable network", func(t *testing.T) {
			each(t, serve.Threads, func(o *Options) { o.Network = portable })
		})
	}
}

// portable is the network of systems without epoll, where this one can run it.
var portable socket.Network

func (tc rawCase) run(t *testing.T, sv *served, pieces []string) {
	c := sv.dial(t)
	defer func() { // also after a failure, so that the next case finds nothing of this one
		c.Close()
		await(t, "connection's end", sv.ended)
		for len(sv.outcomes) > 0 {
			<-sv.outcomes
		}
	}()
	c.send(pieces...)
	var last outcome
	for want := range strings.SplitSeq(tc.want, ", ") {
		method := "GET"
		want, head := strings.CutPrefix(want, "HEAD ")
		if head {
			method = "HEAD"
		}
		a, err := c.read(method)
		if err != nil {
			t.Fatalf("want %q: %v", want, err)
		}
		if got := strings.TrimSuffix(strconv.Itoa(a.StatusCode)+" "+a.body, " "); got != strings.TrimSuffix(want, " ") {
			t.Fatalf("%q, want %q", got, want)
		}
		if a.StatusCode >= 200 {
			last = await(t, "outcome", sv.outcomes)
			if last.Status != a.StatusCode {
				t.Errorf("the outcome's status is %d, the response's %d", last.Status, a.StatusCode)
			}
			if last.Body != int64(len(a.body)) {
				t.Errorf("the outcome's body has %d bytes, the response's %d", last.Body, len(a.body))
			}
		}
	}
	if got := last.Ending.String(); got != tc.why {
		t.Errorf("the exchange ended for %s, want %s (%v)", got, tc.why, last)
	}
	switch tc.end {
	case "kept":
		c.send(get("/probe"))
		c.expect(200, "hello")
		await(t, "outcome of the probe", sv.outcomes)
	case "closed":
		c.ends()
	default:
		t.Errorf("end %q", tc.end)
	}
}

const (
	keep   = "http1.keep.default"
	hostH  = "Host: h\r\n"
	reqTop = "GET / HTTP/1.1\r\n" + hostH
	upTop  = "POST /echo HTTP/1.1\r\n" + hostH
	chunk  = upTop + "Transfer-Encoding: chunked\r\n\r\n"
)

// refused is a case whose request is answered with an error and ends the connection.
func refused(name, send string, status int, why string) rawCase {
	return rawCase{name: name, send: send, want: strconv.Itoa(status) + " " + why, end: "closed", why: why}
}

// taken is a case whose request is answered with 200, and the connection goes on.
func taken(name, send, body string) rawCase {
	return rawCase{name: name, send: send, want: "200 " + body, end: "kept", why: keep}
}

func TestLinesOfRFC9112Section2(t *testing.T) {
	runRaw(t, []rawCase{
		taken("2.2 an empty line before the request is skipped", "\r\n"+get("/"), "hello"),
		taken("2.2 and so are four", "\r\n\r\n\r\n\r\n"+get("/"), "hello"),
		refused("2.2 a flood of empty lines is not", strings.Repeat("\r\n", 6)+get("/"), 400, "http1.line.empty"),
		refused("2.2 LF alone before the request", "\n"+get("/"), 400, "http1.line.bare-lf"),
		refused("2.2 CR alone before the request", "\rG"+get("/"), 400, "http1.line.bare-cr"),
		refused("2.2 the request line ends with LF alone", "GET / HTTP/1.1\n"+hostH+"\r\n", 400, "http1.line.bare-lf"),
		refused("2.2 every line ends with LF alone", "GET / HTTP/1.1\nHost: h\n\n", 400, "http1.line.bare-lf"),
		refused("2.2 a field line ends with LF alone", "GET / HTTP/1.1\r\nHost: h\n\r\n", 400, "http1.line.bare-lf"),
		refused("2.2 the head ends with LF alone", reqTop+"\n", 400, "http1.line.bare-lf"),
		refused("2.2 CR within the request line", "GET / HTTP/1.1\rA: b\r\n"+hostH+"\r\n", 400, "http1.line.bare-cr"),
		refused("2.2 CR within a field's value", reqTop+"A: b\rc\r\n\r\n", 400, "http1.line.bare-cr"),
		refused("2.2 CR within a field's name", reqTop+"A\rb: c\r\n\r\n", 400, "http1.line.bare-cr"),
		refused("2.2 white space before the first field", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400, "http1.field.leading-space"),
		taken("2.3 a higher minor version is understood as 1.1", "GET / HTTP/1.2\r\n"+hostH+"\r\n", "hello"),
		refused("2.3 HTTP/2.0 over HTTP/1", "GET / HTTP/2.0\r\n"+hostH+"\r\n", 505, "http1.version.unsupported"),
		refused("2.3 HTTP/0.9 by name", "GET / HTTP/0.9\r\n"+hostH+"\r\n", 505, "http1.version.unsupported"),
		refused("2.3 a version of two digits", "GET / HTTP/1.10\r\n"+hostH+"\r\n", 400, "http1.version.malformed"),
		refused("2.3 the version's name is case-sensitive", "GET / http/1.1\r\n"+hostH+"\r\n", 400, "http1.version.malformed"),
		refused("2.3 a version without digits", "GET / HTTP/x.y\r\n"+hostH+"\r\n", 400, "http1.version.malformed"),
		refused("2.3 a version with a comma", "GET / HTTP/1,1\r\n"+hostH+"\r\n", 400, "http1.version.malformed"),
	})
}

func TestRequestLinesOfRFC9112Section3(t *testing.T) {
	line := func(line string) string { return line + "\r\n" + hostH + "\r\n" }
	runRaw(t, []rawCase{
		refused("3 no version, as HTTP/0.9 had", line("GET /"), 400, "http1.version.missing"),
		refused("3 a space before the method", line(" GET / HTTP/1.1"), 400, "http1.method.invalid"),
		refused("3 a tab after the method", line("GET\t/ HTTP/1.1"), 400, "http1.method.invalid"),
		refused("3 two spaces after the method", line("GET  / HTTP/1.1"), 400, "http1.target.character"),
		refused("3 two spaces before the version", line("GET /  HTTP/1.1"), 400, "http1.target.character"),
		refused("3 a space behind the version", line("GET / HTTP/1.1 "), 400, "http1.version.malformed"),
		refused("3 a tab before the version", line("GET /\tHTTP/1.1"), 400, "http1.version.missing"),
		refused("3 only a method", line("GET"), 400, "http1.method.invalid"),
		refused("3 no target", line("GET  HTTP/1.1"), 400, "http1.target.empty"),
		refused("3 garbage", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", 400, "http1.method.invalid"),
		refused("3.1 a method that is no token", line("G(T / HTTP/1.1"), 400, "http1.method.invalid"),
		refused("3.1 a method longer than any", line(strings.Repeat("M", 40)+" / HTTP/1.1"), 501, "http1.method.too-long"),
		taken("3.1 a method nobody has registered is the handler's to judge", line("BREW /method HTTP/1.1"), "BREW"),
		taken("3.1 methods are case-sensitive", line("get /method HTTP/1.1"), "get"),
		refused("3 a target longer than allowed", line("GET /"+strings.Repeat("a", 600)+" HTTP/1.1"), 414, "http1.target.too-long"),
		taken("3 a target as long as allowed", line("GET /"+strings.Repeat("a", 511)+" HTTP/1.1"), "hello"),
		refused("3.2 a fragment", line("GET /#f HTTP/1.1"), 400, "http1.target.fragment"),
		refused("3.2 a control character", line("GET /\x01 HTTP/1.1"), 400, "http1.target.character"),
		refused("3.2 DEL", line("GET /\x7f HTTP/1.1"), 400, "http1.target.character"),
		refused("3.2 a space within", line("GET /a b HTTP/1.1"), 400, "http1.target.character"),
		refused("3.2 half an escape", line("GET /%4 HTTP/1.1"), 400, "http1.target.escape"),
		refused("3.2 an escape that is none", line("GET /%zz HTTP/1.1"), 400, "http1.target.escape"),
		refused("3.2 NUL, escaped", line("GET /a%00b HTTP/1.1"), 400, "http1.target.nul"),
		refused("3.2 above the root", line("GET /../etc/passwd HTTP/1.1"), 400, "http1.target.above-root"),
		refused("3.2 above the root, escaped", line("GET /%2e%2e/etc/passwd HTTP/1.1"), 400, "http1.target.above-root"),
		taken("3.2 dots that stay within", line("GET /x/../method HTTP/1.1"), "GET"),
		refused("3.2 no slash", line("GET method HTTP/1.1"), 400, "http1.target.form"),
		taken("3.2.2 the absolute form", line("GET http://other:81/host HTTP/1.1"), "other 81"),
		taken("3.2.2 its host counts, not Host", "GET http://Other.Example/host HTTP/1.1\r\nHost: h\r\n\r\n", "other.example 0"),
		refused("3.2.2 user information", line("GET http://u:p@h/ HTTP/1.1"), 400, "http1.target.user"),
		refused("3.2.2 another scheme", line("GET ftp://h/ HTTP/1.1"), 400, "http1.target.scheme"),
		refused("3.2.2 a port that is none", line("GET http://h:99999/ HTTP/1.1"), 400, "http1.target.authority"),
		taken("3.2.3 the authority form goes with CONNECT", "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n", "CONNECT authority"),
		refused("3.2.3 and CONNECT with nothing else", line("CONNECT / HTTP/1.1"), 400, "http1.target.authority"),
		taken("3.2.4 the asterisk goes with OPTIONS", line("OPTIONS * HTTP/1.1"), "OPTIONS asterisk"),
		refused("3.2.4 and with nothing else", line("GET * HTTP/1.1"), 400, "http1.target.form"),
		refused("3.2 no Host", "GET / HTTP/1.1\r\n\r\n", 400, "http1.host.missing"),
		refused("3.2 two Hosts", reqTop+hostH+"\r\n", 400, "http1.host.repeated"),
		refused("3.2 two Hosts that differ", reqTop+"Host: i\r\n\r\n", 400, "http1.host.repeated"),
		refused("3.2 a Host with a path", "GET / HTTP/1.1\r\nHost: h/x\r\n\r\n", 400, "http1.host.invalid"),
		refused("3.2 a Host with a space", "GET / HTTP/1.1\r\nHost: h i\r\n\r\n", 400, "http1.host.invalid"),
		refused("3.2 a Host with user information", "GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", 400, "http1.host.invalid"),
		refused("3.2 a list of Hosts", "GET / HTTP/1.1\r\nHost: h, i\r\n\r\n", 400, "http1.host.invalid"),
		refused("3.2 a Host with half an IPv6 address", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, "http1.host.invalid"),
		taken("3.2 a Host with an IPv6 address", "GET /host HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "::1 8080"),
		taken("3.2 the host's case does not count", "GET /host HTTP/1.1\r\nHost: WWW.Example.ORG\r\n\r\n", "www.example.org 0"),
	})
}

func TestFieldLinesOfRFC9112Section5(t *testing.T) {
	field := func(line string) string { return "GET /a HTTP/1.1\r\n" + hostH + line + "\r\n\r\n" }
	runRaw(t, []rawCase{
		taken("5 a field", field("A: b"), "b"),
		taken("5 names are case-insensitive", field("a: b"), "b"),
		taken("5.1 white space around the value is no part of it", field("A: \t b \t "), "b"),
		taken("5.1 no white space is needed", field("A:b"), "b"),
		taken("5.5 an empty value", field("A:"), ""),
		taken("5.5 white space and high bytes within", field("A: b\tc \xe9"), "b\tc \xe9"),
		taken("5 a colon in the value", field("A: b:c"), "b:c"),
		refused("5 no colon", field("A b"), 400, "http1.field.name"),
		refused("5 no name", field(": b"), 400, "http1.field.name"),
		refused("5 a name that is no token", field("A(b): c"), 400, "http1.field.name"),
		refused("5 a name with a high byte", field("\xc3\x84: c"), 400, "http1.field.name"),
		refused("5.1 a space before the colon", field("A : b"), 400, "http1.field.space-before-colon"),
		refused("5.1 a tab before the colon", field("A\t: b"), 400, "http1.field.space-before-colon"),
		refused("5.2 a folded line", field("A: b\r\n c"), 400, "http1.field.folded"),
		refused("5.2 a line folded with a tab", field("A: b\r\n\tc"), 400, "http1.field.folded"),
		refused("5.2 a fold without anything", field("A: b\r\n "), 400, "http1.field.folded"),
		refused("5.5 NUL in a value", field("A: b\x00c"), 400, "http1.field.value"),
		refused("5.5 a control character in a value", field("A: \x0bb"), 400, "http1.field.value"),
		refused("5.5 DEL in a value", field("A: b\x7f"), 400, "http1.field.value"),
		refused("5.4 more fields than allowed", reqTop+strings.Repeat("A: b\r\n", 20)+"\r\n", 431, "http1.head.too-many-fields"),
		taken("5.4 as many fields as allowed", "GET /a HTTP/1.1\r\n"+hostH+strings.Repeat("A: b\r\n", 19)+"\r\n", "b"),
		refused("5.4 a larger head than allowed", reqTop+"A: "+strings.Repeat("b", 4<<10)+"\r\n\r\n", 431, "http1.head.too-large"),
		taken("5.4 a large head", "GET /a HTTP/1.1\r\n"+hostH+"A: "+strings.Repeat("b", 4000)+"\r\n\r\n", strings.Repeat("b", 4000)),
	})
}

func TestFramingOfRFC9112Section6(t *testing.T) {
	coding := func(value string) string {
		return upTop + "Transfer-Encoding: " + value + "\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
	}
	length := func(value string) string { return upTop + "Content-Length: " + value + "\r\n\r\nhello" }
	runRaw(t, []rawCase{
		taken("6.1 chunked", coding("chunked"), "hello"),
		taken("6.1 codings are case-insensitive", coding("CHUNKED"), "hello"),
		refused("6.1 Content-Length and Transfer-Encoding", upTop+"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "http1.framing.length-and-coding"),
		refused("6.1 Transfer-Encoding and Content-Length", upTop+"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400, "http1.framing.length-and-coding"),
		refused("6.1 Content-Length: 0 and Transfer-Encoding", upTop+"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "http1.framing.length-and-coding"),
		refused("6.1 Transfer-Encoding in HTTP/1.0", "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "http1.framing.coding-in-http10"),
		refused("6.1 a coding that nobody here knows", coding("gzip, chunked"), 501, "http1.framing.coding-unknown"),
		refused("6.3 chunked is not the last", coding("chunked, gzip"), 400, "http1.framing.chunked-not-last"),
		refused("6.3 not chunked at all", coding("gzip"), 400, "http1.framing.chunked-not-last"),
		refused("6.3 identity", coding("identity"), 400, "http1.framing.chunked-not-last"),
		refused("6.3 almost chunked", coding("xchunked"), 400, "http1.framing.chunked-not-last"),
		refused("6.1 chunked twice", coding("chunked, chunked"), 400, "http1.framing.chunked-twice"),
		refused("6.1 chunked on two lines", coding("chunked\r\nTransfer-Encoding: chunked"), 400, "http1.framing.chunked-twice"),
		refused("6.1 chunked on one line, another on the next", coding("chunked\r\nTransfer-Encoding: identity"), 400, "http1.framing.chunked-not-last"),
		refused("6.1 chunked with a parameter", coding("chunked;q=1"), 400, "http1.framing.coding-malformed"),
		refused("6.1 chunked in quotes", coding(`"chunked"`), 400, "http1.framing.coding-malformed"),
		refused("6.1 an empty coding", coding(""), 400, "http1.framing.coding-malformed"),
		refused("6.1 a coding behind a control character", coding("\x0cchunked"), 400, "http1.field.value"),
		refused("6.1 a space before its colon", upTop+"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400, "http1.field.space-before-colon"),
		taken("6.2 a length", length("5"), "hello"),
		taken("6.2 leading zeros", length("0005"), "hello"),
		taken("6.2 no content", upTop+"Content-Length: 0\r\n\r\n", ""),
		taken("6.3 neither field is no content", upTop+"\r\n", ""),
		refused("6.3 the length twice", length("5\r\nContent-Length: 5"), 400, "http1.framing.length-repeated"),
		refused("6.3 two lengths", length("5\r\nContent-Length: 6"), 400, "http1.framing.length-repeated"),
		refused("6.3 a list of lengths", length("5, 5"), 400, "http1.framing.length-invalid"),
		refused("6.2 a negative length", length("-5"), 400, "http1.framing.length-invalid"),
		refused("6.2 a length with a plus", length("+5"), 400, "http1.framing.length-invalid"),
		refused("6.2 a length in hexadecimal digits", length("0x5"), 400, "http1.framing.length-invalid"),
		refused("6.2 a length with a space", length("5 5"), 400, "http1.framing.length-invalid"),
		refused("6.2 a length with a fraction", length("5.0"), 400, "http1.framing.length-invalid"),
		refused("6.2 an empty length", length(""), 400, "http1.framing.length-invalid"),
		refused("6.2 a length beyond every number", length("99999999999999999999"), 400, "http1.framing.length-invalid"),
		refused("6.2 a length in other digits", length("٥"), 400, "http1.framing.length-invalid"),
		refused("6.2 more than the server takes", upTop+"Content-Length: 1001\r\n\r\n"+strings.Repeat("x", 1001), 413, "http1.body.too-large"),
		taken("6.2 as much as the server takes", upTop+"Content-Length: 1000\r\n\r\n"+strings.Repeat("x", 1000), strings.Repeat("x", 1000)),
		{name: "6.3 nor is content in the answer's way", send: post("/", get("/smuggled")) + get("/method"), want: "200 hello, 200 GET", end: "kept", why: keep},
	})
}

func TestChunksOfRFC9112Section7(t *testing.T) {
	// The server's own answer to a body at fault has no body.
	faulty := func(name, body, why string) rawCase {
		return rawCase{name: name, send: chunk + body, want: "400", end: "closed", why: why}
	}
	runRaw(t, []rawCase{
		taken("7.1 one chunk", chunk+"5\r\nhello\r\n0\r\n\r\n", "hello"),
		taken("7.1 two chunks", chunk+"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "hello"),
		taken("7.1 no chunk", chunk+"0\r\n\r\n", ""),
		taken("7.1 digits of either case", chunk+"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"),
		taken("7.1 leading zeros", chunk+"0005\r\nhello\r\n000\r\n\r\n", "hello"),
		taken("7.1 line ends within the data", chunk+"6\r\n\r\n0\r\n\r\r\n0\r\n\r\n", "\r\n0\r\n\r"),
		taken("7.1.1 an extension is ignored", chunk+"5;a=b\r\nhello\r\n0;c\r\n\r\n", "hello"),
		taken("7.1.1 a quoted extension too", chunk+"5;a=\"b c\"\r\nhello\r\n0\r\n\r\n", "hello"),
		taken("7.1.2 a trailer", chunk+"5\r\nhello\r\n0\r\nSum: 1\r\n\r\n", "hello[Sum=1]"),
		taken("7.1.2 two trailers", chunk+"0\r\nSum: 1\r\nMore: \r\n\r\n", "[Sum=1][More=]"),
		taken("7.1.2 a trailer that comes too late is left out", chunk+"0\r\nContent-Length: 3\r\nSum: 1\r\n\r\n", "[Sum=1]"),
		taken("7.1.2 Host is one", chunk+"0\r\nHost: evil\r\n\r\n", ""),
		faulty("7.1 no size", "\r\nhello\r\n0\r\n\r\n", "http1.chunk.size"),
		faulty("7.1 a size that is none", "xyz\r\nhello\r\n", "http1.chunk.size"),
		faulty("7.1 a size with 0x", "0x5\r\nhello\r\n0\r\n\r\n", "http1.chunk.size"),
		faulty("7.1 a negative size", "-5\r\nhello\r\n0\r\n\r\n", "http1.chunk.size"),
		faulty("7.1 a size with a plus", "+5\r\nhello\r\n0\r\n\r\n", "http1.chunk.size"),
		faulty("7.1 a space before the size", " 5\r\nhello\r\n0\r\n\r\n", "http1.chunk.size"),
		faulty("7.1 a space behind the size", "5 \r\nhello\r\n0\r\n\r\n", "http1.chunk.size"),
		faulty("7.1 a size beyond every number", "fffffffffffffffff\r\n", "http1.chunk.size-overflow"),
		faulty("7.1 a size that would be negative", "8000000000000000\r\n", "http1.chunk.size-overflow"),
		faulty("7.1 a size line that ends with LF alone", "5\nhello\r\n0\r\n\r\n", "http1.chunk.size"),
		faulty("7.1 a size line with CR alone", "5\rhello\r\n0\r\n\r\n", "http1.line.bare-cr"),
		faulty("7.1 data that ends with LF alone", "5\r\nhello\n0\r\n\r\n", "http1.chunk.end"),
		faulty("7.1 data that ends with CR alone", "5\r\nhello\r0\r\n\r\n", "http1.chunk.end"),
		faulty("7.1 more data than the size says", "5\r\nhello!\r\n0\r\n\r\n", "http1.chunk.end"),
		faulty("7.1 less data than the size says", "5\r\nhell\r\n0\r\n\r\n", "http1.chunk.end"),
		faulty("7.1.1 an extension with a control character", "5;a\x01\r\nhello\r\n0\r\n\r\n", "http1.chunk.extension"),
		faulty("7.1.1 an extension with LF alone", "5;a\nhello\r\n0\r\n\r\n", "http1.chunk.extension"),
		faulty("7.1.1 an extension without end", "5;"+strings.Repeat("a", 5000), "http1.chunk.line-too-long"),
		faulty("7.1.2 a trailer that ends with LF alone", "0\r\nSum: 1\n\r\n", "http1.line.bare-lf"),
		faulty("7.1.2 a trailer without a colon", "0\r\nSum 1\r\n\r\n", "http1.field.name"),
		{name: "7.1.2 a trailer section without end", send: chunk + "0\r\nSum: " + strings.Repeat("1", 9<<10), want: "431", end: "closed", why: "http1.trailer.too-large"},
		{name: "7.1.2 a folded trailer", send: chunk + "0\r\nSum: 1\r\n 2\r\n\r\n", want: "400", end: "closed", why: "http1.field.folded"},
		{name: "7.1 chunks beyond what the server takes", send: chunk + "3e8\r\n" + strings.Repeat("x", 1000) + "\r\n1\r\nx\r\n0\r\n\r\n", want: "413", end: "closed", why: "http1.body.too-large"},
		{name: "7.1 one chunk beyond what the server takes", send: chunk + "3e9\r\n" + strings.Repeat("x", 1001) + "\r\n0\r\n\r\n", want: "413", end: "closed", why: "http1.body.too-large"},
		{name: "7.1 the handler may answer a body at fault itself", send: "POST /broken HTTP/1.1\r\n" + hostH + "Transfer-Encoding: chunked\r\n\r\nx\r\n", want: "422 http1.chunk.size", end: "closed", why: "http1.chunk.size"},
		{name: "7.1 a body at fault that nobody reads ends the connection after the answer", send: "POST / HTTP/1.1\r\n" + hostH + "Transfer-Encoding: chunked\r\n\r\nx\r\n", want: "200 hello", end: "closed", why: "http1.chunk.size"},
		taken("7.1 a body that nobody reads is skipped", "POST / HTTP/1.1\r\n"+hostH+"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello"),
		{name: "7.1 what follows the body is the next request", send: chunk + "0\r\n\r\n" + get("/method"), want: "200, 200 GET", end: "kept", why: keep},
	})
}

func TestSemanticsOfRFC9110(t *testing.T) {
	method := func(m, target string) string { return m + strings.TrimPrefix(get(target), "GET") }
	runRaw(t, []rawCase{
		{name: "9.3.2 HEAD has the head and no body", send: method("HEAD", "/"), want: "HEAD 200", end: "kept", why: keep},
		{name: "9.3.2 HEAD of a streamed response", send: method("HEAD", "/stream"), want: "HEAD 200", end: "kept", why: keep},
		{name: "9.3.2 HEAD of a sized stream", send: method("HEAD", "/sized"), want: "HEAD 200", end: "kept", why: keep},
		{name: "9.3.2 HEAD and then GET", send: method("HEAD", "/") + get("/"), want: "HEAD 200, 200 hello", end: "kept", why: keep},
		{name: "15.3.5 204 has no body", send: get("/none"), want: "204", end: "kept", why: keep},
		{name: "15.3.5 nor has it one that a later request would trip over", send: get("/none") + get("/"), want: "204, 200 hello", end: "kept", why: keep},
		{name: "15.4.5 304 has no body", send: get("/same"), want: "304", end: "kept", why: keep},
		{name: "15.4.5 whatever the handler gives", send: get("/same") + get("/"), want: "304, 200 hello", end: "kept", why: keep},
		{name: "9.3.8 TRACE reaches the handler", send: method("TRACE", "/method"), want: "200 TRACE", end: "kept", why: keep},
		{name: "9.3.7 OPTIONS", send: method("OPTIONS", "/method"), want: "200 OPTIONS", end: "kept", why: keep},
		{name: "9.3.5 DELETE", send: method("DELETE", "/method"), want: "200 DELETE", end: "kept", why: keep},
		{name: "9.3.4 PUT with content", send: "PUT" + strings.TrimPrefix(post("/echo", "hello"), "POST"), want: "200 hello", end: "kept", why: keep},
		{name: "9.3.1 GET with content", send: "GET" + strings.TrimPrefix(post("/echo", "hello"), "POST"), want: "200 hello", end: "kept", why: keep},
		{name: "8.6 a stream of a known length", send: get("/sized"), want: "200 hello", end: "kept", why: keep},
		{name: "6.4 a stream of an unknown length is chunked", send: get("/stream"), want: "200 hello", end: "kept", why: keep},
		{name: "6.4 and delimited", send: get("/stream") + get("/"), want: "200 hello, 200 hello", end: "kept", why: keep},
		{name: "10.1.1 without a body there is nothing to wait for", send: upTop + "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n", want: "200", end: "kept", why: keep},
		{name: "10.1.1 HTTP/1.0 knows no 100", send: "POST /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello", want: "200 hello", end: "closed", why: "http1.close.http10"},
		{name: "10.1.1 no 100 when the body is not wanted, and the connection ends", send: "POST / HTTP/1.1\r\n" + hostH + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", want: "200 hello", end: "closed", why: "http1.close.unread"},
	})
}

func TestPersistenceOfRFC9112Section9(t *testing.T) {
	old := func(fields string) string { return "GET / HTTP/1.0\r\n" + fields + "\r\n" }
	with := func(field string) string { return get("/", field) }
	runRaw(t, []rawCase{
		taken("9.3 HTTP/1.1 stays", get("/"), "hello"),
		taken("9.3 and says so by nothing", with("Connection: keep-alive"), "hello"),
		{name: "9.6 close", send: with("Connection: close"), want: "200 hello", end: "closed", why: "http1.close.client-asked"},
		{name: "9.6 options are case-insensitive", send: with("connection: Close"), want: "200 hello", end: "closed", why: "http1.close.client-asked"},
		{name: "9.6 close among others", send: with("Connection: x, close ,y"), want: "200 hello", end: "closed", why: "http1.close.client-asked"},
		{name: "9.6 close on a second line", send: get("/", "Connection: keep-alive", "Connection: close"), want: "200 hello", end: "closed", why: "http1.close.client-asked"},
		{name: "9.6 close wins over keep-alive", send: with("Connection: close, keep-alive"), want: "200 hello", end: "closed", why: "http1.close.client-asked"},
		taken("9.6 not-close is not close", with("Connection: not-close"), "hello"),
		taken("9.6 nor is closed", with("Connection: closed"), "hello"),
		taken("9.6 nor is close in another field", with("Proxy-Connection: close"), "hello"),
		{name: "9.6 what follows close is no request", send: with("Connection: close") + get("/method"), want: "200 hello", end: "closed", why: "http1.close.client-asked", atOnce: true},
		{name: "9.6 the handler asks for the end", send: get("/last"), want: "200 hello", end: "closed", why: "http1.close.response-asked"},
		{name: "9.6 and its wish holds for that response", send: get("/") + get("/last"), want: "200 hello, 200 hello", end: "closed", why: "http1.close.response-asked"},
		{name: "9.3 HTTP/1.0 does not stay", send: old(""), want: "200 hello", end: "closed", why: "http1.close.http10"},
		{name: "9.3 unless it asks", send: old("Connection: keep-alive\r\n"), want: "200 hello", end: "kept", why: "http1.keep.asked"},
		{name: "9.3 in any case", send: old("Connection: Keep-Alive\r\n"), want: "200 hello", end: "kept", why: "http1.keep.asked"},
		{name: "9.3 not not-keep-alive", send: old("Connection: not-keep-alive\r\n"), want: "200 hello", end: "closed", why: "http1.close.http10"},
		{name: "9.3 a Keep-Alive field alone asks nothing", send: old("Keep-Alive: timeout=5\r\n"), want: "200 hello", end: "closed", why: "http1.close.http10"},
		{name: "9.3 without a length the end of the connection ends the response", send: "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", want: "200 hello", end: "closed", why: "http1.close.length-unknown"},
		{name: "9.3 with a length it stays", send: "GET /sized HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", want: "200 hello", end: "kept", why: "http1.keep.asked"},
		{name: "9.3.2 pipelined requests are answered in order", send: get("/method") + get("/echo") + get("/a", "A: 3") + get("/stream") + get("/a", "A: 5"),
			want: "200 GET, 200, 200 3, 200 hello, 200 5", end: "kept", why: keep},
		{name: "9.3.2 and with content", send: post("/echo", "one") + post("/", "two") + post("/echo", "three"), want: "200 one, 200 hello, 200 three", end: "kept", why: keep},
		{name: "9.3.2 what was asked before a fault is answered", send: get("/method") + get("/echo") + "BAD\r\n\r\n", want: "200 GET, 200, 400 http1.method.invalid", end: "closed", why: "http1.method.invalid"},
	})
}
