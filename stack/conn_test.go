package stack

import (
	"errors"
	"io"
	"syscall"
	"testing"

	"vitrine/stack/link"
	"vitrine/stack/tcp"
)

func TestConnectionsCarryBytesBothWaysAndEndInOrder(t *testing.T) {
	for _, family := range []struct{ name, listen, remote string }{
		{"IPv4", "198.18.203.1:80", "198.18.203.1:80"},
		{"IPv6", "[fd00:198:18::1]:80", "[fd00:198:18::1]:80"},
		{"IPv4 on all addresses", "0.0.0.0:80", "198.18.203.1:80"},
	} {
		for _, medium := range []struct {
			name string
			wire link.WireOptions
		}{{"cable", link.WireOptions{}}, {"offloads", link.WireOptions{Offloads: true}}} {
			t.Run(family.name+"/"+medium.name, func(t *testing.T) {
				p := newPair(t, func(o *pairOptions) { o.wire = medium.wire })
				l := p.listen(family.listen, ListenOptions{})
				client, server := p.connected(l, "", family.remote)
				w := new(watch)
				server.SetOwner(w, 7)
				p.transfer(client, server, pattern(300_000))
				if w.take()&Readable == 0 || server.Token() != 7 {
					t.Fatal("the owner was not told that bytes can be read")
				}
				p.transfer(server, client, pattern(300_000))

				client.CloseWrite()
				p.settle()
				if w.take()&(HalfShut|Readable) != HalfShut|Readable {
					t.Fatal("the owner was not told of the peer's end")
				}
				if _, err := server.Read(make([]byte, 1)); err != io.EOF {
					t.Fatalf("Read at the peer's end: %v", err)
				}
				server.Write([]byte("bye"), false)
				server.Close()
				p.settle()
				mustRead(t, client, "bye")
				if _, err := client.Read(make([]byte, 1)); err != io.EOF {
					t.Fatalf("Read at the peer's end: %v", err)
				}
				if _, err := client.Write([]byte("x"), false); err != syscall.EPIPE {
					t.Fatalf("Write after CloseWrite: %v", err)
				}
				client.Close()
				p.settle()
				ca, cb := p.a.Shard(0).Counters(), p.b.Shard(0).Counters()
				if ca.Connections != 0 || cb.Connections != 0 || ca.TimeWait != 0 || cb.TimeWait != 1 {
					t.Fatalf("left: %d and %d connections, %d and %d TIME_WAIT records", ca.Connections, cb.Connections, ca.TimeWait, cb.TimeWait)
				}
				if ca.SendMemory != 0 || cb.SendMemory != 0 || ca.ReceiveMemory != 0 || cb.ReceiveMemory != 0 || ca.Orphans != 0 {
					t.Fatalf("memory is left in use: %+v %+v", ca, cb)
				}
				p.pass(61 * second)
				if n := p.b.Shard(0).Counters().TimeWait; n != 0 {
					t.Fatalf("%d TIME_WAIT records are left after 2 MSL", n)
				}
				if d := p.deadline(); d != 0 {
					t.Fatalf("something is still due, in %d ms", (d-p.now)/millisecond)
				}
			})
		}
	}
}

// The seeds' example: the same port at two addresses is two connections.
func TestTwoClientsWithTheSamePortAreTwoConnections(t *testing.T) {
	p := newPair(t, func(o *pairOptions) {
		o.b.Addresses = prefixes("198.18.203.153/24", "198.18.203.86/24")
	})
	l := p.listen("198.18.203.1:80", ListenOptions{})
	one, oneAccepted := p.connected(l, "198.18.203.153:1025", "198.18.203.1:80")
	two, twoAccepted := p.connected(l, "198.18.203.86:1025", "198.18.203.1:80")
	if oneAccepted.Remote() != addr("198.18.203.153:1025") || twoAccepted.Remote() != addr("198.18.203.86:1025") {
		t.Fatalf("the peers are %v and %v", oneAccepted.Remote(), twoAccepted.Remote())
	}
	if oneAccepted.Local() != twoAccepted.Local() || oneAccepted == twoAccepted {
		t.Fatal("they are not two connections to one address")
	}
	one.Write([]byte("from 153"), false)
	two.Write([]byte("from 86"), false)
	p.settle()
	mustRead(t, oneAccepted, "from 153")
	mustRead(t, twoAccepted, "from 86")
	if _, err := p.b.Shard(0).Connect(addr("198.18.203.86:1025"), addr("198.18.203.1:80"), ConnectOptions{}, nil); err != syscall.EADDRINUSE {
		t.Fatalf("a third from the same address: %v", err)
	}
}

func TestNobodyListening(t *testing.T) {
	p := newPair(t)
	for _, remote := range []string{"198.18.203.1:81", "[fd00:198:18::1]:81"} {
		c, w := p.dial("", remote)
		p.settle()
		if w.take()&Hangup == 0 || c.Err() != syscall.ECONNREFUSED {
			t.Fatalf("connecting where nobody listens: %v", c.Err())
		}
		c.Close()
	}
	p.settle()
	if a := p.a.Shard(0).Counters(); a.ResetsOut != 2 {
		t.Fatalf("%d resets were sent", a.ResetsOut)
	}
}

func TestNobodyThere(t *testing.T) {
	p := newPair(t)
	for _, c := range []struct {
		remote string
		want   error
	}{{"198.18.203.99:80", syscall.EHOSTUNREACH}, {"[fd00:198:18::99]:80", syscall.EHOSTUNREACH}} {
		conn, w := p.dial("", c.remote)
		p.pass(4 * second)
		if w.take()&Hangup == 0 || conn.Err() != c.want {
			t.Fatalf("%s: told %v, error %v", c.remote, w, conn.Err())
		}
		conn.Close()
	}
	if _, err := p.b.Shard(0).Connect(addr("0.0.0.0:0"), addr("203.0.113.1:80"), ConnectOptions{}, nil); err != syscall.ENETUNREACH {
		t.Fatalf("without a route: %v", err)
	}
}

func TestPeerThatDoesNotAnswerTimesOut(t *testing.T) {
	p := newPair(t)
	l := p.listen("198.18.203.1:80", ListenOptions{})
	client, _ := p.connected(l, "", "198.18.203.1:80")
	w := new(watch)
	client.SetOwner(w, 0)
	p.lose = func(from int, _ []byte) bool { return from == 0 }
	client.Write([]byte("hello"), false)
	p.pass(30 * 60 * second)
	if w.take()&Hangup == 0 || !errors.Is(client.Err(), syscall.ETIMEDOUT) && !errors.Is(client.Err(), syscall.EHOSTUNREACH) {
		t.Fatalf("after half an hour: %v, %v", client.Err(), client.Info())
	}
}

func TestAbortResets(t *testing.T) {
	p := newPair(t)
	l := p.listen("198.18.203.1:80", ListenOptions{})
	client, server := p.connected(l, "", "198.18.203.1:80")
	w := new(watch)
	server.SetOwner(w, 0)
	client.Write([]byte("unread"), false)
	p.settle()
	client.Abort()
	p.settle()
	if w.take()&Hangup == 0 || server.Err() != syscall.ECONNRESET {
		t.Fatalf("the peer was told %v", server.Err())
	}
	mustRead(t, server, "unread")
	if _, err := server.Read(make([]byte, 1)); err != syscall.ECONNRESET {
		t.Fatalf("Read behind the last byte: %v", err)
	}
	if _, err := server.Write([]byte("x"), false); err != syscall.ECONNRESET {
		t.Fatalf("Write: %v", err)
	}
	server.Close()
	p.settle()
	for _, s := range p.shards() {
		if c := s.Counters(); c.Connections != 0 || c.ReceiveMemory != 0 || c.Orphans != 0 {
			t.Fatalf("left over: %+v", c)
		}
	}
}

func TestClosingWithUnreadBytesResets(t *testing.T) {
	p := newPair(t)
	l := p.listen("198.18.203.1:80", ListenOptions{})
	client, server := p.connected(l, "", "198.18.203.1:80")
	client.Write([]byte("unread"), false)
	p.settle()
	if !server.Unread() || server.Readable() != 6 {
		t.Fatal("the bytes have not arrived")
	}
	server.Close()
	p.settle()
	if client.Err() != syscall.ECONNRESET {
		t.Fatalf("the peer was told %v", client.Err())
	}
}

func TestLossIsRepaired(t *testing.T) {
	for _, wire := range []link.WireOptions{{}, {Offloads: true}} {
		p := newPair(t, func(o *pairOptions) { o.wire = wire })
		l := p.listen("198.18.203.1:80", ListenOptions{})
		client, server := p.connected(l, "", "198.18.203.1:80")
		n := 0
		p.lose = func(_ int, frame []byte) bool { n++; return n%17 == 0 }
		p.transfer(server, client, pattern(1_000_000))
		p.transfer(client, server, pattern(1_000_000))
		p.lose = nil
		if i := server.Info(); i.TCP.State != tcp.StateEstablished {
			t.Fatalf("state %v", i.State)
		}
	}
}

// A frame that the adapter has no room for waits; nothing is lost.
func TestBackPressure(t *testing.T) {
	p := newPair(t, func(o *pairOptions) { o.wire.Ring = 4 })
	l := p.listen("198.18.203.1:80", ListenOptions{})
	client, server := p.connected(l, "", "198.18.203.1:80")
	before := reasonBlocked.Reached()
	p.transfer(server, client, pattern(500_000))
	if reasonBlocked.Reached() == before {
		t.Fatal("the ring was never full")
	}
	if i := server.Info().TCP; i.Sender.Retransmitted != 0 {
		t.Fatalf("%d bytes were sent again although none was lost", i.Sender.Retransmitted)
	}
}

func TestTheOwnAddressIsReachedWithoutTheWire(t *testing.T) {
	for _, at := range []string{"198.18.203.2:80", "[fd00:198:18::2]:80"} {
		p := newPair(t)
		l, err := p.b.Listen(addr(at), ListenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		l.Attach(p.b.Shard(0), func() {})
		client, server := p.connected(l, "", at)
		p.transfer(client, server, pattern(100_000))
		p.transfer(server, client, pattern(100_000))
		if n := p.b.Shard(0).Counters().Card.Queue.SentFrames; n != 0 {
			t.Fatalf("%d frames left the host", n)
		}
	}
}
