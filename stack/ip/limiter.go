package ip

import (
	"encoding/binary"
	"net/netip"

	"vitrine/trace"
)

// Limiter decides how many packets may be sent that nobody asked for: ICMP errors, resets, answers to strangers. It is
// two rows of token buckets (RFC 4443 §2.4(f)): one for everything and one a peer, so that a single peer cannot use up
// what the others need. Peers share buckets by chance, which only makes the limit stricter. It allocates nothing, keeps
// 4 KiB, and belongs to one goroutine.
type Limiter struct {
	all, peer bucketRate
	seed      uint64
	state     uint64 // of the pseudo-random generator; 0: none
	total     bucket
	peers     [256]bucket
}

// bucketRate is how a bucket fills: one token each gap nanoseconds, up to burst.
type bucketRate struct {
	gap   int64
	burst int64
}

// bucket is a token bucket by arithmetic: full when empty lies burst gaps in the past (the "virtual scheduling" form).
type bucket struct{ empty int64 }

// take removes n tokens if there are as many.
func (b *bucket) take(now int64, r bucketRate, n int64) bool {
	at := max(b.empty, now-r.burst*r.gap)
	if at+n*r.gap > now {
		return false
	}
	b.empty = at + n*r.gap
	return true
}

// LimiterConfig holds the rates in packets a second, and how many may go at once after a silence. Zero values mean the
// defaults, which are those of Linux (icmp_msgs_per_sec, icmp_msgs_burst, icmp_ratelimit): 1000 a second in all, at most
// 50 at once, one a second for each peer with up to 6 at once.
type LimiterConfig struct {
	Rate, Burst         int
	PeerRate, PeerBurst int

	// Seed makes the whole limit imprecise, so that nobody can count through it which ports are open (CVE-2020-25705), and
	// makes it unforeseeable which peers share a bucket. 0: precise, for tests.
	Seed uint64
}

// NewLimiter makes a limiter whose buckets are full.
func NewLimiter(c LimiterConfig) *Limiter {
	or := func(v, d int) int64 {
		if v > 0 {
			return int64(v)
		}
		return int64(d)
	}
	l := &Limiter{
		all:   bucketRate{1e9 / or(c.Rate, 1000), or(c.Burst, 50)},
		peer:  bucketRate{1e9 / or(c.PeerRate, 1), or(c.PeerBurst, 6)},
		seed:  c.Seed,
		state: c.Seed,
	}
	const never = -1 << 62
	l.total.empty = never
	for i := range l.peers {
		l.peers[i].empty = never
	}
	return l
}

// Allow takes one packet to peer off the limits; nil: it may be sent.
func (l *Limiter) Allow(now int64, peer netip.Addr) *trace.Reason {
	b := &l.peers[l.index(peer)]
	before := *b
	if !b.take(now, l.peer, 1) {
		return reasonPeerLimit.Reach()
	}
	if !l.total.take(now, l.all, 1) {
		*b = before // the peer is not to blame
		return reasonLimit.Reach()
	}
	// As Linux does: a packet sometimes costs those after it too, but never itself.
	l.total.empty += int64(l.random()%3) * l.all.gap
	return nil
}

// random is the next number of a xorshift generator, or 0 for ever without a seed.
func (l *Limiter) random() uint64 {
	l.state ^= l.state << 13
	l.state ^= l.state >> 7
	l.state ^= l.state << 17
	return l.state
}

func (l *Limiter) index(a netip.Addr) uint8 {
	b := a.As16()
	h := binary.LittleEndian.Uint64(b[:8]) ^ l.seed
	h = (h ^ h>>32) * 0x9e3779b97f4a7c15
	h ^= binary.LittleEndian.Uint64(b[8:])
	h = (h ^ h>>29) * 0xbf58476d1ce4e5b9
	return uint8(h >> 56)
}
