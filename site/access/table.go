package access

import "sync"

// Key names something in a table: an address, or a keyed hash of what it stands for.
type Key struct{ Hi, Lo uint64 }

// table is a map that is bounded: when it is full, what was not asked for longest makes room. It is parted into shards, so
// that loops seldom meet. Once it is full it does not allocate. The zero table is empty and holds nothing until its bound
// is set.
type table[V any] struct {
	shards [shards]shard[V]
	// evicted is told what makes room, with its shard's lock held; nil: nobody is.
	evicted func(*V)
}

const shards = 16

type shard[V any] struct {
	mu    sync.Mutex
	most  int
	index map[Key]int32
	slots []slot[V]
	first int32 // the one that was asked for last
	last  int32
}

type slot[V any] struct {
	key        Key
	prev, next int32 // -1: none
	v          V
}

// newTable makes a table of at most so many entries, about.
func newTable[V any](most int) *table[V] {
	t := &table[V]{}
	for i := range t.shards {
		s := &t.shards[i]
		s.most, s.first, s.last = max((most+shards-1)/shards, 2), -1, -1
		s.index = make(map[Key]int32)
	}
	return t
}

func (t *table[V]) shard(k Key) *shard[V] {
	h := (k.Hi ^ k.Lo) * 0x9E3779B97F4A7C15
	return &t.shards[h>>60]
}

// lock finds an entry, or makes one when create says so, and locks its shard until unlock. The entry is nil when there is
// none; created reports that it is new, and zero.
func (t *table[V]) lock(k Key, create bool) (v *V, created bool) {
	s := t.shard(k)
	s.mu.Lock()
	if i, ok := s.index[k]; ok {
		s.toFront(i)
		return &s.slots[i].v, false
	}
	if !create {
		return nil, false
	}
	var i int32
	if len(s.slots) < s.most {
		i = int32(len(s.slots))
		s.slots = append(s.slots, slot[V]{prev: -1, next: -1})
	} else {
		i = s.last
		old := &s.slots[i]
		if t.evicted != nil {
			t.evicted(&old.v)
		}
		delete(s.index, old.key)
		s.unlink(i)
		var zero V
		old.v = zero
	}
	s.slots[i].key = k
	s.index[k] = i
	s.link(i)
	return &s.slots[i].v, true
}

func (t *table[V]) unlock(k Key) { t.shard(k).mu.Unlock() }

// link puts a slot in front.
func (s *shard[V]) link(i int32) {
	e := &s.slots[i]
	e.prev, e.next = -1, s.first
	if s.first >= 0 {
		s.slots[s.first].prev = i
	} else {
		s.last = i
	}
	s.first = i
}

func (s *shard[V]) unlink(i int32) {
	e := &s.slots[i]
	if e.prev >= 0 {
		s.slots[e.prev].next = e.next
	} else {
		s.first = e.next
	}
	if e.next >= 0 {
		s.slots[e.next].prev = e.prev
	} else {
		s.last = e.prev
	}
}

func (s *shard[V]) toFront(i int32) {
	if s.first != i {
		s.unlink(i)
		s.link(i)
	}
}
