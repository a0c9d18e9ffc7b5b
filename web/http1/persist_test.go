package http1

import (
	"testing"

	"vitrine/web/message"
)

// request reads a head that is expected to be good.
func request(t *testing.T, in string) *message.Request {
	t.Helper()
	var x Receiver
	var r message.Request
	if n, err := x.RequestHead([]byte(in), new(Limits), &r); n == 0 {
		t.Fatalf("%q: %v", in, err)
	}
	return &r
}

func TestPersistence(t *testing.T) {
	closing, asking := Options{Close: true}, Options{KeepAlive: true}
	both := Options{Close: true, KeepAlive: true}
	for _, test := range []struct {
		name string
		in   PersistInput
		want string
	}{
		{"1.1 stays", PersistInput{Minor: 1, Framing: Length}, "http1.keep.default"},
		{"1.1 stays with chunks", PersistInput{Minor: 1, Framing: Chunked}, "http1.keep.default"},
		{"1.1 stays without a body", PersistInput{Minor: 1}, "http1.keep.default"},
		{"1.1 stays below the bound", PersistInput{Minor: 1, Requests: 9, MaxRequests: 10}, "http1.keep.default"},
		{"1.1 does not need keep-alive", PersistInput{Minor: 1, Options: asking}, "http1.keep.default"},
		{"1.1 until the end", PersistInput{Minor: 1, Framing: UntilEnd}, "http1.close.length-unknown"},
		{"1.0 closes", PersistInput{Framing: Length}, "http1.close.http10"},
		{"1.0 stays when asked", PersistInput{Options: asking, Framing: Length}, "http1.keep.asked"},
		{"1.0 stays when asked, without a body", PersistInput{Options: asking}, "http1.keep.asked"},
		{"1.0 never stays with chunks", PersistInput{Options: asking, Framing: Chunked}, "http1.close.length-unknown"},
		{"1.0 never stays without a length", PersistInput{Options: asking, Framing: UntilEnd}, "http1.close.length-unknown"},
		{"the client's close", PersistInput{Minor: 1, Options: closing}, "http1.close.client-asked"},
		{"close beats keep-alive", PersistInput{Options: both, Framing: Length}, "http1.close.client-asked"},
		{"the response's close", PersistInput{Minor: 1, ResponseClose: true}, "http1.close.response-asked"},
		{"the last request", PersistInput{Minor: 1, Requests: 10, MaxRequests: 10}, "http1.close.requests"},
		{"draining", PersistInput{Minor: 1, Draining: true}, "http1.close.draining"},
		{"a request not read to its end", PersistInput{Minor: 1, Unread: true}, "http1.close.unread"},
		{"an error beats all", PersistInput{Minor: 1, Faulty: true, Unread: true, Draining: true, Options: both}, "http1.close.error"},
	} {
		keep, why := Persist(test.in)
		if why.ID != test.want || keep != (why == reasonKeep || why == reasonKeepAsked) {
			t.Errorf("%s: %v, %s", test.name, keep, why)
		}
	}
}

func TestConnectionIsReadTokenByToken(t *testing.T) {
	for fields, want := range map[string]Options{
		"":                            {},
		"Connection: close\r\n":       {Close: true},
		"Connection: Keep-Alive\r\n":  {KeepAlive: true},
		"Connection: x , CLOSE,y\r\n": {Close: true},
		"Connection: not-close\r\n":   {},
		"Connection: closed\r\n":      {},
		"Connection: close;x\r\n":     {},
		"Connection: keep-alive\r\nConnection: Upgrade, close\r\n": {true, true, true},
		"Proxy-Connection: close\r\n":                              {},
	} {
		r := request(t, "GET / HTTP/1.1\r\nHost: h\r\n"+fields+"\r\n")
		if got := ConnectionOptions(&r.Fields); got != want {
			t.Errorf("%q: %+v", fields, got)
		}
	}
}

func TestTheResponseSaysWhetherTheConnectionStays(t *testing.T) {
	for _, test := range []struct {
		minor             uint8
		keep              bool
		timeout, requests int
		want              string
	}{
		{1, true, 5, 10, ""},
		{1, false, 5, 10, "Connection: close\r\n"},
		{0, false, 5, 10, "Connection: close\r\n"},
		{0, true, 5, 10, "Connection: keep-alive\r\nKeep-Alive: timeout=5, max=10\r\n"},
		{0, true, 5, 0, "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n"},
		{0, true, 0, 10, "Connection: keep-alive\r\nKeep-Alive: max=10\r\n"},
		{0, true, 0, 0, "Connection: keep-alive\r\n"},
	} {
		if got := string(AppendConnection(nil, test.minor, test.keep, test.timeout, test.requests)); got != test.want {
			t.Errorf("1.%d, %v: %q", test.minor, test.keep, got)
		}
	}
}

func TestExpectations(t *testing.T) {
	for in, want := range map[string][2]bool{
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n":                         {true, false},
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-Continue\r\n\r\n":                {true, false},
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n":                         {false, false},
		"POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n":                                    {false, false},
		"POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: x\r\n\r\n":                                               {false, false},
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: x\r\n\r\n":                                    {false, true},
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue, x\r\n\r\n":                      {false, true},
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\nExpect: x=y\r\n\r\n":          {false, true},
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n":                                                 {false, false},
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\nExpect: 100-continue\r\n\r\n": {true, false},
	} {
		r := request(t, in)
		if got := [2]bool{Expects100(r), ExpectsOther(r)}; got != want {
			t.Errorf("%q: %v", in, got)
		}
	}
}
