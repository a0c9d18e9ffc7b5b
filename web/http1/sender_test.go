package http1

import (
	"bytes"
	"strings"
	"testing"

	"vitrine/web/message"
)

func TestContentIsHeldToItsAnnouncement(t *testing.T) {
	var trailers message.Header
	trailers.Add("X-Sum", "1")
	trailers.Add("Content-Length", "5") // must not stand behind the content (RFC 9110 §6.5.1)
	for _, test := range []struct {
		name     string
		framing  Framing
		length   int64
		writes   []string
		trailers *message.Header
		want     string
		fault    string
	}{
		{"nothing", NoBody, 0, nil, nil, "", ""},
		{"something where there is no body", NoBody, 0, []string{"a"}, nil, "", "http1.send.too-long"},
		{"exactly the length", Length, 5, []string{"ab", "", "cde"}, nil, "abcde", ""},
		{"no trailers without chunks", Length, 1, []string{"a"}, &trailers, "a", ""},
		{"too long", Length, 3, []string{"ab", "cd"}, nil, "ab", "http1.send.too-long"},
		{"too short", Length, 5, []string{"ab"}, nil, "ab", "http1.send.too-short"},
		{"nothing of something", Length, 5, nil, nil, "", "http1.send.too-short"},
		{"length zero", Length, 0, nil, nil, "", ""},
		{"no chunks", Chunked, 0, nil, nil, "0\r\n\r\n", ""},
		{"chunks, and an empty write is none", Chunked, 0, []string{"ab", "", strings.Repeat("c", 26)}, nil,
			"2\r\nab\r\n1a\r\n" + strings.Repeat("c", 26) + "\r\n0\r\n\r\n", ""},
		{"trailers", Chunked, 0, []string{"a"}, &trailers, "1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n", ""},
		{"until the end", UntilEnd, 0, []string{"ab", "c"}, nil, "abc", ""},
	} {
		var s Sender
		s.Begin(test.framing, test.length)
		var out []byte
		var err *Error
		for _, w := range test.writes {
			if err == nil {
				out, err = s.AppendData(out, []byte(w))
			}
		}
		if err == nil {
			out, err = s.AppendEnd(out, test.trailers)
		}
		fault := ""
		if err != nil {
			fault = err.Reason.ID
		}
		if string(out) != test.want || fault != test.fault {
			t.Errorf("%s: %q with %q", test.name, out, fault)
		}
	}
}

func TestPiecesThatTheCallerSendsItselfCountToo(t *testing.T) {
	var s Sender
	s.Begin(Length, 10)
	out, err := s.AppendChunkHead(nil, 4)
	if err != nil || len(out) != 0 || s.Remaining() != 6 || len(s.AppendChunkTail(nil)) != 0 || s.Framing() != Length {
		t.Errorf("%q, %v, %d remain", out, err, s.Remaining())
	}
	if _, err := s.AppendChunkHead(nil, 7); err == nil || s.Remaining() != 6 {
		t.Errorf("%v, %d remain", err, s.Remaining())
	}
	s.Begin(Chunked, 0)
	out, _ = s.AppendChunkHead(nil, 0x123456789abcdef)
	if string(s.AppendChunkTail(out)) != "123456789abcdef\r\n\r\n" || s.Remaining() != -1 {
		t.Errorf("%q", out)
	}
	out, _ = s.AppendEnd(nil, nil)
	if again, err := s.AppendEnd(out, nil); string(again) != "0\r\n\r\n" || err != nil {
		t.Errorf("content ended twice: %q", again)
	}
}

// What the sender writes, the receiver reads.
func TestWhatIsSentIsReceived(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 300)
	var s Sender
	s.Begin(Chunked, 0)
	wire := []byte(chunkedHead)
	for i, rest := 1, content; len(rest) > 0; i++ {
		n := min(i*i, len(rest))
		wire, _ = s.AppendData(wire, rest[:n])
		rest = rest[n:]
	}
	wire, _ = s.AppendEnd(wire, nil)
	p := peer{}
	p.feed(wire[:len(wire)-1])
	if !bytes.Equal(p.body, content) {
		t.Errorf("%d bytes came as %d", len(content), len(p.body))
	}
	p.feed(wire[len(wire)-1:])
	if p.inBody || len(p.buf) > 0 {
		t.Error("the content did not end")
	}
}

func TestFramingIsChosenByWhatTheClientUnderstands(t *testing.T) {
	for _, test := range []struct {
		minor  uint8
		method message.Method
		status int
		length int64
		want   Framing
	}{
		{1, message.GET, 200, 5, Length},
		{1, message.GET, 200, 0, Length},
		{1, message.GET, 200, -1, Chunked},
		{0, message.GET, 200, -1, UntilEnd},
		{0, message.GET, 200, 5, Length},
		{1, message.HEAD, 200, -1, NoBody},
		{1, message.GET, 304, 5, NoBody},
		{1, message.GET, 204, -1, NoBody},
		{1, message.GET, 101, -1, NoBody},
	} {
		if got := ChooseFraming(test.minor, test.method, test.status, test.length); got != test.want {
			t.Errorf("1.%d %v %d of %d: %v and not %v", test.minor, test.method, test.status, test.length, got, test.want)
		}
	}
}

func TestHeads(t *testing.T) {
	var h message.Header
	for _, f := range [][2]string{{"Content-Type", "text/html"}, {"Connection", "close"}, {"keep-alive", "x"}, {"Transfer-Encoding", "chunked"},
		{"Content-Length", "5"}, {"X-Empty", ""}} {
		if err := h.Add(f[0], f[1]); err != nil {
			t.Fatal(err)
		}
	}
	b := message.NewBlock(200, &h)
	const want = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\nX-Empty: \r\n"
	for range 2 {
		if got := string(AppendBlock([]byte("x"), b)); got != "x"+want {
			t.Errorf("%q", got)
		}
	}
	for status, want := range map[int]string{
		404: "HTTP/1.1 404 Not Found\r\n", 299: "HTTP/1.1 299 \r\n", 999: "HTTP/1.1 999 \r\n",
	} {
		if got := string(AppendStatusLine(nil, status)); got != want {
			t.Errorf("%d: %q", status, got)
		}
	}
	if got := string(AppendFraming(nil, Chunked)) + string(AppendFraming(nil, Length)); got != "Transfer-Encoding: chunked\r\n" {
		t.Errorf("%q", got)
	}
}

func TestRequestHeadsToSend(t *testing.T) {
	var h message.Header
	if _, err := AppendRequestHead(nil, "GET", "/", &h); err == nil {
		t.Error("a request without Host")
	}
	h.Add("Host", "h")
	h.Add("Connection", "close")
	got, err := AppendRequestHead(nil, "GET", "/a?b", &h)
	if want := "GET /a?b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"; string(got) != want || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, bad := range [][2]string{{"G T", "/"}, {"", "/"}, {"GET", ""}, {"GET", "/ HTTP/1.1\r\nX: y"}, {"GET", "/a b"}, {"GET", "/#a"}, {"GET\r\n", "/"}} {
		if got, err := AppendRequestHead(nil, bad[0], bad[1], &h); err == nil || len(got) > 0 {
			t.Errorf("%q became %q", bad, got)
		}
	}
}
