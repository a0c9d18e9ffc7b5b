package web

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/serve"
)

// short is a time-out that a test can wait for; long is one that must not pass.
const (
	short = 150 * time.Millisecond
	long  = time.Hour
)

// paced writes a piece again and again, with a pause before each, until the connection takes no more or done is closed.
func (c *client) paced(piece string, every time.Duration, done <-chan struct{}) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			if _, err := io.WriteString(c, piece); err != nil {
				return
			}
		}
	}
}

func TestTimeouts(t *testing.T) {
	// All but the one that a case is about are long, so that only that one can have ended the connection.
	all := Settings{HeaderTimeout: long, BodyTimeout: long, KeepAliveTimeout: long, WriteTimeout: long, LingerTimeout: long}
	with := func(change func(s *Settings)) Settings {
		s := all
		change(&s)
		return s
	}
	header := with(func(s *Settings) { s.HeaderTimeout = short })
	body := with(func(s *Settings) { s.BodyTimeout = short })
	idle := with(func(s *Settings) { s.KeepAliveTimeout = short })
	rate := with(func(s *Settings) { s.BodyTimeout, s.MinRate = short, 1<<20 })

	cases := []struct {
		name string
		s    Settings
		run  func(t *testing.T, sv *served, c *client)
		why  *trace.Reason // nil: run has checked it
	}{
		{"a client that connects and says nothing", header, func(t *testing.T, sv *served, c *client) {
			c.ends()
		}, CloseSilent},
		{"a client that sends empty lines only", header, func(t *testing.T, sv *served, c *client) {
			c.send("\r\n")
			c.ends()
		}, CloseSilent},
		{"half a head", header, func(t *testing.T, sv *served, c *client) {
			c.send("GET / HTTP/1.1\r\nHost")
			if a := c.expect(408, "request.header-timeout"); !a.Close {
				t.Error("the connection was said to go on")
			}
			c.ends()
			c.Close()
		}, HeaderTimeout},
		{"half a second head", header, func(t *testing.T, sv *served, c *client) {
			c.send(get("/"))
			c.expect(200, "/")
			c.send("G")
			c.expect(408, "request.header-timeout")
			c.ends()
			c.Close()
		}, HeaderTimeout},
		{"a head that trickles has one time-out for all its bytes", header, func(t *testing.T, sv *served, c *client) {
			c.send("GET / HTTP/1.1\r\nA: ")
			done := make(chan struct{})
			go c.paced("x", short/10, done)
			c.expect(408, "request.header-timeout")
			close(done)
			c.ends()
			c.Close()
		}, HeaderTimeout},
		{"nothing after a response", idle, func(t *testing.T, sv *served, c *client) {
			began := time.Now()
			c.send(get("/"))
			c.expect(200, "/")
			c.ends()
			if took := time.Since(began); took < short {
				t.Errorf("the connection was kept for %v", took)
			}
			c.Close()
		}, CloseIdle},
		{"the time for being idle is not for a head", idle, func(t *testing.T, sv *served, c *client) {
			c.send(get("/"))
			c.expect(200, "/")
			c.send("GET / HT")
			<-time.After(3 * short)
			c.send("TP/1.1\r\nHost: h\r\n\r\n")
			c.expect(200, "/")
			c.Close()
		}, CloseClient},
		{"nor for a handler", idle, func(t *testing.T, sv *served, c *client) {
			c.send(get("/"))
			c.expect(200, "/")
			c.send(get("/slow"))
			c.expect(200, "slow")
			c.Close()
		}, CloseClient},
		{"a body that stops, with a handler that reads it", body, func(t *testing.T, sv *served, c *client) {
			c.send("POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello")
			c.expect(408, "")
			c.ends()
			c.Close()
			if o := await(t, "outcome", sv.outcomes); o.Ending != BodyTimeout || o.Keep {
				t.Error(o)
			}
		}, BodyTimeout},
		{"a body that stops, and nobody reads it", body, func(t *testing.T, sv *served, c *client) {
			c.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello")
			c.expect(200, "/")
			c.ends()
			c.Close()
		}, BodyTimeout},
		{"a body that stops while the response is streamed", body, func(t *testing.T, sv *served, c *client) {
			c.send("POST /both HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello")
			a, err := c.read("POST")
			if err != nil || a.body != "hello, then request.body-timeout" {
				t.Errorf("%q, %v", a.body, err)
			}
			c.ends()
			c.Close()
		}, BodyTimeout},
		{"a body below the minimum rate", rate, func(t *testing.T, sv *served, c *client) {
			c.send("POST /read HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n")
			done := make(chan struct{})
			go c.paced("xxxx", short/5, done)
			c.expect(408, "")
			close(done)
			c.ends()
			c.Close()
		}, BodySlow},
		{"a handler that is slower than the body's time-out costs the client nothing", body, func(t *testing.T, sv *served, c *client) {
			c.send(post("/late", strings.Repeat("x", 1<<20)))
			c.expect(200, "1048576")
			c.Close()
		}, CloseClient},
		{"a client that waits for 100 (Continue) is not late", body, func(t *testing.T, sv *served, c *client) {
			c.send("POST /late HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
			c.expect(100, "")
			c.send("hello")
			c.expect(200, "5")
			c.Close()
		}, CloseClient},
		{"a client that takes nothing of the response", with(func(s *Settings) { s.WriteTimeout = short }), func(t *testing.T, sv *served, c *client) {
			c.SetReadBuffer(4 << 10)
			c.send(get("/big"))
			o := await(t, "outcome", sv.outcomes)
			if o.Failure != serve.CloseWriteTimeout {
				t.Error(o)
			}
			c.breaks()
		}, serve.CloseWriteTimeout},
		{"a client that takes the response slowly but steadily is waited for", with(func(s *Settings) { s.WriteTimeout = short }), func(t *testing.T, sv *served, c *client) {
			c.SetReadBuffer(64 << 10)
			c.send(get("/big"))
			for range 10 { // the server's side of the kernel holds megabytes, so it sees no room for all this time
				<-time.After(short / 3)
				if _, err := io.CopyN(io.Discard, c.br, 64<<10); err != nil {
					t.Fatal(err)
				}
			}
			c.SetReadBuffer(4 << 20)
			n, err := io.CopyN(io.Discard, c.br, int64(len(big)-10*64<<10))
			if err != nil {
				t.Errorf("after another %d bytes: %v", n, err)
			}
			c.Close() // with the head's length still unread: any end will do
		}, nil},
		{"a client that takes the response too slowly", with(func(s *Settings) { s.WriteTimeout, s.MinRate = short, 1<<30 }), func(t *testing.T, sv *served, c *client) {
			c.SetReadBuffer(64 << 10)
			c.send(get("/big"))
			tick := time.NewTicker(short / 5)
			defer tick.Stop()
			buf := make([]byte, 64<<10)
			for err := error(nil); err == nil; _, err = c.Read(buf) {
				<-tick.C
			}
			// On a machine with much else to do the client may pause for longer than the write time-out: that ends it too.
			if o := await(t, "outcome", sv.outcomes); o.Failure != serve.CloseSlowReader && o.Failure != serve.CloseWriteTimeout {
				t.Error(o)
			}
		}, nil},
		{"a client that does not close after our close", with(func(s *Settings) { s.LingerTimeout = short }), func(t *testing.T, sv *served, c *client) {
			c.send("BAD\r\n\r\n")
			c.expect(400, "http1.method.invalid")
			c.ends()
		}, serve.CloseLingered},
		{"a client that sends for ever after our close", with(func(s *Settings) { s.LingerTimeout = 2 * short }), func(t *testing.T, sv *served, c *client) {
			c.send("BAD\r\n\r\n")
			done := make(chan struct{})
			go c.paced("x", short/10, done)
			c.expect(400, "http1.method.invalid")
			c.ends()
			await(t, "outcome", sv.outcomes)
			sv.endsFor(t, serve.CloseLingered)
			close(done)
		}, nil},
	}
	eachArchitecture(t, func(t *testing.T, arch string) {
		for _, tc := range cases {
			t.Run(tc.name, func(t *testing.T) {
				t.Parallel()
				sv := start(t, arch, tc.s, timeoutHandler)
				tc.run(t, sv, sv.dial(t))
				if tc.why != nil {
					sv.endsFor(t, tc.why)
				}
			})
		}
	})
}

func timeoutHandler(x *Exchange) {
	if refusal(x) {
		return
	}
	switch string(x.Request.Path()) {
	case "/slow":
		x.Go(func(x *Exchange) {
			<-time.After(3 * short)
			respond(x, 200, "slow")
		})
	case "/read":
		x.Go(func(x *Exchange) { io.Copy(io.Discard, x.Body()) })
	case "/both":
		x.Go(func(x *Exchange) {
			x.Stream(bare200, -1)
			io.CopyN(streamed{x}, x.Body(), 5)
			x.Flush()
			_, err := io.Copy(streamed{x}, x.Body())
			var gone *exchange.GoneError
			if errors.As(err, &gone) {
				x.Write([]byte(", then " + gone.Reason.ID))
			}
		})
	case "/late":
		x.Go(func(x *Exchange) {
			<-time.After(3 * short)
			counted(x)
		})
	case "/big":
		respond(x, 200, big)
	default:
		respond(x, 200, string(x.Request.RawTarget()))
	}
}

// big is more than all buffers between the server and a client.
var (
	big      = strings.Repeat("0123456789abcdef", 512<<10)
	bigBytes = []byte(big)
)
