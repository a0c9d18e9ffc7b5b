package stack

// sendChunk is memory for bytes that are to be sent.
type sendChunk struct {
	used  int
	bytes [sendChunkBytes]byte
}

// sendChunkBytes is such that a chunk with its length fits an allocation of 4 KiB.
const sendChunkBytes = 4096 - 8

// piece is a run of the stream: bytes in a sendChunk, or a part of a file.
type piece struct {
	start uint64 // stream position of the first byte
	n     int
	chunk *sendChunk // nil: in a file
	at    int64      // where the run begins in the chunk or the file
	file  *file
}

func (p *piece) end() uint64 { return p.start + uint64(p.n) }

// sendQueue holds what was written and is not acknowledged. A connection has one only while there is something in it.
type sendQueue struct {
	pieces []piece
	first  int // pieces before it are forgotten
	hint   int // the piece that was sent from last
	files  int // bytes that are in files
}

// sendMemory lends memory for send queues. It belongs to a shard.
type sendMemory struct {
	free   []*sendChunk
	queues []*sendQueue
	lent   int // sendMemory in use
	limit  int // most sendMemory in use
}

// spareChunks is how much memory is kept for later, in sendMemory: 16 MiB.
const spareChunks = 4096

func (m *sendMemory) get() *sendChunk {
	if m.lent >= m.limit {
		return nil
	}
	m.lent++
	if n := len(m.free); n > 0 {
		k := m.free[n-1]
		m.free[n-1] = nil
		m.free = m.free[:n-1]
		k.used = 0
		return k
	}
	return new(sendChunk)
}

func (m *sendMemory) put(k *sendChunk) {
	m.lent--
	if len(m.free) < spareChunks {
		m.free = append(m.free, k)
	}
}

func (m *sendMemory) queue() *sendQueue {
	if n := len(m.queues); n > 0 {
		q := m.queues[n-1]
		m.queues = m.queues[:n-1]
		return q
	}
	return &sendQueue{pieces: make([]piece, 0, 4)}
}

func (m *sendMemory) putQueue(q *sendQueue) {
	if len(m.queues) < 1024 && cap(q.pieces) <= 256 {
		clear(q.pieces[:cap(q.pieces)])
		*q = sendQueue{pieces: q.pieces[:0]}
		m.queues = append(m.queues, q)
	}
}

// write appends bytes at a stream position and returns how many there was memory for.
func (q *sendQueue) write(m *sendMemory, position uint64, b []byte) (n int) {
	for len(b) > 0 {
		var last *piece
		if k := len(q.pieces); k > q.first {
			last = &q.pieces[k-1]
		}
		if last == nil || last.chunk == nil || last.chunk.used == sendChunkBytes {
			k := m.get()
			if k == nil {
				return n
			}
			q.grow()
			q.pieces = append(q.pieces, piece{start: position, chunk: k})
			last = &q.pieces[len(q.pieces)-1]
		}
		k := copy(last.chunk.bytes[last.chunk.used:], b)
		last.chunk.used += k
		last.n += k
		position += uint64(k)
		n += k
		b = b[k:]
	}
	return n
}

// grow makes room by moving what is left to the front, when half of the pieces are forgotten.
func (q *sendQueue) grow() {
	if len(q.pieces) == cap(q.pieces) && q.first*2 >= len(q.pieces) && q.first > 0 {
		n := copy(q.pieces, q.pieces[q.first:])
		clear(q.pieces[n:])
		q.pieces = q.pieces[:n]
		q.hint = max(0, q.hint-q.first)
		q.first = 0
	}
}

// writeFile appends a part of a file at a stream position.
func (q *sendQueue) writeFile(position uint64, f *file, off int64, n int) {
	q.files += n
	q.grow()
	q.pieces = append(q.pieces, piece{start: position, n: n, at: off, file: f})
}

// extend makes the last piece longer when the part of the file from off on follows it.
func (q *sendQueue) extend(s *FileSource, off int64, n int) bool {
	k := len(q.pieces)
	if k == q.first {
		return false
	}
	last := &q.pieces[k-1]
	if last.file == nil || last.at+int64(last.n) != off || !last.file.same(s) {
		return false
	}
	last.n += n
	q.files += n
	return true
}

// find is the piece that holds a stream position.
func (q *sendQueue) find(position uint64) *piece {
	i := max(q.hint, q.first)
	if i >= len(q.pieces) || position < q.pieces[i].start {
		// A retransmission: look from the front.
		lo, hi := q.first, len(q.pieces)
		for lo < hi {
			mid := (lo + hi) / 2
			if q.pieces[mid].end() <= position {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		i = lo
	}
	for i < len(q.pieces) && q.pieces[i].end() <= position {
		i++
	}
	if i == len(q.pieces) {
		return nil
	}
	q.hint = i
	return &q.pieces[i]
}

// forget drops what lies before a stream position. It returns true when nothing is left.
func (q *sendQueue) forget(h *Shard, position uint64) bool {
	for q.first < len(q.pieces) {
		p := &q.pieces[q.first]
		if p.end() > position {
			return false
		}
		q.drop(h, p)
		q.first++
	}
	return true
}

// inFiles is how many bytes from a stream position on are in files.
func (q *sendQueue) inFiles(from uint64) int {
	n := q.files
	if q.first < len(q.pieces) {
		if p := &q.pieces[q.first]; p.file != nil && p.start < from {
			n -= int(min(from, p.end()) - p.start)
		}
	}
	return n
}

func (q *sendQueue) drop(h *Shard, p *piece) {
	if p.chunk != nil {
		h.memory.put(p.chunk)
	} else {
		q.files -= p.n
		p.file.release(h)
	}
	*p = piece{start: p.start, n: p.n}
}

// clear drops everything.
func (q *sendQueue) clear(h *Shard) {
	for ; q.first < len(q.pieces); q.first++ {
		q.drop(h, &q.pieces[q.first])
	}
}
