//go:build unix

package socket

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience bounds every wait for something that must happen.
const patience = 20 * time.Second

// moment is how long a test waits for what must not happen.
const moment = 30 * time.Millisecond

// each runs a test on every network of this system.
func each(t *testing.T, f func(t *testing.T, n Network)) {
	t.Run("kernel", func(t *testing.T) { f(t, Kernel{}) })
	t.Run("portable", func(t *testing.T) { f(t, Portable{}) })
}

func listen(t *testing.T, n Network, addr string, dual bool) Listener {
	t.Helper()
	l, err := n.Listen(netip.MustParseAddrPort(addr), dual, ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func newPoller(t *testing.T, n Network) Poller {
	t.Helper()
	p, err := n.NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// accept takes the connection that must be waiting or on its way.
func accept(t *testing.T, l Listener) Accepted {
	t.Helper()
	for end := time.Now().Add(patience); ; {
		a, err := l.Accept()
		if err == nil {
			t.Cleanup(func() { a.Endpoint.Close() })
			return a
		}
		if err != ErrWouldBlock || time.Now().After(end) {
			t.Fatal(err)
		}
		runtime.Gosched()
	}
}

// pair is a connection: our end and a client's.
func pair(t *testing.T, n Network) (Endpoint, *net.TCPConn) {
	t.Helper()
	l := listen(t, n, "127.0.0.1:0", false)
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return accept(t, l).Endpoint, c.(*net.TCPConn)
}

// next waits for events, which are or-ed by token.
func next(t *testing.T, p Poller, deadline time.Time) map[Token]Ready {
	t.Helper()
	var events [16]Event
	n, err := p.Wait(events[:], deadline)
	if err != nil {
		t.Fatal(err)
	}
	found := map[Token]Ready{}
	for _, e := range events[:n] {
		found[e.Token] |= e.Ready
	}
	return found
}

// waitFor waits until the token has the condition.
func waitFor(t *testing.T, p Poller, token Token, want Ready) Ready {
	t.Helper()
	var all Ready
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if all |= next(t, p, end)[token]; all&want == want {
			return all
		}
	}
	t.Fatalf("%b never came, only %b", want, all)
	return 0
}

// quiet checks that nothing is announced for the token.
func quiet(t *testing.T, p Poller, token Token, what string, not Ready) {
	t.Helper()
	for end := time.Now().Add(moment); time.Now().Before(end); {
		if r := next(t, p, end)[token]; r&not != 0 {
			t.Errorf("%s: announced %b", what, r)
			return
		}
	}
}

// empty reads until there is nothing more.
func empty(t *testing.T, ep Endpoint) string {
	t.Helper()
	var b strings.Builder
	buf := make([]byte, 7)
	for {
		n, err := ep.Read(buf)
		b.Write(buf[:n])
		if err == ErrWouldBlock {
			return b.String()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestReadinessIsAnnouncedOnceForEachChange(t *testing.T) {
	each(t, func(t *testing.T, n Network) {
		ep, c := pair(t, n)
		p := newPoller(t, n)
		if err := p.Add(ep, 7); err != nil {
			t.Fatal(err)
		}
		waitFor(t, p, 7, Writable)
		quiet(t, p, 7, "before anything was sent", Readable|Writable)
		for _, s := range []string{"hello", "world"} {
			io.WriteString(c, s)
			waitFor(t, p, 7, Readable)
			quiet(t, p, 7, "with bytes that are not read", Readable)
			if got := empty(t, ep); got != s {
				t.Errorf("%q, want %q", got, s)
			}
			quiet(t, p, 7, "after everything was read", Readable)
		}
	})
}

func TestBytesThatWereThereBeforeAddAreAnnounced(t *testing.T) {
	each(t, func(t *testing.T, n Network) {
		ep, c := pair(t, n)
		io.WriteString(c, "early")
		p := newPoller(t, n)
		p.Add(ep, 7)
		waitFor(t, p, 7, Readable|Writable)
	})
}

// A read that did not fill the buffer has emptied the socket: what comes afterwards is announced, although no read was
// told that it would block.
func TestAShortReadIsEnough(t *testing.T) {
	each(t, func(t *testing.T, n Network) {
		ep, c := pair(t, n)
		p := newPoller(t, n)
		p.Add(ep, 7)
		buf := make([]byte, 100)
		for range 5 {
			io.WriteString(c, "hello")
			waitFor(t, p, 7, Readable)
			if n, err := ep.Read(buf); n != 5 || err != nil {
				t.Fatal(n, err)
			}
		}
		c.CloseWrite()
		waitFor(t, p, 7, Readable)
		if n, err := ep.Read(buf); n != 0 || err != io.EOF {
			t.Error(n, err)
		}
	})
}

func TestRoomIsAnnouncedWhenTheClientReads(t *testing.T) {
	each(t, func(t *testing.T, n Network) {
		ep, c := pair(t, n)
		p := newPoller(t, n)
		p.Add(ep, 7)
		waitFor(t, p, 7, Writable)
		block := bytes.Repeat([]byte("x"), 1<<20)
		sent := 0
		for {
			n, err := ep.Write(block, false)
			sent += n
			if err == ErrWouldBlock {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if n, err := ep.Writev([]byte("a"), []byte("b")); err != ErrWouldBlock || n != 0 {
			t.Errorf("Writev without room: %d, %v", n, err)
		}
		quiet(t, p, 7, "without room", Writable)
		go io.CopyN(io.Discard, c, int64(sent))
		waitFor(t, p, 7, Writable)
	})
}

func TestTheClientsEndAndItsReset(t *testing.T) {
	each(t, func(t *testing.T, n Network) {
		ep, c := pair(t, n)
		p := newPoller(t, n)
		p.Add(ep, 1)
		io.WriteString(c, "last")
		c.CloseWrite()
		waitFor(t, p, 1, Readable)
		buf := make([]byte, 100)
		if n, err := ep.Read(buf); string(buf[:n]) != "last" || err != nil {
			t.Fatal(n, err)
		}
		waitForEOF := time.Now().Add(patience)
		for {
			if _, err := ep.Read(buf); err == io.EOF {
				break
			} else if err != ErrWouldBlock || time.Now().After(waitForEOF) {
				t.Fatal(err)
			}
			next(t, p, time.Now().Add(moment))
		}
		if n, err := ep.Write([]byte("answer"), false); n != 6 || err != nil {
			t.Error(n, err)
		}
		ep.Close()
		if b, err := io.ReadAll(c); string(b) != "answer" || err != nil {
			t.Errorf("%q, %v", b, err)
		}

		ep, c = pair(t, n)
		p.Add(ep, 2)
		waitFor(t, p, 2, Writable)
		c.SetLinger(0)
		c.Close()
		waitFor(t, p, 2, Hangup)
		if _, err := ep.Read(buf); err == nil || err == ErrWouldBlock {
			t.Errorf("reading after a reset: %v", err)
		}
	})
}

// More is announced than there is room for: the rest comes with the next waits.
func TestNoEventIsLostForWantOfRoom(t *testing.T) {
	each(t, func(t *testing.T, n Network) {
		p := newPoller(t, n)
		left := map[Token]bool{}
		for i := range 20 {
			ep, c := pair(t, n)
			p.Add(ep, Token(i))
			io.WriteString(c, "x")
			left[Token(i)] = true
		}
		var events [3]Event
		for end := time.Now().Add(patience); len(left) > 0; {
			n, err := p.Wait(events[:], end)
			if err != nil || time.Now().After(end) {
				t.Fatalf("%v, without events for %v", err, left)
			}
			for _, e := range events[:n] {
				if e.Ready&Readable != 0 {
					delete(left, e.Token)
				}
			}
		}
	})
}

// A listener is announced as long as connections wait, and while it is watched.
func TestAListenerIsAnnouncedAgain(t *testing.T) {
	each(t, func(t *testing.T, n Network) {
		l := listen(t, n, "127.0.0.1:0", false)
		p := newPoller(t, n)
		if _, err := l.Accept(); err != ErrWouldBlock {
			t.Errorf("nobody waits: %v", err)
		}
		if err := p.AddListener(l, 9); err != nil {
			t.Fatal(err)
		}
		dial := func() {
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
		}
		dial()
		for range 3 {
			waitFor(t, p, 9, Readable)
		}
		if err := p.Remove(l); err != nil {
			t.Error(err)
		}
		dial()
		quiet(t, p, 9, "when it is not watched", Readable)
		p.AddListener(l, 10)
		waitFor(t, p, 10, Readable)
		accept(t, l)
		accept(t, l)
		if _, err := l.Accept(); err != ErrWouldBlock {
			t.Error(err)
		}
		next(t, p, time.Now()) // an announcement from before may be under way
		quiet(t, p, 10, "when nobody waits", Readable)
		dial()
		waitFor(t, p, 10, Readable)
		if err := errors.Join(l.Close(), l.Close()); err != nil {
			t.Error("closing twice:", err)
		}
	})
}

func TestAddresses(t *testing.T) {
	v6 := true
	if l, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		v6 = false
	} else {
		l.Close()
	}
	each(t, func(t *testing.T, n Network) {
		for _, tc := range []struct {
			name, listen, dial, local string
			dual, v6                  bool
		}{
			{"IPv4", "127.0.0.1:0", "127.0.0.1", "127.0.0.1", false, false},
			{"any IPv4", "0.0.0.0:0", "127.0.0.9", "127.0.0.9", false, false},
			{"IPv6", "[::1]:0", "::1", "::1", false, true},
			{"any address, by IPv6", "[::]:0", "::1", "::1", true, true},
			{"any address, by IPv4", "[::]:0", "127.0.0.9", "127.0.0.9", true, true},
		} {
			t.Run(tc.name, func(t *testing.T) {
				if tc.v6 && !v6 {
					t.Skip("this system has no IPv6")
				}
				l := listen(t, n, tc.listen, tc.dual)
				if l.Addr().Port() == 0 {
					t.Fatal("no port was chosen")
				}
				c, err := net.Dial("tcp", netip.AddrPortFrom(netip.MustParseAddr(tc.dial), l.Addr().Port()).String())
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				a := accept(t, l)
				if want := c.LocalAddr().(*net.TCPAddr).AddrPort(); a.Remote != want {
					t.Errorf("the client is %v, want %v", a.Remote, want)
				}
				if want := netip.AddrPortFrom(netip.MustParseAddr(tc.local), l.Addr().Port()); a.Local != want {
					t.Errorf("our address is %v, want %v", a.Local, want)
				}
			})
		}
		t.Run("only IPv6", func(t *testing.T) {
			if !v6 {
				t.Skip("this system has no IPv6")
			}
			l := listen(t, n, "[::]:0", false)
			if c, err := net.Dial("tcp", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), l.Addr().Port()).String()); err == nil {
				c.Close()
				t.Error("a socket that is not dual takes IPv4")
			}
		})
		t.Run("in use", func(t *testing.T) {
			l := listen(t, n, "127.0.0.1:0", false)
			_, err := n.Listen(l.Addr(), false, ListenOptions{})
			if !errors.Is(err, unix.EADDRINUSE) || !strings.Contains(err.Error(), l.Addr().String()) {
				t.Error(err)
			}
		})
		t.Run("shared", func(t *testing.T) {
			first, err := n.Listen(netip.MustParseAddrPort("127.0.0.1:0"), false, ListenOptions{ReusePort: true, Backlog: 10})
			if err != nil {
				t.Fatal(err)
			}
			defer first.Close()
			second, err := n.Listen(first.Addr(), false, ListenOptions{ReusePort: true})
			if err != nil {
				t.Fatal(err)
			}
			second.Close()
		})
		t.Run("not ours", func(t *testing.T) {
			if _, err := n.Listen(netip.MustParseAddrPort("192.0.2.1:0"), false, ListenOptions{}); !errors.Is(err, unix.EADDRNOTAVAIL) {
				t.Error(err)
			}
		})
	})
}

func TestSendFile(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), 100_000)
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, n Network) {
		os.WriteFile(name, content, 0o600)
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		file := &File{F: f, FD: int(f.Fd()), Size: int64(len(content))}
		ep, c := pair(t, n)
		p := newPoller(t, n)
		p.Add(ep, 7)

		const from = 12345
		for round := range 2 { // cold and warm
			got := make(chan []byte, 1)
			go func() {
				b := make([]byte, len(content)-from)
				io.ReadFull(c, b)
				got <- b
			}()
			for off := int64(from); off < file.Size; {
				n, err := ep.SendFile(file, off, int(file.Size-off))
				if err == ErrWouldBlock {
					waitFor(t, p, 7, Writable)
					continue
				}
				if err != nil {
					t.Fatal(round, err)
				}
				off += int64(n)
			}
			if b := <-got; !bytes.Equal(b, content[from:]) {
				t.Errorf("round %d: what arrived is not what the file has", round)
			}
		}
		f.Truncate(1000)
		if n, err := ep.SendFile(file, 1000, 10); n != 0 || err != io.ErrUnexpectedEOF {
			t.Errorf("beyond the end of a file that has shrunk: %d, %v", n, err)
		}
		if n, err := ep.SendFile(file, 995, 10); n != 5 || err != nil {
			t.Errorf("up to the end of a file that has shrunk: %d, %v", n, err)
		}
		ep.Close()
		if b, err := io.ReadAll(c); string(b) != "56789" || err != nil {
			t.Errorf("the end arrived as %q, %v", b, err)
		}
	})
}

func TestWhatIsUnreadAndUnsent(t *testing.T) {
	each(t, func(t *testing.T, n Network) {
		ep, c := pair(t, n)
		if ep.Unread() {
			t.Error("unread before anything was sent")
		}
		io.WriteString(c, "x")
		for end := time.Now().Add(patience); !ep.Unread(); runtime.Gosched() {
			if time.Now().After(end) {
				t.Fatal("never unread")
			}
		}
		empty(t, ep)
		if ep.Unread() {
			t.Error("unread although it was read")
		}
		if n := ep.Unsent(); n == -1 {
			return // not known here
		} else if n != 0 {
			t.Errorf("%d bytes unsent before any was written", n)
		}
		block := bytes.Repeat([]byte("x"), 1<<20)
		for err := error(nil); err == nil; _, err = ep.Write(block, false) {
		}
		full := ep.Unsent()
		if full <= 0 {
			t.Errorf("%d bytes unsent with a client that reads nothing", full)
		}
		io.ReadFull(c, make([]byte, full/2))
		for end := time.Now().Add(patience); ep.Unsent() >= full; runtime.Gosched() {
			if time.Now().After(end) {
				t.Fatal("a client that reads changes nothing")
			}
		}
	})
}

func TestWaysToEnd(t *testing.T) {
	reset := func(err error) bool { return errors.Is(err, unix.ECONNRESET) }
	each(t, func(t *testing.T, n Network) {
		t.Run("Close delivers what was written", func(t *testing.T) {
			ep, c := pair(t, n)
			ep.Writev([]byte("all "), []byte("of it"))
			ep.Close()
			if b, err := io.ReadAll(c); string(b) != "all of it" || err != nil {
				t.Errorf("%q, %v", b, err)
			}
			if err := ep.Close(); err != nil {
				t.Error("closing twice:", err)
			}
			if _, err := ep.Read(make([]byte, 1)); err == nil || err == ErrWouldBlock {
				t.Errorf("reading what is closed: %v", err)
			}
			if _, err := ep.Write([]byte("x"), false); err == nil || err == ErrWouldBlock {
				t.Errorf("writing what is closed: %v", err)
			}
		})
		t.Run("Close with unread bytes is a reset", func(t *testing.T) {
			ep, c := pair(t, n)
			io.WriteString(c, "unread")
			for !ep.Unread() {
				runtime.Gosched()
			}
			ep.Close()
			if _, err := io.ReadAll(c); !reset(err) {
				t.Error(err)
			}
		})
		t.Run("Abort is a reset", func(t *testing.T) {
			ep, c := pair(t, n)
			ep.Abort()
			if _, err := io.ReadAll(c); !reset(err) {
				t.Error(err)
			}
			if err := ep.Abort(); err != nil {
				t.Error("aborting twice:", err)
			}
		})
		t.Run("CloseWrite ends one direction", func(t *testing.T) {
			ep, c := pair(t, n)
			ep.Write([]byte("more follows"), true)
			if err := ep.CloseWrite(); err != nil {
				t.Error(err)
			}
			if b, err := io.ReadAll(c); string(b) != "more follows" || err != nil {
				t.Errorf("%q, %v", b, err)
			}
			io.WriteString(c, "go on")
			var got string
			for end := time.Now().Add(patience); got != "go on" && time.Now().Before(end); runtime.Gosched() {
				got += empty(t, ep)
			}
			if got != "go on" {
				t.Errorf("%q", got)
			}
			if _, err := ep.Write([]byte("x"), false); !errors.Is(err, unix.EPIPE) {
				t.Errorf("writing after CloseWrite: %v", err)
			}
		})
		t.Run("an endpoint that is closed is announced no more", func(t *testing.T) {
			ep, c := pair(t, n)
			p := newPoller(t, n)
			p.Add(ep, 5)
			waitFor(t, p, 5, Writable)
			ep.Close()
			io.WriteString(c, "x")
			quiet(t, p, 5, "after Close", ^Ready(0))
		})
	})
}
