package stack

import "sync"

// byteBlockSize is the unit in which remote queues take memory. It holds a large HTTP head or ten full segments, so that
// most messages are one block.
const byteBlockSize = 16 << 10

// byteBlock is a part of a queue. The bytes between r and w are the consumer's, those behind w the producer's, so that
// both may work on their part without holding the queue's lock.
type byteBlock struct {
	next *byteBlock
	r, w int

	filling  bool // a producer writes behind w
	draining bool // a consumer reads behind r
	b        [byteBlockSize]byte
}

var byteBlocks = sync.Pool{New: func() any { return new(byteBlock) }}

// byteQueue is bytes on their way between a shard and somebody else. It has one producer and one consumer; every
// method is called under the lock of whoever owns the queue, but the slices that front and space return are used
// without it. An empty queue holds no memory.
type byteQueue struct {
	head, tail *byteBlock
	n          int
	dropped    bool // drop was called: nothing is kept any more
}

// front is the longest run of bytes at the head, nil when there is none. It stays valid until drained.
func (q *byteQueue) front() (*byteBlock, []byte) {
	if q.n == 0 {
		return nil, nil
	}
	c := q.head
	c.draining = true
	return c, c.b[c.r:c.w]
}

// drained gives the front back and forgets its first n bytes.
func (q *byteQueue) drained(c *byteBlock, n int) {
	c.draining = false
	if q.dropped {
		return
	}
	c.r += n
	q.n -= n
	q.release()
}

// space is room behind the last byte, at least one byte. It stays valid until filled.
func (q *byteQueue) space() (*byteBlock, []byte) {
	c := q.tail
	if c == nil || c.w == byteBlockSize {
		c = byteBlocks.Get().(*byteBlock)
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
func (q *byteQueue) filled(c *byteBlock, n int) {
	c.filling = false
	if q.dropped {
		return
	}
	c.w += n
	q.n += n
	q.release()
}

// release gives empty blocks at the head back to the pool, but for those in somebody's hands.
func (q *byteQueue) release() {
	for c := q.head; c != nil && c.r == c.w && !c.filling && !c.draining; c = q.head {
		if q.head = c.next; q.head == nil {
			q.tail = nil
		}
		c.next, c.r, c.w = nil, 0, 0
		byteBlocks.Put(c)
	}
}

// drop forgets everything for good. Blocks in somebody's hands are left to the garbage collector.
func (q *byteQueue) drop() {
	for c := q.head; c != nil; {
		next := c.next
		if !c.filling && !c.draining {
			c.next, c.r, c.w = nil, 0, 0
			byteBlocks.Put(c)
		}
		c = next
	}
	*q = byteQueue{dropped: true}
}
