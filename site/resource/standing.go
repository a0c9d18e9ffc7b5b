package resource

import "sync/atomic"

// standing is whether an entry is still what its path leads to, as far as that is known. It is apart from the entry, so
// that who remembers it does not hold on to the content.
type standing struct {
	root    *Root
	checked atomic.Int64  // when it was last known to be what the path leads to, nanoseconds since 1970
	used    atomic.Uint32 // bits
	gone    atomic.Bool   // it is not kept any more: it was replaced or evicted
}

// Bits of standing.used. Both are set by a use; each is taken back by its reader.
const (
	usedForClock   = 1 << iota // since the hand last came by
	usedForRefresh             // since the refresher last looked
	usedAll        = usedForClock | usedForRefresh
)

func (s *standing) use() {
	if s.used.Load() != usedAll { // a store to a shared cache line only when it changes something
		s.used.Store(usedAll)
	}
}

// Fresh reports whether the entry may be answered from at a time, in nanoseconds since 1970, without a look at the disk.
// A clock that was set back makes it old, not young.
func (s *standing) Fresh(now int64) bool {
	age, fresh := now-s.checked.Load(), s.root.store.fresh.Load()
	return age < fresh && -age < fresh
}

// Standing is an entry's claim to be what its path leads to. It keeps nothing of the entry in memory, and is safe for
// concurrent use. The zero Standing does not hold.
type Standing struct{ *standing }

// Standing is the entry's.
func (e *Entry) Standing() Standing { return Standing{e.standing} }

// Holds reports whether the entry is kept and fresh at a time, in nanoseconds since 1970: whether what was decided by it
// can be decided again without a look. It counts as a use. It takes no lock and does not allocate.
func (s Standing) Holds(now int64) bool {
	if s.standing == nil || s.gone.Load() || !s.Fresh(now) {
		return false
	}
	s.use()
	return true
}
