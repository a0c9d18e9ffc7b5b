package stack_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vitrine/stack"
	"vitrine/stack/link"
	"vitrine/stack/tcp"
)

// remotes are both ends of a connection, without blocking.
func remotes(tb testing.TB) (client, server *stack.Remote) {
	a, b := twoHosts(tb, link.WireOptions{})
	c, s := connect(tb, a, b, "tcp", "198.18.0.2:0")
	return c.Endpoint(), s.Endpoint()
}

// listen collects a Remote's events.
func listen(r *stack.Remote) <-chan stack.Ready {
	events := make(chan stack.Ready, 1000)
	r.Notify(func(ready stack.Ready) { events <- ready })
	return events
}

func next(tb testing.TB, events <-chan stack.Ready) stack.Ready {
	tb.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(time.Minute):
		tb.Fatal("no event came")
		return 0
	}
}

// Readiness is an edge: told once, and again only after an operation found out that there is no more.
func TestRemoteReadinessIsAnEdge(t *testing.T) {
	client, server := remotes(t)
	events := listen(server)
	client.Write([]byte("one"), false)
	if e := next(t, events); e != stack.Readable {
		t.Fatalf("the first bytes were told as %b", e)
	}
	client.Write([]byte("two"), false)
	buf := make([]byte, 3)
	await(t, "the second bytes", func() bool {
		if n, err := server.Peek(make([]byte, 10)); n < 6 || err != nil {
			return false
		}
		return true
	})
	if n, err := server.Read(buf); n != 3 || err != nil || string(buf) != "one" {
		t.Fatalf("%q, %v", buf[:n], err)
	}
	client.Write([]byte("tre"), false)
	await(t, "the third bytes", func() bool { n, _ := server.Peek(make([]byte, 10)); return n == 6 })
	select {
	case e := <-events:
		t.Fatalf("%b was told although no read had come to an end", e)
	default:
	}
	if n, err := server.Read(make([]byte, 100)); n != 6 || err != nil { // short: that is an end
		t.Fatalf("%d, %v", n, err)
	}
	client.Write([]byte("x"), false)
	if e := next(t, events); e != stack.Readable {
		t.Fatalf("after a short read: %b", e)
	}
	server.Read(buf)
	if _, err := server.Read(buf); err != stack.ErrWouldBlock {
		t.Fatalf("reading where nothing is: %v", err)
	}
	client.CloseWrite()
	if e := next(t, events); e != stack.Readable|stack.HalfShut {
		t.Fatalf("the peer's end was told as %b", e)
	}
	if _, err := server.Read(buf); err != io.EOF {
		t.Fatalf("after the peer's end: %v", err)
	}
	client.Abort()
	if e := next(t, events); e&stack.Hangup == 0 {
		t.Fatalf("a reset was told as %b", e)
	}
}

// Whoever takes a short count for the end is told of the peer's end all the same, even if both came together.
func TestRemoteShortReadBeforeTheEnd(t *testing.T) {
	client, server := remotes(t)
	client.Write([]byte("all"), false)
	client.CloseWrite()
	await(t, "the end", func() bool { return server.State(0)&stack.HalfShut != 0 })
	events := listen(server)
	if e := next(t, events); e != stack.Readable|stack.HalfShut {
		t.Fatalf("%b", e)
	}
	if n, err := server.Read(make([]byte, 100)); n != 3 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if e := next(t, events); e != stack.Readable|stack.HalfShut {
		t.Fatalf("after the short read %b was told", e)
	}
}

// A writer that was stopped is told when there is room worth coming back for.
func TestRemoteWriterIsToldOfRoom(t *testing.T) {
	client, server := remotes(t)
	events := listen(client)
	sent := 0
	piece := make([]byte, 32<<10)
	for {
		n, err := client.Write(piece, false)
		sent += n
		if err == stack.ErrWouldBlock {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if sent > 64<<20 {
			t.Fatal("writing never stops although nobody reads")
		}
		if n == len(piece) {
			continue
		}
		select { // TCP may still take some
		case <-events:
		case <-time.After(100 * time.Millisecond):
		}
	}
	for len(events) > 0 {
		<-events
	}
	if unsent := client.Unsent(); unsent <= 0 || unsent > sent {
		t.Errorf("%d of %d bytes are called unsent", unsent, sent)
	}
	go io.Copy(io.Discard, stack.NewTCPConn(server))
	if e := next(t, events); e&stack.Writable == 0 {
		t.Errorf("%b was told", e)
	}
	await(t, "the acknowledgement of everything", func() bool { return client.Unsent() == 0 })
	for range 10 { // writing that is not stopped is no reason to be told of room
		client.Write([]byte("x"), false)
		await(t, "the acknowledgement", func() bool { return client.Unsent() == 0 })
	}
	if n := len(events); n != 0 {
		t.Errorf("%d events although every write was taken whole", n)
	}
}

// One end without blocking, in pieces of all sizes with a file among them; the other reads what was written.
func TestRemoteCarriesWhatWasWritten(t *testing.T) {
	client, server := remotes(t)
	random := rand.New(rand.NewPCG(3, 4))
	var want bytes.Buffer
	file := strings.NewReader(strings.Repeat("a file of some length. ", 20_000))
	content := make([]byte, file.Len())
	file.ReadAt(content, 0)
	events := listen(client)
	client.State(stack.Writable)
	var all sync.WaitGroup
	var got bytes.Buffer
	all.Go(func() { io.Copy(&got, stack.NewTCPConn(server)) })
	for want.Len() < 8<<20 {
		var n int
		var err error
		switch random.IntN(3) {
		case 0:
			p := make([]byte, random.IntN(100_000))
			for i := range p {
				p[i] = byte(random.Uint32())
			}
			n, err = client.Write(p, random.IntN(2) == 0)
			want.Write(p[:n])
		case 1:
			p, q := bytes.Repeat([]byte{1}, random.IntN(3000)), bytes.Repeat([]byte{2}, random.IntN(3000))
			n, err = client.Writev(p, q)
			want.Write(append(p, q...)[:n])
		case 2:
			off := random.IntN(len(content))
			n, err = client.WriteFile(file, int64(off), min(random.IntN(200_000), len(content)-off))
			want.Write(content[off : off+n])
		}
		if err == stack.ErrWouldBlock {
			next(t, events)
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.WriteFile(file, int64(len(content)), 1); err != io.ErrUnexpectedEOF && err != stack.ErrWouldBlock {
		t.Errorf("behind the file's end: %v", err)
	}
	client.CloseWrite()
	all.Wait()
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Errorf("%d bytes came of %d, or they differ", got.Len(), want.Len())
	}
}

// The journey that an application names is the connection's in the socket table.
func TestRemoteTag(t *testing.T) {
	client, server := remotes(t)
	client.Tag(77)
	client.Write([]byte("x"), false)
	await(t, "the byte", server.Unread)
	if info, err := client.Info(t.Context()); err != nil || info.Tag != 77 {
		t.Errorf("the connection is on journey %v, %v", info.Tag, err)
	}
	client.Close()
	await(t, "the end", func() bool { return client.State(0)&stack.Hangup != 0 })
	if _, err := client.Info(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestRemoteWritesAllocateNothing(t *testing.T) {
	client, server := remotes(t)
	message := make([]byte, 100)
	buf := make([]byte, 100)
	echo := func() {
		client.Write(message, false)
		for n := 0; n < 100; {
			k, _ := server.Read(buf)
			if n += k; k == 0 {
				runtime.Gosched()
			}
		}
	}
	echo()
	if n := testing.AllocsPerRun(200, echo); n > 3 { // the wire's goroutines share the count
		t.Errorf("%v allocations for a message", n)
	}
}

// What the peer does not take is not kept for ever once the application has closed.
func TestClosedConnectionDoesNotLingerForEver(t *testing.T) {
	before := stack.ClosedStuck.Reached()
	a, b := twoHosts(t, link.WireOptions{})
	client, server := connect(t, a, b, "tcp", "198.18.0.2:0")
	client.SetLinger(1)
	much := make([]byte, 64<<20)
	client.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
	if _, err := client.Write(much); err == nil {
		t.Fatal("64 MiB fit where nobody reads")
	}
	client.Close()
	n, err := io.Copy(io.Discard, slowly{server})
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("after %d bytes: %v", n, err)
	}
	if stack.ClosedStuck.Reached() == before {
		t.Error("the reason was not reached")
	}
}

// slowly reads only once the peer has given up, as its reset shows.
type slowly struct{ c *stack.TCPConn }

func (s slowly) Read(p []byte) (int, error) {
	for s.c.Endpoint().State(0)&stack.Hangup == 0 {
		time.Sleep(time.Millisecond)
	}
	return s.c.Read(p)
}

// Twenty thousand connections leave nothing behind: no goroutine, no socket, no memory.
func TestConnectionsLeaveNothingBehind(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	a, b := twoHosts(t, link.WireOptions{}, func(cfg *stack.Config) {
		cfg.TCP = tcp.Default()
		cfg.TCP.TimeWait = int64(100 * time.Millisecond)
	})
	l, err := b.ListenTCP("198.18.0.2:80")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				buf := make([]byte, 1)
				n, _ := c.Read(buf)
				if n == 1 && buf[0]%2 == 0 { // every second time the server closes first
					c.Write(buf)
					c.Close()
					return
				}
				c.Write(buf[:n])
				c.Read(buf)
				c.Close()
			})
		}
	})
	visit := func(times int) {
		var all sync.WaitGroup
		for worker := range 20 {
			all.Go(func() {
				buf := make([]byte, 1)
				for i := range times / 20 {
					c, err := a.Dial(t.Context(), "tcp", "198.18.0.2:80")
					if err != nil {
						t.Errorf("worker %d, connection %d: %v", worker, i, err)
						return
					}
					c.Write([]byte{byte(i)})
					if _, err := io.ReadFull(c, buf); err != nil {
						t.Errorf("worker %d, connection %d: %v", worker, i, err)
					}
					c.Close()
				}
			})
		}
		all.Wait()
	}
	settled := func() (goroutines int, heap uint64) {
		for _, s := range []*stack.Stack{a, b} {
			await(t, "the end of every connection", func() bool {
				sockets, err := s.Sockets(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, i := range sockets {
					if i.State != "LISTEN" {
						return false
					}
				}
				return true
			})
		}
		for range 3 { // what pools hold goes, too
			runtime.GC()
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return runtime.NumGoroutine(), m.HeapAlloc
	}
	visit(2000)
	goroutines, heap := settled()
	visit(20_000)
	goroutinesAfter, heapAfter := settled()
	if goroutinesAfter > goroutines {
		t.Errorf("%d goroutines, %d before", goroutinesAfter, goroutines)
	}
	if heapAfter > heap+1<<20 {
		t.Errorf("%d KiB of memory, %d before", heapAfter>>10, heap>>10)
	}
	l.Close()
	serving.Wait()
}

var _ net.Conn = (*stack.TCPConn)(nil)
var _ net.Listener = (*stack.TCPListener)(nil)
var _ net.PacketConn = (*stack.UDPConn)(nil)
var _ io.ReaderFrom = (*stack.TCPConn)(nil)
