package tcp

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"vitrine/stack/tcp/segment"
)

// FuzzLiveConnection runs a valid exchange over a good link and, where the input says so, puts mutated copies of its
// segments beside the real ones. Whatever they do to the connection, nobody may read a wrong byte, exceed a bound, or panic.
// Mutated payloads are left out: a segment that is acceptable in everything else is believed, in every TCP.
func FuzzLiveConnection(f *testing.F) {
	f.Add(uint64(1), []byte{3, 4, 0, 0, 0, 1, 10, 13, 4, 0, 0, 0})
	f.Add(uint64(2), []byte{1, 13, 1, 0, 0, 0, 5, 8, 0, 0, 0, 9, 40, 14, 0, 0, 0, 0})
	f.Add(uint64(3), []byte{0, 13, 2, 0, 0, 0, 9, 20, 255, 255, 0, 0, 12, 24, 1, 2, 3, 4})
	f.Add(uint64(4), []byte{20, 4, 0, 16, 0, 0, 1, 4, 0, 16, 0, 0, 1, 4, 1, 16, 0, 0, 1, 8, 0, 0, 16, 0})
	f.Fuzz(func(t *testing.T, seed uint64, in []byte) {
		if len(in) > 600 {
			return
		}
		liveConnection(t, seed, in)
	})
}

func TestMutatedSegmentsBesideALiveConnection(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for seed := range uint64(1500) {
		in := make([]byte, 6*(1+r.IntN(30)))
		for i := 0; i < len(in); i += 6 {
			// Numbers change by a little, or flags, or options, or anything.
			in[i] = byte(r.IntN(20))
			switch r.IntN(5) {
			case 0:
				in[i+1], in[i+4], in[i+5] = []byte{4, 8}[r.IntN(2)], byte(r.IntN(64)), byte(r.Uint32())
			case 1:
				in[i+1], in[i+2] = 13, byte(r.Uint32())
			case 2:
				in[i+1], in[i+2], in[i+3] = 14, byte(r.Uint32()), byte(r.Uint32())
			case 3:
				in[i+1], in[i+3], in[i+4] = byte(20+r.IntN(30)), byte(r.Uint32()), byte(r.Uint32())
			default:
				for j := 1; j < 6; j++ {
					in[i+j] = byte(r.Uint32())
				}
			}
		}
		liveConnection(t, seed, in)
	}
}

// liveConnection is one such exchange.
func liveConnection(t *testing.T, seed uint64, in []byte) {
	w := newWire(t, seed)
	w.loss, w.duplicate, w.reorder, w.bandwidth = 0, 0, 0, 0
	for _, e := range []*end{w.a, w.b} {
		e.write = e.write[:min(len(e.write), 40_000)]
		e.h.Config.Retries, e.h.Config.SynRetries, e.h.Config.OrphanRetries = 4, 3, 3
		e.h.Config.OrphanStall, e.h.Config.KeepAliveIdle = 30e9, 60e9
	}
	w.a.c.SetKeepAlive(w.now, true, 0, 0, 0)
	skip := 0
	if len(in) > 0 {
		skip = int(in[0])
	}
	w.mutate = func(b []byte, to *end) [][]byte {
		if skip--; skip >= 0 || len(in) < 6 {
			return [][]byte{b}
		}
		// One mutation: [segments until the next] [where in the header] [four bytes that are xored in].
		m := bytes.Clone(b)
		head := int(m[12]>>4) * 4
		at := int(in[1]) % (head - 3)
		binary.BigEndian.PutUint32(m[at:], binary.BigEndian.Uint32(m[at:])^binary.BigEndian.Uint32(in[2:]))
		skip = int(in[0] % 16)
		in = in[6:]
		if real := b[head:]; int(m[12]>>4)*4 != head || len(real) > 0 && !bytes.Equal(m[4:8], b[4:8]) {
			// Another offset or sequence number would give the bytes another place: then there are none.
			m[12] = byte(head/4) << 4
			if len(real) > 0 {
				m = m[:head]
			}
		}
		return [][]byte{b, m}
	}
	for steps := 0; w.step(); steps++ {
		if steps > 300_000 {
			t.Fatalf("it does not come to an end\n%s", w.describe())
		}
		for _, e := range []*end{w.a, w.b} {
			checkBounds(t, w, e)
		}
	}
	for _, e := range []*end{w.a, w.b} {
		if !bytes.HasPrefix(w.other(e).write, e.read) {
			t.Fatalf("%s read what nobody wrote", e.name)
		}
		e.c.Release()
		if e.h.used != 0 || e.h.pool.Lent() != 0 {
			t.Fatalf("%s: memory is still lent", e.name)
		}
	}
}

// checkBounds holds a connection to what must always be true.
func checkBounds(t *testing.T, w *wire, e *end) {
	c := e.c
	if c.h == nil {
		return
	}
	switch {
	case c.h.used > c.h.Config.ReceiveMemory:
		t.Fatalf("%s: %d bytes of received data", e.name, c.h.used)
	case c.ooo != nil && len(c.ooo.pieces) > c.h.Config.OutOfOrderPieces:
		t.Fatalf("%s: %d pieces", e.name, len(c.ooo.pieces))
	case c.state != StateClosed && c.adv.Less(c.nxt) || c.nxt.Less(c.ackSent):
		t.Fatalf("%s: nxt %d, edge %d, acknowledged %d", e.name, c.nxt, c.adv, c.ackSent)
	case c.queue.n > int(c.limit)+int(c.limit)/8+2<<c.rcvScale:
		t.Fatalf("%s: %d bytes wait to be read in a buffer of %d", e.name, c.queue.n, c.limit)
	case c.acked > c.end || c.end-c.acked > uint64(c.sendBuffer):
		t.Fatalf("%s: %d of %d acknowledged", e.name, c.acked, c.end)
	case c.snd.Nxt().Less(c.snd.Una()):
		t.Fatalf("%s: una %d, nxt %d", e.name, c.snd.Una(), c.snd.Nxt())
	}
}

// FuzzReceive throws segments at a connection in each state: any header, any moment.
func FuzzReceive(f *testing.F) {
	f.Add([]byte{0, 16, 0, 0, 0, 1, 0, 0, 0, 1, 3, 17, 0, 0, 0, 1, 0, 0, 0, 1})
	f.Add([]byte{1, 18, 0, 0, 0, 0, 0, 0, 0, 1, 9, 2, 0, 0, 0, 9, 0, 0, 0, 0, 5, 4, 0, 0, 0, 1, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) > 1000 || len(in) == 0 {
			return
		}
		h := NewHost(Default(), [32]byte{})
		c := new(Conn)
		now := int64(1e12)
		if in[0]&1 == 0 {
			c.Accept(h, now, 0, &segment.Segment{Flags: segment.SYN, Seq: 0, MSS: 1460, Scale: 2, SACKPermitted: in[0]&2 != 0}, Path{MSS: 1460})
		} else {
			c.Connect(h, now, 0, Path{MSS: 1460, Super: 60000})
		}
		payload := make([]byte, 256)
		for i := range payload {
			payload[i] = 0x5a
		}
		var out segment.Out
		for len(in) >= 10 {
			s := segment.Segment{Flags: segment.Flags(in[1]), Seq: segment.Number(int32(int16(binary.BigEndian.Uint16(in[2:])))),
				Window: binary.BigEndian.Uint16(in[4:]), Ack: segment.Number(int32(int16(binary.BigEndian.Uint16(in[6:])))), Scale: -1,
				Payload: payload[:in[8]]}
			if in[9]&1 != 0 && s.Flags&segment.SYN == 0 {
				s.NSACK = 1
				s.SACK[0] = segment.Range{Start: s.Ack + 5, End: s.Ack + 5 + segment.Number(in[9])}
			}
			c.Receive(now, &s)
			switch in[0] % 16 {
			case 1:
				c.Wrote(now, min(c.Room(), int(in[9])*20), false)
			case 2:
				c.CloseWrite(now)
			case 3:
				c.Close(now)
			case 4:
				c.SetPathMTU(now, int(in[9])*10)
			case 5:
				if d := c.Deadline(); d > now {
					now = d
				}
				c.Advance(now)
			case 6:
				c.Abort(now)
			}
			p := make([]byte, in[0])
			for _, b := range p[:c.Read(now, p)] {
				if b != 0x5a {
					t.Fatal("a byte that nobody sent")
				}
			}
			for n := 0; c.Next(now, &out); n++ {
				if n > 2000 || out.Length > 60000 || out.Length < 0 || out.Position+uint64(out.Length) > c.end {
					t.Fatalf("%d segments, the last %+v", n, out)
				}
			}
			c.Info(now)
			now += int64(in[9]) * 1e6
			in = in[10:]
		}
		c.Release()
		if h.used != 0 || h.pool.Lent() != 0 {
			t.Fatal("memory is still lent")
		}
	})
}
