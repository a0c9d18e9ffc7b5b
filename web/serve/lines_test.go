//go:build unix

package serve

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vitrine/socket"
	"vitrine/stack"
	"vitrine/stack/link"
	"vitrine/stack/stacktest"
	"vitrine/trace"
	"vitrine/trace/tracetest"
)

func TestMain(m *testing.M) {
	flag.Set("test.parallel", "16") // tests of time-outs wait, and can do so together
	tracetest.Main(m, "accept.", "close.", "upstream.")
}

// patience bounds every wait for something that must happen.
const patience = time.Minute

// lines is a driver of a protocol that no server speaks: each line is a command. The engine is tested with it, so that
// nothing of HTTP is needed, or shows.
type lines struct {
	rig  *rig
	c    *Conn
	busy atomic.Bool // a method runs: turns must be exclusive
	late atomic.Pointer[string]
	away bool // a spawned function has not answered yet
}

var (
	asked    = &trace.Reason{ID: "lines.asked", Sentence: "the client asked for it"}
	itsEnd   = &trace.Reason{ID: "lines.end", Sentence: "the client has ended"}
	drained  = &trace.Reason{ID: "lines.drained", Sentence: "the server drains"}
	tooLate  = &trace.Reason{ID: "lines.late", Sentence: "the deadline has passed"}
	denyThem = ReasonDenied
)

// enter checks that turns of one connection never overlap.
func (d *lines) enter() func() {
	if d.busy.Swap(true) {
		d.rig.t.Error("two turns of one connection at once")
	}
	return func() { d.busy.Store(false) }
}

func (d *lines) Receive(w *Worker, c *Conn, in []byte) int {
	defer d.enter()()
	used := 0
	for !c.Finishing() && !c.Paused() {
		end := bytes.IndexByte(in[used:], '\n')
		if end < 0 {
			break
		}
		line := string(in[used : used+end])
		used += end + 1
		d.command(w, c, line)
		c.Flush(w)
		if c.Pending() {
			break
		}
	}
	return used
}

func (d *lines) command(w *Worker, c *Conn, line string) {
	word, rest, _ := strings.Cut(line, " ")
	n, _ := strconv.Atoi(rest)
	switch word {
	case "echo":
		w.Out = append(append(w.Out, rest...), '\n')
	case "big":
		c.Send(w, d.rig.big[:n], &d.rig.released)
	case "file":
		c.SendFile(w, d.rig.file.Load(), 0, int64(n), &d.rig.released)
	case "quit":
		c.Finish(asked, false)
	case "linger":
		c.Finish(asked, true)
	case "idle":
		c.FinishIdle(asked, time.Duration(n)*time.Millisecond)
	case "abort":
		c.Abort(w, asked)
	case "shut":
		c.Shut(w)
	case "pause":
		c.Pause()
		time.AfterFunc(time.Duration(n)*time.Millisecond, c.Wake)
	case "spawn":
		c.Pause()
		d.away = true
		if !c.Spawn(func() {
			text := rest + "\n"
			d.late.Store(&text)
			c.Wake()
		}) {
			w.Out = append(w.Out, "full\n"...)
			d.away = false
			c.Resume()
		}
	case "deadline":
		c.SetDeadline(w.Now + int64(n)*1e6)
	case "pace":
		c.SetPace(w, int64(n), 20_000, nil)
	case "who":
		w.Out = fmt.Appendf(w.Out, "%v %v %v\n", c.Remote(), c.Local(), c.Listener())
	}
}

func (d *lines) Woken(w *Worker, c *Conn) {
	defer d.enter()()
	if text := d.late.Swap(nil); text != nil {
		w.Out = append(w.Out, *text...)
		d.away = false
	}
	if d.away {
		return // somebody else's wake
	}
	if c.Paused() {
		c.Resume()
		c.Again()
	}
}

func (d *lines) EOF(w *Worker, c *Conn, left int) {
	defer d.enter()()
	if left > 0 {
		w.Out = fmt.Appendf(w.Out, "left %d\n", left)
	}
	c.Finish(itsEnd, false)
}

func (d *lines) HalfShut(w *Worker, c *Conn) { defer d.enter()() }

func (d *lines) Sent(w *Worker, c *Conn) {
	defer d.enter()()
	c.Again()
}

func (d *lines) Expired(w *Worker, c *Conn) {
	defer d.enter()()
	w.Out = append(w.Out, "expired\n"...)
	c.Finish(tooLate, true)
}

func (d *lines) Drain(w *Worker, c *Conn) {
	defer d.enter()()
	if !c.Paused() && !c.Pending() {
		c.Finish(drained, true)
	}
}

func (d *lines) Gone(w *Worker, c *Conn, why *trace.Reason) {
	if d.rig.gone != nil {
		select {
		case d.rig.gone <- why:
		default:
		}
	}
}

// count counts releases.
type count struct{ n atomic.Int64 }

func (c *count) Release() { c.n.Add(1) }

// rig is an engine that speaks lines.
type rig struct {
	*Engine
	t        *testing.T
	ln       *Listener
	addr     string
	client   *stack.Stack // that reaches an engine on the own stack; nil: the kernel does
	gone     chan *trace.Reason
	refused  chan *trace.Reason
	failures chan error
	big      []byte
	file     atomic.Pointer[socket.File]
	released count

	seen  sync.Mutex
	conns []*Conn // that there ever were
}

var theBig = bytes.Repeat([]byte("0123456789abcdef"), 512<<10)

// start runs an engine and ends it with the test.
func start(t *testing.T, o Options, s Settings) *rig {
	t.Helper()
	r := &rig{t: t, gone: make(chan *trace.Reason, 1<<12), refused: make(chan *trace.Reason, 1<<12), failures: make(chan error, 1<<10), big: theBig}
	if o.Network == nil {
		o.Network = socket.Kernel{}
	}
	if o.Loops == 0 {
		o.Loops = 2
	}
	if o.Workers == 0 {
		o.Workers = 3
	}
	o.NewDriver = func(c *Conn) Driver {
		r.seen.Lock()
		r.conns = append(r.conns, c)
		r.seen.Unlock()
		return &lines{rig: r, c: c}
	}
	o.Refused = func(_ netip.AddrPort, _ any, why *trace.Reason) { r.refused <- why }
	o.Failed = func(err error) {
		select {
		case r.failures <- err:
		default:
		}
	}
	if s.Write == 0 {
		s.Write = time.Hour
	}
	if s.Linger == 0 {
		s.Linger = time.Hour
	}
	var err error
	if r.Engine, err = New(o, s); err != nil {
		t.Fatal(err)
	}
	host := "127.0.0.1"
	if own, ok := o.Network.(ownNetwork); ok {
		host, r.client = stacktest.Server, own.client
	}
	if r.ln, err = r.Listen(netip.AddrPortFrom(netip.MustParseAddr(host), 0), false, 0, "the tag", nil); err != nil {
		t.Fatal(err)
	}
	r.addr = r.ln.Addr().String()
	r.Start()
	t.Cleanup(func() {
		if err := errors.Join(r.Close(), r.Close()); err != nil { // a second Close does nothing
			t.Error(err)
		}
		if n := r.Open(); n != 0 {
			t.Errorf("%d connections are open after Close", n)
		}
	})
	return r
}

// each runs a test under every architecture, on every network.
func each(t *testing.T, f func(t *testing.T, o Options)) {
	for name, network := range map[string]socket.Network{"kernel": socket.Kernel{}, "portable": socket.Portable{}} {
		for _, arch := range Architectures {
			t.Run(name+"/"+arch, func(t *testing.T) { f(t, Options{Architecture: arch, Network: network}) })
		}
	}
	for _, arch := range Architectures {
		t.Run("own stack/"+arch, func(t *testing.T) {
			server, client := stacktest.Pair(t, link.WireOptions{Queues: LoopsOf(arch, 2)})
			f(t, Options{Architecture: arch, Network: ownNetwork{socket.NewStack(server), client}})
		})
	}
}

// ownNetwork is the own stack's, with a client's stack at the other end of a wire in memory.
type ownNetwork struct {
	*socket.Stack
	client *stack.Stack
}

// eachAtOnce is each for tests that mostly wait.
func eachAtOnce(t *testing.T, f func(t *testing.T, o Options)) {
	each(t, func(t *testing.T, o Options) {
		t.Parallel()
		f(t, o)
	})
}

// conn is what the kernel's connections and those of the own stack can do.
type conn interface {
	net.Conn
	CloseWrite() error
	SetLinger(seconds int) error
	SetReadBuffer(bytes int) error
}

// elsewhere is an address that callers do not connect from unless they say so.
func (r *rig) elsewhere() netip.Addr {
	if r.client != nil {
		return netip.MustParseAddr(stacktest.ClientOther)
	}
	return netip.MustParseAddr("127.0.0.66")
}

// connect makes a connection to the rig, from an address if one is given.
func (r *rig) connect(from netip.Addr) (conn, error) {
	local := netip.AddrPortFrom(from, 0)
	var c net.Conn
	var err error
	switch {
	case r.client != nil:
		c, err = (&stack.Dialer{Stack: r.client, Local: local, Timeout: patience}).Dial("tcp", r.addr)
	case from.IsValid():
		c, err = (&net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(local)}).Dial("tcp", r.addr)
	default:
		c, err = net.Dial("tcp", r.addr)
	}
	if err != nil {
		return nil, err
	}
	c.SetDeadline(time.Now().Add(patience))
	return c.(conn), nil
}

// caller is a connection to the rig.
type caller struct {
	conn
	t  *testing.T
	br *bufio.Reader
}

func (r *rig) dial() *caller {
	r.t.Helper()
	c, err := r.connect(netip.Addr{})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	return &caller{c, r.t, bufio.NewReaderSize(c, 64<<10)}
}

func (c *caller) send(lines ...string) {
	c.t.Helper()
	for _, l := range lines {
		if _, err := io.WriteString(c, l+"\n"); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *caller) expect(line string) {
	c.t.Helper()
	if got, err := c.br.ReadString('\n'); got != line+"\n" {
		c.t.Fatalf("%q, %v, want %q", got, err, line)
	}
}

func (c *caller) ends() {
	c.t.Helper()
	if rest, err := io.ReadAll(c.br); len(rest) > 0 || err != nil {
		c.t.Errorf("at the end: %d bytes, %v", len(rest), err)
	}
}

func (c *caller) breaks() {
	c.t.Helper()
	if _, err := io.Copy(io.Discard, c.br); err == nil || !strings.Contains(err.Error(), "reset") {
		c.t.Errorf("it ended with %v, want a reset", err)
	}
}

func await[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s came", what)
		panic("unreachable")
	}
}

func (r *rig) endsFor(want *trace.Reason) {
	r.t.Helper()
	if why := await(r.t, "end", r.gone); why != want {
		r.t.Errorf("it ended for %v, want %v", why, want)
	}
}

// until waits for a condition that nobody announces.
func until(t *testing.T, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !condition(); <-time.After(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("what was waited for has not come")
		}
	}
}

func (r *rig) drain() error {
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	return r.Drain(ctx)
}
