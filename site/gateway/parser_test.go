package gateway

import (
	"fmt"
	"strings"
	"testing"

	"vitrine/trace"
	"vitrine/web/message"
)

// read gives a parser a script's answer in pieces of a size.
func read(answer string, size int, l Limits) (*Head, string, *Fault) {
	var p Parser
	p.Reset(l)
	for rest := answer; len(rest) > 0; {
		piece := rest[:min(size, len(rest))]
		n, done, fault := p.Receive([]byte(piece))
		if fault != nil {
			return nil, "", fault
		}
		rest = rest[n:]
		if done {
			return p.Head(), rest, p.End()
		}
		if n < len(piece) {
			panic("bytes were left though the head goes on")
		}
	}
	return nil, "", p.End()
}

func shownHead(h *Head) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d", h.Kind, h.Status)
	if h.ContentLength >= 0 {
		fmt.Fprintf(&b, " length=%d", h.ContentLength)
	}
	if h.Kind != Document {
		fmt.Fprintf(&b, " to=%s", h.Location)
	}
	if h.SendFile != "" {
		fmt.Fprintf(&b, " file=%s", h.SendFile)
	}
	if h.AccelRedirect != "" {
		fmt.Fprintf(&b, " accel=%s", h.AccelRedirect)
	}
	for _, f := range h.Fields {
		fmt.Fprintf(&b, " %s:%s", f.Name, f.Value)
	}
	if len(h.Removed) > 0 {
		fmt.Fprintf(&b, " -%s", strings.Join(h.Removed, ","))
	}
	return b.String()
}

func TestHeadsOfAnswers(t *testing.T) {
	for _, c := range []struct{ what, head, want string }{
		{"a document", "Content-Type: text/html\n", "document 200 Content-Type:text/html"},
		{"lines may end with CRLF", "Content-Type: text/html\r\nX-A: b\r\n", "document 200 Content-Type:text/html X-A:b"},
		{"a status with a phrase", "Status: 404 Not Found\n", "document 404"},
		{"a status without one, in any case", "status:\t410\n", "document 410"},
		{"a head without fields", "", "document 200"},
		{"an empty value", "X-Empty:\n", "document 200 X-Empty:"},
		{"a length is kept apart", "Content-Length: 12\nContent-Length: 12\n", "document 200 length=12"},
		{"two cookies are two", "Set-Cookie: a=1\nSet-Cookie: b=2\n", "document 200 Set-Cookie:a=1 Set-Cookie:b=2"},
		{"another path of the server's own", "Location: /other?q=1\nX-A: b\n", "local redirect 200 to=/other?q=1 X-A:b -Location"},
		{"elsewhere", "Location: https://example.org/\n", "client redirect 302 to=https://example.org/ Location:https://example.org/"},
		{"a relative reference is the client's to resolve", "Location: other\n", "client redirect 302 to=other Location:other"},
		{"a path with a status is the client's", "Status: 303 See Other\nLocation: /x\n", "client redirect 303 to=/x Location:/x"},
		{"what was made has a location", "Status: 201 Created\nLocation: /new\n", "document 201 Location:/new"},
		{"an empty location leads nowhere", "Location:\n", "document 200 Location:"},
		{"said twice alike", "Location: /x\nLocation: /x\nContent-Type: a/b\nContent-Type: a/b\nStatus: 302\nStatus: 302 Found\n",
			"client redirect 302 to=/x Location:/x Content-Type:a/b"},
		{"what concerns a connection is not the script's", "Connection: close, X-Own\nKeep-Alive: 5\nTransfer-Encoding: chunked\nUpgrade: x\nTE: a\nTrailer: b\nx-own: 1\nX-Other: 2\n",
			"document 200 X-Other:2 -Connection,Keep-Alive,Transfer-Encoding,Upgrade,TE,Trailer,x-own"},
		{"nor is the time", "Date: Sun, 06 Nov 1994 08:49:37 GMT\n", "document 200 -Date"},
		{"nor what a proxy says", "Proxy-Authenticate: Basic\n", "document 200 -Proxy-Authenticate"},
		{"a file in the place of the body", "X-Sendfile: /srv/a b.zip\n", "document 200 file=/srv/a b.zip -X-Sendfile"},
		{"as others say it", "X-LIGHTTPD-send-file: /srv/a\n", "document 200 file=/srv/a -X-LIGHTTPD-send-file"},
		{"a path in its place", "X-Accel-Redirect: /protected/a\nX-Accel-Expires: 5\n", "document 200 accel=/protected/a -X-Accel-Redirect,X-Accel-Expires"},
	} {
		for _, size := range []int{1, 2, 7, 1 << 20} {
			end := "\n"
			if strings.Contains(c.head, "\r") {
				end = "\r\n"
			}
			h, body, fault := read(c.head+end+"\nbody", size, Limits{})
			if fault != nil {
				t.Errorf("%s: %s", c.what, fault)
				break
			}
			if got := shownHead(h); got != c.want {
				t.Errorf("%s, %d bytes at a time:\n got %s\nwant %s", c.what, size, got, c.want)
			}
			if !strings.HasSuffix("\nbody", body) {
				t.Errorf("%s: the body begins with %q", c.what, body)
			}
		}
	}
}

func TestBufferingIsTheScriptsSay(t *testing.T) {
	for value, want := range map[string]Tristate{"no": No, "YES": Yes, "maybe": Unsaid} {
		h, _, fault := read("X-Accel-Buffering: "+value+"\n\n", 100, Limits{})
		if fault != nil || h.Buffering != want {
			t.Errorf("%s: %v %v", value, h, fault)
		}
	}
}

func TestHeadsThatAreRefused(t *testing.T) {
	small := Limits{Bytes: 64, Fields: 2}
	for _, c := range []struct {
		what, head string
		why        *trace.Reason
		line       int
	}{
		{"an interpreter's message", "Warning in line 3\n\n", NotAField, 1},
		{"a body without a blank line before it", "Content-Type: text/html\n<html>\n\n", NotAField, 2},
		{"a name with a space", "X A: b\n\n", BadFieldName, 1},
		{"white space before the colon", "Content-Length : 5\n\n", BadFieldName, 1},
		{"no name", ": b\n\n", BadFieldName, 1},
		{"a NUL", "X: a\x00b\n\n", BadFieldValue, 1},
		{"a CR that ends no line", "X: a\rSet-Cookie: b\n\n", BadFieldValue, 1},
		{"two CRs", "X: a\r\r\n\r\n", BadFieldValue, 1},
		{"a value in two lines", "X: a\n b\n\n", Folded, 2},
		{"a line that begins with a tab", "\tX: a\n\n", Folded, 1},
		{"a status of one digit", "Status: 2\n\n", BadStatus, 1},
		{"an interim status", "Status: 101 Switching Protocols\n\n", BadStatus, 1},
		{"a status that no class has", "Status: 600\n\n", BadStatus, 1},
		{"a status with a sign", "Status: +20\n\n", BadStatus, 1},
		{"a negative length", "Content-Length: -1\n\n", BadLength, 1},
		{"an empty length", "Content-Length:\n\n", BadLength, 1},
		{"a length beyond all files", "Content-Length: 99999999999999999999\n\n", BadLength, 1},
		{"two lengths", "Content-Length: 5\nContent-Length: 6\n\n", SaidTwice, 2},
		{"two statuses", "Status: 200\nStatus: 404\n\n", SaidTwice, 2},
		{"two types", "Content-Type: a/b\nContent-Type: c/d\n\n", SaidTwice, 2},
		{"two locations", "Location: /a\nLocation: /b\n\n", SaidTwice, 2},
		{"a status line", "HTTP/1.1 200 OK\n\n", NonParsed, 1},
		{"an end within a line", "Content-Ty", HeadCutShort, 1},
		{"an end before the blank line", "Content-Type: a/b\n", HeadCutShort, 2},
		{"nothing at all", "", HeadCutShort, 1},
		{"too many bytes", "X: " + strings.Repeat("a", 64), HeadTooLarge, 1},
		{"too many fields", "A: 1\nB: 2\nC: 3\n\n", TooManyFields, 3},
	} {
		for _, size := range []int{1, 5, 1 << 20} {
			h, _, fault := read(c.head, size, small)
			if fault == nil {
				t.Errorf("%s is taken as %s", c.what, h)
				break
			}
			if fault.Reason != c.why || fault.Line != c.line {
				t.Errorf("%s, %d bytes at a time: %s in line %d, not %s in line %d", c.what, size, fault.Reason, fault.Line, c.why, c.line)
			}
			if text := fault.Error(); strings.ContainsAny(text, "\r\n\x00") || len(text) > 500 {
				t.Errorf("%s: the fault's text is %q", c.what, text)
			}
		}
	}
}

func TestAScriptsValidatorsAnswerConditions(t *testing.T) {
	for _, c := range []struct {
		what, method, head, field string
		want                      message.Verdict
		asked                     bool
	}{
		{"the client has it already", "GET", "ETag: \"a\"", `If-None-Match: "a"`, message.NotModified, true},
		{"a weak tag is enough for that", "HEAD", "ETag: W/\"a\"", `If-None-Match: "a"`, message.NotModified, true},
		{"the client has another", "GET", "ETag: \"b\"", `If-None-Match: "a"`, message.Proceed, true},
		{"by date", "GET", "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT", message.NotModified, true},
		{"a condition that failed", "GET", "ETag: \"b\"", `If-Match: "a"`, message.PreconditionFailed, true},
		{"no validator", "GET", "X-A: b", `If-None-Match: "a"`, message.Proceed, false},
		{"a validator that is none", "GET", "ETag: a", `If-None-Match: "a"`, message.Proceed, false},
		{"another status", "GET", "Status: 404\nETag: \"a\"", `If-None-Match: "a"`, message.Proceed, false},
		{"a request that changes something", "POST", "ETag: \"a\"", `If-None-Match: "a"`, message.Proceed, false},
		{"no condition", "GET", "ETag: \"a\"", "X-A: b", message.Proceed, false},
	} {
		h, _, fault := read(c.head+"\n\n", 1000, Limits{})
		if fault != nil {
			t.Fatal(fault)
		}
		o, asked := h.Conditions(request(t, c.method, "/", c.field), 1<<30)
		if asked != c.asked || o.Verdict != c.want {
			t.Errorf("%s: %v, asked %v", c.what, o.Verdict, asked)
		}
	}
}

// FuzzParser holds that the size of the pieces makes no difference, and that nothing of an answer can be more than a field.
func FuzzParser(f *testing.F) {
	for _, seed := range []string{"Content-Type: text/html\r\n\r\nbody", "Status: 404\nX: y\n\n", "Location: /a\n\n", "Connection: a, b\na: 1\n\n",
		"HTTP/1.1 200 OK\n\n", "X: a\n b\n\n", "X-Accel-Redirect: /a\nX-Sendfile: b\n\n", "Content-Length: 3\n\nabc", "\n\n", "a:b\r\r\n"} {
		f.Add(seed, 3)
	}
	f.Fuzz(func(t *testing.T, answer string, size int) {
		if size <= 0 || size > len(answer)+1 {
			size = 1
		}
		l := Limits{Bytes: 256, Fields: 8}
		whole, rest, fault := read(answer, len(answer)+1, l)
		apart, rest2, fault2 := read(answer, size, l)
		if (fault == nil) != (fault2 == nil) || fault != nil && fault.Reason != fault2.Reason {
			// A line that is longer than the bound may be at fault for either reason, by what is seen first.
			t.Fatalf("%q at once: %v; by %d: %v", answer, fault, size, fault2)
		}
		if fault != nil {
			return
		}
		if shownHead(whole) != shownHead(apart) || !strings.HasSuffix(rest, rest2) {
			t.Fatalf("%q at once: %s; by %d: %s", answer, shownHead(whole), size, shownHead(apart))
		}
		if whole.Status < 200 || whole.Status > 599 || whole.ContentLength < -1 || len(whole.Fields) > l.Fields {
			t.Fatalf("%q: %s", answer, shownHead(whole))
		}
		var h message.Header
		for _, field := range whole.Fields {
			if err := h.Add(field.Name, field.Value); err != nil {
				t.Fatalf("%q: %s in %q: %q", answer, err, field.Name, field.Value)
			}
			if hops.Has(message.LookupFieldIDString(field.Name)) && message.LookupFieldIDString(field.Name) != message.OtherField ||
				strings.HasPrefix(strings.ToLower(field.Name), "x-accel-") || strings.EqualFold(field.Name, "Content-Length") {
				t.Fatalf("%q: the client gets %s", answer, field.Name)
			}
		}
	})
}

// FuzzCollect holds that no field's name makes a variable that is not its own.
func FuzzCollect(f *testing.F) {
	f.Add("Proxy", "x", "X-A_B", "y")
	f.Add("x-a", "1", "X-A", "2")
	f.Add("Cookie", "a", "cookie", "b")
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string) {
		for _, s := range []string{name1, name2} {
			if !message.IsToken(s) || strings.EqualFold(s, "host") {
				return
			}
		}
		if !message.IsValue(value1) || !message.IsValue(value2) {
			return
		}
		var plain, v Variables
		plain.Collect(&Request{Head: request(t, "GET", "/a")})
		v.Collect(&Request{Head: request(t, "GET", "/a", name1+":"+value1, name2+":"+value2)})
		seen := map[string]bool{}
		for name, value := range v.Each() {
			n := string(name)
			if seen[n] {
				t.Fatalf("%q %q: %s is there twice", name1, name2, n)
			}
			seen[n] = true
			if own, ok := plain.Get(n); ok && string(own) != string(value) && n != "CONTENT_TYPE" && n != "CONTENT_LENGTH" {
				t.Fatalf("%q %q: %s is %q", name1, name2, n, value)
			}
			if rest, ok := strings.CutPrefix(n, "HTTP_"); ok {
				field := strings.ReplaceAll(rest, "_", "-")
				if !strings.EqualFold(field, name1) && !strings.EqualFold(field, name2) || rest == "PROXY" {
					t.Fatalf("%q %q: there is %s", name1, name2, n)
				}
			}
		}
	})
}
