package journey

import (
	"encoding/binary"
	"net/netip"

	"vitrine/trace"
)

// A chunk holds records. It is one loop's until it is handed over whole, and after that nobody changes what is in it.
//
// Records have one size and lie at the arena's end, the first of them last; the texts that they name lie at its beginning.
// Both grow towards each other, so that the arena is used up whatever the requests look like. What needs pointers lies
// beside it, once for all the records that share it.
type chunk struct {
	arena []byte
	text  int // bytes of texts
	n     int // records

	ways  []way
	conns []conn
	words []string // that snapshots name
	told  int      // bytes that the ways hold: decisions, names of files

	marked           int   // records that failed or were slow
	oldest, youngest int64 // when the first and the last request began
	readers          int   // that look at it; guarded by Recorder.mu
}

// way is how a request was answered: what it shares with others like it. Only the strings of a configuration and of files
// are kept as they are; whatever a client sent is in the arena.
type way struct {
	site, route, file, log   string
	why                      [6]*trace.Reason
	lines                    [6]*trace.Position
	ending, failure, refused *trace.Reason
	told                     *trace.Decisions
}

// conn is a connection in a chunk. In one that was handed over, there may be several of one connection: what is known of
// it is what all of them say.
type conn struct {
	id            uint64
	remote, local netip.AddrPort
	opened, ended int64
	why           *trace.Reason
	loop          uint32
	snapshot      uint32 // where in the arena the last one is, and 1; 0: there is none
}

const (
	waySize     = 200 // a test holds these to the types
	connSize    = 112
	wordSize    = 16
	mostWords   = 32
	recordSize  = 120
	fewestExtra = 16 // ways and connections that a chunk begins with
)

// The fixed part of a record, by where each field begins.
const (
	atID         = 0
	atStart      = 8
	atTook       = 16
	atFirst      = 24
	atHead       = 32
	atReceived   = 40
	atSent       = 48
	atBody       = 56
	atRequestAt  = 64
	atResponseAt = 72
	atSerial     = 80
	atConn       = 84
	atWay        = 88
	atText       = 92 // where the request's text begins: method, target, authority, fields, client, user
	atResponse   = 96 // where the response's fields are
	atFieldsLen  = 100
	atRespLen    = 102
	atTargetLen  = 104
	atHostLen    = 106
	atStatus     = 108
	atMethodLen  = 110
	atFlags      = 111
	atMajor      = 112
	atMinor      = 113
	atScheme     = 114
	atClientLen  = 115
	atUserLen    = 116
)

// Flags of a record.
const (
	flagKeep = 1 << iota
	flagFailed
	flagSlow
	flagRequestCut
	flagResponseCut
	flagClientHidden
)

var little = binary.LittleEndian

func newChunk(size int) *chunk { return &chunk{arena: make([]byte, size)} }

// empty forgets everything and keeps the memory, but for tables that grew beyond half of what a chunk may have.
func (c *chunk) empty(most int) {
	clear(c.ways)
	clear(c.conns)
	clear(c.words)
	*c = chunk{arena: c.arena, ways: c.ways[:0], conns: c.conns[:0], words: c.words[:0]}
	if c.beside() > most/2 {
		c.ways, c.conns, c.words = nil, nil, nil
	}
}

// beside is how many bytes the chunk holds beside its arena.
func (c *chunk) beside() int {
	return c.told + cap(c.ways)*waySize + cap(c.conns)*connSize + cap(c.words)*wordSize
}

// bytes is how much memory the chunk holds.
func (c *chunk) bytes() int64 { return int64(len(c.arena) + c.beside()) }

// used is how much of the arena is in use.
func (c *chunk) used() int { return c.text + c.n*recordSize }

// idle reports whether nothing is in the chunk.
func (c *chunk) idle() bool { return c.n == 0 && len(c.conns) == 0 }

// room reports whether the arena can take a record with so many bytes of text.
func (c *chunk) room(text int) bool { return c.used()+recordSize+text <= len(c.arena) }

// grows is how many bytes more the chunk holds when one is appended to a table with so much in it.
func grows(length, capacity, size int) int {
	if length < capacity {
		return 0
	}
	return max(fewestExtra, capacity) * size
}

// grown is the table with room for one more.
func grown[T any](table []T) []T {
	if len(table) < cap(table) {
		return table
	}
	wider := make([]T, len(table), cap(table)+max(fewestExtra, cap(table)))
	copy(wider, table)
	return wider
}

// record is the fixed part of the record i.
func record(arena []byte, i int) []byte {
	end := len(arena) - i*recordSize
	return arena[end-recordSize : end : end]
}

// word is the number of a text that snapshots name, from 1; 0 for none, and when there are too many.
func (c *chunk) word(s string) byte {
	if s == "" {
		return 0
	}
	for i, w := range c.words {
		if w == s {
			return byte(i + 1)
		}
	}
	if len(c.words) >= mostWords {
		return 0
	}
	if c.words == nil {
		c.words = make([]string, 0, mostWords)
	}
	c.words = append(c.words, s)
	return byte(len(c.words))
}

// trimmed is a copy of the chunk with no more memory than what is in it needs.
func (c *chunk) trimmed() *chunk {
	small := *c
	small.readers = 0
	small.arena = make([]byte, c.used())
	copy(small.arena, c.arena[:c.text])
	copy(small.arena[c.text:], c.arena[len(c.arena)-c.n*recordSize:])
	small.ways, small.conns, small.words = exact(c.ways), exact(c.conns), exact(c.words)
	return &small
}

func exact[T any](s []T) []T {
	out := make([]T, len(s))
	copy(out, s)
	return out
}

// shape is how large chunks are, and how many there may be.
type shape struct {
	arena  int   // bytes
	beside int   // bytes that a chunk may hold beside its arena
	out    int   // chunks with the loops, full, or free for the next
	last   int64 // bytes of the last journeys
	kept   int64 // bytes of those that are kept for longer
	keptBy int   // arena of a chunk of these
}

const (
	largestArena = 256 << 10
	leastArena   = 16 << 10
)

// shapeFor divides the memory. Whatever the loops have in hand can become full before anybody looks, so all of that is set
// aside: at most a half of a small memory, and an eighth of a large one.
func shapeFor(loops int, memory, kept int64) shape {
	s := shape{out: loops + max(loops, 8), kept: kept}
	s.arena = leastArena
	for s.arena < largestArena && int64(s.arena)*2*32*int64(loops) <= memory {
		s.arena *= 2
	}
	s.beside = s.arena
	aside := int64(s.out) * int64(s.arena+s.beside)
	s.last = max(memory, 2*aside) - aside
	s.keptBy = s.arena
	for s.keptBy > leastArena && int64(s.keptBy)*16 > kept {
		s.keptBy /= 2
	}
	if kept < 4*leastArena {
		s.kept, s.keptBy = 0, 0
	}
	return s
}

// most is how many bytes there are with all that the loops can have in hand.
func (s *shape) most() int64 { return s.last + int64(s.out)*int64(s.arena+s.beside) + s.kept }
