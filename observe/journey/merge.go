package journey

import "bytes"

// merger copies records out of chunks into chunks of its own, which are longer in use: what the loops hand over is often
// nearly empty, and of what is forgotten some is kept. It only appends, so that others may read what was there before.
type merger struct {
	c     *chunk
	most  int    // bytes that a chunk may hold beside its arena
	spare *chunk // an empty one, when what was in it needed less

	// Where things of the chunk that is being copied are in this one, and 1.
	ways, conns []uint32
	carried     []bool // connections of which everything was copied
	heads       [16]struct{ from, to uint32 }
	recent      [8]struct{ at, length uint32 } // heads that were copied last
	next        int
}

// over is a new chunk to copy into.
func (m *merger) over(arena, most int) {
	m.c, m.most, m.spare = m.spare, most, nil
	if m.c == nil || len(m.c.arena) != arena {
		m.c = newChunk(arena)
	}
	m.recent = [len(m.recent)]struct{ at, length uint32 }{}
	clear(m.ways)
	clear(m.conns)
	m.heads = [len(m.heads)]struct{ from, to uint32 }{}
}

// close ends the chunk. Where much of it was not used, what is in it moves into as little memory as it needs.
func (m *merger) close() *chunk {
	c := m.c
	m.c = nil
	if c.used() >= len(c.arena)/4*3 {
		return c
	}
	small := c.trimmed()
	if c.readers == 0 {
		c.empty(m.most / 2)
		m.spare = c
	}
	return small
}

// bytes is how much memory the merger holds.
func (m *merger) bytes() int64 {
	n := int64(0)
	for _, c := range [...]*chunk{m.c, m.spare} {
		if c != nil {
			n += c.bytes()
		}
	}
	return n
}

// from begins to copy out of a chunk.
func (m *merger) from(src *chunk) {
	m.ways = emptied(m.ways, len(src.ways))
	m.conns = emptied(m.conns, len(src.conns))
	m.carried = emptied(m.carried, len(src.conns))
	m.heads = [len(m.heads)]struct{ from, to uint32 }{}
}

func emptied[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// put copies the record i. It returns false when the chunk has no room for it.
func (m *merger) put(src *chunk, i int) bool {
	c := m.c
	f := record(src.arena, i)
	wayAt, connAt := little.Uint32(f[atWay:]), little.Uint32(f[atConn:])
	textAt, respAt := int(little.Uint32(f[atText:])), little.Uint32(f[atResponse:])
	text := int(f[atMethodLen]) + int(little.Uint16(f[atTargetLen:])) + int(little.Uint16(f[atHostLen:])) + int(little.Uint16(f[atFieldsLen:])) +
		int(f[atClientLen]) + int(f[atUserLen])
	resp := int(little.Uint16(f[atRespLen:]))
	more := grows(len(c.ways), cap(c.ways), waySize) + grows(len(c.conns), cap(c.conns), connSize)
	if m.ways[wayAt] == 0 {
		w := m.slim(src.ways[wayAt])
		more += w.bytes()
	}
	if c.words == nil {
		more += mostWords * wordSize
	}
	if !c.room(text+resp) || c.beside()+more > m.most && !c.idle() {
		return false
	}
	to := record(c.arena, c.n)
	copy(to, f)
	little.PutUint32(to[atText:], uint32(c.text))
	c.text += copy(c.arena[c.text:], src.arena[textAt:textAt+text])
	if resp > 0 {
		little.PutUint32(to[atResponse:], m.head(respAt, src.arena[respAt:int(respAt)+resp]))
	}
	little.PutUint32(to[atWay:], m.way(src, wayAt))
	little.PutUint32(to[atConn:], m.conn(src, connAt))
	c.count(int64(little.Uint64(f[atStart:])), f[atFlags]&(flagFailed|flagSlow) != 0)
	return true
}

// head is where a response's fields are in the chunk.
func (m *merger) head(from uint32, fields []byte) uint32 {
	known := &m.heads[from%uint32(len(m.heads))]
	if known.from == from+1 {
		return known.to
	}
	c := m.c
	at := uint32(c.text)
	for _, r := range m.recent {
		if int(r.length) == len(fields) && bytes.Equal(c.arena[r.at:r.at+r.length], fields) {
			at = r.at
		}
	}
	if at == uint32(c.text) {
		c.text += copy(c.arena[c.text:], fields)
		m.recent[m.next%len(m.recent)] = struct{ at, length uint32 }{at, uint32(len(fields))}
		m.next++
	}
	known.from, known.to = from+1, at
	return at
}

// lookBack is how many entries of a table are compared for being the same.
const lookBack = 16

func (m *merger) way(src *chunk, i uint32) uint32 {
	if m.ways[i] != 0 {
		return m.ways[i] - 1
	}
	c, w := m.c, m.slim(src.ways[i])
	for at := len(c.ways) - 1; at >= max(0, len(c.ways)-lookBack); at-- {
		if c.ways[at] == w {
			m.ways[i] = uint32(at) + 1
			return uint32(at)
		}
	}
	c.ways = append(grown(c.ways), w)
	c.told += w.bytes()
	m.ways[i] = uint32(len(c.ways))
	return m.ways[i] - 1
}

// slim is a way without decisions that take more than half of what a chunk may hold.
func (m *merger) slim(w way) way {
	if w.told != nil && w.told.Size > m.most/2 {
		w.told = nil
	}
	return w
}

// conn is the number of a connection in the chunk, copied with what is known of it.
func (m *merger) conn(src *chunk, i uint32) uint32 {
	if m.conns[i] != 0 {
		return m.conns[i] - 1
	}
	c, from := m.c, src.conns[i]
	if from.ended == 0 && from.snapshot == 0 || m.carried[i] {
		for at := len(c.conns) - 1; at >= max(0, len(c.conns)-lookBack); at-- {
			if c.conns[at].id == from.id && c.conns[at].opened == from.opened {
				m.conns[i] = uint32(at) + 1
				return uint32(at)
			}
		}
	}
	m.append(src, from, !m.carried[i])
	m.carried[i] = true
	m.conns[i] = uint32(len(c.conns))
	return m.conns[i] - 1
}

// mostCarried bounds the snapshots that a connection takes along when it is copied, the last ones.
const mostCarried = 16

// append appends a connection, and what is known of it as far as there is room.
func (m *merger) append(src *chunk, from conn, known bool) {
	c := m.c
	last := from.snapshot
	from.snapshot = 0
	if known && last != 0 {
		var chain [mostCarried]uint32
		n := 0
		for at := last; at != 0 && n < len(chain); n++ {
			chain[n] = at
			at = little.Uint32(src.arena[at-1:])
		}
		for n--; n >= 0 && c.room(largestSnapshot); n-- {
			s, _ := snapshotAt(src.arena, src.words, chain[n])
			from.snapshot = c.appendSnapshot(s.At.UnixNano(), &s.Info, from.snapshot)
		}
	}
	c.conns = append(grown(c.conns), from)
}

// rest copies what is known of connections that no copied record belongs to. It returns false when there is no room for
// more of them.
func (m *merger) rest(src *chunk) bool {
	for i := range src.conns {
		if from := &src.conns[i]; m.carried[i] || from.ended == 0 && from.snapshot == 0 {
			continue
		}
		c := m.c
		if !c.room(0) || c.beside()+grows(len(c.conns), cap(c.conns), connSize) > m.most && !c.idle() {
			return false
		}
		m.append(src, src.conns[i], true)
		m.carried[i] = true
	}
	return true
}
