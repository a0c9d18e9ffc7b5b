package resource

import (
	"hash/maphash"
	"sync/atomic"
)

// table finds a root's entries by path. Reading takes no lock and does not allocate; writing is for whoever holds
// Store.mu. A reader that meets a change sees the table as it was before or after it.
type table struct {
	seed  maphash.Seed
	slots atomic.Pointer[[]slot]
	count int
}

type slot = atomic.Pointer[node]

// node is a link of a slot's chain. A node is never used again once it was taken out, so that a reader who stands on
// it still finds the rest of the chain.
type node struct {
	next  atomic.Pointer[node]
	entry *Entry
}

const firstSlots = 16 // a power of two, as every later number of slots

func (t *table) init() {
	t.seed = maphash.MakeSeed()
	slots := make([]slot, firstSlots)
	t.slots.Store(&slots)
}

func (t *table) hashString(path string) uint64 { return maphash.String(t.seed, path) }

// find is the entry of a path, or nil.
func (t *table) find(path []byte) *Entry {
	h := maphash.Bytes(t.seed, path)
	slots := *t.slots.Load()
	for n := slots[h&uint64(len(slots)-1)].Load(); n != nil; n = n.next.Load() {
		if e := n.entry; e.hash == h && e.Path == string(path) {
			return e
		}
	}
	return nil
}

// findString is find for a string.
func (t *table) findString(path string) *Entry {
	h := t.hashString(path)
	slots := *t.slots.Load()
	for n := slots[h&uint64(len(slots)-1)].Load(); n != nil; n = n.next.Load() {
		if e := n.entry; e.hash == h && e.Path == path {
			return e
		}
	}
	return nil
}

// add puts an entry in. When it takes the place of another, that one is removed afterwards, so that a reader always
// finds one of them.
func (t *table) add(e *Entry) {
	slots := *t.slots.Load()
	if t.count++; t.count > len(slots) {
		slots = t.grow(slots)
	}
	push(slots, e)
}

func push(slots []slot, e *Entry) {
	s := &slots[e.hash&uint64(len(slots)-1)]
	n := &node{entry: e}
	n.next.Store(s.Load())
	s.Store(n)
}

func (t *table) grow(old []slot) []slot {
	slots := make([]slot, 2*len(old))
	for i := range old {
		for n := old[i].Load(); n != nil; n = n.next.Load() {
			push(slots, n.entry)
		}
	}
	t.slots.Store(&slots)
	return slots
}

// remove takes an entry out, if it is in.
func (t *table) remove(e *Entry) {
	slots := *t.slots.Load()
	link := &slots[e.hash&uint64(len(slots)-1)]
	for n := link.Load(); n != nil; n = link.Load() {
		if n.entry == e {
			link.Store(n.next.Load())
			t.count--
			return
		}
		link = &n.next
	}
}
