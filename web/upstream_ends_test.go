//go:build unix

package web

import (
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vitrine/socket"
	"vitrine/socket/sockettest"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/serve"
)

// gives checks for what reason a driver lost its link, and what the client was answered.
func (q *question) gives(t *testing.T, want *trace.Reason) {
	t.Helper()
	if why := await(t, "reason", q.gone); why != want {
		t.Errorf("%v, want %v", why, want)
	}
	<-q.errs
}

func TestALinkIsReset(t *testing.T) {
	asks(t, Settings{}, func(t *testing.T, q *question) {
		go q.peer.serve(func(c net.Conn, target string, body io.Reader) bool {
			if c, ok := c.(conn); ok {
				c.SetLinger(0)
				return false
			}
			// A Unix socket that is closed with bytes unread resets.
			return false
		})
		if q.o.Address.Path != "" {
			t.Skip("Unix sockets reset only with bytes unread")
		}
		c := q.dial(t)
		c.send(get("/"))
		c.expect(502, serve.LinkReset.ID)
		q.gives(t, serve.LinkReset)
	})
}

// A peer that takes nothing of a request for too long loses its link, although the client waits patiently.
func TestAPeerThatTakesNothing(t *testing.T) {
	asks(t, Settings{InputBytes: 1 << 20}, func(t *testing.T, q *question) {
		t.Parallel()
		q.o.Write = 300 * time.Millisecond
		stop := make(chan struct{})
		defer close(stop)
		go q.peer.serve(func(c net.Conn, target string, body io.Reader) bool { <-stop; return false })
		c := q.dial(t)
		go io.WriteString(c, post("/", strings.Repeat("b", 32<<20)))
		q.gives(t, serve.LinkStalled)
		if o := await(t, "outcome", q.outcomes); o.Status != 502 {
			t.Error(o)
		}
	})
}

// A driver that makes no use of what it is given is cut off before it fills the memory.
func TestADriverThatUsesNothing(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		sv, to := (*served)(nil), newAsked()
		o := &exchange.LinkOptions{}
		known := make(chan struct{})
		sv = start(t, arch, Settings{}, func(x *Exchange) { <-known; x.Dial(o, &idling{asking{x: x, o: o, to: to}}) })
		ln, addr := ways(arch)[0].listen(t, sv)
		o.Address = addr
		close(known)
		defer ln.Close()
		go (&answerer{Listener: ln}).serve(func(c net.Conn, target string, body io.Reader) bool {
			_, err := io.Copy(c, endless{})
			return err == nil
		})
		c := sv.dial(t)
		c.send(get("/"))
		c.expect(502, serve.LinkUnused.ID)
	})
}

type idling struct{ asking }

func (*idling) Receive(exchange.Link, []byte) int { return 0 }

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// A peer whose backlog is full is asked again for as long as connecting may take.
func TestAPeerWhoseBacklogIsFull(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		t.Parallel()
		ask := func(t *testing.T, path string, connect time.Duration) (*client, *asked) {
			to, asked := newAsked(), make(chan struct{})
			o := &exchange.LinkOptions{Address: socket.Address{Path: path}, Connect: connect}
			sv := start(t, arch, Settings{}, func(x *Exchange) { to.ask(x, o, patience); close(asked) })
			c := sv.dial(t)
			c.send(get("/"))
			<-asked
			return c, to
		}
		t.Run("for too long", func(t *testing.T) {
			_, path := sockettest.Full(t)
			c, _ := ask(t, path, 300*time.Millisecond)
			c.expect(502, serve.LinkTimeout.ID)
		})
		t.Run("for a while", func(t *testing.T) {
			fd, path := sockettest.Full(t)
			c, to := ask(t, path, patience)
			for range 2 {
				in, _, err := unix.Accept(fd)
				if err != nil {
					t.Fatal(err)
				}
				defer unix.Close(in)
				if to.connected.Load() == 0 { // the first was the one that filled it
					continue
				}
			}
			until(t, func() bool { return to.connected.Load() == 1 })
			c.Close()
		})
		t.Run("and the client leaves", func(t *testing.T) {
			_, path := sockettest.Full(t)
			c, to := ask(t, path, patience)
			c.SetLinger(0)
			c.Close()
			await(t, "end of the exchange", to.finished)
		})
	})
}

// An idle link may come to its end at the very moment in which an exchange is given it: that one is told, and makes another.
func TestAnIdleLinkThatEndsWhenItIsFound(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	peer := &answerer{Listener: ln}
	go peer.serve(echo)
	o := &exchange.LinkOptions{Address: socket.Address{Addr: netip.MustParseAddrPort(ln.Addr().String())}, Idle: 1}
	to := newAsked()
	var first *asking
	sv := start(t, serve.Events, Settings{}, func(x *Exchange) {
		a := &asking{x: x, o: o, to: to, need: -1, timeout: patience}
		dial := func() {
			if err := x.Dial(o, a); err != nil {
				t.Error(err)
			}
		}
		if first == nil {
			first = a
			dial()
			return
		}
		x.Lend(nil)
		l := first.link.(*upstream)
		l.driver = &between{f: func() { // a turn of the link, which has found that nobody wants it
			l.driver = nil
			dial()
			l.idle(l.worker)
		}}
		l.conn.Wake()
	}, func(o *Options) { o.Loops = 1 })
	c := sv.dial(t)
	c.send(get("/1"))
	c.expect(200, "/1")
	until(t, func() bool { _, idle := sv.Engine().Links(); return idle == 1 })
	c.send(get("/2"))
	c.expect(200, "/2")
	if n := to.redialled.Load(); n != 1 {
		t.Errorf("it was made anew %d times", n)
	}
}

// between does something in a turn of a link.
type between struct {
	exchange.LinkDriver
	f func()
}

func (b *between) Woken(exchange.Link) { b.f() }
