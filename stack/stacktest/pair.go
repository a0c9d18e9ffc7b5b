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
	a, b := link.NewWire(wire)
	server = open(t, a, Server, ServerOther, Server6)
	client = open(t, b, Client, ClientOther, Client6)
	client.Start()
	t.Cleanup(client.Stop)
	return server, client
}

func open(t testing.TB, adapter link.Adapter, addresses ...string) *stack.Stack {
	c := stack.Config{Quiet: true, TCP: tcp.Default()}
	// Small enough that a test can fill what lies between two programs.
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
