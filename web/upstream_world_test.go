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
