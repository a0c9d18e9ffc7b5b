package stack

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"vitrine/stack/link"
	"vitrine/stack/tcp/segment"
)

// books compares what the shards have with what the stack's books say about it.
func books(t *testing.T, s *Stack) {
	t.Helper()
	entries := 0
	for _, h := range s.shards {
		open, orphans := 0, 0
		check := func(tu *tuple, want entry) {
			if e, ok := s.directory.find(tu); !ok || e != want {
				t.Fatalf("%v of shard %d is %d in the directory, %v", tu.remote(), h.index, e, ok)
			}
			entries++
		}
		h.conns.each(func(c *Conn) {
			check(&c.tuple, entry(h.index))
			if h.conns.find(&c.tuple, c.hash) != c || h.waits.find(&c.tuple, c.hash) != 0 {
				t.Fatal("a connection is not found, or rests at the same time")
			}
			if c.opening {
				open++
			}
			if c.orphan {
				orphans++
			}
		})
		h.waits.each(func(w *waiting) { check(&w.tuple, entry(h.index)|entryWaits) })
		if open != h.halfOpen || orphans != h.orphans {
			t.Fatalf("%d half-open of %d, %d orphans of %d", h.halfOpen, open, h.orphans, orphans)
		}
	}
	for i := range s.directory.stripes {
		entries -= len(s.directory.stripes[i].shards)
	}
	if entries != 0 {
		t.Fatalf("%d four-tuples too few in the directory", entries)
	}
}

// Whatever comes, on whichever queue, and whatever the application does: tables, directory and counts agree after each
// step, and at the end nothing is left.
func TestBooksAgree(t *testing.T) {
	for seed := range uint64(20) {
		x := rand.New(rand.NewPCG(seed, 9))
		queue := 0
		r := newRaw(t, func(c *Config, o *link.WireOptions) {
			o.Queues = 3
			o.B = link.MAC{2, 0, 0xc6, 0x12, 0, 0x0b}
			o.Steer = func(b []byte, _ int) int {
				if link.MAC(b[6:]) == o.B {
					return queue
				}
				return 0 // the tester looks there
			}
			c.Limits.TimeWait, c.Limits.Orphans, c.Limits.HalfOpen = 2+x.IntN(20), x.IntN(20), 1+x.IntN(10)
		})
		for _, h := range r.s.shards {
			h.now = r.now
			h.neighbors.Set(r.now, peer4, r.mine)
		}
		type wired struct {
			seq, ack segment.Number
			known    bool
		}
		peers := make(map[[2]netip.AddrPort]*wired) // by remote and local
		listen := func() *Listener {
			l, err := r.s.Listen(addr("0.0.0.0:80"), ListenOptions{Backlog: 1 + x.IntN(20)})
			if err != nil {
				t.Fatal(err)
			}
			l.Attach(r.s.Shard(x.IntN(3)), func() {})
			return l
		}
		l := listen()
		var held []*Conn
		learn := func() {
			for _, s := range segments(t, r.got) {
				k := [2]netip.AddrPort{netip.AddrPortFrom(peer4, s.DstPort), netip.AddrPortFrom(stack4, s.SrcPort)}
				if p := peers[k]; p == nil {
					peers[k] = &wired{seq: segment.Number(x.Uint32()), ack: s.Seq.Add(s.Len()), known: true}
				} else if s.Flags&segment.RST == 0 {
					p.ack, p.known = s.Seq.Add(s.Len()), true
					if s.Flags&segment.ACK != 0 {
						p.seq = s.Ack
					}
				}
			}
		}
		for range 3000 {
			queue = x.IntN(3)
			switch x.IntN(12) {
			case 0, 1, 2, 3, 4: // a frame of somebody's
				k := [2]netip.AddrPort{netip.AddrPortFrom(peer4, uint16(1025+x.IntN(12))), netip.AddrPortFrom(stack4, 80)}
				if x.IntN(2) == 0 {
					for other := range peers {
						k = other
						break
					}
				}
				p := peers[k]
				if p == nil {
					p = &wired{seq: segment.Number(x.Uint32())}
					peers[k] = p
				}
				out := segment.Out{Seq: p.seq, Ack: p.ack, Window: 60000, Flags: []segment.Flags{segment.SYN, segment.ACK, segment.ACK,
					segment.ACK | segment.FIN, segment.RST, segment.RST | segment.ACK, segment.SYN | segment.ACK}[x.IntN(7)]}
				if out.Flags == segment.SYN {
					out.Seq, out.Ack, out.Scale = out.Seq.Add(x.IntN(100_000)), 0, -1
				}
				payload := ""
				if out.Flags == segment.ACK && x.IntN(2) == 0 {
					payload = "hello"
				}
				r.tcp(k[0], k[1], out, payload)
			case 5: // a connection of ours
				h := r.s.Shard(x.IntN(3))
				if c, err := h.Connect(netip.AddrPort{}, netip.AddrPortFrom(peer4, uint16(7+x.IntN(2))), ConnectOptions{}, new(watch)); err == nil {
					held = append(held, c)
				}
			case 6, 7:
				if c, ok := l.Accept(); ok {
					held = append(held, c)
				}
			case 8, 9:
				if len(held) > 0 {
					i := x.IntN(len(held))
					c := held[i]
					switch x.IntN(5) {
					case 0:
						c.Abort()
					case 1, 2:
						c.Close()
					case 3:
						c.CloseWrite()
						continue
					default:
						c.Write([]byte("answer"), false)
						c.Read(make([]byte, 100))
						continue
					}
					held = append(held[:i], held[i+1:]...)
				}
			case 10:
				r.now += x.Int64N(3 * second)
			case 11:
				if x.IntN(20) == 0 {
					l.Close()
					r.run()
					l = listen()
				}
			}
			r.run()
			learn()
			books(t, r.s)
		}
		for _, c := range held {
			c.Abort()
		}
		l.Close()
		for range 400 { // longer than anything lasts
			r.now += second
			r.run()
		}
		books(t, r.s)
		for _, h := range r.s.shards {
			if c := h.Counters(); c.Connections+c.TimeWait+c.HalfOpen+c.Orphans+c.SendMemory+c.ReceiveMemory != 0 {
				t.Fatalf("seed %d: left over: %+v", seed, c)
			}
		}
	}
}
