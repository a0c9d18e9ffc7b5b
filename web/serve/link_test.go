//go:build unix

package serve

import (
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vitrine/socket"
	"vitrine/socket/sockettest"
	"vitrine/trace"
)

// talk is a driver of a link that sends what a test wants and tells what comes.
type talk struct {
	t         *testing.T
	first     []byte // sent when it is connected
	uses      bool   // what is received
	connected chan *Conn
	received  chan string
	gone      chan *trace.Reason
	woken     chan struct{}
	sent      chan struct{}
	drains    chan struct{}
	rest      bool // it is put to rest when woken
	rested    chan bool
}

func newTalk(t *testing.T, first []byte, uses bool) *talk {
	return &talk{t: t, first: first, uses: uses, connected: make(chan *Conn, 1), received: make(chan string, 1000), gone: make(chan *trace.Reason, 10),
		woken: make(chan struct{}, 100), sent: make(chan struct{}, 100), drains: make(chan struct{}, 10), rested: make(chan bool, 100)}
}

func (d *talk) Connected(w *Worker, c *Conn) {
	for rest := d.first; len(rest) > 0; {
		n := min(len(rest), 32<<10)
		w.Out = append(w.Out, rest[:n]...)
		rest = rest[n:]
		c.Flush(w)
	}
	if c.Queued(w) > 0 {
		c.Owe()
	}
	d.connected <- c
}

func (d *talk) Receive(w *Worker, c *Conn, in []byte) int {
	if !d.uses {
		return 0
	}
	d.received <- string(in)
	return len(in)
}

func (d *talk) EOF(w *Worker, c *Conn, left int) { c.Close(w, itsEnd) }
func (d *talk) HalfShut(w *Worker, c *Conn)      {}
func (d *talk) Woken(w *Worker, c *Conn) {
	if d.rest {
		d.rested <- c.Rest(w)
	}
	d.woken <- struct{}{}
}
func (d *talk) Sent(w *Worker, c *Conn)                    { d.sent <- struct{}{} }
func (d *talk) Expired(w *Worker, c *Conn)                 { c.Close(w, tooLate) }
func (d *talk) Drain(w *Worker, c *Conn)                   { d.drains <- struct{}{} }
func (d *talk) Gone(w *Worker, c *Conn, why *trace.Reason) { d.gone <- why }

// one is a connection that a client has made.
func (r *rig) one() *Conn {
	r.t.Helper()
	c := r.dial()
	c.send("echo x")
	c.expect("x")
	r.seen.Lock()
	defer r.seen.Unlock()
	return r.conns[len(r.conns)-1]
}

// link makes a link from a rig, on the loop of a connection that a client has made.
func (r *rig) link(to socket.Address, d *talk, set func(o *LinkOptions)) *Conn {
	r.t.Helper()
	here := r.one()
	o := &LinkOptions{Key: LinkKey{To: to}, Connect: patience, Write: patience, Idle: 2, IdleTime: patience}
	if set != nil {
		set(o)
	}
	return here.Link(o, func(*Conn) LinkDriver { return d })
}

// peer listens by TCP on the kernel's loopback interface, and gives its first connection. What it does not read soon fills its
// buffer, so that tests need not send much to find out what happens then.
func peer(t *testing.T) (socket.Address, func() *net.TCPConn) {
	little := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 64<<10) })
		return err
	}}
	ln, err := little.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return socket.Address{Addr: netip.MustParseAddrPort(ln.Addr().String())}, func() *net.TCPConn {
		c, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(patience))
		return c.(*net.TCPConn)
	}
}

func TestALinkCarriesBytesBothWays(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		r := start(t, o, Settings{})
		to, accept := peer(t)
		d := newTalk(t, []byte("hello\n"), true)
		l := r.link(to, d, nil)
		c := accept()
		b := make([]byte, 6)
		if _, err := io.ReadFull(c, b); err != nil || string(b) != "hello\n" {
			t.Errorf("%q, %v", b, err)
		}
		await(t, "connection", d.connected)
		await(t, "word that all is sent", d.sent)
		for range 3 {
			io.WriteString(c, "word")
			if got := await(t, "word", d.received); got != "word" {
				t.Errorf("%q", got)
			}
		}
		l.Wake()
		await(t, "wake", d.woken)
		if n := r.LoopStats(); n[0].Connections > 1 {
			t.Error("links are counted as connections")
		}
		c.Close()
		if why := await(t, "end", d.gone); why != itsEnd {
			t.Error(why)
		}
		until(t, func() bool { open, _ := r.Links(); return open == 0 })
	})
}

func TestWaysInWhichALinkEnds(t *testing.T) {
	cases := []struct {
		name string
		want *trace.Reason
		do   func(t *testing.T, r *rig, d *talk, to socket.Address, accept func() *net.TCPConn)
	}{
		{"refused", LinkRefused, func(t *testing.T, r *rig, d *talk, to socket.Address, _ func() *net.TCPConn) {
			r.link(socket.Address{Path: filepath.Join(t.TempDir(), "nobody")}, d, nil)
		}},
		{"refused later", LinkRefused, func(t *testing.T, r *rig, d *talk, to socket.Address, _ func() *net.TCPConn) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			to.Addr = netip.MustParseAddrPort(ln.Addr().String())
			ln.Close()
			r.link(to, d, nil)
		}},
		{"not established in time", LinkTimeout, func(t *testing.T, r *rig, d *talk, to socket.Address, _ func() *net.TCPConn) {
			_, path := sockettest.Full(t)
			r.link(socket.Address{Path: path}, d, func(o *LinkOptions) { o.Connect = 200 * time.Millisecond })
		}},
		{"reset", LinkReset, func(t *testing.T, r *rig, d *talk, to socket.Address, accept func() *net.TCPConn) {
			r.link(to, d, nil)
			c := accept()
			await(t, "connection", d.connected)
			c.SetLinger(0)
			c.Close()
		}},
		{"the peer takes nothing", LinkStalled, func(t *testing.T, r *rig, d *talk, to socket.Address, accept func() *net.TCPConn) {
			d.first = []byte(strings.Repeat("x", 8<<20))
			r.link(to, d, func(o *LinkOptions) { o.Write = 200 * time.Millisecond })
			accept()
		}},
		{"the driver uses nothing", LinkUnused, func(t *testing.T, r *rig, d *talk, to socket.Address, accept func() *net.TCPConn) {
			d.uses = false
			r.link(to, d, nil)
			c := accept()
			for err := error(nil); err == nil; _, err = c.Write(make([]byte, 64<<10)) {
			}
		}},
		{"the server ends", LinkForced, func(t *testing.T, r *rig, d *talk, to socket.Address, accept func() *net.TCPConn) {
			r.link(to, d, nil)
			accept()
			await(t, "connection", d.connected)
			r.Close()
		}},
		{"the deadline", tooLate, func(t *testing.T, r *rig, d *talk, to socket.Address, accept func() *net.TCPConn) {
			d.rest = true
			l := r.link(to, d, func(o *LinkOptions) { o.IdleTime = 200 * time.Millisecond })
			accept()
			await(t, "connection", d.connected)
			l.Wake()
			if !await(t, "rest", d.rested) {
				t.Error("it was not kept")
			}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			eachAtOnce(t, func(t *testing.T, o Options) {
				r := start(t, o, Settings{Left: 100_000})
				to, accept := peer(t)
				d := newTalk(t, nil, true)
				c.do(t, r, d, to, accept)
				if why := await(t, "end", d.gone); why != c.want {
					t.Errorf("%v, want %v", why, c.want)
				}
				if open, _ := r.Links(); open != 0 {
					t.Errorf("%d links are open", open)
				}
			})
		})
	}
}

// Links that rest are handed over once, and no more of them are kept than may be.
func TestLinksAtRest(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		if o.Loops = 1; o.Architecture == Single {
			t.Skip("it serves one connection at a time")
		}
		r := start(t, o, Settings{})
		to, accept := peer(t)
		var all []*talk
		var links []*Conn
		for range 3 {
			d := newTalk(t, nil, true)
			d.rest = true
			all, links = append(all, d), append(links, r.link(to, d, nil))
			accept()
			await(t, "connection", d.connected)
		}
		if len(r.loops) > 1 {
			t.Skip("each loop has its own")
		}
		kept := 0
		for i, d := range all {
			links[i].Wake()
			if await(t, "rest", d.rested) {
				kept++
			}
		}
		if open, idle := r.Links(); kept != 2 || open != 3 || idle != 2 {
			t.Errorf("%d were kept, %d are open, %d idle", kept, open, idle)
		}
		for _, d := range all {
			for len(d.woken) > 0 {
				<-d.woken
			}
			d.rest = false
		}
		first := links[0].Reuse(LinkKey{To: to}, "somebody")
		if first != links[1] {
			t.Error("not the one that was used last")
		}
		await(t, "wake of the one that was handed over", all[1].woken)
		if links[0].Reuse(LinkKey{To: to, Protocol: "other"}, "somebody") != nil {
			t.Error("a link of another protocol")
		}
		if links[2].Reuse(LinkKey{To: to}, "somebody") != links[0] || links[2].Reuse(LinkKey{To: to}, "somebody") != nil {
			t.Error("the other one, and then none")
		}
		go r.drain()
		for _, d := range all {
			await(t, "drain", d.drains)
		}
	})
}

// watchless is a network whose pollers cannot watch what they have dialled.
type watchless struct{ socket.Kernel }

type watchlessPoller struct {
	socket.Poller
	socket.Dialer
}

func (watchless) NewPoller() (socket.Poller, error) {
	p, err := socket.Kernel{}.NewPoller()
	return watchlessPoller{p, p.(socket.Dialer)}, err
}

func (p watchlessPoller) Dial(to socket.Address, shared bool) (socket.Endpoint, error) {
	ep, err := p.Dialer.Dial(to, shared)
	return unwatched{ep}, err
}

func (p watchlessPoller) Add(ep socket.Endpoint, t socket.Token) error {
	if _, ok := ep.(unwatched); ok {
		return unix.ENOSPC
	}
	return p.Poller.Add(ep, t)
}

type unwatched struct{ socket.Endpoint }

func TestALinkThatCannotBeWatched(t *testing.T) {
	for _, arch := range Architectures {
		t.Run(arch, func(t *testing.T) {
			r := start(t, Options{Architecture: arch, Network: watchless{}}, Settings{})
			to, _ := peer(t)
			d := newTalk(t, nil, true)
			r.link(to, d, nil)
			if why := await(t, "end", d.gone); why != LinkInternal {
				t.Error(why)
			}
		})
	}
}

// A network that makes no connections says so.
func TestANetworkWithoutDialing(t *testing.T) {
	r := start(t, Options{Architecture: Events, Network: failing{}}, Settings{})
	c := &Conn{loop: r.loops[0]}
	d := newTalk(t, nil, true)
	l := c.Link(&LinkOptions{Connect: patience}, func(*Conn) LinkDriver { return d })
	if why := await(t, "end", d.gone); why != LinkRefused || l.LinkError() != errNoDial {
		t.Error(why, l.LinkError())
	}
}
