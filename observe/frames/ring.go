package frames

import (
	"encoding/binary"
	"net/netip"
	"sync"
	"time"

	"vitrine/stack/link"
	"vitrine/stack/tcp"
	"vitrine/trace"
)

// ring is what is kept of one queue: chunks, the oldest first, of which the queue fills the last one. Bytes of a chunk that
// were written never change while somebody may read them, so a reader takes slices under the lock and looks at them
// without it. The lock is the queue's but for the moments in which a reader takes them.
type ring struct {
	now int64 // the queue's: when the present batch began

	mu      sync.Mutex
	off     bool     // nothing is kept: a setting that a frame under way still has does not count
	chunks  []*chunk // from first on
	first   int
	bytes   int64
	serial  uint64 // of the next record
	reasons []*trace.Reason
	numbers map[*trace.Reason]uint16 // places in reasons

	second  int64 // in which count counts
	count   int
	leftOut uint64
	gaps    []gap // the last seconds in which something was left out, a ring from gap on
	gap     int
}

// gap is a second in which more passed than is kept.
type gap struct {
	second  int64
	leftOut uint64
}

// mostGaps bounds the seconds whose count of what was left out is known by itself.
const mostGaps = 600

type chunk struct {
	data    []byte // len: what is written
	serial  uint64 // of its first record
	records int
	since   int64 // of its first record
	until   int64 // of its last one
	readers int
}

// A record begins with its head: when (8 bytes), its length (2) in eights, how many bytes of the frame are in it (2), the
// whole frame's length (4), pieces and piece size of a super-segment (2 each), its kind (1).
const (
	headLen   = 24
	chunkSize = 64 << 10
	// longestSnap keeps a record's length within a chunk.
	longestSnap = 16 << 10
)

const (
	recordIn byte = iota
	recordOut
	recordChange
)

// changeLen is what a change of state takes: two addresses, two ports, two states, the number of the Reason.
const changeLen = 16 + 16 + 2 + 2 + 1 + 1 + 2

// add gives room for a record's bytes behind its head; nil when the second has had its share. The caller holds the lock.
func (q *ring) add(s *Settings, kind byte, whole, n int) []byte {
	if q.off {
		return nil
	}
	now := q.now
	if s.Most > 0 {
		if second := now / 1e9; second != q.second {
			q.second, q.count = second, 0
		}
		if q.count >= s.Most {
			q.leave(now / 1e9)
			return nil
		}
		q.count++
	}
	size := (headLen + n + 7) &^ 7
	var c *chunk
	if len(q.chunks) > q.first {
		c = q.chunks[len(q.chunks)-1]
	}
	if c == nil || cap(c.data)-len(c.data) < size {
		c = q.next(s)
	}
	if c.records == 0 {
		c.serial, c.since = q.serial, now
	}
	c.until = max(c.until, now)
	c.records++
	q.serial++
	at := len(c.data)
	c.data = c.data[:at+size]
	b := c.data[at:]
	binary.LittleEndian.PutUint64(b, uint64(now))
	binary.LittleEndian.PutUint16(b[8:], uint16(size/8))
	binary.LittleEndian.PutUint16(b[10:], uint16(n))
	binary.LittleEndian.PutUint32(b[12:], uint32(whole))
	binary.LittleEndian.PutUint32(b[16:], 0)
	b[20] = kind
	return b[:headLen+n]
}

// next is an empty chunk: a new one while there is memory, then the oldest one. One that is being read is left to its
// readers.
func (q *ring) next(s *Settings) *chunk {
	var c *chunk
	for q.first < len(q.chunks) && q.bytes+int64(s.chunk) > s.share {
		old := q.chunks[q.first]
		q.chunks[q.first] = nil
		q.first++
		if old.readers == 0 && cap(old.data) == s.chunk && c == nil {
			c = old
			break
		}
		q.bytes -= int64(cap(old.data))
	}
	if c != nil {
		*c = chunk{data: c.data[:0]}
	} else {
		c = &chunk{data: make([]byte, 0, s.chunk)}
		q.bytes += int64(s.chunk)
	}
	if len(q.chunks) == cap(q.chunks) && q.first > 0 {
		n := copy(q.chunks, q.chunks[q.first:])
		clear(q.chunks[n:])
		q.chunks, q.first = q.chunks[:n], 0
	}
	q.chunks = append(q.chunks, c)
	return c
}

// leave counts one that is not kept.
func (q *ring) leave(second int64) {
	q.leftOut++
	if n := len(q.gaps); n > 0 && q.gaps[q.gap].second == second {
		q.gaps[q.gap].leftOut++
		return
	} else if n < mostGaps {
		q.gaps = append(q.gaps, gap{second, 1})
		q.gap = n
		return
	}
	q.gap = (q.gap + 1) % mostGaps
	q.gaps[q.gap] = gap{second, 1}
}

// frame keeps the beginning of a frame.
func (q *ring) frame(s *Settings, e *link.Event) {
	f := e.Frame.Data
	kind := recordIn
	if e.Out {
		kind = recordOut
	}
	n := min(len(f), s.Snap)
	q.mu.Lock()
	if b := q.add(s, kind, len(f), n); b != nil {
		if m := &e.Frame.Meta; m.GSO != link.GSONone {
			binary.LittleEndian.PutUint16(b[16:], uint16(m.Segments(len(f))))
			binary.LittleEndian.PutUint16(b[18:], m.SegmentSize)
		}
		copy(b[headLen:], f)
	}
	q.mu.Unlock()
}

// change keeps a change of state.
func (q *ring) change(s *Settings, local, remote netip.AddrPort, from, to tcp.State, why *trace.Reason) {
	l, r := local.Addr().As16(), remote.Addr().As16()
	q.mu.Lock()
	defer q.mu.Unlock()
	b := q.add(s, recordChange, 0, changeLen)
	if b == nil {
		return
	}
	b = b[headLen:]
	copy(b, l[:])
	copy(b[16:], r[:])
	binary.LittleEndian.PutUint16(b[32:], local.Port())
	binary.LittleEndian.PutUint16(b[34:], remote.Port())
	b[36], b[37] = byte(from), byte(to)
	binary.LittleEndian.PutUint16(b[38:], q.number(why))
}

// number is a Reason's place in reasons, from 1; 0: there is none, or no place any more. There are as many as the program
// declares.
func (q *ring) number(why *trace.Reason) uint16 {
	if why == nil {
		return 0
	}
	n := q.numbers[why]
	if n == 0 && len(q.reasons) < 1<<16-1 {
		if q.numbers == nil {
			q.numbers = make(map[*trace.Reason]uint16)
		}
		q.reasons = append(q.reasons, why)
		n = uint16(len(q.reasons))
		q.numbers[why] = n
	}
	return n
}

// forget gives all memory back.
func (q *ring) forget() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.off, q.chunks, q.first, q.bytes = true, nil, 0, 0
	q.gaps, q.gap = nil, 0
}

// shrink lets go of what a smaller bound has no room for.
func (q *ring) shrink(s *Settings) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.off = false
	for q.first < len(q.chunks) && q.bytes > s.share {
		q.bytes -= int64(cap(q.chunks[q.first].data))
		q.chunks[q.first] = nil
		q.first++
	}
}

func (q *ring) stats(s *Stats) {
	q.mu.Lock()
	defer q.mu.Unlock()
	s.Bytes += q.bytes
	s.LeftOut += q.leftOut
	for _, c := range q.chunks[q.first:] {
		s.Frames += c.records
	}
	if q.first < len(q.chunks) {
		if at := time.Unix(0, q.chunks[q.first].since); s.Oldest.IsZero() || at.Before(s.Oldest) {
			s.Oldest = at
		}
	}
}

// part is a chunk as far as it was written when its reader took it.
type part struct {
	c      *chunk
	data   []byte
	serial uint64
}

// take lends the chunks with records of a time, in order, until they are given back.
func (q *ring) take(from, to int64) (parts []part, reasons []*trace.Reason) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, c := range q.chunks[q.first:] {
		if c.until >= from && c.since <= to {
			c.readers++
			parts = append(parts, part{c, c.data, c.serial})
		}
	}
	return parts, q.reasons
}

// lacking is how many records were left out in a time, in whole seconds.
func (q *ring) lacking(from, to int64) (n uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, g := range q.gaps {
		if g.second >= from/1e9 && g.second <= to/1e9 {
			n += g.leftOut
		}
	}
	return n
}

func (q *ring) giveBack(parts []part) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, p := range parts {
		p.c.readers--
	}
}

// record is one that was kept. What it points to is valid until its chunk is given back.
type record struct {
	at            int64
	queue         int
	serial        uint64
	what          byte
	whole         int
	pieces, piece int
	data          []byte
}

// each calls f for the records of a part.
func (p *part) each(queue int, f func(*record)) {
	b := p.data
	for i := uint64(0); len(b) >= headLen; i++ {
		n := int(binary.LittleEndian.Uint16(b[8:])) * 8
		r := record{
			at: int64(binary.LittleEndian.Uint64(b)), queue: queue, serial: p.serial + i, what: b[20],
			whole:  int(binary.LittleEndian.Uint32(b[12:])),
			pieces: int(binary.LittleEndian.Uint16(b[16:])), piece: int(binary.LittleEndian.Uint16(b[18:])),
			data: b[headLen : headLen+int(binary.LittleEndian.Uint16(b[10:]))],
		}
		f(&r)
		b = b[n:]
	}
}
