package tcp

// Received bytes are copied once, into chunks, and once more to the reader. A chunk comes in few sizes, so that free
// lists stay short, and small enough for what is put in it, so that a tiny segment never holds a large buffer.
var chunkSizes = [...]int{256, 2 << 10, 16 << 10, 64 << 10}

// chunk holds received bytes: data[lo:hi].
type chunk struct {
	next   *chunk
	data   []byte
	lo, hi int32
	class  uint8
}

// chain is a queue of chunks with n bytes in all. The zero value is empty and holds no memory.
type chain struct {
	head, tail *chunk
	n          int
}

// chunkFor chooses the size for n more bytes behind queued ones: the smallest that takes them, or larger ones when as
// much is queued already, so that at most about half of a long queue's memory is unused.
func chunkFor(n, queued int) uint8 {
	class := 0
	for class < len(chunkSizes)-1 && (chunkSizes[class] < n || chunkSizes[class+1] <= queued) {
		class++
	}
	return uint8(class)
}

// growth is how much more memory the chain needs to take p, and the size of the chunk; 0 when its last chunk has room.
func (q *chain) growth(n int) (bytes int, class uint8) {
	if q.tail != nil {
		n -= len(q.tail.data) - int(q.tail.hi)
	}
	if n <= 0 {
		return 0, 0
	}
	class = chunkFor(n, q.n)
	return chunkSizes[class], class
}

// push appends p, which is at most the largest chunk. False: the Host has no memory for it, and nothing was taken.
func (q *chain) push(h *Host, p []byte) bool {
	bytes, class := q.growth(len(p))
	var fresh *chunk
	if bytes > 0 {
		if fresh = h.chunk(class); fresh == nil {
			return false
		}
	}
	q.n += len(p)
	if t := q.tail; t != nil {
		k := copy(t.data[t.hi:], p)
		t.hi += int32(k)
		p = p[k:]
	}
	if fresh != nil {
		fresh.hi = int32(copy(fresh.data, p))
		if q.tail == nil {
			q.head = fresh
		} else {
			q.tail.next = fresh
		}
		q.tail = fresh
	}
	return true
}

// link moves everything in o behind what is in q.
func (q *chain) link(o *chain) {
	if o.head == nil {
		return
	}
	if q.tail == nil {
		q.head = o.head
	} else {
		q.tail.next = o.head
	}
	q.tail = o.tail
	q.n += o.n
	*o = chain{}
}

// pop copies the first bytes out and forgets them. A nil p with n > 0 forgets n bytes without copying.
func (q *chain) pop(h *Host, p []byte, n int) int {
	if p != nil {
		n = len(p)
	}
	n = min(n, q.n)
	for done := 0; done < n; {
		c := q.head
		k := min(int(c.hi-c.lo), n-done)
		if p != nil {
			copy(p[done:], c.data[c.lo:int(c.lo)+k])
		}
		c.lo += int32(k)
		done += k
		if c.lo == c.hi {
			if q.head = c.next; q.head == nil {
				q.tail = nil
			}
			h.release(c)
		}
	}
	q.n -= n
	return n
}

// memory is how much the chain's chunks take.
func (q *chain) memory() int {
	total := 0
	for c := q.head; c != nil; c = c.next {
		total += len(c.data)
	}
	return total
}

// free gives all memory back.
func (q *chain) free(h *Host) {
	for c := q.head; c != nil; {
		next := c.next
		h.release(c)
		c = next
	}
	*q = chain{}
}

// chunk lends a chunk of a size class. When the Host's memory for received data is used up it first throws away what
// connections hold beyond a gap, which their peers will send again (RFC 2018 §8 allows that); nil when that is not enough.
func (h *Host) chunk(class uint8) *chunk {
	size := chunkSizes[class]
	for h.used+size > h.Config.ReceiveMemory {
		if !h.prune() {
			return nil
		}
	}
	h.used += size
	if c := h.free[class]; c != nil {
		h.free[class] = c.next
		h.idle -= size
		c.next, c.lo, c.hi = nil, 0, 0
		return c
	}
	return &chunk{class: class, data: make([]byte, size)}
}

// release takes a chunk back: onto the free list, or to the garbage collector when enough lies there.
func (h *Host) release(c *chunk) {
	size := len(c.data)
	h.used -= size
	if h.idle+size > h.Config.ReceiveMemory/8 {
		return
	}
	h.idle += size
	c.next = h.free[c.class]
	h.free[c.class] = c
}
