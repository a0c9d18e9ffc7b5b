package stack_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"vitrine/stack"
	"vitrine/stack/link"
)

// twoHosts are two running stacks on one wire: 198.18.0.1 and 198.18.0.2, fd00:198:18::1 and ::2.
func twoHosts(tb testing.TB, wire link.WireOptions, configure ...func(*stack.Config)) (a, b *stack.Stack) {
	tb.Helper()
	ends := [2]link.Adapter{}
	ends[0], ends[1] = link.NewWire(wire)
	hosts := [2]*stack.Stack{}
	for i := range hosts {
		cfg := stack.Config{Quiet: true, Addresses: []netip.Prefix{
			netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 18, 0, byte(i + 1)}), 24),
			netip.PrefixFrom(netip.MustParseAddr([]string{"fd00:198:18::1", "fd00:198:18::2"}[i]), 64),
		}}
		for _, f := range configure {
			f(&cfg)
		}
		s, err := stack.New(cfg, ends[i])
		if err != nil {
			tb.Fatal(err)
		}
		s.Start()
		tb.Cleanup(func() {
			s.Stop()
			s.Close()
		})
		hosts[i] = s
	}
	return hosts[0], hosts[1]
}

// connect gives both ends of a connection from a to b.
func connect(tb testing.TB, a, b *stack.Stack, network, address string) (client, server *stack.TCPConn) {
	tb.Helper()
	l, err := b.ListenTCP(address)
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(tb.Context(), 10*time.Second)
	defer cancel()
	c, err := a.Dial(ctx, network, l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		c.Close()
		s.Close()
	})
	return c.(*stack.TCPConn), s.(*stack.TCPConn)
}

var pipes = []struct {
	name, network, address string
	wire                   link.WireOptions
}{
	{"IPv4", "tcp", "198.18.0.2:0", link.WireOptions{}},
	{"IPv6", "tcp6", "[fd00:198:18::2]:0", link.WireOptions{}},
	{"offloads", "tcp4", "198.18.0.2:0", link.WireOptions{Offloads: true}},
	{"three queues", "tcp", "198.18.0.2:0", link.WireOptions{Queues: 3}},
}

// A connection of the stack is what every Go program takes a net.Conn for.
func TestConnIsANetConn(t *testing.T) {
	for _, p := range pipes {
		t.Run(p.name, func(t *testing.T) {
			a, b := twoHosts(t, p.wire)
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				c1, c2 = connect(t, a, b, p.network, p.address)
				return c1, c2, func() {
					c1.Close()
					c2.Close()
				}, nil
			})
		})
	}
}

func TestConnKnowsItsAddresses(t *testing.T) {
	a, b := twoHosts(t, link.WireOptions{})
	client, server := connect(t, a, b, "tcp", "198.18.0.2:8080")
	if got := client.RemoteAddr().(*net.TCPAddr).String(); got != "198.18.0.2:8080" {
		t.Errorf("the client's peer is %s", got)
	}
	if got := server.LocalAddr().(*net.TCPAddr).String(); got != "198.18.0.2:8080" {
		t.Errorf("the server is %s", got)
	}
	if client.LocalAddr().String() != server.RemoteAddr().String() {
		t.Errorf("the client calls itself %s, the server %s", client.LocalAddr(), server.RemoteAddr())
	}
	if ip := client.LocalAddr().(*net.TCPAddr).IP.String(); ip != "198.18.0.1" {
		t.Errorf("the client came from %s", ip)
	}
	if got := client.LocalAddr().Network(); got != "tcp" {
		t.Errorf("the network is %q", got)
	}
}

// Errors are what programs look for: *net.OpError around what the system would have said.
func TestConnectErrors(t *testing.T) {
	a, b := twoHosts(t, link.WireOptions{})
	dial := func(network, address string) error {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		c, err := a.Dial(ctx, network, address)
		if err == nil {
			c.Close()
			t.Fatalf("dial %s %s succeeded", network, address)
		}
		var op *net.OpError
		if !errors.As(err, &op) || op.Op != "dial" {
			t.Errorf("dial %s: %v is no *net.OpError of a dial", address, err)
		}
		return err
	}
	if err := dial("tcp", "198.18.0.2:81"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a port where nobody listens: %v", err)
	}
	if err := dial("tcp", "203.0.113.1:80"); !errors.Is(err, syscall.ENETUNREACH) {
		t.Errorf("without a route: %v", err)
	}
	err := dial("tcp", "198.18.0.77:80")
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("nobody at the address: %v is no time-out", err)
	}
	for address, want := range map[string]string{
		"example.com:80":  "resolves no names",
		"198.18.0.2:http": "no number",
		"198.18.0.2":      "missing port",
		"198.18.0.2:0":    "port is missing",
	} {
		if err := dial("tcp", address); err == nil || !bytes.Contains([]byte(err.Error()), []byte(want)) {
			t.Errorf("dial %s: %v does not say %q", address, err, want)
		}
	}
	dial("tcp6", "198.18.0.2:80")
	dial("sctp", "198.18.0.2:80")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Dial(ctx, "tcp", "198.18.0.2:80"); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: %v", err)
	}
	l, err := b.ListenTCP("198.18.0.2:90")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.ListenTCP("198.18.0.2:90"); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a port that is taken: %v", err)
	}
	l.Close()
	l2, err := b.ListenTCP("198.18.0.2:90")
	if err != nil {
		t.Errorf("the port is not free after Close: %v", err)
	} else {
		l2.Close()
	}
	if _, err := b.ListenTCP("198.18.0.1:90"); !errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.Errorf("an address of somebody else: %v", err)
	}
}

// What is waited for gives up at the deadline, and can go on after it.
func TestDeadlines(t *testing.T) {
	a, b := twoHosts(t, link.WireOptions{})
	client, server := connect(t, a, b, "tcp", "198.18.0.2:0")
	client.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("Read: %v", err)
	}
	much := make([]byte, 64<<20)
	client.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	n, err := client.Write(much)
	if !errors.Is(err, os.ErrDeadlineExceeded) || n == 0 || n == 64<<20 {
		t.Fatalf("Write of more than fits anywhere: %d, %v", n, err)
	}
	if n > 32<<20 {
		t.Errorf("%d bytes were taken although nobody reads: no bound held", n)
	}
	client.SetDeadline(time.Time{})
	go client.CloseWrite()
	if got, err := io.Copy(io.Discard, server); got != int64(n) || err != nil {
		t.Errorf("%d bytes arrived of the %d that were counted: %v", got, n, err)
	}
	client, server = connect(t, a, b, "tcp", "198.18.0.2:0")
	client.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	client.SetReadDeadline(time.Now().Add(20 * time.Second)) // later: the first one is forgotten
	time.AfterFunc(60*time.Millisecond, func() { server.Write([]byte("x")) })
	if n, err := client.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Errorf("a deadline that was moved: %d, %v", n, err)
	}
	l, err := b.ListenTCP("198.18.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.(*stack.TCPListener).SetDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := l.Accept(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Accept: %v", err)
	}
}

// More connections than the backlog holds wait on their shard, and come when there is room.
func TestBacklog(t *testing.T) {
	a, b := twoHosts(t, link.WireOptions{})
	lc := stack.ListenConfig{Stack: b, ListenOptions: stack.ListenOptions{Backlog: 4}}
	l, err := lc.Listen(t.Context(), "tcp", "198.18.0.2:80")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range 7 { // four in the listener, the others on the shard
		c, err := a.Dial(t.Context(), "tcp", "198.18.0.2:80")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	l.(*stack.TCPListener).SetDeadline(time.Now().Add(time.Minute))
	for i := range 7 {
		c, err := l.Accept()
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		c.Close()
	}
}

// Each direction ends by itself (RFC 9293 §3.6).
func TestHalfClose(t *testing.T) {
	a, b := twoHosts(t, link.WireOptions{})
	client, server := connect(t, a, b, "tcp", "198.18.0.2:0")
	client.Write([]byte("question"))
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Write([]byte("x")); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("writing after CloseWrite: %v", err)
	}
	if got, err := io.ReadAll(server); string(got) != "question" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
	if _, err := server.Write([]byte("answer")); err != nil {
		t.Fatal(err)
	}
	server.Close()
	if got, err := io.ReadAll(client); string(got) != "answer" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	if err := client.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the second Close: %v", err)
	}
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("reading after Close: %v", err)
	}
}

// CloseRead ends reading on our side; what comes is dropped, so that the peer is not stopped by it.
func TestCloseRead(t *testing.T) {
	a, b := twoHosts(t, link.WireOptions{})
	client, server := connect(t, a, b, "tcp", "198.18.0.2:0")
	if err := client.CloseRead(); err != nil {
		t.Fatal(err)
	}
	if n, err := client.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("reading after CloseRead: %d, %v", n, err)
	}
	server.SetWriteDeadline(time.Now().Add(20 * time.Second))
	if _, err := server.Write(make([]byte, 20<<20)); err != nil {
		t.Errorf("the peer was stopped: %v", err)
	}
}

// Received bytes that nobody read are a loss, and the peer is told by a reset (RFC 2525 §2.17).
func TestCloseWithUnreadBytesResets(t *testing.T) {
	a, b := twoHosts(t, link.WireOptions{})
	client, server := connect(t, a, b, "tcp", "198.18.0.2:0")
	client.Write([]byte("never read"))
	await(t, "the bytes", func() bool { return server.Endpoint().Unread() })
	server.Close()
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client was told %v", err)
	}
	if _, err := client.Write([]byte("x")); !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
		t.Errorf("writing afterwards: %v", err)
	}
}

func TestLingerZeroResets(t *testing.T) {
	a, b := twoHosts(t, link.WireOptions{})
	client, server := connect(t, a, b, "tcp", "198.18.0.2:0")
	server.SetLinger(0)
	server.Close()
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client was told %v", err)
	}
}

// What was written before Close is delivered, however much it is.
func TestCloseDeliversWhatWasWritten(t *testing.T) {
	a, b := twoHosts(t, link.WireOptions{})
	client, server := connect(t, a, b, "tcp", "198.18.0.2:0")
	payload := bytes.Repeat([]byte("0123456789abcdef"), 300<<10/16)
	go func() {
		client.Write(payload)
		client.Close()
	}()
	got, err := io.ReadAll(server)
	if err != nil || !bytes.Equal(got, payload) {
		t.Errorf("%d of %d bytes: %v", len(got), len(payload), err)
	}
}

// Files go through the connection's queue without a detour, from where they stand and no further than asked.
func TestReadFromFile(t *testing.T) {
	a, b := twoHosts(t, link.WireOptions{})
	client, server := connect(t, a, b, "tcp", "198.18.0.2:0")
	payload := bytes.Repeat([]byte("file!"), 100_000)
	f, err := os.Create(t.TempDir() + "/f")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.Write(payload)
	f.Seek(100, io.SeekStart)
	go func() {
		if n, err := io.CopyN(client, f, 1000); n != 1000 || err != nil {
			t.Errorf("CopyN: %d, %v", n, err)
		}
		if n, err := io.Copy(client, f); n != int64(len(payload)-1100) || err != nil {
			t.Errorf("Copy: %d, %v", n, err)
		}
		client.CloseWrite()
	}()
	var got bytes.Buffer
	if n, err := server.WriteTo(&got); n != int64(len(payload)-100) || err != nil {
		t.Errorf("WriteTo: %d, %v", n, err)
	}
	if !bytes.Equal(got.Bytes(), payload[100:]) {
		t.Error("the bytes differ")
	}
}

// Stop tells everybody who waits.
func TestStopWakesEverybody(t *testing.T) {
	a, b := twoHosts(t, link.WireOptions{})
	client, server := connect(t, a, b, "tcp", "198.18.0.2:0")
	l, err := a.ListenTCP(":0")
	if err != nil {
		t.Fatal(err)
	}
	pc, err := a.ListenPacket("udp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	go func() { _, err := client.Read(make([]byte, 1)); failed <- err }()
	go func() { _, err := l.Accept(); failed <- err }()
	go func() { _, _, err := pc.ReadFrom(make([]byte, 1)); failed <- err }()
	go func() {
		_, err := a.Dial(t.Context(), "tcp", "198.18.0.99:1")
		failed <- err
	}()
	time.Sleep(10 * time.Millisecond) // most of them wait by now; it holds for those who do not, too
	a.Stop()
	for range 4 {
		if err := <-failed; !errors.Is(err, net.ErrClosed) {
			t.Errorf("%v", err)
		}
	}
	if _, err := server.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the peer was told %v", err)
	}
	if _, err := a.Dial(t.Context(), "tcp", "198.18.0.2:1"); !errors.Is(err, net.ErrClosed) {
		t.Errorf("dialling on a stopped stack: %v", err)
	}
}

// await waits until something holds that another goroutine brings about.
func await(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("%s did not come", what)
		}
	}
}
