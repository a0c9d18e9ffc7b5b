package stack

import (
	"bytes"
	"context"
	"hash/fnv"
	"testing"
	"time"

	"vitrine/stack/link"
	"vitrine/stack/tcp/segment"
)

// steered makes a pair with several queues at each end, where every frame arrives on a queue chosen as if to annoy.
func steered(t *testing.T, queues int, steer func(frame []byte, n int) int) *pair {
	return newPair(t, func(o *pairOptions) {
		o.wire.Queues = queues
		o.wire.Steer = steer
	})
}

// Whatever queue a segment arrives on, its connection gets it.
func TestFramesOnTheWrongQueue(t *testing.T) {
	n := 0
	for _, c := range []struct {
		name  string
		steer func(frame []byte, queues int) int
	}{
		{"in turn", func(_ []byte, q int) int { n++; return n % q }},
		{"by content", func(f []byte, q int) int {
			h := fnv.New32a()
			h.Write(f)
			return int(h.Sum32()>>8) % q
		}},
		{"always the last", func(_ []byte, q int) int { return q - 1 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := steered(t, 3, c.steer)
			l := p.listen("0.0.0.0:80", ListenOptions{})
			for range 4 {
				client, server := p.connected(l, "", "198.18.203.1:80")
				if server.Shard() != p.a.Shard(0) || client.Shard() != p.b.Shard(0) {
					t.Fatal("a connection is on another shard than its listener")
				}
				p.transfer(client, server, pattern(200_000))
				p.transfer(server, client, pattern(200_000))
				server.Close()
				p.settle()
				client.Close()
				p.settle()
			}
			handed := uint64(0)
			for _, h := range p.shards() {
				c := h.Counters()
				handed += c.Handed
				if c.Connections != 0 {
					t.Fatal("connections are left")
				}
			}
			if handed == 0 {
				t.Fatal("nothing was handed over")
			}
			p.pass(61 * second)
			for i := range p.a.directory.stripes {
				for _, s := range []*Stack{p.a, p.b} {
					if n := len(s.directory.stripes[i].shards); n != 0 {
						t.Fatalf("%d four-tuples are left in the directory", n)
					}
				}
			}
		})
	}
}

// With a listener on each shard, connections live where their SYN arrives.
func TestAListenerOnEachShard(t *testing.T) {
	queue := 0
	p := steered(t, 3, func([]byte, int) int { return queue })
	var all []*Listener
	for i := range 3 {
		all = append(all, p.listen("0.0.0.0:80", ListenOptions{ReusePort: true}, p.a.Shard(i)))
	}
	for queue = range 3 {
		client, server := p.connected(all[queue], "", "198.18.203.1:80")
		if server.Shard() != p.a.Shard(queue) {
			t.Fatal("the connection is on another shard than its SYN")
		}
		p.transfer(client, server, pattern(1000))
	}
	// Without a listener of its own, a shard gives its SYNs to those that have one.
	all[0].Close()
	queue = 0
	reached(t, reasonHanded, func() {
		p.dial("", "198.18.203.1:80")
		p.settle()
	})
	if all[1].Waiting()+all[2].Waiting() != 1 {
		t.Fatal("nobody took it")
	}
}

// TIME_WAIT, cookies, ICMP and datagrams find their shard too.
func TestOtherThingsOnTheWrongQueue(t *testing.T) {
	queue := -1
	n := 0
	r := newRaw(t, func(c *Config, o *link.WireOptions) {
		o.Queues = 2
		o.Steer = func(frame []byte, q int) int {
			if frame[5] == 0x0b || queue < 0 { // to the tester, who has one queue
				return 0
			}
			return queue
		}
		c.Limits.HalfOpen = 1
	})
	for _, h := range r.s.shards {
		h.neighbors.Set(r.now, peer4, r.mine)
	}
	l := r.listen("0.0.0.0:80", ListenOptions{})
	queue = 1
	// The SYN, and everything else, arrives on the second queue; the listener is on the first.
	c, _ := r.open("198.18.203.2:1025", "198.18.203.1:80", segment.Out{MSS: 1460, Scale: -1})
	server, ok := l.Accept()
	if !ok || server.Shard() != r.h {
		t.Fatal("no connection")
	}
	server.Write(pattern(3000), false)
	r.run()
	r.unreachable(3, 4, 1000, tcpPacket(c.dst, c.src, segment.Out{Seq: c.ack, Flags: segment.ACK}, string(pattern(1400))))
	if mss := server.Info().TCP.MSS; mss != 960 {
		t.Fatalf("the MSS is %d", mss)
	}
	if m := r.s.shards[1].pathMTU(peer4); m != 1000 {
		t.Fatalf("the other shard believes in %d", m)
	}
	server.Abort()
	r.run()

	// Half-open ones fill the queue; then a cookie.
	r.tcp(addr("198.18.203.2:1"), addr("198.18.203.1:80"), segment.Out{Flags: segment.SYN, Scale: -1}, "")
	r.run()
	reached(t, reasonCookieGood, func() { r.open("198.18.203.2:1026", "198.18.203.1:80", segment.Out{Scale: -1}) })

	d, _ := r.s.BindUDP(addr("0.0.0.0:53"))
	d.Attach(r.h, func(Ready) {})
	payload := string(pattern(3000))
	for _, f := range fragments(udpPacket("198.18.203.2:9", "198.18.203.1:53", payload), 1480, 77) {
		n++
		queue = n % 2
		r.packet(f)
	}
	r.run()
	b := make([]byte, 4000)
	if n, _, err := d.ReadFrom(b); err != nil || !bytes.Equal(b[:n], []byte(payload)) {
		t.Fatalf("%d bytes, %v", n, err)
	}
	queue = 1
	r.unreachable(3, 3, 0, udpPacket("198.18.203.1:53", "198.18.203.2:9", "hello"))
	if _, _, err := d.ReadFrom(b); err == ErrWouldBlock {
		t.Fatal("the error did not arrive")
	}
}

// What one shard learns of its neighbours, all know.
func TestNeighboursAreEverybodysNews(t *testing.T) {
	queue := 0
	p := steered(t, 2, func([]byte, int) int { return queue })
	p.listen("0.0.0.0:80", ListenOptions{}, p.a.Shard(1))
	queue = 1 // the request for a's address arrives on its second queue
	p.dial("", "198.18.203.1:80")
	p.dial("", "[fd00:198:18::1]:80")
	p.settle()
	for _, h := range p.a.shards {
		for _, a := range p.b.cfg.Addresses[:2] {
			if _, ok := h.neighbors.Lookup(p.now, a.Addr()); !ok {
				t.Errorf("shard %d does not know %v", h.index, a.Addr())
			}
		}
	}
}

func TestTheInboxIsBounded(t *testing.T) {
	r := newRaw(t, func(c *Config, o *link.WireOptions) {
		o.Queues = 2
		o.Steer = func(frame []byte, q int) int {
			if frame[5] == 0x0b {
				return 0
			}
			return 1
		}
		c.Limits.Inbox = 8
	})
	r.listen("0.0.0.0:80", ListenOptions{})
	reached(t, reasonInbox, func() {
		for range 3 {
			for i := range 20 {
				r.tcp(addr("198.18.203.2:1"), addr("198.18.203.1:80"), segment.Out{Seq: segment.Number(i), Flags: segment.SYN, Scale: -1}, "")
			}
			r.card.Flush()
			r.s.shards[1].Poll(r.now)
		}
	})
	if n := len(r.h.inbox.packets); n > 8 {
		t.Fatalf("%d packets wait", n)
	}
	for range 20 {
		r.s.shards[1].elsewhere(func(*Shard) {})
	}
	if n := len(r.h.inbox.funcs); n > 8 {
		t.Fatalf("%d functions wait", n)
	}
	r.run()
	if r.h.Counters().Connections == 0 {
		t.Fatal("nothing arrived")
	}
}

// One shard a goroutine, driven for real: the sockets can be asked for from outside, and the race detector looks on.
func TestShardsRunConcurrently(t *testing.T) {
	wa, wb := link.NewWire(link.WireOptions{Queues: 2, Steer: func(f []byte, q int) int {
		h := fnv.New32a()
		h.Write(f[len(f)/2:])
		return int(h.Sum32()>>4) % q
	}})
	a, err := New(Config{Addresses: prefixes("198.18.203.1/24")}, wa)
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(Config{Addresses: prefixes("198.18.203.2/24")}, wb)
	if err != nil {
		t.Fatal(err)
	}
	a.Start()
	b.Start()
	defer a.Stop()
	defer b.Stop()
	echo := make(chan error, 2)
	for i := range 2 {
		l, err := a.Listen(addr("0.0.0.0:80"), ListenOptions{ReusePort: true})
		if err != nil {
			t.Fatal(err)
		}
		h := a.Shard(i)
		h.Post(func() {
			e := &echoer{}
			l.Attach(h, func() {
				h.Post(func() { // not within Poll
					for {
						c, ok := l.Accept()
						if !ok {
							return
						}
						c.SetOwner(e, 0)
						e.Ready(c, Readable)
					}
				})
			})
		})
	}
	data := pattern(300_000)
	for i := range 2 {
		h := b.Shard(i)
		h.Post(func() {
			s := &sender{data: data, done: echo}
			if _, err := h.Connect(addr("0.0.0.0:0"), addr("198.18.203.1:80"), ConnectOptions{}, s); err != nil {
				echo <- err
			}
		})
	}
	for range 2 {
		select {
		case err := <-echo:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(30 * time.Second):
			t.Fatal("the echo does not come back")
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if all, err := a.Sockets(ctx); err != nil || len(all) < 2 || all[0].State != "LISTEN" {
		t.Fatalf("%v, %v", all, err)
	}
	if c, err := b.Counters(ctx); err != nil || c.Total.Connects != 2 || len(c.Shards) != 2 || c.Reasons[reasonHanded] == 0 {
		t.Fatalf("%+v, %v", c.Total, err)
	}
}

// echoer sends back what it gets.
type echoer struct{ rest map[*Conn][]byte }

func (e *echoer) Ready(c *Conn, r Ready) { c.Shard().Post(func() { e.serve(c, r) }) }

func (e *echoer) serve(c *Conn, r Ready) {
	if e.rest == nil {
		e.rest = make(map[*Conn][]byte)
	}
	b := make([]byte, 32<<10)
	for {
		if rest := e.rest[c]; len(rest) > 0 {
			n, err := c.Write(rest, false)
			if err != nil {
				return
			}
			e.rest[c] = rest[n:]
			continue
		}
		n, err := c.Read(b)
		if err != nil {
			return
		}
		e.rest[c] = bytes.Clone(b[:n])
	}
}

// sender sends data and wants it back.
type sender struct {
	data []byte
	sent int
	got  []byte
	done chan error
}

func (s *sender) Ready(c *Conn, r Ready) { c.Shard().Post(func() { s.serve(c, r) }) }

func (s *sender) serve(c *Conn, r Ready) {
	if len(s.got) == len(s.data) {
		return
	}
	b := make([]byte, 32<<10)
	for {
		moved := false
		if s.sent < len(s.data) {
			if n, err := c.Write(s.data[s.sent:], false); err == nil {
				s.sent += n
				moved = true
			}
		}
		if n, err := c.Read(b); err == nil {
			s.got = append(s.got, b[:n]...)
			moved = true
		} else if err != ErrWouldBlock {
			s.done <- err
			return
		}
		if len(s.got) == len(s.data) {
			if !bytes.Equal(s.got, s.data) {
				s.done <- bytes.ErrTooLarge
			}
			c.Close()
			s.done <- nil
			return
		}
		if !moved {
			return
		}
	}
}
