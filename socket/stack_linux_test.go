package socket

import (
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vitrine/stack"
	"vitrine/stack/link"
	"vitrine/stack/stacktest"
)

func init() { described = withDescriptor }

// signalled is an end of a wire whose queues have a descriptor, which is readable from when frames came to when they are
// taken.
type signalled struct {
	link.Adapter
	bells []bell
}

// bell is an eventfd.
type bell struct {
	fd   int
	file *os.File
}

func (b bell) ring() { b.file.Write([]byte{1, 0, 0, 0, 0, 0, 0, 0}) }

func (a *signalled) Queue(i int) link.Queue { return signalledQueue{a.Adapter.Queue(i), a.bells[i]} }

type signalledQueue struct {
	link.Queue
	bell
}

func (q signalledQueue) Descriptor() int { return q.fd }

// Reserve has the owner look again soon: an eventfd does not become writable when the ring has room.
func (q signalledQueue) Reserve(n int) []byte {
	b := q.Queue.Reserve(n)
	if b == nil {
		time.AfterFunc(time.Millisecond, q.ring)
	}
	return b
}

func (q signalledQueue) Receive(frames []link.Frame) (int, error) {
	var b [8]byte
	unix.Read(q.fd, b[:])
	return q.Queue.Receive(frames)
}

func withDescriptor(t *testing.T, c stack.Config, wire link.WireOptions) (server, client *stack.Stack) {
	t.Helper()
	var bells []bell
	for range max(wire.Queues, 1) {
		fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
		if err != nil {
			t.Fatal(err)
		}
		f := os.NewFile(uintptr(fd), "bell")
		t.Cleanup(func() { f.Close() })
		bells = append(bells, bell{fd, f})
	}
	wire.Notify = func(end, queue int) {
		if end == 0 {
			bells[queue].ring()
		}
	}
	a, b := link.NewWire(wire)
	server = stacktest.On(t, &signalled{a, bells}, c)
	client = stacktest.ClientOn(t, b)
	client.Start()
	t.Cleanup(client.Stop)
	return server, client
}

// The kernel's sockets and connections of the own stack are waited for in one place, and neither keeps the other out.
func TestTheKernelsAndOursInOnePoller(t *testing.T) {
	server, client := withDescriptor(t, stack.Config{}, link.WireOptions{})
	n := ownStack(server, client, false)
	p := newPoller(t, n)
	k := kernel()
	kl := k.listen(t, k.at(), false)
	if err := p.AddListener(kl, 1); err != nil {
		t.Fatal(err)
	}
	kc, err := net.Dial("tcp", kl.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer kc.Close()
	waitFor(t, p, 1, Readable)
	ka := k.accept(t, p, kl).Endpoint
	if err := p.Remove(kl); err != nil {
		t.Fatal(err)
	}
	ep, c := n.pair(t, p)
	for i, e := range []Endpoint{ka, ep} {
		if err := p.Add(e, Token(10+i)); err != nil {
			t.Fatal(err)
		}
		waitFor(t, p, Token(10+i), Writable)
	}
	for range 3 { // when both sleep
		io.WriteString(kc, "x")
		waitFor(t, p, 10, Readable)
		empty(t, ka)
		io.WriteString(c, "x")
		waitFor(t, p, 11, Readable)
		empty(t, ep)
	}
	// And when frames never cease to come: nobody sleeps, and the kernel is asked all the same.
	var stop atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		for !stop.Load() {
			c.SetWriteDeadline(time.Now().Add(moment))
			io.WriteString(c, strings.Repeat("x", 1000))
		}
	}()
	for range 20 {
		io.WriteString(kc, "x")
		seen := false
		for end := time.Now().Add(patience); !seen; {
			found := next(t, p, end)
			seen = found[10]&Readable != 0
			if found[11] != 0 {
				empty(t, ep)
			}
			if time.Now().After(end) {
				t.Fatal("the kernel's endpoint is kept out")
			}
		}
		empty(t, ka)
	}
	stop.Store(true)
	n.meanwhile(t, p, func() { <-done })
}

// Interrupts are moderated and the adapter is polled busily as its Notice says.
func TestArrivalsAreNoticedAsTheAdapterIsTold(t *testing.T) {
	rounds := func(t *testing.T, notice link.Notice) (p Poller, c link.NoticeCounters, took time.Duration) {
		server, client := withDescriptor(t, stack.Config{Card: link.CardOptions{Notice: notice}}, link.WireOptions{})
		n := ownStack(server, client, false)
		p = newPoller(t, n)
		ep, other := n.pair(t, p)
		p.Add(ep, 1)
		began, before := time.Now(), server.Shard(0).Notice().Counters()
		for range 10 {
			io.WriteString(other, "x")
			waitFor(t, p, 1, Readable)
			empty(t, ep)
		}
		c = server.Shard(0).Notice().Counters()
		c.Interrupts -= before.Interrupts
		return p, c, time.Since(began)
	}
	t.Run("at once", func(t *testing.T) {
		if _, c, _ := rounds(t, link.Notice{}); c.Interrupts == 0 || c.Moderated != 0 || c.Spins != 0 {
			t.Errorf("%+v", c)
		}
	})
	t.Run("moderated", func(t *testing.T) {
		const gap = 20 * time.Millisecond
		p, c, took := rounds(t, link.Notice{Gap: int64(gap)})
		if c.Moderated == 0 || c.Interrupts > 1+uint64(took/gap) {
			t.Errorf("%+v, ten rounds took %v", c, took)
		}
		p.Wake() // ends a moderated wait too
		wait(t, p, time.Time{})
	})
	t.Run("busy polling", func(t *testing.T) {
		p, c, _ := rounds(t, link.Notice{Budget: int64(time.Hour)})
		if c.Spins == 0 {
			t.Errorf("%+v", c)
		}
		wait(t, p, time.Now().Add(moment)) // a deadline ends it
		go p.Wake()
		wait(t, p, time.Time{})
	})
}

// A transmit ring that is full holds the sender up, and loses nothing.
func TestAFullRing(t *testing.T) {
	each := func(t *testing.T, server, client *stack.Stack) {
		n := ownStack(server, client, false)
		p := newPoller(t, n)
		ep, other := n.pair(t, p)
		p.Add(ep, 1)
		const size = 4 << 20
		sent := 0
		var got int64
		var err error
		done := make(chan struct{})
		go func() {
			got, err = io.CopyN(io.Discard, other, size)
			close(done)
		}()
		block := make([]byte, size)
		for sent < size {
			m, err := ep.Write(block[sent:], false)
			if err == ErrWouldBlock {
				waitFor(t, p, 1, Writable)
			} else if err != nil {
				t.Fatal(err)
			}
			sent += m
		}
		var c stack.Counters
		n.meanwhile(t, p, func() {
			<-done
			c, _ = server.Counters(t.Context())
		})
		if got != size || err != nil {
			t.Errorf("%d bytes arrived, %v", got, err)
		}
		if c.Shards[0].Card.Queue.TransmitFull == 0 {
			t.Errorf("the ring was never full: %+v", c.Shards[0].Card)
		}
	}
	t.Run("waits", func(t *testing.T) {
		server, client := stacktest.Pair(t, link.WireOptions{Ring: 4})
		each(t, server, client)
	})
	t.Run("descriptor", func(t *testing.T) {
		server, client := withDescriptor(t, stack.Config{}, link.WireOptions{Ring: 4})
		each(t, server, client)
	})
}

func TestPollersOfTheOwnStackAreItsShards(t *testing.T) {
	server, client := stacktest.Pair(t, link.WireOptions{Queues: 2})
	n := ownStack(server, client, false)
	if got := n.Network.(Sharded).Loops(); got != 2 {
		t.Errorf("%d loops for two queues", got)
	}
	first, second := newPoller(t, n), newPoller(t, n)
	if _, err := n.NewPoller(); err == nil || !strings.Contains(err.Error(), "2 queues") {
		t.Errorf("a third poller: %v", err)
	}
	second.Close()
	newPoller(t, n) // in the place of the one that was closed
	ep, _ := kernel().pair(t, newPoller(t, kernel()))
	if err := first.Add(ep, 1); err != nil {
		t.Error("a wire in memory is waited for together with the kernel's sockets:", err)
	}
}
