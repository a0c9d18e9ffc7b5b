package resource

// ring is the entries of one kind of storage in the order in which CLOCK's hand meets them. It is guarded by
// Store.mu. The zero ring is empty.
type ring struct {
	hand  *Entry // the next to be looked at; nil when the ring is empty
	count int
}

// add puts an entry where the hand meets it last.
func (r *ring) add(e *Entry) {
	if r.hand == nil {
		e.prev, e.next = e, e
		r.hand = e
	} else {
		e.prev, e.next = r.hand.prev, r.hand
		e.prev.next, e.next.prev = e, e
	}
	r.count++
}

func (r *ring) remove(e *Entry) {
	if e.next == e {
		r.hand = nil
	} else {
		if r.hand == e {
			r.hand = e.next
		}
		e.prev.next, e.next.prev = e.next, e.prev
	}
	e.prev, e.next = nil, nil
	r.count--
}

// victim is the entry to be evicted, nil when the ring is empty: the first that was not used since the hand last
// came by. The hand takes the mark of use from the others as it passes, so it comes to one within two rounds unless
// loops mark entries faster than it walks; then it takes the one where the second round ends.
func (r *ring) victim() *Entry {
	for range 2 * r.count {
		e := r.hand
		if e.used.And(^uint32(usedForClock))&usedForClock == 0 {
			return e
		}
		r.hand = e.next
	}
	return r.hand
}

// each calls f for every entry. f may not change the ring.
func (r *ring) each(f func(*Entry)) {
	e := r.hand
	for range r.count {
		f(e)
		e = e.next
	}
}
