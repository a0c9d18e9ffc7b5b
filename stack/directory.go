package stack

import (
	"encoding/binary"
	"sync"
)

// directory says which shard has a four-tuple. It exists only with several shards, is written when a connection begins
// and ends, and read when a segment arrives for which a shard has no connection of its own.
type directory struct{ stripes [64]stripe }

type stripe struct {
	sync.Mutex
	shards map[tuple]entry
	_      [40]byte // one stripe a cache line
}

// entry is a shard's index, and whether only a TIME_WAIT record is left there.
type entry uint16

const entryWaits entry = 1 << 15

func (e entry) shard() int { return int(e &^ entryWaits) }

func (d *directory) stripe(t *tuple) *stripe {
	// Any spread will do: these are locks, not a table that somebody could make collide to some effect.
	x := binary.LittleEndian.Uint32(t[12:]) ^ binary.LittleEndian.Uint32(t[28:]) ^ binary.LittleEndian.Uint32(t[32:])
	return &d.stripes[x*0x9e3779b1>>26]
}

// claim enters a four-tuple unless somebody has it.
func (d *directory) claim(t *tuple, shard int) bool {
	if d == nil {
		return true
	}
	s := d.stripe(t)
	s.Lock()
	defer s.Unlock()
	if _, taken := s.shards[*t]; taken {
		return false
	}
	if s.shards == nil {
		s.shards = make(map[tuple]entry)
	}
	s.shards[*t] = entry(shard)
	return true
}

// waits marks that only a TIME_WAIT record is left of the connection.
func (d *directory) waits(t *tuple, shard int) {
	if d == nil {
		return
	}
	s := d.stripe(t)
	s.Lock()
	if s.shards == nil {
		s.shards = make(map[tuple]entry)
	}
	s.shards[*t] = entry(shard) | entryWaits
	s.Unlock()
}

func (d *directory) release(t *tuple) {
	if d == nil {
		return
	}
	s := d.stripe(t)
	s.Lock()
	delete(s.shards, *t)
	if len(s.shards) == 0 {
		s.shards = nil // a map that was once large stays large
	}
	s.Unlock()
}

func (d *directory) find(t *tuple) (e entry, ok bool) {
	if d == nil {
		return 0, false
	}
	s := d.stripe(t)
	s.Lock()
	e, ok = s.shards[*t]
	s.Unlock()
	return e, ok
}
