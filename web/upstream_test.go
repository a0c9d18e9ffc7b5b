package web

import (
	"bufio"

	"io"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine/socket"
	"vitrine/stack/stacktest"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
	"vitrine/web/serve"
)

// asking is a driver for a protocol of lines: the request's target and the length of its body, then the body; the answer is the
// length of the response's body in a line, and the body.
type asking struct {
	x       *Exchange
	o       *exchange.LinkOptions
	to      *asked
	link    exchange.Link
	sent    bool
	begun   bool
	need    int
	body    []byte // scratch
	upload  bool   // the whole body was passed on
	timeout time.Duration
}

// asked is what a test wants to know of its drivers.
type asked struct {
	connected, redialled, reused, paused atomic.Int64
	gone                                 chan *trace.Reason
	errs                                 chan error
	finished                             chan struct{}
}

func newAsked() *asked {
	return &asked{gone: make(chan *trace.Reason, 100), errs: make(chan error, 100), finished: make(chan struct{}, 1000)}
}

// ask answers an exchange through a link.
func (to *asked) ask(x *Exchange, o *exchange.LinkOptions, timeout time.Duration) {
	a := &asking{x: x, o: o, to: to, need: -1, timeout: timeout}
	if err := x.Dial(o, a); err != nil {
		respond(x, 503, err.Error())
		if x.Detached() {
			x.End()
		}
	}
}

func (a *asking) Connected(l exchange.Link) {
	a.link = l
	a.to.connected.Add(1)
	if l.Reused() {
		a.to.reused.Add(1)
	}
	l.SetTimeout(a.timeout)
	n := max(a.x.Request.ContentLength, 0)
	l.Send([]byte(string(a.x.Request.RawTarget()) + " " + strconv.FormatInt(n, 10) + "\n"))
	a.upload = n == 0
	a.pump(l)
}

// pump passes the request's body on while the link takes it.
func (a *asking) pump(l exchange.Link) {
	if a.body == nil && !a.upload {
		a.body = make([]byte, 8<<10)
	}
	for !a.upload && l.Queued() < 64<<10 {
		n, err := a.x.ReadBody(a.body)
		l.Send(a.body[:n])
		if err == io.EOF {
			a.upload = true
		}
		if err != nil {
			return
		}
	}
}

func (a *asking) Receive(l exchange.Link, in []byte) int {
	used := 0
	if a.need < 0 {
		head, _, ok := strings.Cut(string(in), "\n")
		if !ok {
			return 0
		}
		n, err := strconv.Atoi(head)
		if err != nil {
			a.fail(l, 502, "garbage")
			l.Close()
			return len(in)
		}
		used = len(head) + 1
		a.need, a.begun = n, true
		h := new(message.Header)
		h.Add("Content-Length", head)
		a.x.Stream(message.NewBlock(200, h), int64(n))
	}
	body := in[used:min(len(in), used+a.need)]
	a.x.Write(body)
	a.need -= len(body)
	used += len(body)
	switch {
	case a.need == 0:
		a.end()
		l.Rest()
	case a.x.Full():
		a.to.paused.Add(1)
		l.Pause()
	}
	return used
}

func (a *asking) fail(l exchange.Link, status int, why string) {
	if a.begun {
		a.x.Abort()
	} else {
		respond(a.x, status, why)
	}
	a.end()
}

func (a *asking) end() {
	a.x.End()
	a.x = nil
	a.to.finished <- struct{}{}
}

func (a *asking) EOF(l exchange.Link) {
	if !a.begun && l.Reused() && a.x.Redial(a.o, a) == nil {
		a.to.redialled.Add(1)
		l.Close()
		return
	}
	a.fail(l, 502, "closed")
	l.Close()
}

func (a *asking) Woken(l exchange.Link) {
	s := a.x.Look()
	if s.Gone != nil {
		l.Close()
		a.end()
		return
	}
	if a.link == nil {
		return
	}
	if s.Room > 0 {
		l.Resume()
	}
	a.pump(l)
}

func (a *asking) Sent(l exchange.Link) { a.pump(l) }

func (a *asking) Expired(l exchange.Link) {
	a.fail(l, 504, "slow")
	l.Close()
}

func (a *asking) Gone(l exchange.Link, why *trace.Reason, err error) {
	if !a.begun && l.Reused() && a.x.Redial(a.o, a) == nil {
		a.to.redialled.Add(1)
		return
	}
	a.to.gone <- why
	a.to.errs <- err
	a.fail(l, 502, why.ID)
}

// answerer is the other end: a program that answers lines.
type answerer struct {
	net.Listener
	mu       sync.Mutex
	accepted int
	open     []net.Conn
}

// serve answers with what f returns for a target and a body, until f returns false.
func (p *answerer) serve(f func(c net.Conn, target string, body io.Reader) bool) {
	for {
		c, err := p.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.accepted++
		p.open = append(p.open, c)
		p.mu.Unlock()
		go func() {
			defer c.Close()
			br := bufio.NewReader(c)
			for {
				line, err := br.ReadString('\n')
				if err != nil {
					return
				}
				target, length, _ := strings.Cut(strings.TrimSpace(line), " ")
				n, _ := strconv.Atoi(length)
				if !f(c, target, io.LimitReader(br, int64(n))) {
					return
				}
			}
		}()
	}
}

func (p *answerer) connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted
}

// closeAll ends the connections that were accepted.
func (p *answerer) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.open {
		c.Close()
	}
	p.open = nil
}

func reply(c net.Conn, body string) bool {
	_, err := io.WriteString(c, strconv.Itoa(len(body))+"\n"+body)
	return err == nil
}

// echo answers with the target and the body.
func echo(c net.Conn, target string, body io.Reader) bool {
	b, err := io.ReadAll(body)
	return err == nil && reply(c, target+string(b))
}

// way is one way to another program.
type way struct {
	name   string
	listen func(t *testing.T, sv *served) (net.Listener, socket.Address)
}

// ways are by the kernel's TCP and Unix sockets, and through the own stack when the server is on it.
func ways(arch string) []way {
	all := []way{{"tcp", func(t *testing.T, _ *served) (net.Listener, socket.Address) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return ln, socket.Address{Addr: netip.MustParseAddrPort(ln.Addr().String())}
	}}, {"unix", func(t *testing.T, _ *served) (net.Listener, socket.Address) {
		path := filepath.Join(t.TempDir(), "s")
		ln, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		return ln, socket.Address{Path: path}
	}}}
	if strings.HasPrefix(arch, ownStack) {
		all = append(all, way{"own", func(t *testing.T, sv *served) (net.Listener, socket.Address) {
			ln, err := sv.client.ListenTCP(stacktest.Client + ":0")
			if err != nil {
				t.Fatal(err)
			}
			return ln, socket.Address{Addr: netip.MustParseAddrPort(ln.Addr().String())}
		}})
	}
	return all
}

// asks starts a server that answers through links, under each architecture and by each way.
func asks(t *testing.T, s Settings, f func(t *testing.T, q *question)) {
	eachArchitecture(t, func(t *testing.T, arch string) {
		for _, way := range ways(arch) {
			t.Run(way.name, func(t *testing.T) {
				q := &question{asked: newAsked(), o: &exchange.LinkOptions{Protocol: "lines", Idle: 4, Connect: patience}, timeout: patience, arch: arch}
				q.served = start(t, arch, s, func(x *Exchange) {
					if !refusal(x) {
						now := q.now.Load()
						q.ask(x, &now.o, now.timeout)
					}
				}, func(o *Options) { o.Loops = 1 })
				ln, to := way.listen(t, q.served)
				q.o.Address = to
				q.peer = &answerer{Listener: ln}
				t.Cleanup(func() { ln.Close() })
				f(t, q)
			})
		}
	})
}

// question is a server whose exchanges are answered by a peer.
type question struct {
	*served
	*asked
	o       *exchange.LinkOptions
	timeout time.Duration
	peer    *answerer
	arch    string
	now     atomic.Pointer[bounds] // what handlers use
}

// bounds are a question's as they were when a client came.
type bounds struct {
	o       exchange.LinkOptions
	timeout time.Duration
}

func (q *question) dial(t *testing.T) *client {
	t.Helper()
	q.now.Store(&bounds{*q.o, q.timeout})
	return q.served.dial(t)
}

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

// The answer that a peer gives before it has read the whole request is passed on, although the request cannot be sent any more.
func TestAnAnswerBeforeTheRequestIsRead(t *testing.T) {
	asks(t, Settings{}, func(t *testing.T, q *question) {
		go q.peer.serve(func(c net.Conn, target string, body io.Reader) bool {
			reply(c, "too much")
			return false // and closes, with the body unread
		})
		for range rounds(10) {
			c := q.dial(t)
			go io.WriteString(c, post("/", strings.Repeat("b", 4<<20)))
			a, err := c.read("POST")
			// A reset may destroy what the peer's end has not read; a proxy can only pass on what came.
			if err == nil && (a.StatusCode != 200 || a.body != "too much") && a.StatusCode != 502 {
				t.Errorf("%d %q", a.StatusCode, a.body)
			}
			c.Close()
		}
	})
}

// A client that does not read stops the link from being read; nothing is lost, and no more is held than the window.
func TestASlowClientStopsTheLink(t *testing.T) {
	const size = 16 << 20
	asks(t, Settings{OutputBytes: 64 << 10}, func(t *testing.T, q *question) {
		var written atomic.Int64
		go q.peer.serve(func(c net.Conn, target string, body io.Reader) bool {
			io.WriteString(c, strconv.Itoa(size)+"\n")
			block := make([]byte, 64<<10)
			for n := 0; n < size; n += len(block) {
				if _, err := c.Write(block); err != nil {
					return false
				}
				written.Add(int64(len(block)))
			}
			return true
		})
		c := q.dial(t)
		c.send(get("/"))
		until(t, func() bool { return q.paused.Load() > 0 })
		if n := written.Load(); n == size {
			t.Error("all of it was taken although the client has read nothing")
		}
		a, err := c.read("GET")
		if err != nil || len(a.body) != size {
			t.Errorf("%d bytes of %d, %v", len(a.body), size, err)
		}
		until(t, func() bool { _, idle := q.Engine().Links(); return idle == 1 })
	})
}

// A peer that does not read stops the client's body from being read.
func TestASlowPeerStopsTheClient(t *testing.T) {
	const size = 32 << 20
	asks(t, Settings{InputBytes: 32 << 10}, func(t *testing.T, q *question) {
		begin := make(chan struct{})
		go q.peer.serve(func(c net.Conn, target string, body io.Reader) bool {
			<-begin
			n, err := io.Copy(io.Discard, body)
			return err == nil && reply(c, strconv.FormatInt(n, 10))
		})
		c := q.dial(t)
		var written atomic.Int64
		done := make(chan struct{})
		go func() {
			defer close(done)
			io.WriteString(c, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: "+strconv.Itoa(size)+"\r\n\r\n")
			block := make([]byte, 64<<10)
			for n := 0; n < size; n += len(block) {
				if _, err := c.Write(block); err != nil {
					t.Error(err)
					return
				}
				written.Add(int64(len(block)))
			}
		}()
		until(t, func() bool { return q.connected.Load() == 1 })
		for last := int64(-1); ; { // until nothing moves any more
			now := written.Load()
			if now == last {
				break
			}
			last = now
			<-time.After(50 * time.Millisecond)
		}
		if n := written.Load(); n == size {
			t.Error("all of it was taken although the peer has read nothing")
		}
		close(begin)
		c.expect(200, strconv.Itoa(size))
		<-done
	})
}

// A client that leaves ends its exchange and its link; the peer is told by the connection's end.
func TestAClientThatLeavesDuringALentExchange(t *testing.T) {
	asks(t, Settings{}, func(t *testing.T, q *question) {
		left := make(chan struct{}, 10)
		go q.peer.serve(func(c net.Conn, target string, body io.Reader) bool {
			io.Copy(io.Discard, c)
			left <- struct{}{}
			return false
		})
		c := q.dial(t)
		c.send(get("/"))
		until(t, func() bool { return q.connected.Load() == 1 })
		c.SetLinger(0)
		c.Close()
		await(t, "end of the exchange", q.finished)
		await(t, "end of the link", left)
		if o := await(t, "outcome", q.outcomes); o.Failure == nil {
			t.Error(o)
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
