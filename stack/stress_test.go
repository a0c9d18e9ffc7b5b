package stack

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"

	"vitrine/stack/link"
)

// stressed is one end of a connection under stress: what it still has to send, and what it got.
type stressed struct {
	c        *Conn
	out, got []byte
	file     bool
	eof      bool
	err      error
	shut     bool
}

func (s *stressed) act(t *testing.T, r *rand.Rand, buffer []byte) {
	if s.err != nil {
		return
	}
	for range 1 + r.IntN(3) {
		if len(s.out) > 0 && r.IntN(3) > 0 {
			n := min(len(s.out), 1+r.IntN(1<<(4+r.IntN(14))))
			var err error
			switch r.IntN(4) {
			case 0:
				k := r.IntN(n)
				n, err = s.c.Writev(s.out[:k], s.out[k:n])
			case 1:
				n, err = s.c.WriteFile(FileSource{FD: -1, ReaderAt: bytes.NewReader(s.out[:n])}, 0, n)
			default:
				n, err = s.c.Write(s.out[:n], r.IntN(4) == 0)
			}
			if err != nil && err != ErrWouldBlock {
				s.err = err
				return
			}
			s.out = s.out[n:]
		}
		if len(s.out) == 0 && !s.shut {
			s.shut = true
			s.c.CloseWrite()
		}
		n, err := s.c.Read(buffer[:1+r.IntN(len(buffer))])
		s.got = append(s.got, buffer[:n]...)
		switch err {
		case nil, ErrWouldBlock:
		case io.EOF:
			s.eof = true
		default:
			s.err = err
		}
	}
}

// Whatever is lost, arrives on the wrong queue, finds no room or comes from files that take their time: every byte arrives
// once, in order, and then nothing is left.
func TestUnderStress(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 5))
		queues := 1 + r.IntN(3)
		p := newPair(t, func(o *pairOptions) {
			o.wire = link.WireOptions{Queues: queues, Ring: 4 + r.IntN(60), Offloads: r.IntN(2) == 0,
				Steer: func(_ []byte, n int) int { return r.IntN(n) }}
			if r.IntN(3) == 0 {
				o.a.Limits.SendMemory = 100_000
			}
		})
		l := p.listen("0.0.0.0:80", ListenOptions{}, p.a.Shard(r.IntN(queues)))
		loss := r.IntN(5)
		p.lose = func(int, []byte) bool { return r.IntN(100) < loss }
		type connection struct {
			a, b       *stressed
			toA, fromA []byte
		}
		var clients []*stressed
		var all []*connection
		for range 1 + r.IntN(5) {
			h := p.b.Shard(r.IntN(queues))
			h.now = p.now
			c, err := h.Connect(addr("0.0.0.0:0"), addr("198.18.203.1:80"), ConnectOptions{}, new(watch))
			if err != nil {
				t.Fatal(err)
			}
			clients = append(clients, &stressed{c: c})
		}
		for range 200 {
			p.pass(200 * millisecond)
			for {
				c, ok := l.Accept()
				if !ok {
					break
				}
				for _, client := range clients {
					if client.c.Local() == c.Remote() {
						x := &connection{a: &stressed{c: c}, b: client, toA: pattern(r.IntN(400_000)), fromA: pattern(r.IntN(400_000))}
						x.a.out, x.b.out = x.fromA, x.toA
						all = append(all, x)
					}
				}
			}
			if len(all) == len(clients) {
				break
			}
		}
		if len(all) != len(clients) {
			t.Fatalf("seed %d: %d of %d connections", seed, len(all), len(clients))
		}
		buffer := make([]byte, 50_000)
		left := len(all)
		for turn := 0; left > 0; turn++ {
			left = 0
			for _, x := range all {
				for _, s := range []*stressed{x.a, x.b} {
					s.act(t, r, buffer)
					if s.err != nil {
						t.Fatalf("seed %d: %v: %+v", seed, s.err, s.c.Info())
					}
					if !s.eof || !s.shut {
						left++
					}
				}
			}
			if r.IntN(2) == 0 {
				p.step()
			} else {
				p.pass(r.Int64N(20 * millisecond))
			}
			if turn > 200_000 {
				t.Fatalf("seed %d: it never ends: %+v\n%+v", seed, *all[0].a.c.Info().TCP, *all[0].b.c.Info().TCP)
			}
		}
		for _, x := range all {
			if !bytes.Equal(x.a.got, x.toA) || !bytes.Equal(x.b.got, x.fromA) {
				t.Fatalf("seed %d: %d bytes of %d, %d of %d", seed, len(x.a.got), len(x.toA), len(x.b.got), len(x.fromA))
			}
			x.a.c.Close()
			x.b.c.Close()
		}
		p.lose = nil
		p.pass(300 * second)
		for _, h := range p.shards() {
			if c := h.Counters(); c.Connections+c.TimeWait+c.HalfOpen+c.Orphans+c.SendMemory+c.ReceiveMemory != 0 {
				t.Fatalf("seed %d: left over: %+v", seed, c)
			}
			if d := h.Deadline(); d != 0 && h.neighbors.Deadline() != d {
				t.Fatalf("seed %d: something is still due", seed)
			}
		}
	}
}
