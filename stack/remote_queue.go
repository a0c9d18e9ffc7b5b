package stack

import "sync"

// chunkSize is the unit in which remote queues take memory. It holds a large HTTP head or ten full segments, so that
// most messages are one chunk.
const chunkSize = 16 << 10

// chunk is a piece of a queue. The bytes between r and w are the consumer's, those behind w the producer's, so that
// both may work on their part without holding the queue's lock.
type chunk struct {
	next *chunk
	r, w int

	filling  bool // a producer writes behind w
	draining bool // a consumer reads behind r
	b        [chunkSize]byte
}

var chunks = sync.Pool{New: func() any { return new(chunk) }}

// byteQueue is bytes on their way between a shard and somebody else. It has one producer and one consumer; every
// method is called under the lock of whoever owns the queue, but the slices that front and space return are used
// without it. An empty queue holds no memory.
type byteQueue struct {
	head, tail *chunk
	n          int
	dropped    bool // drop was called: nothing is kept any more
}

// front is the longest run of bytes at the head, nil when there is none. It stays valid until drained.
func (q *byteQueue) front() (*chunk, []byte) {
	if q.n == 0 {
		return nil, nil
	}
	c := q.head
	c.draining = true
	return c, c.b[c.r:c.w]
}

// drained gives the front back and forgets its first n bytes.
func (q *byteQueue) drained(c *chunk, n int) {
	c.draining = false
	if q.dropped {
		return
	}
	c.r += n
	q.n -= n
	if c.r == c.w && !c.filling {
		q.release(c)
	}
}

// space is room behind the last byte, at least one byte. It stays valid until filled.
func (q *byteQueue) space() (*chunk, []byte) {
	c := q.tail
	if c == nil || c.w == chunkSize {
		c = chunks.Get().(*chunk)
		if q.tail == nil {
			q.head = c
		} else {
			q.tail.next = c
		}
		q.tail = c
	}
	c.filling = true
	return c, c.b[c.w:]
}

// filled gives the space back with n bytes in it.
func (q *byteQueue) filled(c *chunk, n int) {
	c.filling = false
	if q.dropped {
		return
	}
	c.w += n
	q.n += n
	if c.r == c.w && !c.draining && c == q.head {
		q.release(c)
	}
}

// release gives the empty head back to the pool. The queue's order leaves nothing but the tail in front of an empty
// tail: a producer always fills the tail before it takes another.
func (q *byteQueue) release(c *chunk) {
	q.head = c.next
	if q.head == nil {
		q.tail = nil
	}
	c.next, c.r, c.w = nil, 0, 0
	chunks.Put(c)
}

// drop forgets everything for good. Chunks in somebody's hands are left to the garbage collector.
func (q *byteQueue) drop() {
	for c := q.head; c != nil; {
		next := c.next
		if !c.filling && !c.draining {
			c.next, c.r, c.w = nil, 0, 0
			chunks.Put(c)
		}
		c = next
	}
	*q = byteQueue{dropped: true}
}
