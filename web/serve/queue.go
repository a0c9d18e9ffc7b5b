package serve

import (
	"sync"

	"vitrine/socket"
)

// Releaser gives back what a queued piece holds, once it is sent or given up.
type Releaser interface{ Release() }

// piece is output that the transport has not taken yet.
type piece struct {
	b       []byte
	file    *socket.File
	off, n  int64 // of file
	release Releaser
}

// queue is a connection's output that the transport has not taken yet, in order. It is empty most of the time and
// then owns no memory.
type queue struct{ pieces []piece }

func (q *queue) empty() bool { return len(q.pieces) == 0 }

// bytes is how much waits.
func (q *queue) bytes() (n int64) {
	for i := range q.pieces {
		n += q.pieces[i].n + int64(len(q.pieces[i].b))
	}
	return n
}

func (q *queue) push(p piece) { q.pieces = append(q.pieces, p) }

// pushCopy queues bytes that belong to somebody else.
func (q *queue) pushCopy(b []byte) {
	if len(b) == 0 {
		return
	}
	buf := append(acquire(len(b)), b...)
	q.push(piece{b: buf, release: owned(buf)})
}

// pop drops the first piece.
func (q *queue) pop() {
	if r := q.pieces[0].release; r != nil {
		r.Release()
	}
	q.pieces[0] = piece{}
	if q.pieces = q.pieces[1:]; len(q.pieces) == 0 {
		q.pieces = nil
	}
}

func (q *queue) drop() {
	for i := range q.pieces {
		if r := q.pieces[i].release; r != nil {
			r.Release()
		}
	}
	q.pieces = nil
}

// owned gives a buffer of acquire back.
type owned []byte

func (o owned) Release() { give(o) }

// Buffers come in four sizes: most left-over heads fit the first.
const (
	small  = 4 << 10
	medium = 16 << 10
	bigger = 32 << 10
	large  = 64 << 10
)

var smalls = sync.Pool{New: func() any { return new([small]byte) }}
var mediums = sync.Pool{New: func() any { return new([medium]byte) }}
var biggers = sync.Pool{New: func() any { return new([bigger]byte) }}
var larges = sync.Pool{New: func() any { return new([large]byte) }}

// acquire returns an empty buffer that can hold n bytes.
func acquire(n int) []byte {
	switch {
	case n <= small:
		return smalls.Get().(*[small]byte)[:0]
	case n <= medium:
		return mediums.Get().(*[medium]byte)[:0]
	case n <= bigger:
		return biggers.Get().(*[bigger]byte)[:0]
	case n <= large:
		return larges.Get().(*[large]byte)[:0]
	}
	return make([]byte, 0, n)
}

// give returns a buffer of acquire.
func give(b []byte) {
	switch cap(b) {
	case small:
		smalls.Put((*[small]byte)(b[:small]))
	case medium:
		mediums.Put((*[medium]byte)(b[:medium]))
	case bigger:
		biggers.Put((*[bigger]byte)(b[:bigger]))
	case large:
		larges.Put((*[large]byte)(b[:large]))
	}
}

// readRoom is the least room worth a read: a buffer that has it need not grow yet.
const readRoom = 512

// grow returns the buffer with room for a read, copied when needed.
func grow(b []byte) []byte {
	if cap(b)-len(b) >= readRoom {
		return b
	}
	more := append(acquire(2*cap(b)), b...)
	give(b)
	return more
}
