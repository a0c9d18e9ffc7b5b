package tcp

import (
	"encoding/binary"

	"vitrine/stack/tcp/recovery"
	"vitrine/trace"
)

// Host is what all connections of a shard share: configuration, secrets, and the memory that is lent to them.
// It belongs to the shard's goroutine.
type Host struct {
	// Config is read only once connections exist.
	Config Config
	// Changed, when not nil, is told every change of a connection's state, before the connection does anything else.
	Changed func(c *Conn, from, to State, why *trace.Reason)

	pool  recovery.Pool
	scale uint8 // the window shift that we offer

	// Memory for received data. used counts whole chunks, lent ones; idle those on free lists.
	free           [len(chunkSizes)]*chunk
	used, idle     int
	oldest, newest *outOfOrder
	spare          *outOfOrder
	filling        *outOfOrder // not to be pruned now
	pruned         bool        // since it was last cleared

	isnKey, cookieKey, offsetKey, portKey [2]uint64

	challengeSecond int64 // the second in which challengeLeft counts
	challengeLeft   int
}

// NewHost makes a Host. secret keys initial sequence numbers, timestamp offsets, port choice and SYN cookies; shards that
// may see each other's cookies share it.
func NewHost(cfg Config, secret [32]byte) *Host {
	h := &Host{Config: cfg}
	if cfg.WindowScale {
		// The smallest shift with which the largest window can be announced (RFC 7323 §2.3), as long as the first one is
		// several of its units: less than one could not be announced at all.
		for 0xffff<<h.scale < cfg.ReceiveWindowMax && h.scale < 14 && cfg.ReceiveWindow>>(h.scale+3) > 0 {
			h.scale++
		}
	}
	root := [2]uint64{binary.LittleEndian.Uint64(secret[:]), binary.LittleEndian.Uint64(secret[8:])}
	tail := [2]uint64{binary.LittleEndian.Uint64(secret[16:]), binary.LittleEndian.Uint64(secret[24:])}
	for i, key := range []*[2]uint64{&h.isnKey, &h.cookieKey, &h.offsetKey, &h.portKey} {
		key[0] = sipHash(root, tail[0], tail[1], uint64(2*i))
		key[1] = sipHash(root, tail[0], tail[1], uint64(2*i+1))
	}
	return h
}

// MemoryUsed is how many bytes of memory hold received data, of all connections.
func (h *Host) MemoryUsed() int { return h.used }

// mayChallenge takes one challenge ACK from this second's allowance (RFC 5961 §7). How much of the limit a second has is
// a secret: who could count what others take of it would learn whether his guesses at their numbers are right
// (CVE-2016-5696).
func (h *Host) mayChallenge(now int64) bool {
	if second := now / 1e9; second != h.challengeSecond {
		limit := h.Config.ChallengeACKs
		h.challengeSecond, h.challengeLeft = second, limit-int(sipHash(h.cookieKey, uint64(second))%uint64(limit/2+1))
	}
	if h.challengeLeft <= 0 {
		return false
	}
	h.challengeLeft--
	return true
}
