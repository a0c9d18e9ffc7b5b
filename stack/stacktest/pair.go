// Package stacktest puts two stacks on a wire in memory, for the tests of whatever is built on a stack.
package stacktest

import (
	"net/netip"
	"testing"

	"vitrine/stack"
	"vitrine/stack/link"
	"vitrine/stack/tcp"
)

// The addresses of the two stacks.
const (
	Server      = "198.18.0.1"
	ServerOther = "198.18.0.9"
	Server6     = "fd00:198:18::1"
	Client      = "198.18.0.2"
	ClientOther = "198.18.0.3"
	Client6     = "fd00:198:18::2"
)

// Pair makes two stacks on a wire. The client runs by itself until the test's end; who wants the server to do anything
// drives its shards.
func Pair(t testing.TB, wire link.WireOptions) (server, client *stack.Stack) {
	t.Helper()
	server, client = Stacks(t, stack.Config{}, wire)
	client.Start()
	t.Cleanup(client.Stop)
	return server, client
}

// Stacks makes two stacks on a wire, of which neither runs by itself. c is the server's configuration but for its
// addresses.
func Stacks(t testing.TB, c stack.Config, wire link.WireOptions) (server, client *stack.Stack) {
	t.Helper()
	a, b := link.NewWire(wire)
	return On(t, a, c), ClientOn(t, b)
}

// ClientOn makes the client's stack on an adapter.
func ClientOn(t testing.TB, a link.Adapter) *stack.Stack {
	t.Helper()
	return open(t, a, stack.Config{}, Client, ClientOther, Client6)
}

// On makes the server's stack on an adapter.
func On(t testing.TB, a link.Adapter, c stack.Config) *stack.Stack {
	t.Helper()
	return open(t, a, c, Server, ServerOther, Server6)
}

func open(t testing.TB, adapter link.Adapter, c stack.Config, addresses ...string) *stack.Stack {
	t.Helper()
	// Small enough that a test can fill what lies between two programs.
	c.Quiet, c.TCP = true, tcp.Default()
	c.TCP.ReceiveWindowMax, c.TCP.SendBufferMax = 1<<20, 1<<20
	for _, s := range addresses {
		a, bits := netip.MustParseAddr(s), 24
		if a.Is6() {
			bits = 64
		}
		c.Addresses = append(c.Addresses, netip.PrefixFrom(a, bits))
	}
	s, err := stack.New(c, adapter)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// ToFirst is a Steer that has every frame arrive on the first queue, so that a server with several is served by its first
// shard alone.
func ToFirst([]byte, int) int { return 0 }
