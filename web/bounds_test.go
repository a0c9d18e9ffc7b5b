package web

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitrine/socket"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/serve"
)

// A handler that does not read bounds the content that is kept, and never the framing behind it.
func TestFramingNeedsNoCredit(t *testing.T) {
	const credit = 64 << 10
	post := "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
	content := strings.Repeat("x", credit-10)
	eachArchitecture(t, func(t *testing.T, arch string) {
		read := make(chan struct{})
		sv := start(t, arch, Settings{InputBytes: credit}, func(x *Exchange) {
			x.Go(func(x *Exchange) {
				<-read
				b, err := io.ReadAll(x.Body())
				if err == nil && x.Trailer() != nil {
					respond(x, 200, x.Trailer().Get("T")+string(b[:1]))
				}
			})
		})
		t.Run("a trailer section behind a body that fills the credit", func(t *testing.T) {
			c := sv.dial(t)
			c.send(post + "FFF6\r\n" + content + "\r\n0\r\nT: " + strings.Repeat("t", 40) + "\r\n\r\n")
			read <- struct{}{}
			c.expect(200, strings.Repeat("t", 40)+"x")
			c.Close()
			await(t, "outcome", sv.outcomes)
		})
		t.Run("a trailer section without end", func(t *testing.T) {
			c := sv.dial(t)
			c.send(post + "FFF6\r\n" + content + "\r\n0\r\nT: ")
			go io.WriteString(c, strings.Repeat("t", 1<<20))
			read <- struct{}{}
			c.expect(431, "")
			if o := await(t, "outcome", sv.outcomes); len(o.because) == 0 || o.because[0] != "http1.trailer.too-large" {
				t.Error(o)
			}
		})
	})
}

// What is refused and logged is the client's own request, whatever other connections have sent to the same loop.
func TestARefusedHeadIsItsOwnClients(t *testing.T) {
	concurrent(t, func(t *testing.T, arch string) {
		sv := start(t, arch, Settings{HeaderBytes: 1 << 10}, func(x *Exchange) {
			if !refusal(x) {
				respond(x, 200, "ok")
			}
		}, func(o *Options) { o.Loops, o.Workers = 1, 1 })
		slow, other := sv.dial(t), sv.dial(t)
		slow.send("GET /slow HTTP/1.1\r\nHost: h\r\nA: b\r\n")
		other.send(get("/secret"))
		other.expect(200, "ok")
		await(t, "outcome", sv.outcomes)
		slow.send("B: " + strings.Repeat("b", 2<<10))
		slow.expect(431, "http1.head.too-large")
		if o := await(t, "outcome", sv.outcomes); o.target != "/slow" {
			t.Error(o)
		}
	})
}

// After a faulty body nothing more is read, however long the handler takes with its response.
func TestNothingIsReadAfterAFaultyBody(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		begun, end := make(chan struct{}), make(chan struct{})
		sv := start(t, arch, Settings{LingerTimeout: time.Millisecond}, func(x *Exchange) {
			x.Go(func(x *Exchange) {
				b, _ := text(200, "")
				b.Fields().Del("Content-Length")
				x.Stream(b, -1)
				x.Flush()
				io.ReadAll(x.Body())
				close(begun)
				<-end
			})
		})
		c := sv.dial(t)
		c.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nno\r\n")
		await(t, "fault", begun)
		c.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
		n, err := io.WriteString(c, strings.Repeat("x", 64<<20))
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("after %d bytes: %v", n, err)
		}
		close(end)
		if o := await(t, "outcome", sv.outcomes); o.Keep {
			t.Error(o)
		}
	})
}

// A protocol is left only when the client has asked for it, and a 101 means nothing else.
func TestNobodyIsSwitchedUnasked(t *testing.T) {
	sv := start(t, serve.Events, Settings{}, func(x *Exchange) {
		switch string(x.Request.Path()) {
		case "/loop":
			x.Respond(bare101)
		case "/off":
			x.Go(func(x *Exchange) { x.Respond(bare101) })
		case "/stream":
			x.Go(func(x *Exchange) { x.Stream(bare101, -1) })
		default:
			x.Go(func(x *Exchange) {
				if _, err := x.Upgrade(bare101); err != exchange.ErrNotAsked {
					t.Error(err)
				}
				respond(x, 200, "stays")
			})
		}
	})
	for _, path := range []string{"/loop", "/off", "/stream"} {
		c := sv.dial(t)
		c.send(get(path, "Connection: upgrade", "Upgrade: x") + get("/next"))
		c.expect(500, "")
		c.ends()
		if o := await(t, "outcome", sv.outcomes); o.Failure != SwitchUnasked {
			t.Error(o)
		}
	}
	for _, fields := range [][]string{{}, {"Upgrade: x"}, {"Connection: upgrade"}, {"Connection: upgrade", "Upgrade: y"}} {
		c := sv.dial(t)
		c.send(get("/", fields...))
		c.expect(200, "stays")
		await(t, "outcome", sv.outcomes)
	}
	c := sv.dial(t)
	c.send("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
	c.expect(200, "stays")
}

// When as many requests wait for a handler as may, the next one is told so at once.
func TestAdaptedHandlersAreBounded(t *testing.T) {
	const room = 1 + 16 // one runs, and sixteen for each that may run wait
	running, end := make(chan struct{}, room), make(chan struct{})
	h := Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		running <- struct{}{}
		<-end
	}))
	sv := start(t, serve.Events, Settings{Handlers: 1}, h.Serve)
	var waiting []*client
	for i := range room {
		c := sv.dial(t)
		c.send(get("/"))
		waiting = append(waiting, c)
		if i == 0 {
			await(t, "handler", running)
		}
	}
	for { // until all of them wait, which nobody tells
		c := sv.dial(t)
		c.send(get("/"))
		c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := c.br.Peek(1); err == nil {
			c.SetReadDeadline(time.Now().Add(patience))
			c.expect(503, HandlersBusy.Sentence+"\n")
			break
		}
	}
	close(end)
	for _, c := range waiting {
		c.expect(200, "")
	}
}

// A file that the system cannot read is no fault of the client's, and what the client has is not taken for the whole.
func TestAFileThatCannotBeRead(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	file := &socket.File{F: f, FD: int(f.Fd()), Size: 1 << 20}
	sv := start(t, serve.Events, Settings{}, func(x *Exchange) {
		b, _ := text(200, strings.Repeat("x", 1<<20))
		x.AddFile(file, 0, 1<<20, nil)
		x.Respond(b)
	})
	c := sv.dial(t)
	c.send(get("/"))
	if b, err := io.ReadAll(c.br); err == nil {
		t.Errorf("the connection ended in order after %q", b)
	}
	sv.endsFor(t, serve.CloseFileFailed)
	await(t, "failure", sv.failures)
	if o := await(t, "outcome", sv.outcomes); o.Failure != serve.CloseFileFailed {
		t.Error(o)
	}
}

// hoarder is a driver that never uses what it is given.
type hoarder struct{ gone chan *trace.Reason }

func (hoarder) Receive(*serve.Worker, *serve.Conn, []byte) int           { return 0 }
func (hoarder) EOF(*serve.Worker, *serve.Conn, int)                      {}
func (hoarder) HalfShut(*serve.Worker, *serve.Conn)                      {}
func (hoarder) Woken(*serve.Worker, *serve.Conn)                         {}
func (hoarder) Sent(*serve.Worker, *serve.Conn)                          {}
func (hoarder) Expired(*serve.Worker, *serve.Conn)                       {}
func (hoarder) Drain(*serve.Worker, *serve.Conn)                         {}
func (h hoarder) Gone(_ *serve.Worker, _ *serve.Conn, why *trace.Reason) { h.gone <- why }

// However wrong a driver is about its bounds, a connection holds no more than it may.
func TestWhatADriverLeavesIsBounded(t *testing.T) {
	h := hoarder{make(chan *trace.Reason, 1)}
	e, err := serve.New(serve.Options{Architecture: serve.Events, Network: socket.Kernel{},
		NewDriver: func(*serve.Conn) serve.Driver { return h }}, serve.Settings{Left: 128 << 10, Write: time.Minute, Handlers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	ln, err := e.Listen(netip.MustParseAddrPort("127.0.0.1:0"), false, 0, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	e.Start()
	sv := &served{t: t, addr: ln.Addr().String()}
	c := sv.dial(t)
	go io.WriteString(c, strings.Repeat("x", 8<<20))
	if why := await(t, "end", h.gone); why != serve.CloseUnused {
		t.Error(why)
	}
}
