//go:build unix

package socket

import (
	"context"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"vitrine/stack"
	"vitrine/stack/link"
	"vitrine/stack/stacktest"
)

// network is a Network under test with a way to reach it.
type network struct {
	Network
	// host and other are two of its IPv4 addresses, host6 is one of its IPv6 addresses.
	host, other, host6 string
	dial               func(ctx context.Context, addr string) (net.Conn, error)
	// driven: nothing moves while nobody calls Wait.
	driven bool
}

// peer is the other end of a connection.
type peer interface {
	net.Conn
	CloseWrite() error
	SetLinger(seconds int) error
}

// each runs a test on every network of this system.
func each(t *testing.T, f func(t *testing.T, n *network)) {
	t.Run("kernel", func(t *testing.T) { f(t, kernel()) })
	t.Run("portable", func(t *testing.T) {
		n := kernel()
		n.Network = Portable{}
		f(t, n)
	})
	eachStack(t, f)
}

// kernel is the network of the kernel's sockets.
func kernel() *network {
	return &network{Network: Kernel{}, host: "127.0.0.1", other: "127.0.0.9", host6: "::1",
		dial: func(ctx context.Context, addr string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", addr)
		}}
}

// eachStack runs a test on the own stack, as it is used on the poller's goroutine and away from it.
func eachStack(t *testing.T, f func(t *testing.T, n *network)) {
	two := link.WireOptions{Queues: 2, Steer: stacktest.ToFirst}
	t.Run("stack", func(t *testing.T) {
		server, client := stacktest.Pair(t, two)
		f(t, ownStack(server, client, false))
	})
	t.Run("stack, shared", func(t *testing.T) {
		server, client := stacktest.Pair(t, two)
		f(t, ownStack(server, client, true))
	})
	if described != nil {
		t.Run("stack, descriptor", func(t *testing.T) {
			server, client := described(t, stack.Config{}, two)
			f(t, ownStack(server, client, false))
		})
	}
}

// described makes the two stacks where the server's adapter has a descriptor. nil: this system has nothing to wait for it.
var described func(t *testing.T, c stack.Config, wire link.WireOptions) (server, client *stack.Stack)

// sharing is the own stack's Network with endpoints for use anywhere.
type sharing struct{ *Stack }

func (s sharing) Listen(addr netip.AddrPort, dual bool, o ListenOptions) (Listener, error) {
	o.Shared = true
	return s.Stack.Listen(addr, dual, o)
}

// ownStack is the network of a stack that another one, which runs by itself, reaches by a wire in memory.
func ownStack(server, client *stack.Stack, shared bool) *network {
	n := &network{Network: NewStack(server), host: stacktest.Server, other: stacktest.ServerOther, host6: stacktest.Server6, driven: true,
		dial: func(ctx context.Context, addr string) (net.Conn, error) { return client.Dial(ctx, "tcp", addr) }}
	if shared {
		n.Network = sharing{n.Network.(*Stack)}
	}
	return n
}

// at is any port of the network's host.
func (n *network) at() string { return net.JoinHostPort(n.host, "0") }

// turn lets the network work for a moment. Events are not looked at.
func (n *network) turn(t *testing.T, p Poller) {
	t.Helper()
	if !n.driven {
		runtime.Gosched()
		return
	}
	if _, err := p.Wait(nil, time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
}

// until lets the network work until the condition holds.
func (n *network) until(t *testing.T, p Poller, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !condition(); n.turn(t, p) {
		if time.Now().After(end) {
			t.Fatal("what was waited for has not come: " + what)
		}
	}
}

// meanwhile lets the network work while f, which may block, runs on another goroutine.
func (n *network) meanwhile(t *testing.T, p Poller, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		f()
		close(done)
	}()
	for {
		select {
		case <-done:
			return
		default:
		}
		if n.driven {
			n.turn(t, p)
		} else {
			<-done
			return
		}
	}
}

func (n *network) listen(t *testing.T, addr string, dual bool) Listener {
	t.Helper()
	l, err := n.Listen(netip.MustParseAddrPort(addr), dual, ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func newPoller(t *testing.T, n *network) Poller {
	t.Helper()
	p, err := n.NewPoller()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// connect makes a connection to the address.
func (n *network) connect(t *testing.T, p Poller, addr string) (c peer, err error) {
	t.Helper()
	n.meanwhile(t, p, func() {
		var nc net.Conn
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if nc, err = n.dial(ctx, addr); err == nil {
			c = nc.(peer)
		}
	})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return c, nil
}

// accept takes the connection that must be waiting or on its way.
func (n *network) accept(t *testing.T, p Poller, l Listener) (a Accepted) {
	t.Helper()
	n.until(t, p, "a connection", func() bool {
		var err error
		if a, err = l.Accept(); err != nil && err != ErrWouldBlock {
			t.Fatal(err)
		}
		return err == nil
	})
	t.Cleanup(func() { a.Endpoint.Close() })
	return a
}

// pair is a connection: our end and a client's.
func (n *network) pair(t *testing.T, p Poller) (Endpoint, peer) {
	t.Helper()
	l := n.listen(t, n.at(), false)
	if err := p.AddListener(l, 1<<62); err != nil {
		t.Fatal(err)
	}
	c, err := n.connect(t, p, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	a := n.accept(t, p, l)
	if err := p.Remove(l); err != nil {
		t.Fatal(err)
	}
	return a.Endpoint, c
}

// fill writes until the other side, which reads nothing, and everything in between are full. It says how much that was.
func (n *network) fill(t *testing.T, p Poller, ep Endpoint) (sent int) {
	t.Helper()
	block := make([]byte, 1<<20)
	var events [16]Event
	for last := time.Now(); ; {
		m, err := ep.Write(block, false)
		switch {
		case err == nil:
			sent += m
			last = time.Now()
			continue
		case err != ErrWouldBlock:
			t.Fatal(err)
		case !n.driven || time.Since(last) > 10*moment:
			return sent
		}
		if _, err := p.Wait(events[:], time.Now().Add(time.Millisecond)); err != nil {
			t.Fatal(err)
		}
	}
}
