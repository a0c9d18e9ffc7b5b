package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of what is remembered of clients and users.
const (
	mostVerdicts = 4096
	mostFailing  = 1 << 16
	verdictLife  = int64(time.Minute)
)

// State is what outlives a configuration: keys that were drawn at the start, and what clients have done. It is shared by all
// Handlers of a process and safe for concurrent use. Everything in it is bounded.
type State struct {
	key      [32]byte // of nonces, and of the names under which things are remembered
	nonces   *nonces
	verdicts *table[int64]    // until when a password is known to be right
	failing  *table[failures] // of a client with a user, and of a client with all
	failed   atomic.Bool      // some password was ever wrong
	hashing  hashing

	mu      sync.Mutex
	watched map[watchKey]any // *Watched of something
	counts  map[string]*counts
}

// NewState draws new keys.
func NewState() *State {
	s := &State{nonces: newNonces(), verdicts: newTable[int64](mostVerdicts), failing: newTable[failures](mostFailing),
		watched: make(map[watchKey]any), counts: make(map[string]*counts)}
	rand.Read(s.key[:])
	s.hashing.most, s.hashing.waiting = max(runtime.GOMAXPROCS(0)/2, 1), make(map[Key][]func())
	return s
}

// name is a keyed hash of texts, under which something is remembered that must not be read out of memory, or that a client
// chooses.
func (s *State) name(purpose byte, parts ...string) Key {
	mac := hmac.New(sha256.New, s.key[:])
	var length [9]byte
	length[0] = purpose
	for _, p := range parts {
		binary.BigEndian.PutUint64(length[1:], uint64(len(p)))
		mac.Write(length[:])
		mac.Write([]byte(p))
	}
	var sum [sha256.Size]byte
	mac.Sum(sum[:0])
	return Key{binary.BigEndian.Uint64(sum[:]), binary.BigEndian.Uint64(sum[8:])}
}

// watchKey is what a file is read for.
type watchKey struct{ path, as string }

// watch finds the file that is watched under a key, or makes one. Configurations that name the same file share it.
func watch[T any](s *State, k watchKey, parse func([]byte) (*T, error)) *Watched[T] {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w, ok := s.watched[k].(*Watched[T]); ok {
		return w
	}
	const most = 10_000 // files of configurations that came and went
	if len(s.watched) >= most {
		clear(s.watched)
	}
	w := &Watched[T]{path: k.path, parse: parse}
	s.watched[k] = w
	return w
}

// PasswordFile is an htpasswd file.
func (s *State) PasswordFile(path string, plain bool) *Watched[Passwords] {
	as := "passwords"
	if plain {
		as = "plain passwords"
	}
	return watch(s, watchKey{path, as}, func(data []byte) (*Passwords, error) { return parsePasswords(data, plain) })
}

// DigestFile is an htdigest file, of which one realm counts.
func (s *State) DigestFile(path, realm string) *Watched[Digests] {
	return watch(s, watchKey{path, "digests " + realm}, func(data []byte) (*Digests, error) { return parseDigests(data, realm) })
}

// GroupFile is a group file.
func (s *State) GroupFile(path string) *Watched[Groups] {
	return watch(s, watchKey{path, "groups"}, parseGroups)
}

// Knows reports whether a password was found right lately. version is that of the file. It is for loops.
func (s *State) Knows(version uint64, user, password string, now int64) bool {
	k := s.verdict(version, user, password)
	until, _ := s.verdicts.lock(k, false)
	defer s.verdicts.unlock(k)
	return until != nil && now < *until
}

// Learn remembers for a minute that a password is right. Neither it nor anything that it could be guessed by without the
// process's key is kept.
func (s *State) Learn(version uint64, user, password string, now int64) {
	k := s.verdict(version, user, password)
	until, _ := s.verdicts.lock(k, true)
	*until = now + verdictLife
	s.verdicts.unlock(k)
}

func (s *State) verdict(version uint64, user, password string) Key {
	var v [8]byte
	binary.BigEndian.PutUint64(v[:], version)
	return s.name('v', string(v[:]), user, password)
}

// Decoy is what a name that is not there is held against.
func (s *State) Decoy(user string) uint64 { return s.name('d', user).Hi }

// clientKey is a client: an address, or the /64 network of an IPv6 address. The zero address is all whom nobody knows.
func clientKey(a netip.Addr) Key {
	a = plain(a)
	b := a.As16()
	k := Key{binary.BigEndian.Uint64(b[:8]), 0}
	if a.Is4() {
		k.Lo = binary.BigEndian.Uint64(b[8:])
	}
	return k
}
