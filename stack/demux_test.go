package stack

import (
	"encoding/binary"
	"hash/maphash"
	"math/rand/v2"
	"net/netip"
	"testing"
	"unsafe"

	"vitrine/stack/tcp"
)

func numbered(n uint32) (t tuple) {
	binary.BigEndian.PutUint32(t[12:], n)
	return t
}

// The table does what a map does, with hashes that collide as much as they can.
func TestTableIsAMap(t *testing.T) {
	for _, bits := range []uint32{1, 3, 0xff, 0xffffffff} {
		r := rand.New(rand.NewPCG(1, uint64(bits)))
		seed := maphash.MakeSeed()
		var m table
		model := map[tuple]*Conn{}
		for range 20000 {
			k := numbered(r.Uint32N(600))
			hash := k.hash(seed)&bits | 1
			c := model[k]
			if got := m.find(&k, hash); got != c {
				t.Fatalf("find: %p, want %p", got, c)
			}
			switch {
			case c == nil && r.IntN(3) > 0:
				c = &Conn{tuple: k, hash: hash}
				m.add(c)
				model[k] = c
			case c != nil && r.IntN(3) > 0:
				m.remove(c)
				m.remove(c) // twice is once
				delete(model, k)
			}
			if m.used != len(model) {
				t.Fatalf("%d connections, want %d", m.used, len(model))
			}
		}
		n := 0
		m.each(func(c *Conn) {
			if model[c.tuple] != c {
				t.Fatal("a connection that was removed")
			}
			n++
		})
		if n != len(model) {
			t.Fatalf("each gives %d of %d", n, len(model))
		}
		for _, c := range model {
			m.remove(c)
		}
		if len(m.hashes) > leastTable {
			t.Fatalf("the empty table has room for %d", len(m.hashes))
		}
	}
}

// TIME_WAIT records are found like in a map, end in order, and give their memory back.
func TestTimeWaitRecordsAreAMap(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	seed := maphash.MakeSeed()
	var w timeWaits
	model := map[tuple]bool{}
	for range 30000 {
		k := numbered(r.Uint32N(900))
		hash := k.hash(seed)&0xff | 1
		n := w.find(&k, hash)
		if n != 0 != model[k] {
			t.Fatalf("find: %d, want %v", n, model[k])
		}
		switch {
		case n == 0:
			w.add(&k, hash, tcp.TimeWait{})
			model[k] = true
		case r.IntN(4) == 0:
			w.renew(n)
			if w.newest != n {
				t.Fatal("a renewed record is not the newest")
			}
		default:
			w.remove(n)
			delete(model, k)
		}
		if w.used != len(model) {
			t.Fatalf("%d records, want %d", w.used, len(model))
		}
	}
	count := 0
	w.each(func(x *waiting) { count++ })
	if count != len(model) {
		t.Fatalf("each gives %d of %d", count, len(model))
	}
	w.expire(1, func(k *tuple) { delete(model, *k) }) // all of them have ended at 0
	if len(model) != 0 || w.pages != nil || w.deadline() != 0 {
		t.Fatalf("%d records and %d pages are left", len(model), len(w.pages))
	}
}

// The promise of the documentation: a record with its share of the index.
func TestTimeWaitRecordIsSmall(t *testing.T) {
	const index = 4 * 8 / 3 // bytes, at the emptiest that the index is after it grew
	if n := unsafe.Sizeof(waiting{}) + index; n > 128 {
		t.Fatalf("a TIME_WAIT record takes %d bytes", n)
	}
	t.Logf("%d bytes with the index", unsafe.Sizeof(waiting{})+index)
}

func TestTuple(t *testing.T) {
	for _, c := range []struct{ local, remote string }{
		{"198.18.0.1:80", "198.18.203.153:1025"}, {"[fd00:198:18::1]:80", "[fe80::1]:1025"},
	} {
		k := makeTuple(addr(c.local), addr(c.remote))
		if k.local() != addr(c.local) || k.remote() != addr(c.remote) || k.is4() != addr(c.local).Addr().Is4() {
			t.Fatalf("%v: %v %v", c, k.local(), k.remote())
		}
		ports := []byte{4, 1, 0, 80}
		if in := incoming(addr(c.remote).Addr(), addr(c.local).Addr(), ports); in != k {
			t.Fatalf("as it arrives it is another: %v", in)
		}
	}
	if seed := maphash.MakeSeed(); (&tuple{}).hash(seed) == 0 {
		t.Fatal("0 means that a place is free")
	}
	_ = netip.Addr{}
}

// The wheel fires everything that is due, in time and never early, as a list does.
func TestWheelIsAList(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	var w wheel
	const tick = 1 << tickBits
	now := int64(5 * tick)
	w.advance(now, func(*Conn) {})
	due := map[*Conn]int64{}
	all := make([]*Conn, 300)
	for i := range all {
		all[i] = new(Conn)
	}
	for range 20000 {
		c := all[r.IntN(len(all))]
		switch r.IntN(4) {
		case 0, 1:
			at := now + r.Int64N(int64(1)<<(tickBits+r.IntN(26)))
			if have, ok := due[c]; !ok || at < have {
				due[c] = at
			}
			w.arm(c, at)
		case 2:
			w.remove(c)
			delete(due, c)
		default:
			now += r.Int64N(int64(1) << (tickBits + r.IntN(18)))
			w.advance(now, func(c *Conn) {
				at, ok := due[c]
				if !ok {
					t.Fatal("fired a connection that is not entered")
				}
				if at > now {
					w.arm(c, at) // further than the wheel reaches: as the shard does
					return
				}
				delete(due, c)
			})
			for _, at := range due {
				if at < now-tick {
					t.Fatalf("%d ticks late", (now-at)/tick)
				}
			}
		}
		if w.used != len(due) {
			t.Fatalf("%d entries, want %d", w.used, len(due))
		}
		var next int64
		for _, at := range due {
			if next == 0 || at < next {
				next = at
			}
		}
		if d := w.deadline(); len(due) > 0 && (d == 0 || d > next+tick && d > now+tick) {
			t.Fatalf("the deadline is %d ticks after what is due first", (d-next)/tick)
		}
	}
}
