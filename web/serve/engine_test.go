//go:build unix

package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vitrine/socket"
	"vitrine/trace"
)

func TestAConversation(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		r := start(t, o, Settings{Handlers: 2})
		c := r.dial()
		c.send("echo hello")
		c.expect("hello")
		for _, b := range "echo byte by byte\n" {
			io.WriteString(c, string(b))
		}
		c.expect("byte by byte")
		c.send("echo 1\necho 2\necho 3")
		for i := range 3 {
			c.expect(fmt.Sprint(i + 1))
		}
		c.send("who")
		c.expect(fmt.Sprintf("%v %v the tag", c.LocalAddr(), c.RemoteAddr()))
		c.send("pause 1\necho resumed")
		c.expect("resumed")
		c.send("spawn elsewhere\necho then")
		c.expect("elsewhere")
		c.expect("then")
		c.send("echo " + strings.Repeat("long", 20_000)) // more than the first buffers hold
		c.expect(strings.Repeat("long", 20_000))
		c.send("quit")
		c.ends()
		r.endsFor(asked)
	})
}

func TestBigAnswersGoOutInOrderAndAreReleased(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		name := filepath.Join(t.TempDir(), "file")
		os.WriteFile(name, theBig, 0o600)
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r := start(t, o, Settings{})
		r.file.Store(&socket.File{F: f, FD: int(f.Fd()), Size: int64(len(theBig))})
		c := r.dial()
		c.send("echo a\nbig 5000000\necho b\nbig 100\nfile 6000000\necho c\nfile 0\nbig 20000\nquit")
		c.expect("a")
		bytes := func(n int) {
			t.Helper()
			b := make([]byte, n)
			if _, err := io.ReadFull(c.br, b); err != nil || string(b) != string(theBig[:n]) {
				t.Fatalf("%d bytes: %v", n, err)
			}
		}
		bytes(5_000_000)
		c.expect("b")
		bytes(100)
		bytes(6_000_000)
		c.expect("c")
		bytes(20_000)
		c.ends()
		r.endsFor(asked)
		if n := r.released.n.Load(); n != 5 {
			t.Errorf("%d releases of 5", n)
		}
	})
}

func TestTheClientsEnd(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		r := start(t, o, Settings{})
		c := r.dial()
		c.send("echo last")
		io.WriteString(c, "half a line")
		c.CloseWrite()
		c.expect("last")
		c.expect("left 11")
		c.ends()
		r.endsFor(itsEnd)

		c = r.dial() // after what was asked before has been answered
		c.send("big 8000000\npause 1\necho done")
		c.CloseWrite()
		if _, err := io.CopyN(io.Discard, c.br, 8_000_000); err != nil {
			t.Error(err)
		}
		c.expect("done")
		c.ends()
		r.endsFor(itsEnd)

		c = r.dial()
		c.send("echo x")
		c.expect("x")
		c.SetLinger(0)
		c.Close()
		r.endsFor(CloseReset)

		c = r.dial() // a reset is noticed although nothing is read, when nothing was left to read
		c.send("echo x\npause 60000")
		c.expect("x")
		until(t, func() bool { return r.Open() == 1 })
		c.SetLinger(0)
		c.Close()
		r.endsFor(CloseReset)
	})
}

func TestWaysToEnd(t *testing.T) {
	eachAtOnce(t, func(t *testing.T, o Options) {
		r := start(t, o, Settings{Linger: 200 * time.Millisecond})
		t.Run("quit", func(t *testing.T) {
			c := r.dial()
			c.send("echo x\nquit\necho never")
			c.expect("x")
			io.Copy(io.Discard, c.br)
			r.endsFor(asked)
		})
		t.Run("linger, and the client ends", func(t *testing.T) {
			c := r.dial()
			c.send("echo x\nlinger")
			c.expect("x")
			c.ends()
			c.send("ignored")
			c.Close()
			r.endsFor(asked)
		})
		t.Run("linger, and the client does not end", func(t *testing.T) {
			c := r.dial()
			c.send("linger")
			c.ends()
			r.endsFor(CloseLingered)
		})
		t.Run("linger, and the client sends for ever", func(t *testing.T) {
			c := r.dial()
			c.send("linger")
			for err := error(nil); err == nil; _, err = c.Write(theBig) {
			}
			r.endsFor(CloseLingered)
		})
		t.Run("an idle one lingers for a shorter time, and that is no fault", func(t *testing.T) {
			c := r.dial()
			c.send("idle 10")
			c.ends()
			r.endsFor(asked)
		})
		t.Run("abort", func(t *testing.T) {
			c := r.dial()
			c.send("abort")
			c.breaks()
			r.endsFor(asked)
		})
		t.Run("shut, and the client goes on", func(t *testing.T) {
			c := r.dial()
			c.send("echo x\nshut")
			c.expect("x")
			c.ends()
			c.send("deadline 1")
			c.Write(theBig[:100_000])
			c.CloseWrite()
			if why := await(t, "end", r.gone); why != itsEnd && why != tooLate && why != CloseReset {
				t.Error(why) // whichever came first; the point is that it was read
			}
		})
		t.Run("a deadline", func(t *testing.T) {
			c := r.dial()
			c.send("deadline 10")
			c.expect("expired")
			c.ends()
			c.Close()
			r.endsFor(tooLate)
		})
	})
}

func TestAClientThatTakesNothing(t *testing.T) {
	eachAtOnce(t, func(t *testing.T, o Options) {
		r := start(t, o, Settings{Write: 200 * time.Millisecond})
		c := r.dial()
		c.SetReadBuffer(4 << 10)
		c.send("big 8000000")
		r.endsFor(CloseWriteTimeout)
		c.breaks()
		if n := r.released.n.Load(); n != 1 {
			t.Errorf("%d releases of 1", n)
		}
	})
}

func TestAClientThatTakesTooLittle(t *testing.T) {
	eachAtOnce(t, func(t *testing.T, o Options) {
		r := start(t, o, Settings{Write: 200 * time.Millisecond, MinRate: 1 << 30})
		buf := make([]byte, 256<<10)
		for try := 1; ; try++ {
			c := r.dial()
			c.SetReadBuffer(64 << 10)
			c.send("big 8000000")
			for err := error(nil); err == nil; _, err = io.ReadFull(c, buf) {
				<-time.After(20 * time.Millisecond)
			}
			why := await(t, "end", r.gone)
			// Where the transport does not say what was taken, a client that is this slow looks as if it took nothing.
			if why == CloseSlowReader || why == CloseWriteTimeout && o.Network == (socket.Portable{}) {
				return
			}
			// So does one that a busy machine does not let read for as long.
			if why != CloseWriteTimeout || try == 5 {
				t.Fatal(why)
			}
		}
	})
}

func TestAFileThatShrinks(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		name := filepath.Join(t.TempDir(), "file")
		os.WriteFile(name, theBig, 0o600)
		f, _ := os.OpenFile(name, os.O_RDWR, 0)
		defer f.Close()
		r := start(t, o, Settings{})
		r.file.Store(&socket.File{F: f, FD: int(f.Fd()), Size: int64(len(theBig))})
		f.Truncate(1000)
		c := r.dial()
		c.send("file 5000")
		c.breaks()
		r.endsFor(CloseFileShrank)
		f.Close() // and one that cannot be read
		c = r.dial()
		c.send("file 5000")
		c.breaks()
		r.endsFor(CloseFileFailed)
		if n := r.released.n.Load(); n != 2 {
			t.Errorf("%d releases of 2", n)
		}
	})
}

func TestWhoMayConnect(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		r := start(t, o, Settings{ConnectionsPerClient: 3})
		r.ln.Retag("another", func(a netip.Addr) *trace.Reason {
			if a == r.elsewhere() {
				return denyThem.Reach()
			}
			return nil
		})
		c, err := r.connect(r.elsewhere())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if n, _ := c.Read(make([]byte, 1)); n > 0 {
			t.Error("a denied client was answered")
		}
		if why := await(t, "refusal", r.refused); why != ReasonDenied {
			t.Error(why)
		}
		allowed := r.dial()
		allowed.send("who")
		allowed.expect(fmt.Sprintf("%v %v another", allowed.LocalAddr(), allowed.RemoteAddr()))
		if o.Architecture == Single {
			return
		}
		r.dial().send("echo")
		r.dial().send("echo")
		until(t, func() bool { return r.Open() == 3 })
		fourth := r.dial()
		if n, _ := fourth.Read(make([]byte, 1)); n > 0 {
			t.Error("one connection too many was answered")
		}
		if why := await(t, "refusal", r.refused); why != ReasonPerClient {
			t.Error(why)
		}
		allowed.Close()
		until(t, func() bool { return r.Open() == 2 })
		again := r.dial()
		again.send("echo again")
		again.expect("again")
	})
}

// IPv6 clients are counted by the /64 that one of them usually has.
func TestWhoAClientIs(t *testing.T) {
	for a, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::", "fe80::1%eth0": "fe80::",
	} {
		if got := client(netip.MustParseAddr(a)); got != netip.MustParseAddr(want) {
			t.Errorf("%s counts as %v, want %s", a, got, want)
		}
	}
}

// With as many connections as may be, the others wait in the listen queue, on whichever loop, and none is forgotten.
func TestFull(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		o.Threads = 3
		r := start(t, o, Settings{Connections: 3})
		most := 3
		if o.Architecture == Single {
			most = 1
		}
		const n = 30
		served := make(chan *caller, n)
		for range n {
			c := r.dial()
			c.send("echo x")
			go func() {
				if line, err := c.br.ReadString('\n'); line != "x\n" {
					t.Errorf("%q, %v", line, err)
				}
				served <- c
			}()
		}
		var open []*caller
		for range n {
			c := await(t, "answer", served)
			if n := r.Open(); n > most {
				t.Errorf("%d connections are open, %d may be", n, most)
			}
			if open = append(open, c); len(open) == most {
				open[0].Close()
				open = open[1:]
			}
		}
	})
}

// Without descriptors, connections wait; when there are some again they are taken.
func TestWithoutDescriptors(t *testing.T) {
	for _, arch := range []string{EventsPerCore, Threads} {
		t.Run(arch, func(t *testing.T) {
			r := start(t, Options{Architecture: arch}, Settings{})
			warm := r.dial()
			warm.send("echo x")
			warm.expect("x")
			var old unix.Rlimit
			if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
				t.Fatal(err)
			}
			low := old
			low.Cur = min(old.Cur, 256)
			if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
				t.Fatal(err)
			}
			defer unix.Setrlimit(unix.RLIMIT_NOFILE, &old)
			var held []int
			for {
				fd, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
				if err != nil {
					break
				}
				held = append(held, fd)
			}
			free := func() {
				for _, fd := range held {
					unix.Close(fd)
				}
				held = nil
			}
			defer free()
			unix.Close(held[0]) // for the client's own end
			held = held[1:]
			c := r.dial()
			c.send("echo waited")
			if err := await(t, "failure", r.failures); !errors.Is(err, unix.EMFILE) {
				t.Error(err)
			}
			warm.send("echo on")
			warm.expect("on") // those that are there are served
			free()
			c.expect("waited")
		})
	}
}

// failing is a network whose pollers refuse connections.
type failing struct{ socket.Kernel }

func (failing) NewPoller() (socket.Poller, error) {
	p, err := socket.Kernel{}.NewPoller()
	return failingPoller{p}, err
}

type failingPoller struct{ socket.Poller }

func (failingPoller) Add(socket.Endpoint, socket.Token) error { return unix.ENOSPC }

func TestAConnectionThatCannotBeWatched(t *testing.T) {
	for _, arch := range Architectures {
		t.Run(arch, func(t *testing.T) {
			r := start(t, Options{Architecture: arch, Network: failing{}}, Settings{})
			if c, err := net.Dial("tcp", r.addr); err == nil { // or the reset was faster
				defer c.Close()
			}
			r.endsFor(CloseInternal)
		})
	}
}

// What a driver leaves over is bounded, whatever it thinks.
func TestADriverThatLeavesEverything(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		r := start(t, o, Settings{Left: 100_000})
		c := r.dial()
		for err := error(nil); err == nil; _, err = io.WriteString(c, strings.Repeat("x", 10_000)) { // no line ever ends
		}
		r.endsFor(CloseUnused)
	})
}

func TestCloseEndsEverything(t *testing.T) {
	each(t, func(t *testing.T, o Options) {
		r := start(t, o, Settings{})
		c := r.dial()
		c.send("echo x\npause 60000")
		c.expect("x")
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		c.breaks()
		r.endsFor(CloseForced)
		if r.client != nil {
			return // nobody is there any more who could say no
		}
		if _, err := net.Dial("tcp", r.addr); err == nil {
			t.Error("a closed engine accepts connections")
		}
	})
}

func TestAnEngineThatWasNeverStarted(t *testing.T) {
	for _, arch := range Architectures {
		e, err := New(Options{Architecture: arch, Network: socket.Kernel{}}, Settings{})
		if err != nil {
			t.Fatal(err)
		}
		first, err := e.Listen(netip.MustParseAddrPort("127.0.0.1:0"), false, 0, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		second, err := e.Listen(netip.MustParseAddrPort("127.0.0.1:0"), false, 0, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		e.Unlisten(first)
		e.Unlisten(first) // once more does nothing
		if err := e.Close(); err != nil {
			t.Error(arch, err)
		}
		for _, ln := range []*Listener{first, second} {
			if c, err := net.Dial("tcp", ln.Addr().String()); err == nil {
				c.Close()
				t.Errorf("%s: an engine that was never started listens on", arch)
			}
		}
		e.Start() // too late: does nothing
	}
	if _, err := New(Options{Architecture: "steam", Network: socket.Kernel{}}, Settings{}); err == nil || !strings.Contains(err.Error(), "steam") {
		t.Error(err)
	}
}

func TestAnAddressInUse(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	e, err := New(Options{Architecture: EventsPerCore, Loops: 2, Network: socket.Kernel{}}, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err := e.Listen(netip.MustParseAddrPort(other.Addr().String()), false, 0, nil, nil); !errors.Is(err, unix.EADDRINUSE) {
		t.Error(err)
	}
}

func TestDrainWaits(t *testing.T) {
	eachAtOnce(t, func(t *testing.T, o Options) {
		r := start(t, o, Settings{})
		c := r.dial()
		c.send("echo x\npause 50")
		c.expect("x")
		limit := errors.New("limit")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(limit)
		if err := r.Drain(ctx); !errors.Is(err, limit) {
			t.Errorf("a drain beyond its limit: %v", err)
		}
		c.Close()
		if err := r.drain(); err != nil {
			t.Error(err)
		}
		if err := r.drain(); err != nil { // a second one has nothing to do
			t.Error(err)
		}
	})
}

// losing is a network that is lost while it is used.
type losing struct {
	socket.Kernel
	lost *atomic.Bool
}

func (n losing) NewPoller() (socket.Poller, error) {
	p, err := socket.Kernel{}.NewPoller()
	return losingPoller{p, n.lost}, err
}

type losingPoller struct {
	socket.Poller
	lost *atomic.Bool
}

func (p losingPoller) Wait(events []socket.Event, deadline time.Time) (int, error) {
	if p.lost.Load() {
		return 0, unix.ENODEV
	}
	return p.Poller.Wait(events, deadline)
}

// A loop whose network is lost says so, ends its connections and can still be told to stop.
func TestALostNetwork(t *testing.T) {
	for _, arch := range Architectures {
		t.Run(arch, func(t *testing.T) {
			n := losing{lost: new(atomic.Bool)}
			r := start(t, Options{Architecture: arch, Network: n, Loops: 1}, Settings{})
			c := r.dial()
			c.send("echo x")
			c.expect("x")
			n.lost.Store(true)
			c.send("echo x") // the loop looks, and finds out with its next wait
			if err := await(t, "failure", r.failures); !errors.Is(err, unix.ENODEV) {
				t.Error(err)
			}
			r.endsFor(CloseForced)
			if err := r.drain(); err != nil {
				t.Error(err)
			}
			r.Unlisten(r.ln)
		})
	}
}
