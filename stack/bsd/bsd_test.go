package bsd_test

import (
	"bytes"
	"net/netip"
	"sync"
	"syscall"
	"testing"
	"time"

	"vitrine/stack"
	"vitrine/stack/bsd"
	"vitrine/stack/link"
)

var hosts = [2]netip.Addr{netip.MustParseAddr("198.18.0.1"), netip.MustParseAddr("198.18.0.2")}
var hosts6 = [2]netip.Addr{netip.MustParseAddr("fd00:198:18::1"), netip.MustParseAddr("fd00:198:18::2")}

// twoTables are the descriptors of two programs, each on a stack of its own, with a wire between them.
func twoTables(tb testing.TB) (a, b *bsd.Table) {
	tb.Helper()
	var ends [2]link.Adapter
	ends[0], ends[1] = link.NewWire(link.WireOptions{})
	var tables [2]*bsd.Table
	for i := range tables {
		s, err := stack.New(stack.Config{Quiet: true,
			Addresses: []netip.Prefix{netip.PrefixFrom(hosts[i], 24), netip.PrefixFrom(hosts6[i], 64)}}, ends[i])
		if err != nil {
			tb.Fatal(err)
		}
		s.Start()
		tables[i] = bsd.NewTable(s, 0)
		tb.Cleanup(func() {
			tables[i].CloseAll()
			s.Stop()
			s.Close()
		})
	}
	return tables[0], tables[1]
}

// Ours says in every state what Linux says.
func TestRules(t *testing.T) {
	a, b := twoTables(t)
	got := tryRules(t, func(t *testing.T) *world {
		return &world{t: t, here: ours{t, a}, there: ours{t, b}, host: hosts[0], peer: hosts[1],
			silent: func() netip.AddrPort { return netip.MustParseAddrPort("198.18.0.99:1") }} // nobody has the address
	})
	compareRules(t, got)
	if n := a.Open() + b.Open(); n != 0 {
		t.Errorf("%d descriptors were left open", n)
	}
}

func must[T any](tb testing.TB) func(T, error) T {
	return func(v T, err error) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

// The calls as books show them: a server that echoes, a client that talks to it, both blocking.
func TestEchoAsInBooks(t *testing.T) {
	for i, domain := range []int{bsd.AF_INET, bsd.AF_INET6} {
		a, b := twoTables(t)
		addr := netip.AddrPortFrom([]netip.Addr{hosts[1], hosts6[1]}[i], 7)
		var all sync.WaitGroup
		l := must[int](t)(b.Socket(domain, bsd.SOCK_STREAM, 0))
		for _, err := range []error{b.SetsockoptInt(l, bsd.SOL_SOCKET, bsd.SO_REUSEADDR, 1), b.Bind(l, addr), b.Listen(l, 5)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		all.Go(func() {
			fd, peer, err := b.Accept(l)
			if err != nil {
				t.Error(err)
				return
			}
			if name, _ := b.Getpeername(fd); name != peer {
				t.Errorf("accept says %s, getpeername %s", peer, name)
			}
			buf := make([]byte, 1000)
			for {
				n, err := b.Read(fd, buf)
				if err != nil {
					t.Error(err)
				}
				if n == 0 {
					break
				}
				b.Write(fd, buf[:n])
			}
			b.Close(fd)
		})
		fd := must[int](t)(a.Socket(domain, bsd.SOCK_STREAM, bsd.IPPROTO_TCP))
		if err := a.Connect(fd, addr); err != nil {
			t.Fatal(err)
		}
		payload := bytes.Repeat([]byte("echo"), 100_000)
		all.Go(func() {
			if n, err := a.Write(fd, payload); n != len(payload) || err != nil {
				t.Errorf("write: %d, %v", n, err)
			}
			a.Shutdown(fd, bsd.SHUT_WR)
		})
		got := make([]byte, len(payload))
		if n, err := a.Recv(fd, got, bsd.MSG_WAITALL); n != len(payload) || err != nil {
			t.Errorf("read: %d, %v", n, err)
		}
		if n, err := a.Read(fd, got[:1]); n != 0 || err != nil {
			t.Errorf("after everything: %d, %v", n, err)
		}
		if !bytes.Equal(got, payload) {
			t.Error("the bytes differ")
		}
		all.Wait()
		a.Close(fd)
		b.Close(l)
	}
}

func TestPeekLeavesTheBytes(t *testing.T) {
	a, b := twoTables(t)
	client, server := pair(t, a, b)
	a.Write(client, []byte("look"))
	buf := make([]byte, 10)
	for range 2 {
		if n, err := b.Recv(server, buf, bsd.MSG_PEEK); string(buf[:n]) != "look" || err != nil {
			t.Fatalf("%q, %v", buf[:n], err)
		}
	}
	if n, _ := b.Read(server, buf); string(buf[:n]) != "look" {
		t.Errorf("%q", buf[:n])
	}
	if _, err := b.Recv(server, buf, bsd.MSG_DONTWAIT); err != syscall.EAGAIN {
		t.Errorf("read twice: %v", err)
	}
}

// pair is both ends of a connection, blocking.
func pair(tb testing.TB, a, b *bsd.Table) (client, server int) {
	tb.Helper()
	l := must[int](tb)(b.Socket(bsd.AF_INET, bsd.SOCK_STREAM, 0))
	defer b.Close(l)
	if err := b.Listen(l, 1); err != nil { // without bind: a free port on all addresses
		tb.Fatal(err)
	}
	name := must[netip.AddrPort](tb)(b.Getsockname(l))
	client = must[int](tb)(a.Socket(bsd.AF_INET, bsd.SOCK_STREAM, 0))
	if err := a.Connect(client, netip.AddrPortFrom(hosts[1], name.Port())); err != nil {
		tb.Fatal(err)
	}
	server, _, err := b.Accept(l)
	if err != nil {
		tb.Fatal(err)
	}
	return client, server
}

// The seeds' rule: connect takes a free local port, never one whose four-tuple is alive or in TIME_WAIT.
func TestConnectChoosesItsPort(t *testing.T) {
	a, b := twoTables(t)
	l := must[int](t)(b.Socket(bsd.AF_INET, bsd.SOCK_STREAM, 0))
	to := netip.AddrPortFrom(hosts[1], 80)
	b.Bind(l, to)
	b.Listen(l, 5)
	first := must[int](t)(a.Socket(bsd.AF_INET, bsd.SOCK_STREAM, 0))
	if err := a.Connect(first, to); err != nil {
		t.Fatal(err)
	}
	name := must[netip.AddrPort](t)(a.Getsockname(first))
	if name.Addr() != hosts[0] || name.Port() < 32768 {
		t.Errorf("the client calls itself %s", name)
	}
	again := must[int](t)(a.Socket(bsd.AF_INET, bsd.SOCK_STREAM, 0))
	if err := a.Bind(again, name); err != nil && err != syscall.EADDRINUSE {
		t.Fatal(err)
	} else if err == nil {
		if err := a.Connect(again, to); err != syscall.EADDRINUSE && err != syscall.EADDRNOTAVAIL {
			t.Errorf("a second connection with the same four-tuple: %v", err)
		}
	}
	server, _, err := b.Accept(l)
	if err != nil {
		t.Fatal(err)
	}
	a.Close(first) // it closes first, so it holds TIME_WAIT
	if n, err := b.Read(server, make([]byte, 1)); n != 0 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	b.Close(server)
	a.Close(again)
	third := must[int](t)(a.Socket(bsd.AF_INET, bsd.SOCK_STREAM, 0))
	a.Bind(third, name)
	if err := a.Connect(third, to); err != syscall.EADDRINUSE && err != syscall.EADDRNOTAVAIL {
		t.Errorf("a connection with a four-tuple in TIME_WAIT: %v", err)
	}
}

func TestDescriptorsAreSmallIntegers(t *testing.T) {
	a, _ := twoTables(t)
	for want := 3; want < 6; want++ {
		if fd, err := a.Socket(bsd.AF_INET, bsd.SOCK_STREAM, 0); fd != want || err != nil {
			t.Errorf("socket: %d, %v, want %d", fd, err, want)
		}
	}
	a.Close(4)
	if fd, _ := a.Socket(bsd.AF_INET, bsd.SOCK_DGRAM, 0); fd != 4 {
		t.Errorf("the lowest free descriptor is 4, not %d", fd)
	}
	if err := a.Close(99); err != syscall.EBADF {
		t.Errorf("closing what is not open: %v", err)
	}
	for i := 6; ; i++ {
		fd, err := a.Socket(bsd.AF_INET, bsd.SOCK_STREAM, 0)
		if err == syscall.EMFILE && i == 3+1024 {
			break
		}
		if err != nil || fd != i {
			t.Fatalf("descriptor %d: %d, %v", i, fd, err)
		}
	}
	for _, c := range []struct {
		domain, typ, protocol int
		want                  error
	}{
		{1, bsd.SOCK_STREAM, 0, syscall.EAFNOSUPPORT},
		{bsd.AF_INET, 5, 0, syscall.ESOCKTNOSUPPORT},
		{bsd.AF_INET, bsd.SOCK_STREAM, bsd.IPPROTO_UDP, syscall.EPROTONOSUPPORT},
	} {
		if _, err := a.Socket(c.domain, c.typ, c.protocol); err != c.want {
			t.Errorf("socket(%d, %d, %d): %v, want %v", c.domain, c.typ, c.protocol, err, c.want)
		}
	}
}

func TestBindErrors(t *testing.T) {
	a, _ := twoTables(t)
	socket := func() int { return must[int](t)(a.Socket(bsd.AF_INET, bsd.SOCK_STREAM, 0)) }
	first := socket()
	taken := netip.AddrPortFrom(hosts[0], 80)
	if err := a.Bind(first, taken); err != nil {
		t.Fatal(err)
	}
	for addr, want := range map[netip.AddrPort]error{
		taken: syscall.EADDRINUSE,
		netip.AddrPortFrom(netip.IPv4Unspecified(), 80): syscall.EADDRINUSE,
		netip.AddrPortFrom(hosts[1], 81):                syscall.EADDRNOTAVAIL,
		netip.AddrPortFrom(hosts6[0], 81):               syscall.EAFNOSUPPORT,
		netip.AddrPortFrom(hosts[0], 81):                nil,
	} {
		if err := a.Bind(socket(), addr); err != want {
			t.Errorf("bind %s: %v, want %v", addr, err, want)
		}
	}
	a.Close(first)
	if err := a.Bind(socket(), taken); err != nil {
		t.Errorf("the port is not free after close: %v", err)
	}
}

func TestOptions(t *testing.T) {
	a, b := twoTables(t)
	client, server := pair(t, a, b)
	for _, o := range []struct {
		level, name, value int
	}{
		{bsd.SOL_SOCKET, bsd.SO_REUSEADDR, 1}, {bsd.SOL_SOCKET, bsd.SO_REUSEPORT, 1}, {bsd.SOL_SOCKET, bsd.SO_KEEPALIVE, 1},
		{bsd.SOL_SOCKET, bsd.SO_SNDBUF, 50000}, {bsd.SOL_SOCKET, bsd.SO_RCVBUF, 60000}, {bsd.SOL_SOCKET, bsd.SO_BROADCAST, 1},
		{bsd.IPPROTO_TCP, bsd.TCP_NODELAY, 1}, {bsd.IPPROTO_TCP, bsd.TCP_CORK, 1}, {bsd.IPPROTO_TCP, bsd.TCP_KEEPIDLE, 11},
		{bsd.IPPROTO_TCP, bsd.TCP_KEEPINTVL, 12}, {bsd.IPPROTO_TCP, bsd.TCP_KEEPCNT, 13}, {bsd.IPPROTO_TCP, bsd.TCP_USER_TIMEOUT, 14000},
	} {
		if err := a.SetsockoptInt(client, o.level, o.name, o.value); err != nil {
			t.Errorf("set %d/%d: %v", o.level, o.name, err)
		}
		if got, err := a.GetsockoptInt(client, o.level, o.name); got != o.value || err != nil {
			t.Errorf("option %d/%d is %d, %v; it was set to %d", o.level, o.name, got, err, o.value)
		}
	}
	info, err := a.TCPInfo(client)
	if err != nil || info.State != "ESTABLISHED" || info.TCP == nil || !info.TCP.NoDelay || !info.TCP.Cork || !info.TCP.KeepAlive {
		t.Errorf("TCP_INFO: %+v, %v", info, err)
	}
	if mss, err := a.GetsockoptInt(client, bsd.IPPROTO_TCP, bsd.TCP_MAXSEG); mss < 1400 || mss > 1460 || err != nil {
		t.Errorf("TCP_MAXSEG on a cable of 1500 bytes is %d, %v", mss, err)
	}
	if got, _ := b.GetsockoptInt(server, bsd.SOL_SOCKET, bsd.SO_TYPE); got != bsd.SOCK_STREAM {
		t.Errorf("SO_TYPE is %d", got)
	}
	for _, bad := range []struct {
		level, name, value int
		want               error
	}{
		{bsd.IPPROTO_TCP, bsd.TCP_KEEPIDLE, 0, syscall.EINVAL}, {bsd.IPPROTO_TCP, bsd.TCP_KEEPCNT, 128, syscall.EINVAL},
		{bsd.IPPROTO_TCP, bsd.TCP_MAXSEG, 20, syscall.EINVAL}, {bsd.IPPROTO_TCP, 999, 1, syscall.ENOPROTOOPT},
		{bsd.SOL_SOCKET, bsd.SO_ERROR, 1, syscall.ENOPROTOOPT}, {77, 1, 1, syscall.ENOPROTOOPT},
	} {
		if err := a.SetsockoptInt(client, bad.level, bad.name, bad.value); err != bad.want {
			t.Errorf("set %d/%d to %d: %v, want %v", bad.level, bad.name, bad.value, err, bad.want)
		}
	}
	if err := a.SetsockoptString(client, bsd.IPPROTO_TCP, bsd.TCP_CONGESTION, "reno"); err != nil {
		t.Error(err)
	}
	if name, err := a.GetsockoptString(client, bsd.IPPROTO_TCP, bsd.TCP_CONGESTION); name != "reno" || err != nil {
		t.Errorf("TCP_CONGESTION is %q, %v", name, err)
	}
	if info, err := a.TCPInfo(client); err != nil || info.TCP.Sender.Algorithm != "reno" {
		t.Errorf("the connection is controlled by %q, %v", info.TCP.Sender.Algorithm, err)
	}
	if err := a.SetsockoptString(client, bsd.IPPROTO_TCP, bsd.TCP_CONGESTION, "wishful"); err != syscall.ENOENT {
		t.Errorf("an unknown algorithm: %v", err)
	}
	a.SetsockoptTimeout(client, bsd.SO_RCVTIMEO, 10*time.Millisecond)
	if _, err := a.Read(client, make([]byte, 1)); err != syscall.EAGAIN {
		t.Errorf("reading past SO_RCVTIMEO: %v", err)
	}
	a.SetsockoptLinger(client, true, 0)
	if on, seconds, _ := a.GetsockoptLinger(client); !on || seconds != 0 {
		t.Errorf("SO_LINGER is %v, %d", on, seconds)
	}
	a.Close(client)
	if _, err := b.Read(server, make([]byte, 1)); err != syscall.ECONNRESET {
		t.Errorf("after closing with SO_LINGER 0 the peer reads %v", err)
	}
}

// A segment size that one end asks for is what the other may send (RFC 9293 §3.7.1).
func TestMaxSegment(t *testing.T) {
	t.Run("client", func(t *testing.T) { testMaxSegment(t, true) })
	t.Run("server", func(t *testing.T) { testMaxSegment(t, false) })
}

func testMaxSegment(t *testing.T, byClient bool) {
	a, b := twoTables(t)
	l := must[int](t)(b.Socket(bsd.AF_INET, bsd.SOCK_STREAM, 0))
	client := must[int](t)(a.Socket(bsd.AF_INET, bsd.SOCK_STREAM, 0))
	if byClient {
		a.SetsockoptInt(client, bsd.IPPROTO_TCP, bsd.TCP_MAXSEG, 700)
	} else {
		b.SetsockoptInt(l, bsd.IPPROTO_TCP, bsd.TCP_MAXSEG, 700)
	}
	b.Bind(l, netip.AddrPortFrom(hosts[1], 80))
	b.Listen(l, 1)
	if err := a.Connect(client, netip.AddrPortFrom(hosts[1], 80)); err != nil {
		t.Fatal(err)
	}
	server, _, err := b.Accept(l)
	if err != nil {
		t.Fatal(err)
	}
	for name, fd := range map[string]func() (int, error){
		"client": func() (int, error) { return a.GetsockoptInt(client, bsd.IPPROTO_TCP, bsd.TCP_MAXSEG) },
		"server": func() (int, error) { return b.GetsockoptInt(server, bsd.IPPROTO_TCP, bsd.TCP_MAXSEG) },
	} {
		if got, err := fd(); got > 700 || got < 650 || err != nil {
			t.Errorf("the %s sends segments of %d bytes, %v", name, got, err)
		}
	}
}

func TestPollWaits(t *testing.T) {
	a, b := twoTables(t)
	client, server := pair(t, a, b)
	fds := []bsd.PollFd{{FD: -1, Events: bsd.POLLIN}, {FD: server, Events: bsd.POLLIN | bsd.POLLRDHUP}, {FD: 77, Events: bsd.POLLIN}}
	if n, _ := b.Poll(fds, 0); n != 1 || fds[2].Revents != bsd.POLLNVAL {
		t.Errorf("%d found, %+v", n, fds)
	}
	fds = fds[:2]
	if n, _ := b.Poll(fds, 5*time.Millisecond); n != 0 {
		t.Errorf("found %+v where nothing is", fds)
	}
	for range 20 { // read to the byte, so that no read finds out that there is no more
		go func() { a.Write(client, []byte("x")) }()
		if n, _ := b.Poll(fds, -1); n != 1 || fds[1].Revents != bsd.POLLIN {
			t.Fatalf("found %+v", fds)
		}
		if n, err := b.Read(server, make([]byte, 1)); n != 1 || err != nil {
			t.Fatal(n, err)
		}
	}
	go a.Close(client)
	b.Poll(fds, -1)
	if fds[1].Revents != bsd.POLLIN|bsd.POLLRDHUP {
		t.Errorf("after the peer's end: %s", conditions(fds[1].Revents))
	}
}

func TestDatagrams(t *testing.T) {
	a, b := twoTables(t)
	server := must[int](t)(b.Socket(bsd.AF_INET, bsd.SOCK_DGRAM, 0))
	to := netip.AddrPortFrom(hosts[1], 53)
	if err := b.Bind(server, to); err != nil {
		t.Fatal(err)
	}
	client := must[int](t)(a.Socket(bsd.AF_INET, bsd.SOCK_DGRAM|bsd.SOCK_NONBLOCK, 0))
	step := func(what string, err, want error) {
		t.Helper()
		if err != want {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	_, err := a.Write(client, []byte("x"))
	step("write without a peer", err, syscall.EDESTADDRREQ)
	_, err = a.Read(client, make([]byte, 1))
	step("read where nothing is", err, syscall.EAGAIN)
	_, err = a.Getpeername(client)
	step("getpeername without a peer", err, syscall.ENOTCONN)
	step("listen", a.Listen(client, 1), syscall.EOPNOTSUPP)
	_, _, err = a.Accept(client)
	step("accept", err, syscall.EOPNOTSUPP)
	step("shutdown without a peer", a.Shutdown(client, bsd.SHUT_RDWR), syscall.ENOTCONN)
	_, err = a.SendTo(client, []byte("x"), 0, netip.MustParseAddrPort("198.18.0.255:53"))
	step("broadcast without SO_BROADCAST", err, syscall.EACCES)

	client = must[int](t)(a.Socket(bsd.AF_INET, bsd.SOCK_DGRAM, 0))
	if n, err := a.SendTo(client, []byte("question"), 0, to); n != 8 || err != nil {
		t.Fatal(n, err)
	}
	buf := make([]byte, 5)
	n, from, err := b.RecvFrom(server, buf, bsd.MSG_TRUNC)
	if n != 8 || string(buf) != "quest" || err != nil || from.Addr() != hosts[0] {
		t.Errorf("%d bytes, %q, from %s, %v", n, buf, from, err)
	}
	step("connect", a.Connect(client, to), nil)
	if name, _ := a.Getsockname(client); name.Addr() != hosts[0] || name.Port() != from.Port() {
		t.Errorf("the client calls itself %s, it sent from %s", name, from)
	}
	if name, _ := a.Getpeername(client); name != to {
		t.Errorf("the client's peer is %s", name)
	}
	b.SendTo(server, []byte("answer"), 0, from)
	buf = make([]byte, 10)
	if n, err := a.Read(client, buf); string(buf[:n]) != "answer" || err != nil {
		t.Errorf("%q, %v", buf[:n], err)
	}
	b.Close(server)
	a.Write(client, []byte("too late"))
	_, err = a.Read(client, buf)
	step("after ICMP port unreachable", err, syscall.ECONNREFUSED)
	step("disconnect", a.Connect(client, netip.AddrPort{}), nil)
	_, err = a.Getpeername(client)
	step("getpeername afterwards", err, syscall.ENOTCONN)
}

// Closing a descriptor wakes who is blocked on it.
func TestCloseWakes(t *testing.T) {
	a, b := twoTables(t)
	client, server := pair(t, a, b)
	l := must[int](t)(b.Socket(bsd.AF_INET, bsd.SOCK_STREAM, 0))
	b.Listen(l, 1)
	results := make(chan error, 2)
	go func() { _, err := b.Read(server, make([]byte, 1)); results <- err }()
	go func() { _, _, err := b.Accept(l); results <- err }()
	time.Sleep(5 * time.Millisecond)
	b.Close(server)
	b.Close(l)
	for range 2 {
		if err := <-results; err != syscall.EBADF && err != syscall.EINVAL {
			t.Error(err)
		}
	}
	if n, err := a.Read(client, make([]byte, 1)); n != 0 || err != nil {
		t.Errorf("the peer reads %d, %v", n, err)
	}
}
