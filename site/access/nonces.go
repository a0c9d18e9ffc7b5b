package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"sync"
	"time"
)

// A nonce is the time it was made, a random number, and a keyed hash of both with the realm: so it needs no memory before
// somebody has proven something with it, nobody can make one, and none is good for another realm.
const (
	nonceSum   = 16
	nonceBytes = 8 + 8 + nonceSum
)

// mostNonces bounds how many are remembered that somebody has proven something with, to take each count once.
const mostNonces = 1 << 16

// nonces remembers what counts were used with a nonce. What is forgotten because others came is not good any more.
type nonces struct {
	used *table[nonceUse]

	mu      sync.Mutex
	horizon int64 // nonces that were made up to here and are not in the table are not good
}

// nonceUse is the counts of one nonce: the highest, and which of the 64 below it came.
type nonceUse struct {
	made    int64
	highest uint32
	seen    uint64 // bit i: highest-i came
}

func newNonces() *nonces {
	n := &nonces{used: newTable[nonceUse](mostNonces)}
	n.used.evicted = func(u *nonceUse) {
		n.mu.Lock()
		n.horizon = max(n.horizon, u.made)
		n.mu.Unlock()
	}
	return n
}

// Nonce makes a nonce for a realm.
func (s *State) Nonce(now int64, realm string) string {
	var b [nonceBytes]byte
	binary.BigEndian.PutUint64(b[:], uint64(now))
	rand.Read(b[8:16])
	s.signNonce(b[16:16], b[:16], realm)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (s *State) signNonce(dst, head []byte, realm string) {
	mac := hmac.New(sha256.New, s.key[:])
	mac.Write([]byte("nonce\x00"))
	mac.Write(head)
	mac.Write([]byte(realm))
	var sum [sha256.Size]byte
	copy(dst[:nonceSum], mac.Sum(sum[:0]))
}

// checkNonce says whether a nonce is ours and young enough: Proven, NonceForeign or NonceOld.
func (s *State) checkNonce(text, realm string, now int64, life time.Duration) (made int64, k Key, verdict DigestVerdict) {
	var b [nonceBytes]byte
	if base64.RawURLEncoding.DecodedLen(len(text)) != nonceBytes {
		return 0, Key{}, NonceForeign
	}
	if n, err := base64.RawURLEncoding.Strict().Decode(b[:], []byte(text)); err != nil || n != nonceBytes {
		return 0, Key{}, NonceForeign
	}
	var sum [nonceSum]byte
	s.signNonce(sum[:0], b[:16], realm)
	if subtle.ConstantTimeCompare(sum[:], b[16:]) != 1 {
		return 0, Key{}, NonceForeign
	}
	made = int64(binary.BigEndian.Uint64(b[:]))
	k = Key{uint64(made), binary.BigEndian.Uint64(b[8:])}
	if age := now - made; age < -int64(time.Minute) || age > int64(life) {
		return made, k, NonceOld
	}
	return made, k, Proven
}

// useNonce takes a count of a nonce that is good and was proven, once. Counts may come in another order than they were
// made in, as those of several connections do, within 64.
func (s *State) useNonce(made int64, k Key, nc uint32) DigestVerdict {
	n := s.nonces
	u, created := n.used.lock(k, true)
	defer n.used.unlock(k)
	if created {
		n.mu.Lock()
		forgotten := made <= n.horizon
		n.mu.Unlock()
		u.made = made
		if forgotten {
			u.highest, u.seen = ^uint32(0), ^uint64(0) // what came before it was forgotten, nobody knows
			return NonceOld
		}
		u.highest, u.seen = nc, 1
		return Proven
	}
	switch {
	case nc > u.highest:
		if ahead := nc - u.highest; ahead < 64 {
			u.seen = u.seen<<ahead | 1
		} else {
			u.seen = 1
		}
		u.highest = nc
		return Proven
	case u.highest-nc >= 64:
		return NonceReplayed
	}
	bit := uint64(1) << (u.highest - nc)
	if u.seen&bit != 0 {
		return NonceReplayed
	}
	u.seen |= bit
	return Proven
}
