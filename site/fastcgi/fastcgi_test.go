package fastcgi

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"vitrine/trace/tracetest"
)

func TestMain(m *testing.M) { tracetest.Main(m, "fastcgi.") }

// rec is a record as an application sends it.
func rec(k Kind, number uint16, content string, padding int) string {
	h := []byte{1, byte(k), 0, 0, 0, 0, byte(padding), 0}
	binary.BigEndian.PutUint16(h[2:], number)
	binary.BigEndian.PutUint16(h[4:], uint16(len(content)))
	return string(h) + content + strings.Repeat("\xff", padding)
}

func end(app uint32, protocol byte) string {
	b := binary.BigEndian.AppendUint32(nil, app)
	return rec(EndRequest, 1, string(append(b, protocol, 0, 0, 0)), 0)
}

// story is what a Receiver makes of a text in pieces of a size: pieces of one stream are joined.
func story(in string, size int) string {
	var r Receiver
	r.Begin()
	var b strings.Builder
	last := Nothing
	for rest := []byte(in); ; {
		piece := rest[:min(size, len(rest))]
		for {
			e, used, fault := r.Receive(piece)
			piece, rest = piece[used:], rest[used:]
			if e == Output || e == Message {
				if e != last {
					fmt.Fprintf(&b, " %s:", [...]string{Output: "out", Message: "err"}[e])
				}
				b.Write(r.Data)
			}
			if e == Ended {
				fmt.Fprintf(&b, " end %d", r.Status)
			}
			if e != Nothing {
				last = e
			}
			if fault != nil {
				return strings.TrimSpace(b.String() + " fault " + fault.Reason.ID)
			}
			if e == Ended {
				if len(rest) > 0 {
					fmt.Fprintf(&b, " and %d bytes", len(rest))
				}
				return strings.TrimSpace(b.String())
			}
			if e == Nothing {
				break
			}
		}
		if len(rest) == 0 {
			return strings.TrimSpace(b.String() + " fault " + r.Cut().Reason.ID)
		}
	}
}

func TestWhatAnApplicationSends(t *testing.T) {
	for _, c := range []struct{ what, in, want string }{
		{"an answer", rec(Stdout, 1, "hello", 3) + rec(Stdout, 1, "", 0) + end(0, 0), "out:hello end 0"},
		{"an answer in two records", rec(Stdout, 1, "hel", 0) + rec(Stdout, 1, "lo", 6) + end(0, 0), "out:hello end 0"},
		{"messages between", rec(Stdout, 1, "a", 0) + rec(Stderr, 1, "oops", 4) + rec(Stdout, 1, "b", 0) + end(255, 0), "out:a err:oops out:b end 255"},
		{"messages that end", rec(Stderr, 1, "oops", 0) + rec(Stderr, 1, "", 0) + end(0, 0), "err:oops end 0"},
		{"something behind the end", end(0, 0) + "x", "end 0 and 1 bytes"},
		{"what nobody asked for", rec(GetValuesResult, 0, "abc", 5) + rec(UnknownType, 0, "12345678", 0) + end(0, 0), "end 0"},
		{"overloaded", end(0, 2), "end 0 fault fastcgi.overloaded"},
		{"busy", end(0, 1), "end 0 fault fastcgi.cannot-multiplex"},
		{"made for something else", end(0, 3), "end 0 fault fastcgi.unknown-role"},
		{"a protocol status that is none", end(0, 9), "end 0 fault fastcgi.bad-record"},
		{"a web server", "HTTP/1.1 400 Bad Request\r\n\r\n", "fault fastcgi.not-fastcgi"},
		{"another version", "\x02" + rec(Stdout, 1, "a", 0)[1:], "fault fastcgi.not-fastcgi"},
		{"another request", rec(Stdout, 2, "a", 0), "fault fastcgi.other-request"},
		{"an answer for the connection", rec(Stdout, 0, "a", 0), "fault fastcgi.other-request"},
		{"a record that only servers send", rec(Stdin, 1, "a", 0), "fault fastcgi.bad-record"},
		{"a record of no kind", rec(99, 1, "a", 0), "fault fastcgi.bad-record"},
		{"a short end", rec(EndRequest, 1, "1234567", 0), "fault fastcgi.bad-record"},
		{"an answer behind its end", rec(Stdout, 1, "", 0) + rec(Stdout, 1, "a", 0), "fault fastcgi.after-its-end"},
		{"a message behind its end", rec(Stderr, 1, "", 0) + rec(Stderr, 1, "a", 0), "fault fastcgi.after-its-end"},
		{"without end nothing", strings.Repeat(rec(UnknownType, 0, "12345678", 0), mostIdle+1), "fault fastcgi.too-much-nothing"},
		{"nothing", "", "fault fastcgi.cut-short"},
		{"a part of a header", "\x01\x06\x00", "fault fastcgi.cut-short"},
		{"a part of a record", rec(Stdout, 1, "hello", 0)[:10], "out:he fault fastcgi.cut-short"},
		{"no end", rec(Stdout, 1, "hello", 2), "out:hello fault fastcgi.cut-short"},
		{"an end without its padding", rec(EndRequest, 1, "\x00\x00\x00\x00\x00\x00\x00\x00", 3)[:17], "fault fastcgi.cut-short"},
	} {
		for _, size := range []int{1, 3, 8, 1 << 20} {
			if got := story(c.in, size); got != c.want {
				t.Errorf("%s, %d bytes at a time:\n got %s\nwant %s", c.what, size, got, c.want)
			}
		}
	}
}

// sent takes apart what we send, as an application would.
func sent(t *testing.T, b []byte) (kinds []Kind, streams map[Kind]string) {
	t.Helper()
	streams = map[Kind]string{}
	for len(b) > 0 {
		if len(b) < HeaderSize || b[0] != 1 || b[2] != 0 || b[3] != 1 || b[7] != 0 {
			t.Fatalf("no header: %q", b)
		}
		k, n := Kind(b[1]), int(binary.BigEndian.Uint16(b[4:]))
		if len(b) < HeaderSize+n+int(b[6]) {
			t.Fatalf("%s of %d bytes is cut short", k, n)
		}
		kinds = append(kinds, k)
		streams[k] += string(b[HeaderSize : HeaderSize+n])
		b = b[HeaderSize+n+int(b[6]):]
	}
	return kinds, streams
}

// pairs decodes parameters.
func pairs(t *testing.T, s string) (all [][2]string) {
	t.Helper()
	length := func() int {
		n := int(s[0])
		if n < 0x80 {
			s = s[1:]
			return n
		}
		n = int(binary.BigEndian.Uint32([]byte(s)) &^ (1 << 31))
		s = s[4:]
		return n
	}
	for s != "" {
		n, v := length(), length()
		all = append(all, [2]string{s[:n], s[n : n+v]})
		s = s[n+v:]
	}
	return all
}

func TestWhatTheServerSends(t *testing.T) {
	b := AppendBegin(nil, true)
	b, from := OpenParams(b)
	long := strings.Repeat("v", 300)
	b = AppendPair(b, []byte("A"), []byte("b"))
	b = AppendPair(b, []byte(strings.Repeat("N", 128)), []byte(long))
	b = AppendPair(b, []byte("EMPTY"), nil)
	b = CloseParams(b, from)
	b = AppendStdin(b, []byte("body"))
	b = AppendStdin(b, nil)
	b = AppendStdinEnd(b)
	b = AppendAbort(b)
	kinds, streams := sent(t, b)
	if got, want := fmt.Sprint(kinds), "[BEGIN_REQUEST PARAMS PARAMS STDIN STDIN ABORT_REQUEST]"; got != want {
		t.Errorf("the records are %s", got)
	}
	if got := streams[BeginRequest]; got != "\x00\x01\x01\x00\x00\x00\x00\x00" {
		t.Errorf("it begins with %q", got)
	}
	if got := fmt.Sprint(pairs(t, streams[Params])); got != fmt.Sprintf("[[A b] [%s %s] [EMPTY ]]", strings.Repeat("N", 128), long) {
		t.Errorf("the parameters are %s", got)
	}
	if streams[Stdin] != "body" {
		t.Errorf("the body is %q", streams[Stdin])
	}
	if b := AppendBegin(nil, false); b[HeaderSize+2] != 0 {
		t.Error("the connection is kept though nobody asked for it")
	}
}

func TestWhatNeedsSeveralRecords(t *testing.T) {
	big := bytes.Repeat([]byte("x"), 3*MaxContent+5)
	b, from := OpenParams(nil)
	b = AppendPair(b, []byte("BIG"), big)
	b = CloseParams(b, from)
	kinds, streams := sent(t, b)
	if p := pairs(t, streams[Params]); len(kinds) != 5 || len(p) != 1 || p[0][1] != string(big) {
		t.Errorf("a big parameter comes in %v", kinds)
	}
	kinds, streams = sent(t, AppendStdin(nil, big))
	if len(kinds) != 4 || streams[Stdin] != string(big) {
		t.Errorf("a big body comes in %v", kinds)
	}
	b, from = OpenParams(nil)
	if kinds, _ = sent(t, CloseParams(b, from)); len(kinds) != 1 {
		t.Errorf("no parameters come in %v", kinds)
	}
}

func TestKindsHaveNames(t *testing.T) {
	if Kind(200).String() != "unknown" || Stdout.String() != "STDOUT" {
		t.Error(Kind(200), Stdout)
	}
}

func TestAFaultSaysWhatWasFound(t *testing.T) {
	var r Receiver
	_, _, fault := r.Receive([]byte("HTTP/1.1 400"))
	if fault == nil || !strings.Contains(fault.Error(), `"HTTP/1.1"`) || !strings.Contains(fault.Error(), NotFastCGI.Clause()) {
		t.Errorf("%v", fault)
	}
	if f := (&Fault{Reason: Overloaded}); f.Error() != Overloaded.Clause() {
		t.Error(f)
	}
}

func TestReceivingAllocatesNothing(t *testing.T) {
	in := []byte(rec(Stdout, 1, "hello", 3) + rec(Stdout, 1, "", 0) + end(0, 0))
	out := make([]byte, 0, 1<<10)
	if n := testing.AllocsPerRun(100, func() {
		var r Receiver
		r.Begin()
		for rest := in; ; {
			e, used, _ := r.Receive(rest)
			rest = rest[used:]
			if e == Ended {
				break
			}
		}
		b, from := OpenParams(AppendBegin(out, true))
		_ = AppendStdinEnd(CloseParams(AppendPair(b, in, in), from))
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzReceiver holds that the size of the pieces makes no difference, whatever an application sends.
func FuzzReceiver(f *testing.F) {
	f.Add(rec(Stdout, 1, "hello", 3)+rec(Stdout, 1, "", 0)+end(0, 0), 3)
	f.Add(rec(Stderr, 1, "oops", 0)+rec(Stdout, 1, "a", 255)+end(1, 2), 1)
	f.Add(rec(UnknownType, 0, "12345678", 0)+rec(EndRequest, 1, "12345678", 9), 8)
	f.Add("HTTP/1.1 400 Bad Request", 2)
	f.Fuzz(func(t *testing.T, in string, size int) {
		if size <= 0 || size > len(in) {
			size = 1
		}
		if whole, apart := story(in, len(in)+1), story(in, size); whole != apart {
			t.Fatalf("%q at once: %s; by %d: %s", in, whole, size, apart)
		}
	})
}

func TestRestLooksAhead(t *testing.T) {
	for _, c := range []struct {
		what, in, rest string
		output         int
		whole          bool
	}{
		{"the end comes at once", rec(Stdout, 1, "ab", 3), "\xff\xff\xff" + rec(Stdout, 1, "cde", 0) + rec(Stderr, 1, "x", 1) + end(0, 0), 3, true},
		{"the end is cut", rec(Stdout, 1, "ab", 0), rec(Stdout, 1, "cde", 0) + end(0, 0)[:12], 3, false},
		{"a record is cut", rec(Stdout, 1, "ab", 0), rec(Stdout, 1, "cde", 0)[:9], 0, false},
		{"nothing more", rec(Stdout, 1, "ab", 0), "", 0, false},
	} {
		var r Receiver
		r.Begin()
		if e, _, _ := r.Receive([]byte(c.in)); e != Output {
			t.Fatalf("%s: %d", c.what, e)
		}
		if output, whole := r.Rest([]byte(c.rest)); output != c.output || whole != c.whole {
			t.Errorf("%s: %d bytes, whole %v", c.what, output, whole)
		}
	}
	var r Receiver
	if _, whole := r.Rest([]byte(end(0, 0))); whole {
		t.Error("before any record there is an answer")
	}
}
