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
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience bounds every wait for something that must happen.
const patience = time.Minute

// moment is how long a test waits for what must not happen.
const moment = 30 * time.Millisecond

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

// rest reads what the client gets until the connection's end.
func (n *network) rest(t *testing.T, p Poller, c peer) (b []byte, err error) {
	t.Helper()
	n.meanwhile(t, p, func() { b, err = io.ReadAll(c) })
	return b, err
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
	each(t, func(t *testing.T, n *network) {
		p := newPoller(t, n)
		ep, c := n.pair(t, p)
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
	each(t, func(t *testing.T, n *network) {
		p := newPoller(t, n)
		ep, c := n.pair(t, p)
		io.WriteString(c, "early")
		n.until(t, p, "the bytes", ep.Unread)
		p.Add(ep, 7)
		waitFor(t, p, 7, Readable|Writable)
	})
}

// A read that did not fill the buffer has emptied the socket: what comes afterwards is announced, although no read was
// told that it would block.
func TestAShortReadIsEnough(t *testing.T) {
	each(t, func(t *testing.T, n *network) {
		p := newPoller(t, n)
		ep, c := n.pair(t, p)
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
	each(t, func(t *testing.T, n *network) {
		p := newPoller(t, n)
		ep, c := n.pair(t, p)
		p.Add(ep, 7)
		waitFor(t, p, 7, Writable)
		sent := n.fill(t, p, ep)
		if n, err := ep.Writev([]byte("a"), []byte("b")); err != ErrWouldBlock || n != 0 {
			t.Errorf("Writev without room: %d, %v", n, err)
		}
		quiet(t, p, 7, "without room", Writable)
		go io.CopyN(io.Discard, c, int64(sent))
		waitFor(t, p, 7, Writable)
	})
}

func TestTheClientsEndAndItsReset(t *testing.T) {
	each(t, func(t *testing.T, n *network) {
		p := newPoller(t, n)
		ep, c := n.pair(t, p)
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
		if b, err := n.rest(t, p, c); string(b) != "answer" || err != nil {
			t.Errorf("%q, %v", b, err)
		}

		ep, c = n.pair(t, p)
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
	each(t, func(t *testing.T, n *network) {
		p := newPoller(t, n)
		left := map[Token]bool{}
		for i := range 20 {
			ep, c := n.pair(t, p)
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
	each(t, func(t *testing.T, n *network) {
		l := n.listen(t, n.at(), false)
		p := newPoller(t, n)
		if _, err := l.Accept(); err != ErrWouldBlock {
			t.Errorf("nobody waits: %v", err)
		}
		if err := p.AddListener(l, 9); err != nil {
			t.Fatal(err)
		}
		dial := func() {
			t.Helper()
			if _, err := n.connect(t, p, l.Addr().String()); err != nil {
				t.Fatal(err)
			}
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
		n.accept(t, p, l)
		n.accept(t, p, l)
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
	each(t, func(t *testing.T, n *network) {
		v6 := v6 || n.driven
		p := newPoller(t, n)
		for _, tc := range []struct {
			name, listen, dial, local string
			dual, v6                  bool
		}{
			{"IPv4", n.at(), n.host, n.host, false, false},
			{"any IPv4", "0.0.0.0:0", n.other, n.other, false, false},
			{"IPv6", "[" + n.host6 + "]:0", n.host6, n.host6, false, true},
			{"any address, by IPv6", "[::]:0", n.host6, n.host6, true, true},
			{"any address, by IPv4", "[::]:0", n.other, n.other, true, true},
		} {
			t.Run(tc.name, func(t *testing.T) {
				if tc.v6 && !v6 {
					t.Skip("this system has no IPv6")
				}
				l := n.listen(t, tc.listen, tc.dual)
				p.AddListener(l, 1)
				defer p.Remove(l)
				if l.Addr().Port() == 0 {
					t.Fatal("no port was chosen")
				}
				c, err := n.connect(t, p, netip.AddrPortFrom(netip.MustParseAddr(tc.dial), l.Addr().Port()).String())
				if err != nil {
					t.Fatal(err)
				}
				a := n.accept(t, p, l)
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
			l := n.listen(t, "[::]:0", false)
			p.AddListener(l, 1)
			defer p.Remove(l)
			if _, err := n.connect(t, p, netip.AddrPortFrom(netip.MustParseAddr(n.host), l.Addr().Port()).String()); err == nil {
				t.Error("a socket that is not dual takes IPv4")
			}
		})
		t.Run("in use", func(t *testing.T) {
			l := n.listen(t, n.at(), false)
			_, err := n.Listen(l.Addr(), false, ListenOptions{})
			if !errors.Is(err, unix.EADDRINUSE) || !strings.Contains(err.Error(), l.Addr().String()) {
				t.Error(err)
			}
		})
		t.Run("shared", func(t *testing.T) {
			first, err := n.Listen(netip.MustParseAddrPort(n.at()), false, ListenOptions{ReusePort: true, Backlog: 10})
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
			_, err := n.Listen(netip.MustParseAddrPort("192.0.2.1:0"), false, ListenOptions{})
			if !errors.Is(err, unix.EADDRNOTAVAIL) {
				t.Error(err)
			}
			if n.driven && !strings.Contains(err.Error(), n.other) {
				t.Errorf("%v does not say which addresses are ours", err)
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
	each(t, func(t *testing.T, n *network) {
		os.WriteFile(name, content, 0o600)
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		file := &File{F: f, FD: int(f.Fd()), Size: int64(len(content))}
		p := newPoller(t, n)
		ep, c := n.pair(t, p)
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
			var b []byte
			n.meanwhile(t, p, func() { b = <-got })
			if !bytes.Equal(b, content[from:]) {
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
		if b, err := n.rest(t, p, c); string(b) != "56789" || err != nil {
			t.Errorf("the end arrived as %q, %v", b, err)
		}
	})
}

func TestWhatIsUnreadAndUnsent(t *testing.T) {
	each(t, func(t *testing.T, n *network) {
		p := newPoller(t, n)
		ep, c := n.pair(t, p)
		if ep.Unread() {
			t.Error("unread before anything was sent")
		}
		io.WriteString(c, "x")
		n.until(t, p, "a byte", ep.Unread)
		empty(t, ep)
		if ep.Unread() {
			t.Error("unread although it was read")
		}
		if n := ep.Unsent(); n == -1 {
			return // not known here
		} else if n != 0 {
			t.Errorf("%d bytes unsent before any was written", n)
		}
		n.fill(t, p, ep)
		full := ep.Unsent()
		if full <= 0 {
			t.Errorf("%d bytes unsent with a client that reads nothing", full)
		}
		go io.Copy(io.Discard, c)
		n.until(t, p, "a change because the client reads", func() bool { return ep.Unsent() < full })
	})
}

func TestWaysToEnd(t *testing.T) {
	reset := func(err error) bool { return errors.Is(err, unix.ECONNRESET) }
	each(t, func(t *testing.T, n *network) {
		p := newPoller(t, n)
		t.Run("Close delivers what was written", func(t *testing.T) {
			ep, c := n.pair(t, p)
			ep.Writev([]byte("all "), []byte("of it"))
			ep.Close()
			if b, err := n.rest(t, p, c); string(b) != "all of it" || err != nil {
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
			ep, c := n.pair(t, p)
			io.WriteString(c, "unread")
			n.until(t, p, "the bytes", ep.Unread)
			ep.Close()
			if _, err := n.rest(t, p, c); !reset(err) {
				t.Error(err)
			}
		})
		t.Run("Abort is a reset", func(t *testing.T) {
			ep, c := n.pair(t, p)
			ep.Abort()
			if _, err := n.rest(t, p, c); !reset(err) {
				t.Error(err)
			}
			if err := ep.Abort(); err != nil {
				t.Error("aborting twice:", err)
			}
		})
		t.Run("CloseWrite ends one direction", func(t *testing.T) {
			ep, c := n.pair(t, p)
			ep.Write([]byte("more follows"), true)
			if err := ep.CloseWrite(); err != nil {
				t.Error(err)
			}
			if b, err := n.rest(t, p, c); string(b) != "more follows" || err != nil {
				t.Errorf("%q, %v", b, err)
			}
			io.WriteString(c, "go on")
			var got string
			for end := time.Now().Add(patience); got != "go on" && time.Now().Before(end); n.turn(t, p) {
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
			ep, c := n.pair(t, p)
			p.Add(ep, 5)
			waitFor(t, p, 5, Writable)
			ep.Close()
			io.WriteString(c, "x")
			quiet(t, p, 5, "after Close", ^Ready(0))
		})
	})
}
