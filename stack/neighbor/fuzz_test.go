package neighbor

import (
	"net/netip"
	"testing"
)

// FuzzTable plays calls in any order and holds the table to what must always be true: bounds, no packet lost without a
// Reason or delivered twice, no deadline that is missed, and an answer of Lookup that is one that was taught.
func FuzzTable(f *testing.F) {
	f.Add([]byte{0, 1, 1, 2, 3, 9, 4, 200, 0, 1})
	f.Add([]byte{1, 7, 4, 100, 4, 100, 4, 100, 4, 100, 1, 7, 4, 255, 2, 7})
	f.Fuzz(func(t *testing.T, in []byte) {
		c := Config{Entries: 4, HoldPackets: 3, HoldBytes: 40, HoldTotal: 60}
		n := New(c)
		now, alive := int64(1), map[string]bool{}
		taught := map[netip.Addr]map[MAC]bool{}
		free := func(held [][]byte) {
			for _, p := range held {
				if !alive[string(p)] {
					t.Fatalf("packet %q was given out that nobody held, or twice", p)
				}
				delete(alive, string(p))
			}
		}
		for i := 0; i+1 < len(in); i += 2 {
			x := in[i+1]
			a := netip.AddrFrom4([4]byte{198, 18, 0, x % 7})
			if x&8 != 0 {
				a = netip.AddrFrom16([16]byte{0: 0xfd, 15: x % 7})
			}
			switch in[i] % 6 {
			case 0:
				if mac, ok := n.Lookup(now, a); ok && !taught[a][mac] {
					t.Fatalf("%v is at %x, which nobody said", a, mac)
				}
			case 1:
				p := make([]byte, 2+int(x>>4))
				p[0], p[1] = byte(i>>8), byte(i)
				if n.Hold(now, a, p) != ReasonUnreachable {
					alive[string(p)] = true
				}
			case 2:
				mac := MAC{2, 0, 0, 0, 0, x >> 6}
				if taught[a] == nil {
					taught[a] = map[MAC]bool{}
				}
				taught[a][mac] = true
				held, _ := n.Learn(now, a, mac, How(x>>3&7))
				free(held)
			case 3:
				n.Confirm(now, a)
			case 4:
				now += int64(x) * 20 * ms
			case 5:
				if x == 255 {
					n.Resolve(now, a)
				}
			}
			n.Advance(now, func(e Event) { free(e.Held) })
			if d := n.Deadline(); d != 0 && d <= now {
				t.Fatalf("at %d something was due at %d and was not done", now, d)
			}
			bytes, due := 0, int64(0)
			for _, e := range n.list {
				sum := 0
				for _, p := range e.packets {
					sum += len(p)
					if !alive[string(p)] {
						t.Fatal("a packet is held that was given out")
					}
				}
				if sum != e.bytes || len(e.packets) > c.HoldPackets || sum > c.HoldBytes && len(e.packets) > 1 || n.index[e.addr] != e || n.list[e.place] != e {
					t.Fatalf("%+v", e)
				}
				if e.due != 0 && (due == 0 || e.due < due) {
					due = e.due
				}
				bytes += sum
			}
			if bytes != n.held || bytes > c.HoldTotal || len(n.list) > c.Entries || len(n.list) != len(n.index) {
				t.Fatalf("%d bytes, said to be %d, of %d entries", bytes, n.held, len(n.list))
			}
			if due != 0 && (n.Deadline() == 0 || n.Deadline() > due) {
				t.Fatalf("due at %d, but the deadline is %d", due, n.Deadline())
			}
		}
	})
}
