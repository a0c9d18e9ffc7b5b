package http1

import (
	"testing"
	"unsafe"

	"vitrine/web/message"
)

func TestAnIdleConnectionsReceiverIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(Receiver{}); n > 64 {
		t.Errorf("%d bytes", n)
	}
	if n := unsafe.Sizeof(Sender{}); n > 16 {
		t.Errorf("a sender has %d bytes", n)
	}
}

func TestReceivingAndSendingDoNotAllocate(t *testing.T) {
	var x Receiver
	var s Sender
	var lim Limits
	var r message.Request
	in := []byte(browserHead + "POST / HTTP/1.1\r\nHost: WWW.example.org\r\nConnection: x, close\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
	var head message.Header
	head.Add("Content-Type", "text/plain")
	block := message.NewBlock(200, &head)
	out := make([]byte, 0, 1000)
	if n := testing.AllocsPerRun(100, func() {
		for rest := in; len(rest) > 0; {
			n, err := x.RequestHead(rest, &lim, &r)
			if err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
			o := ConnectionOptions(&r.Fields)
			Expects100(&r)
			for x.InBody() {
				_, n, _, err := x.Body(rest)
				if err != nil {
					t.Fatal(err)
				}
				rest = rest[n:]
			}
			keep, _ := Persist(PersistInput{Minor: r.Minor, Options: o})
			out = AppendBlock(out[:0], block)
			out = AppendConnection(out, r.Minor, keep, 10, 20)
			out = AppendFraming(out, Chunked)
			s.Begin(Chunked, 0)
			out, _ = s.AppendData(out, rest)
			out, _ = s.AppendEnd(out, nil)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A head that arrives byte by byte must not be read anew for each byte.
func TestAHeadCostsLinearTimeHoweverItIsCut(t *testing.T) {
	lim := Limits{HeaderBytes: 1 << 20, URIBytes: 1 << 19, HeaderCount: 60000}
	line := make([]byte, 0, 1<<20)
	line = append(line, "GET /"...)
	for range 100_000 {
		line = append(line, 'a')
	}
	line = append(line, " HTTP/1.1\r\nHost: h\r\n"...)
	for range 50_000 {
		line = append(line, "A: b\r\n"...)
	}
	line = append(line, '\r', '\n')
	var x Receiver
	var r message.Request
	for i := range line { // four hundred thousand calls; reading anew each time would take 80 GB of reading
		n, err := x.RequestHead(line[:i+1], &lim, &r)
		if err != nil || (n != 0) != (i+1 == len(line)) {
			t.Fatalf("%d of %d: %d, %v", i+1, len(line), n, err)
		}
	}
	if r.Fields.Len() != 50_001 {
		t.Errorf("%d fields", r.Fields.Len())
	}
}
