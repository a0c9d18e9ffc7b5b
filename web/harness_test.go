package web

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"vitrine/socket"
	"vitrine/stack"
	"vitrine/stack/link"
	"vitrine/stack/stacktest"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
	"vitrine/web/serve"
)

// patience bounds every wait of a test for something that must happen. It is no time that anything is expected to take.
const patience = time.Minute

// ownStack before an architecture's name says that the server is on the own stack.
const ownStack = "own stack, "

// eachArchitecture runs a test under every I/O architecture, on the kernel's sockets and on the own stack.
func eachArchitecture(t *testing.T, f func(t *testing.T, arch string)) {
	onKernel(t, f)
	for _, arch := range serve.Architectures {
		// The race detector is slow with clients, two stacks and a server in one process: it sees connections that belong to
		// a loop and such that are shared, once each. All architectures run without it.
		if underRace && arch != serve.EventsPerCore && arch != serve.Pool {
			continue
		}
		t.Run(ownStack+arch, func(t *testing.T) { f(t, ownStack+arch) })
	}
}

// onKernel runs a test under every I/O architecture on the kernel's sockets.
func onKernel(t *testing.T, f func(t *testing.T, arch string)) {
	for _, arch := range serve.Architectures {
		t.Run(arch, func(t *testing.T) { f(t, arch) })
	}
}

// concurrentOnKernel is onKernel for those that serve more than one connection at a time.
func concurrentOnKernel(t *testing.T, f func(t *testing.T, arch string)) {
	onKernel(t, func(t *testing.T, arch string) { severalAtOnce(t, arch, f) })
}

// concurrent is eachArchitecture for those that serve more than one connection at a time.
func concurrent(t *testing.T, f func(t *testing.T, arch string)) {
	eachArchitecture(t, func(t *testing.T, arch string) { severalAtOnce(t, arch, f) })
}

func severalAtOnce(t *testing.T, arch string, f func(t *testing.T, arch string)) {
	if single(arch) {
		t.Skip("it serves one connection at a time")
	}
	f(t, arch)
}

// single reports whether an architecture serves one connection at a time.
func single(arch string) bool { return strings.HasSuffix(arch, serve.Single) }

// outcome is what a handler's Finish was told about one exchange.
type outcome struct {
	exchange.Outcome
	method, target string
	serial         uint32
	refused        *Refusal
	because        []string
}

func (o outcome) String() string {
	return fmt.Sprintf("%s %s: %d, body %d, keep %v, ending %v, failure %v, because %v", o.method, o.target, o.Status, o.Body,
		o.Keep, o.Ending, o.Failure, o.because)
}

// served is a server under test and what it reports.
type served struct {
	*Server
	t        *testing.T
	addr     string
	stack    *stack.Stack // that the server is on; nil: on the kernel's
	client   *stack.Stack // that reaches it there
	listener *serve.Listener
	outcomes chan outcome       // of every exchange
	ended    chan *trace.Reason // of every connection
	refused  chan *trace.Reason // of connections that were not taken
	failures chan error
}

// handler is a Handler from a function, which reports outcomes.
type handler struct {
	serve func(x *Exchange)
	to    chan outcome
}

func (h handler) Serve(x *Exchange) { h.serve(x) }
func (h handler) Finish(x *Exchange) {
	o := outcome{Outcome: x.Outcome, serial: x.Serial, refused: x.Refused}
	if x.Request.MethodText.Len > 0 {
		o.method, o.target = x.Request.MethodName(), string(x.Request.RawTarget())
	}
	why, _ := x.Why()
	for _, r := range why {
		o.because = append(o.because, r.ID)
	}
	select {
	case h.to <- o:
	default: // a test that makes more than it looks at
	}
}

// start makes a server that answers with f, listens on a port of the loopback interface and is closed by the test's end.
func start(t *testing.T, arch string, s Settings, f func(x *Exchange), options ...func(*Options)) *served {
	t.Helper()
	sv := &served{t: t, outcomes: make(chan outcome, 1<<10), ended: make(chan *trace.Reason, 1<<10),
		refused: make(chan *trace.Reason, 1<<10), failures: make(chan error, 1<<10)}
	arch, own := strings.CutPrefix(arch, ownStack)
	o := Options{Architecture: arch, Loops: 2, Workers: 3,
		Refused: func(_ netip.AddrPort, _ any, why *trace.Reason) { offer(sv.refused, why) },
		Ended:   func(_ *Peer, why *trace.Reason) { offer(sv.ended, why) },
		Failed:  func(err error) { offer(sv.failures, err) },
	}
	listen := "127.0.0.1:0"
	if own {
		sv.stack, sv.client = stacktest.Pair(t, link.WireOptions{Queues: serve.LoopsOf(arch, o.Loops)})
		o.Network = socket.NewStack(sv.stack)
		listen = stacktest.Server + ":0"
	}
	for _, set := range options {
		set(&o)
	}
	var err error
	if sv.Server, err = NewServer(handler{f, sv.outcomes}, s, o); err != nil {
		t.Fatal(err)
	}
	sv.listener, err = sv.Listen(netip.MustParseAddrPort(listen), 0, "tag", nil)
	if err != nil {
		t.Fatal(err)
	}
	sv.addr = sv.listener.Addr().String()
	sv.Start()
	t.Cleanup(func() {
		if err := sv.Close(); err != nil {
			t.Error("close:", err)
		}
		if n := sv.Engine().Open(); n != 0 {
			t.Errorf("%d connections are open after Close", n)
		}
	})
	return sv
}

func offer[T any](c chan T, v T) {
	select {
	case c <- v:
	default:
	}
}

// await takes the next value, or fails the test.
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

// endsFor checks why the next connection ended.
func (sv *served) endsFor(t *testing.T, want *trace.Reason) {
	t.Helper()
	if why := await(t, "end of a connection", sv.ended); why != want {
		t.Errorf("the connection ended for %v, want %v", why, want)
	}
}

// text is a whole response.
func text(status int, body string, fields ...string) (*message.Block, []byte) {
	h := new(message.Header)
	for i := 0; i < len(fields); i += 2 {
		h.Add(fields[i], fields[i+1])
	}
	if message.BodyAllowed(status) {
		h.Add("Content-Length", strconv.Itoa(len(body)))
	}
	return message.NewBlock(status, h), []byte(body)
}

func respond(x *Exchange, status int, body string, fields ...string) {
	b, bytes := text(status, body, fields...)
	x.AddBytes(bytes, nil)
	x.Respond(b)
}

// refusal answers refused requests as a site would; it reports whether this was one.
func refusal(x *Exchange) bool {
	if x.Refused == nil {
		return false
	}
	respond(x, x.Refused.Status, x.Refused.Reason.ID)
	return true
}

// conn is what the kernel's connections and those of the own stack can do.
type conn interface {
	net.Conn
	CloseWrite() error
	SetLinger(seconds int) error
	SetReadBuffer(bytes int) error
}

// connect makes a connection to a server under test.
func (sv *served) connect() (net.Conn, error) {
	if sv.client != nil {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		return sv.client.Dial(ctx, "tcp", sv.addr)
	}
	return net.Dial("tcp", sv.addr)
}

// transport makes the connections of an http.Client to a server under test.
func (sv *served) transport() *http.Transport {
	return &http.Transport{MaxIdleConnsPerHost: 100, DisableCompression: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) { return sv.connect() }}
}

// client is one connection to a server under test.
type client struct {
	conn
	t  *testing.T
	br *bufio.Reader
}

func (sv *served) dial(t *testing.T) *client {
	t.Helper()
	c, err := sv.connect()
	if err != nil {
		t.Fatal(err)
	}
	c.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { c.Close() })
	return newClient(t, c)
}

func newClient(t *testing.T, c net.Conn) *client {
	return &client{c.(conn), t, bufio.NewReader(c)}
}

// send writes the pieces one by one.
func (c *client) send(pieces ...string) {
	c.t.Helper()
	for _, p := range pieces {
		if _, err := io.WriteString(c, p); err != nil {
			c.t.Fatalf("send: %v", err)
		}
	}
}

// answer is a response as net/http's client, an independent reader, understands it.
type answer struct {
	*http.Response
	body string
}

// read reads the answer to a request with the method.
func (c *client) read(method string) (answer, error) {
	r, err := http.ReadResponse(c.br, &http.Request{Method: method})
	if err != nil {
		return answer{}, err
	}
	b, err := io.ReadAll(r.Body)
	return answer{r, string(b)}, err
}

// expect reads the answer to a GET and checks it.
func (c *client) expect(status int, body string) answer {
	c.t.Helper()
	a, err := c.read("GET")
	if err != nil {
		c.t.Fatalf("want %d %q: %v", status, abbreviated(body), err)
	}
	if a.StatusCode != status || a.body != body {
		c.t.Fatalf("%d %q, want %d %q", a.StatusCode, abbreviated(a.body), status, abbreviated(body))
	}
	return a
}

func abbreviated(s string) string {
	if len(s) > 100 {
		return s[:50] + "…" + s[len(s)-20:] + " (" + strconv.Itoa(len(s)) + " bytes)"
	}
	return s
}

// ends checks that the server has closed its direction in order, after everything that was read.
func (c *client) ends() {
	c.t.Helper()
	rest, err := io.ReadAll(c.br)
	if err != nil || len(rest) > 0 {
		c.t.Errorf("at the connection's end: %q, %v", abbreviated(string(rest)), err)
	}
}

// breaks checks that the connection ends with a reset.
func (c *client) breaks() {
	c.t.Helper()
	if _, err := io.Copy(io.Discard, c.br); !isReset(err) {
		c.t.Errorf("the connection ended with %v, want a reset", err)
	}
}

func isReset(err error) bool {
	return err != nil && strings.Contains(err.Error(), "connection reset by peer")
}

// get is a request.
func get(target string, fields ...string) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: h\r\n", target)
	for _, f := range fields {
		b.WriteString(f + "\r\n")
	}
	b.WriteString("\r\n")
	return b.String()
}

func post(target, body string, fields ...string) string {
	s := get(target, append(fields, "Content-Length: "+strconv.Itoa(len(body)))...)
	return "POST" + strings.TrimPrefix(s, "GET") + body
}

// drained waits for a server's drain.
func (sv *served) drain(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), patience, errors.New("the drain takes too long"))
	defer cancel()
	if err := sv.Drain(ctx); err != nil {
		t.Error(err)
	}
}

// released counts what was given back.
type released struct {
	mu sync.Mutex
	n  int
}

func (r *released) Release() {
	r.mu.Lock()
	r.n++
	r.mu.Unlock()
}

func (r *released) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n
}

// quiet is a logger for what others say about a test's deliberate failures.
var quiet = log.New(io.Discard, "", 0)

// listenLocal is any port of the address that the server listens on.
func (sv *served) listenLocal() netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddrPort(sv.addr).Addr(), 0)
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

// rounds is how often something is done, less often where everything is slow.
func rounds(n int) int {
	if underRace {
		return max(n/10, 2)
	}
	return n
}
