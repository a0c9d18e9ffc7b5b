package journey

import "time"

const (
	calm  = time.Second            // between two looks at what the loops have, while nobody follows
	brisk = 100 * time.Millisecond // while somebody does
)

// collector takes what the loops have recorded, until Close.
func (r *Recorder) collector() {
	defer close(r.done)
	timer := time.NewTimer(calm)
	defer timer.Stop()
	for {
		select {
		case <-r.stop:
			return
		case <-r.bell:
		case <-timer.C:
		}
		r.mu.Lock()
		every := calm
		if len(r.followers) > 0 {
			every = brisk
		}
		now := time.Now()
		r.collect(now.Sub(r.looked) >= every-every/10)
		if now.Sub(r.told) >= brisk-brisk/10 {
			r.tell()
			r.told = now
		}
		r.mu.Unlock()
		timer.Reset(every)
	}
}

// collect takes the chunks that are full, and the others too where it is told to. The lock of the ring is held.
func (r *Recorder) collect(all bool) {
	if all {
		r.looked = time.Now()
	}
	taken := r.taken[:0]
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		taken = append(taken, s.full...)
		clear(s.full)
		s.full = s.full[:0]
		if c := s.w.c; all && c != nil && !c.idle() {
			taken = append(taken, c)
			s.w.begin(nil)
		}
		s.mu.Unlock()
	}
	for _, c := range taken {
		r.take(c)
	}
	clear(taken)
	r.taken = taken[:0]
	r.provide(r.policy.Load())
}

// take puts a chunk into the ring: whole when it is well filled, otherwise what is in it.
func (r *Recorder) take(c *chunk) {
	r.places.move(c)
	g := &r.ring
	if c.used() >= len(c.arena)/2 && len(c.arena) == g.shape.arena {
		r.shut() // what came before stays before it
		g.push(c)
		r.out--
		r.offer(c, 0)
		r.evict(0)
		return
	}
	m := &g.open
	m.from(c)
	for i := range c.n {
		if m.c == nil || !m.put(c, i) {
			r.open()
			m.put(c, i)
		}
	}
	if m.c == nil && !c.idle() || m.c != nil && !m.rest(c) {
		r.open()
		m.rest(c)
	}
	r.recycle(c)
}

// open begins another chunk for what came nearly empty.
func (r *Recorder) open() {
	g := &r.ring
	r.shut()
	r.evict(int64(g.shape.arena + g.shape.beside))
	g.open.over(g.shape.arena, g.shape.beside)
}

// shut ends the chunk for what came nearly empty.
func (r *Recorder) shut() {
	g := &r.ring
	if g.open.c != nil {
		r.offer(g.open.c, g.offered)
		g.push(g.open.close())
	}
	g.offered = 0
}

// evict makes room for so many bytes.
func (r *Recorder) evict(more int64) {
	g := &r.ring
	if (g.open.c != nil || g.open.spare != nil) && more == 0 {
		more = int64(g.shape.arena + g.shape.beside) // it will grow
	}
	g.evict(g.shape.last-more, func(c *chunk) {
		r.out++
		r.recycle(c)
	})
}

// recycle gives a chunk that is out back to the loops, unless somebody reads it, or there are enough.
func (r *Recorder) recycle(c *chunk) {
	if c.readers > 0 || len(c.arena) != r.ring.shape.arena || r.out > r.ring.shape.out {
		r.out--
		return
	}
	c.empty(r.ring.shape.beside / 2)
	r.freeMu.Lock()
	r.free = append(r.free, c)
	r.freeMu.Unlock()
}

// provide makes as many chunks for the loops as are missing, or takes them away when nothing is recorded.
func (r *Recorder) provide(p *policy) {
	if p.nothing {
		r.freeMu.Lock()
		r.out -= len(r.free)
		r.free = nil
		r.freeMu.Unlock()
		return
	}
	for r.out < r.ring.shape.out {
		c := newChunk(r.ring.shape.arena) // while nobody waits for the lock
		r.freeMu.Lock()
		r.free = append(r.free, c)
		r.freeMu.Unlock()
		r.out++
	}
}

// reshape divides another amount of memory. Every chunk that the loops had in hand was collected.
func (r *Recorder) reshape(p *policy) {
	g := &r.ring
	old := g.shape
	g.shape = p.shape
	if old.arena != p.shape.arena {
		r.freeMu.Lock()
		r.out -= len(r.free)
		r.free = nil
		r.freeMu.Unlock()
	}
	r.shut()
	g.open.spare = nil
	r.evict(0)
	if g.keep.c != nil {
		c := g.keep.close()
		g.kept, g.keptBytes = append(g.kept, c), g.keptBytes+c.bytes()
	}
	g.keep.spare = nil
	g.trimKept(p.shape.kept)
}

// forget forgets every journey.
func (r *Recorder) forget() {
	r.ring = ring{shape: r.ring.shape}
	r.fresh = nil
}

// offer notes what is new in a chunk, from a record on, for those who follow.
func (r *Recorder) offer(c *chunk, from int) {
	if len(r.followers) > 0 && from < c.n {
		v := viewOf(c)
		v.from = from
		r.fresh = append(r.fresh, v)
		c.readers++
	}
}

// bytes is how much memory everything holds.
func (r *Recorder) bytes() int64 {
	n := r.ring.bytes()
	r.freeMu.Lock()
	for _, c := range r.free {
		n += c.bytes()
	}
	r.freeMu.Unlock()
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		if s.w.c != nil {
			n += s.w.c.bytes()
		}
		for _, c := range s.full {
			n += c.bytes()
		}
		s.mu.Unlock()
	}
	return n
}
