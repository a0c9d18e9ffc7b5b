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
	n := r.lastBytes + r.keptBytes
	for _, m := range [...]*merger{&r.open, &r.keep} {
		if m.c != nil {
			n += m.c.bytes()
		}
	}
	return n
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

// push takes over a chunk whole. What is too much is evicted afterwards.
func (r *ring) push(c *chunk) {
	r.last = append(r.last, c)
	r.lastBytes += c.bytes()
}

// close ends the merger's chunk. Where much of its arena was not used, the rest is given back.
func (m *merger) close() *chunk {
	c := m.c
	m.c = nil
	if c.used() < len(c.arena)/4*3 {
		c.trim()
	}
	return c
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

// save keeps what failed or was slow. What became of their connections is in one of the next chunks.
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
	for _, next := range later[:min(soon, len(later))] {
		for i := range next.conns {
			from := next.conns[i]
			if connections[from.id] && (from.ended != 0 || from.snapshot != 0) && m.c != nil &&
				m.c.beside()+grows(len(m.c.conns), cap(m.c.conns), connSize) <= m.most {
				m.append(next, from, true)
			}
		}
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
	r.keep.over(newChunk(r.shape.keptBy), r.shape.keptBy)
}

func (r *ring) trimKept(limit int64) {
	n := 0
	for n < len(r.kept) && r.keptBytes > limit {
		r.keptBytes -= r.kept[n].bytes()
		n++
	}
	r.kept = slices.Delete(r.kept, 0, n)
}
