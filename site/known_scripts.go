package site

import (
	"hash/maphash"
	"sync/atomic"
	"time"

	"vitrine/site/resource"
)

// knownScripts remembers what paths led to, for the fresh time, so that a hot script is found on the loop. A path has two places,
// in one of which it may be: reading takes no lock and allocates nothing, and keeping one more costs the same however many there
// are. The zero knownScripts is empty.
type knownScripts struct {
	all atomic.Pointer[scriptPlaces] // nil until there is something to remember
}

type scriptPlaces struct {
	seed maphash.Seed
	at   [mostKnown]atomic.Pointer[knownScript]
}

// knownScript is what a path led to when it was last looked at.
type knownScript struct {
	found   *resource.Found
	checked atomic.Int64 // nanoseconds since 1970
}

// mostKnown bounds how many are remembered for a route. It is a power of two.
const mostKnown = 1024

// pair is the two places of a path.
func (p *scriptPlaces) pair(path []byte) [2]*atomic.Pointer[knownScript] {
	h := maphash.Bytes(p.seed, path)
	return [2]*atomic.Pointer[knownScript]{&p.at[h%mostKnown], &p.at[h>>32%mostKnown]}
}

// hot is what the path led to, nil when that is not known or not fresh any more.
func (k *knownScripts) hot(path []byte, now int64, fresh time.Duration) *resource.Found {
	all := k.all.Load()
	if all == nil {
		return nil
	}
	for _, place := range all.pair(path) {
		if s := place.Load(); s != nil && s.found.Path == string(path) {
			if age := now - s.checked.Load(); age < int64(fresh) && -age < int64(fresh) {
				return s.found
			}
		}
	}
	return nil
}

// keep remembers what a path led to, in the place of what was looked at longest ago.
func (k *knownScripts) keep(f *resource.Found, now int64) {
	all := k.all.Load()
	if all == nil {
		all = &scriptPlaces{seed: maphash.MakeSeed()}
		if !k.all.CompareAndSwap(nil, all) {
			all = k.all.Load()
		}
	}
	places := all.pair([]byte(f.Path))
	oldest := places[0]
	for _, place := range places {
		s := place.Load()
		if s != nil && s.found.Path == f.Path {
			if *s.found == *f {
				s.checked.Store(now)
				return
			}
			oldest = place
			break
		}
		if o := oldest.Load(); o != nil && (s == nil || s.checked.Load() < o.checked.Load()) {
			oldest = place
		}
	}
	s := &knownScript{found: f}
	s.checked.Store(now)
	oldest.Store(s)
}
