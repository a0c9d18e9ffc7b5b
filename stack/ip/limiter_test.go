package ip

import (
	"net/netip"
	"testing"
)

func peer(n int) netip.Addr { return netip.AddrFrom4([4]byte{198, 18, byte(n >> 8), byte(n)}) }

// count is how many packets are allowed at once.
func count(l *Limiter, now int64, to func(i int) netip.Addr, tries int) (n int) {
	for i := range tries {
		if l.Allow(now, to(i)) == nil {
			n++
		}
	}
	return n
}

func TestOnePeerCannotUseUpWhatOthersNeed(t *testing.T) {
	one := func(int) netip.Addr { return peer(1) }
	l := NewLimiter(LimiterConfig{})
	if n := count(l, 1, one, 100); n != 6 {
		t.Errorf("%d at once to one peer instead of 6", n)
	}
	if l.Allow(1, peer(2)) != nil {
		t.Error("the next peer gets nothing")
	}
	if l.Allow(1, peer(1)) != reasonPeerLimit {
		t.Error("the first peer still gets something")
	}
	if n := count(l, 1e9+1, one, 100); n != 1 {
		t.Errorf("%d after a second instead of 1", n)
	}
	if n := count(l, 1000e9, one, 100); n != 6 {
		t.Errorf("%d after a long silence instead of 6", n)
	}
}

func TestAllTogetherAreLimited(t *testing.T) {
	l := NewLimiter(LimiterConfig{Rate: 100, Burst: 10, PeerRate: 1000, PeerBurst: 1000})
	if n := count(l, 1, peer, 100); n != 10 {
		t.Errorf("%d at once instead of 10", n)
	}
	if l.Allow(1, peer(500)) != reasonLimit {
		t.Error("there is still room")
	}
	if n := count(l, 50e6+1, peer, 100); n != 5 {
		t.Errorf("%d after 50 ms at 100 a second", n)
	}
}

// CVE-2020-25705: a limit that can be counted tells who used it.
func TestTheWholeLimitCannotBeCounted(t *testing.T) {
	seen := map[int]bool{}
	for seed := uint64(1); seed < 20; seed++ {
		l := NewLimiter(LimiterConfig{Seed: seed, PeerRate: 1000, PeerBurst: 1000})
		n := count(l, 1, peer, 100)
		if n < 50/3 || n > 50 {
			t.Errorf("%d at once", n)
		}
		seen[n] = true
	}
	if len(seen) < 3 {
		t.Errorf("always the same: %v", seen)
	}
}

func TestPeersOfBothVersionsSpreadOverTheBuckets(t *testing.T) {
	l := NewLimiter(LimiterConfig{Seed: 99})
	used := map[uint8]bool{}
	for i := range 1000 {
		used[l.index(peer(i))] = true
	}
	if len(used) < 200 {
		t.Errorf("1000 peers share %d of 256 buckets", len(used))
	}
	clear(used)
	for i := range 1000 {
		used[l.index(netip.AddrFrom16([16]byte{0: 0xfd, 6: byte(i >> 8), 7: byte(i), 15: 1}))] = true
	}
	if len(used) < 200 {
		t.Errorf("1000 peers of IPv6 share %d of 256 buckets", len(used))
	}
}
