package journey

import (
	"slices"
	"time"
)

// ring is what is remembered: chunks in the order in which they came, and those with what is kept for longer. All of it is
// guarded by Recorder.mu.
type ring struct {
	shape shape
	last  []*chunk
	open  merger // its chunk takes what the loops hand over nearly empty
	kept  []*chunk
	keep  merger // its chunk takes what failed or was slow

	offered              int   // records of the open chunk that were offered to those who follow
	lastBytes, keptBytes int64 // of last and kept, without the mergers' chunks
}

// all are the chunks that there are, the youngest first.
func (r *ring) all(yield func(*chunk) bool) {
	if r.open.c != nil && !yield(r.open.c) {
		return
	}
	for _, c := range slices.Backward(r.last) {
		if !yield(c) {
			return
		}
	}
	if r.keep.c != nil && !yield(r.keep.c) {
		return
	}
	for _, c := range slices.Backward(r.kept) {
		if !yield(c) {
			return
		}
	}
}

func (r *ring) records() (n int) {
	for c := range r.all {
		n += c.n
	}
	return n
}

// bytes is how much memory the chunks hold.
func (r *ring) bytes() int64 {
	return r.lastBytes + r.keptBytes + r.open.bytes() + r.keep.bytes()
}

// oldest is when the oldest of the last journeys began.
func (r *ring) oldest() time.Time {
	first := int64(0)
	see := func(c *chunk) {
		if c != nil && c.n > 0 && (first == 0 || c.oldest < first) {
			first = c.oldest
		}
	}
	see(r.open.c)
	for _, c := range r.last {
		see(c)
	}
	if first == 0 {
		return time.Time{}
	}
	return time.Unix(0, first)
}

// push takes over a chunk, the youngest. What is too much is evicted afterwards.
func (r *ring) push(c *chunk) {
	r.last = append(r.last, c)
	r.lastBytes += c.bytes()
}

// evict forgets the oldest chunks until no more than so many bytes are left. Of each, what failed or was slow is kept;
// done is told of each.
func (r *ring) evict(limit int64, done func(*chunk)) {
	n := 0
	for n < len(r.last) && r.lastBytes > limit {
		c := r.last[n]
		n++
		r.lastBytes -= c.bytes()
		if c.marked > 0 && r.shape.kept > 0 {
			r.save(c, r.last[n:])
		}
		done(c)
	}
	r.last = slices.Delete(r.last, 0, n)
}

// soon is how many chunks are looked through for the end of a connection whose requests are kept for longer.
const soon = 4

// save keeps what failed or was slow. What became of their connections is in the chunk, or in one of the next.
func (r *ring) save(c *chunk, later []*chunk) {
	m := &r.keep
	m.from(c)
	connections := make(map[uint64]bool)
	for i := range c.n {
		f := record(c.arena, i)
		if f[atFlags]&(flagFailed|flagSlow) == 0 {
			continue
		}
		if m.c == nil {
			r.reopen()
		}
		if !m.put(c, i) {
			r.reopen()
			if !m.put(c, i) {
				continue // larger than such a chunk
			}
		}
		connections[c.conns[little.Uint32(f[atConn:])].id] = true
	}
	if len(connections) == 0 {
		return
	}
	for i := range c.conns {
		if !m.carried[i] && connections[c.conns[i].id] {
			r.carry(c, c.conns[i])
		}
	}
	for _, next := range later[:min(soon, len(later))] {
		for i := range next.conns {
			if connections[next.conns[i].id] {
				r.carry(next, next.conns[i])
			}
		}
	}
}

// carry keeps what is known of a connection, if there is room.
func (r *ring) carry(c *chunk, from conn) {
	m := &r.keep
	if (from.ended != 0 || from.snapshot != 0) && m.c.room(0) && m.c.beside()+grows(len(m.c.conns), cap(m.c.conns), connSize) <= m.most {
		m.append(c, from, true)
	}
}

// reopen gives what is kept another chunk, and forgets the oldest of it when that is too much.
func (r *ring) reopen() {
	if r.keep.c != nil {
		c := r.keep.close()
		r.kept = append(r.kept, c)
		r.keptBytes += c.bytes()
	}
	r.trimKept(r.shape.kept - 2*int64(r.shape.keptBy))
	r.keep.over(r.shape.keptBy, r.shape.keptBy)
}

func (r *ring) trimKept(limit int64) {
	n := 0
	for n < len(r.kept) && r.keptBytes > limit {
		r.keptBytes -= r.kept[n].bytes()
		n++
	}
	r.kept = slices.Delete(r.kept, 0, n)
}
