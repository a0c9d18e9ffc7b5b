package web

import (
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine/socket"
	"vitrine/web/exchange"
	"vitrine/web/serve"
)

func TestAnExchangeIsAnsweredThroughALink(t *testing.T) {
	asks(t, Settings{}, func(t *testing.T, q *question) {
		go q.peer.serve(echo)
		c := q.dial(t)
		rested := func() { // the client may have its answer before the link is at rest
			until(t, func() bool { open, idle := q.Engine().Links(); return open == idle })
		}
		for i := range 5 {
			target := "/" + strconv.Itoa(i)
			c.send(get(target))
			c.expect(200, target)
			rested()
			c.send(post(target, strings.Repeat("b", 1000*i)))
			c.expect(200, target+strings.Repeat("b", 1000*i))
			rested()
		}
		if n := q.peer.connections(); n != 1 {
			t.Errorf("%d links for requests one after the other", n)
		}
		if n := q.reused.Load(); n != 9 {
			t.Errorf("%d of 10 requests used the link that was there", n)
		}
		c.send(get("/a") + get("/b") + get("/c"))
		c.expect(200, "/a")
		c.expect(200, "/b")
		c.expect(200, "/c")
		rested()
		links := q.peer.connections()
		arch := strings.TrimPrefix(q.arch, ownStack)
		if links > 1 && arch != serve.Threads && arch != serve.Pool { // with these the next request may come before the link is at rest
			t.Errorf("%d links for requests one after the other", links)
		}
		for range 13 {
			if o := await(t, "outcome", q.outcomes); o.Failure != nil || o.Status != 200 {
				t.Error(o)
			}
		}
		if open, idle := q.Engine().Links(); open != links || idle != links {
			t.Errorf("%d links are open and %d idle after %d were made", open, idle, links)
		}
		q.drain(t)
	})
}

func TestALinkThatCannotBeMade(t *testing.T) {
	asks(t, Settings{}, func(t *testing.T, q *question) {
		q.peer.Close()
		c := q.dial(t)
		c.send(get("/"))
		c.expect(502, serve.LinkRefused.ID)
		if why := await(t, "reason", q.gone); why != serve.LinkRefused {
			t.Error(why)
		}
		if err := await(t, "error", q.errs); err == nil {
			t.Error("no error says why")
		}
		c.send(get("/"))
		c.expect(502, serve.LinkRefused.ID)
		if open, _ := q.Engine().Links(); open != 0 {
			t.Errorf("%d links are open", open)
		}
	})
}

// A peer that has closed an idle link is noticed at once, or, when a request was sent meanwhile, by its loss: then a new link is
// made.
func TestAnIdleLinkThatItsPeerHasClosed(t *testing.T) {
	asks(t, Settings{}, func(t *testing.T, q *question) {
		go q.peer.serve(echo)
		c := q.dial(t)
		for range rounds(20) {
			c.send(get("/"))
			c.expect(200, "/")
			q.peer.closeAll() // and at the same time the next request comes
		}
		q.peer.closeAll()
		until(t, func() bool { open, _ := q.Engine().Links(); return open == 0 })
		c.send(get("/"))
		c.expect(200, "/")
	})
}

// An idle link on which something comes that nobody has asked for is not used again.
func TestGarbageOnAnIdleLink(t *testing.T) {
	asks(t, Settings{}, func(t *testing.T, q *question) {
		go q.peer.serve(func(c net.Conn, target string, body io.Reader) bool {
			if target == "/bad" {
				return reply(c, "x") && reply(c, "unasked")
			}
			return echo(c, target, body)
		})
		c := q.dial(t)
		c.send(get("/bad"))
		c.expect(200, "x")
		until(t, func() bool { open, _ := q.Engine().Links(); return open == 0 })
		c.send(get("/good"))
		c.expect(200, "/good")
	})
}

// What is no answer, even before there was a question, is the driver's to judge.
func TestAPeerThatSpeaksFirst(t *testing.T) {
	asks(t, Settings{}, func(t *testing.T, q *question) {
		go func() {
			for {
				c, err := q.peer.Accept()
				if err != nil {
					return
				}
				io.WriteString(c, "220 welcome\n")
				go io.Copy(io.Discard, c)
			}
		}()
		c := q.dial(t)
		c.send(get("/"))
		c.expect(502, "garbage")
	})
}

func TestAPeerThatDoesNotAnswer(t *testing.T) {
	asks(t, Settings{}, func(t *testing.T, q *question) {
		t.Parallel()
		q.timeout = 200 * time.Millisecond
		go q.peer.serve(func(c net.Conn, target string, body io.Reader) bool { io.Copy(io.Discard, c); return false })
		c := q.dial(t)
		c.send(get("/"))
		c.expect(504, "slow")
	})
}

// A peer that resets or closes in the middle of an answer: nobody may take the part for the whole.
func TestAnAnswerThatBreaksOff(t *testing.T) {
	asks(t, Settings{}, func(t *testing.T, q *question) {
		go q.peer.serve(func(c net.Conn, target string, body io.Reader) bool {
			io.WriteString(c, "100\nonly this")
			return false
		})
		c := q.dial(t)
		c.send(get("/"))
		if a, err := c.read("GET"); err == nil {
			t.Errorf("%d %q", a.StatusCode, a.body)
		}
	})
}

// A drain waits for exchanges on links, and then ends the links.
func TestADrainWaitsForLinks(t *testing.T) {
	asks(t, Settings{}, func(t *testing.T, q *question) {
		begin := make(chan struct{})
		go q.peer.serve(func(c net.Conn, target string, body io.Reader) bool { <-begin; return reply(c, "late") })
		c := q.dial(t)
		c.send(get("/"))
		until(t, func() bool { return q.connected.Load() == 1 })
		done := make(chan struct{})
		go func() { q.drain(t); close(done) }()
		until(t, func() bool { return q.Engine().Listening() == 0 })
		close(begin)
		c.expect(200, "late")
		c.Close() // nobody lingers for a client that has gone
		await(t, "end of the drain", done)
		until(t, func() bool { open, _ := q.Engine().Links(); return open == 0 })
	})
}

// A server that ends at once takes its links with it, and tells their drivers.
func TestTheServersEndEndsLinks(t *testing.T) {
	asks(t, Settings{}, func(t *testing.T, q *question) {
		go q.peer.serve(func(c net.Conn, target string, body io.Reader) bool { io.Copy(io.Discard, c); return false })
		c := q.dial(t)
		c.send(get("/"))
		until(t, func() bool { return q.connected.Load() == 1 })
		q.Close()
		await(t, "end of the exchange", q.finished)
		if open, _ := q.Engine().Links(); open != 0 {
			t.Errorf("%d links are open", open)
		}
	})
}

func TestTheNumberOfLinksIsBounded(t *testing.T) {
	asks(t, Settings{}, func(t *testing.T, q *question) {
		if single(q.arch) || q.Engine().Loops() > 1 {
			t.Skip("the bound is each loop's")
		}
		q.o.Most, q.o.Idle = 2, 1
		begin := make(chan struct{})
		go q.peer.serve(func(c net.Conn, target string, body io.Reader) bool { <-begin; return echo(c, target, body) })
		a, b, c := q.dial(t), q.dial(t), q.dial(t)
		a.send(get("/"))
		b.send(get("/"))
		until(t, func() bool { return q.connected.Load() == 2 })
		c.send(get("/"))
		c.expect(503, exchange.ErrBusy.Error())
		close(begin)
		a.expect(200, "/")
		b.expect(200, "/")
		until(t, func() bool { open, idle := q.Engine().Links(); return open == 1 && idle == 1 }) // and one is not kept
		c.send(get("/"))
		c.expect(200, "/")
	})
}

// Links live no longer than they may when nobody uses them.
func TestIdleLinksEnd(t *testing.T) {
	asks(t, Settings{}, func(t *testing.T, q *question) {
		t.Parallel()
		q.o.IdleTime = 100 * time.Millisecond
		go q.peer.serve(echo)
		c := q.dial(t)
		c.send(get("/"))
		c.expect(200, "/")
		until(t, func() bool { open, _ := q.Engine().Links(); return open == 0 })
	})
}

// A driver that panics costs its exchange, and no other.
func TestADriversPanic(t *testing.T) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		o := &exchange.LinkOptions{Address: socket.Address{Addr: netip.MustParseAddrPort(ln.Addr().String())}}
		sv := start(t, arch, Settings{}, func(x *Exchange) {
			if string(x.Request.RawTarget()) == "/" {
				respond(x, 200, "fine")
				return
			}
			x.Dial(o, &panicking{asking{x: x, o: o, to: newAsked()}})
		})
		c := sv.dial(t)
		c.send(get("/panic"))
		c.expect(502, serve.LinkInternal.ID)
		if err := await(t, "failure", sv.failures); !strings.Contains(err.Error(), "no such luck") {
			t.Error(err)
		}
		c.send(get("/"))
		c.expect(200, "fine")
	})
}

type panicking struct{ asking }

func (*panicking) Connected(exchange.Link) { panic("no such luck") }
