package ip

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"testing"
)

// naive is the definition: 16-bit words, added in ones' complement (RFC 1071 §1).
func naive(b []byte, initial uint32) uint32 {
	s := uint64(initial)
	for ; len(b) >= 2; b = b[2:] {
		s += uint64(b[0])<<8 | uint64(b[1])
	}
	if len(b) == 1 {
		s += uint64(b[0]) << 8
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint32(s)
}

// RFC 1071 §3 gives an example: the words 0001 f203 f4f5 f6f7 add up to ddf2.
func TestExampleOfRFC1071(t *testing.T) {
	b := []byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}
	if got := Sum(b, 0); got != 0xddf2 {
		t.Errorf("%04x", got)
	}
	if got := Checksum(b, 0); got != 0x220d {
		t.Errorf("%04x", got)
	}
}

func TestSumIsTheDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, 4096)
	for _, fill := range []func() byte{
		func() byte { return byte(r.Uint32()) }, func() byte { return 0 }, func() byte { return 0xff },
	} {
		for i := range b {
			b[i] = fill()
		}
		for length := range 300 {
			for offset := range 17 {
				for _, initial := range []uint32{0, 1, 0xffff, 0x10000, 0xffffffff} {
					p := b[offset:][:length]
					if got, want := Sum(p, initial), naive(p, initial); got != want {
						t.Fatalf("%d bytes at %d with %x: %04x instead of %04x", length, offset, initial, got, want)
					}
				}
			}
		}
		if got, want := Sum(b, 0), naive(b, 0); got != want {
			t.Errorf("a page: %04x instead of %04x", got, want)
		}
	}
}

func FuzzSum(f *testing.F) {
	f.Add([]byte("odd"), uint32(7), uint16(1))
	f.Add(make([]byte, 200), uint32(0xffff), uint16(64))
	f.Fuzz(func(t *testing.T, b []byte, initial uint32, cut uint16) {
		want := naive(b, initial)
		if got := Sum(b, initial); got != want {
			t.Fatalf("%04x instead of %04x", got, want)
		}
		// In two pieces it is the same, with Swap when the first is odd.
		i := min(int(cut), len(b))
		s := Sum(b[:i], initial)
		if i%2 == 0 {
			s = Sum(b[i:], s)
		} else {
			s = Swap(Sum(b[i:], Swap(s)))
		}
		if Fold(s) != Fold(want) {
			t.Fatalf("cut at %d: %04x instead of %04x", i, s, want)
		}
		// A checksum put anywhere even makes the whole valid, and a change of one word can be followed.
		if len(b) >= 4 {
			b = append([]byte(nil), b...)
			b[0], b[1] = 0, 0
			old := Checksum(b, initial)
			binary.BigEndian.PutUint16(b, old)
			if !Valid(b, initial) {
				t.Fatalf("not valid with its own checksum %04x", old)
			}
			was := binary.BigEndian.Uint16(b[2:])
			binary.BigEndian.PutUint16(b[2:], uint16(initial))
			binary.BigEndian.PutUint16(b, Update(old, was, uint16(initial)))
			if zero := Sum(b[2:], initial) == 0; !zero && !Valid(b, initial) {
				t.Fatal("not valid after Update")
			}
		}
	})
}

// RFC 1624 §4: where the older way of RFC 1141 yields 0xffff.
func TestUpdateExampleOfRFC1624(t *testing.T) {
	if got := Update(0xdd2f, 0x5555, 0x3285); got != 0x0000 {
		t.Errorf("%04x", got)
	}
}

func TestPseudoHeader(t *testing.T) {
	for _, c := range []struct {
		src, dst string
		n        int
	}{
		{"198.18.0.1", "198.18.0.2", 20},
		{"255.255.255.255", "255.255.255.254", 65535},
		{"fd00:198:18::1", "fd00:198:18::2", 1440},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 70000},
	} {
		src, dst := netip.MustParseAddr(c.src), netip.MustParseAddr(c.dst)
		b := append(src.AsSlice(), dst.AsSlice()...)
		b = binary.BigEndian.AppendUint32(b, uint32(c.n))
		b = append(b, 0, 0, 0, TCP)
		if got, want := PseudoHeader(src, dst, TCP, c.n), naive(b, 0); got != want {
			t.Errorf("%s %s: %04x instead of %04x", c.src, c.dst, got, want)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	b := make([]byte, 1500)
	own := []netip.Prefix{netip.MustParsePrefix("198.18.0.1/24"), netip.MustParsePrefix("fd00:198:18::1/64")}
	peer, group := netip.MustParseAddr("fd00:198:18::9"), SolicitedNode(own[1].Addr())
	l := NewLimiter(LimiterConfig{Seed: 1})
	now := int64(1)
	if n := testing.AllocsPerRun(100, func() {
		Sum(b, PseudoHeader(own[1].Addr(), peer, TCP, len(b)))
		Source(peer, own)
		Destination(group, own, nil)
		GroupMAC(group)
		now += 1e9
		l.Allow(now, peer)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSum(b *testing.B) {
	for _, n := range []int{20, 1448, 65160} {
		p := make([]byte, n)
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				Sum(p, 0)
			}
		})
	}
}
