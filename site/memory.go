package site

import (
	"hash/maphash"
	"sync/atomic"

	"vitrine/site/resource"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
	"vitrine/web/variables"
)

// memory remembers, for a site, how plain requests for a path were answered, so that the next one is answered without
// another walk: without a lock, an allocation, or anything that grows with the number of routes. It holds decisions
// and no file: a file's answer holds while the store still has the file and it is fresh, and the file itself carries
// the head that was made for it, so that a changed file has none.
type memory struct {
	seed  maphash.Seed
	slots atomic.Pointer[[memorySlots]atomic.Pointer[answer]] // nil until there is something to remember
}

const (
	memorySlots = 2048 // a power of two; for each site, 16 KiB once it is used
	longestPath = 512  // of those that are remembered
)

// answer is how one path was answered to one method. It is immutable.
type answer struct {
	path     string
	method   message.Method
	settings *settings
	tail     int

	// A file: what the root is asked for, as bytes and as a name for the log.
	below []byte
	file  string
	// A fixed answer, when below is nil.
	block *message.Block
	body  []byte

	reasons []*trace.Reason
	lines   []*trace.Position
	told    *trace.Decisions // of the walk that came to it; nil: nobody looked
	head    *message.Block   // that the walk gave the file: the decisions are those of no other
}

// Bounds of the memory of decisions: of one answer's, since a site with hundreds of routes has more for each path, and of all
// that a Handler's sites remember, however many sites and paths there are. Whoever looks is told those of the others anew
// with every request.
const (
	mostTold    = 8 << 10
	mostToldAll = 8 << 20
)

func (m *memory) init() { m.seed = maphash.MakeSeed() }

// pair is the two slots in which an answer may be.
func (m *memory) pair(path []byte, method message.Method) (i, j uint64) {
	i = (maphash.Bytes(m.seed, path) + uint64(method)) % memorySlots
	return i, i ^ 1
}

func (m *memory) find(path []byte, method message.Method) *answer {
	slots := m.slots.Load()
	if slots == nil {
		return nil
	}
	i, j := m.pair(path, method)
	if a := slots[i].Load(); a != nil && a.path == string(path) && a.method == method {
		return a
	}
	if a := slots[j].Load(); a != nil && a.path == string(path) && a.method == method {
		return a
	}
	return nil
}

// keep puts an answer in the place of an older one for the path, into a free slot, or in the place of another, which it
// returns.
func (m *memory) keep(a *answer) (old *answer) {
	slots := m.slots.Load()
	if slots == nil {
		slots = new([memorySlots]atomic.Pointer[answer])
		if !m.slots.CompareAndSwap(nil, slots) {
			slots = m.slots.Load()
		}
	}
	i, j := m.pair([]byte(a.path), a.method)
	if old := slots[j].Load(); old != nil && old.path == a.path && old.method == a.method {
		i = j
	} else if other := slots[i].Load(); old == nil && other != nil && (other.path != a.path || other.method != a.method) {
		i = j
	}
	return slots[i].Swap(a)
}

// heads are the response heads of one file, one for each settings that serve it whole. It is what an Entry's Aux holds.
type heads []headOf

type headOf struct {
	settings *settings
	block    *message.Block
	why      *trace.Reason // the decision that it stands for
}

// mostHeads bounds the heads of one file. Those of an older configuration are the first to go.
const mostHeads = 4

// head is the head that was made for a file before, and the decision that it stands for, or nil.
func (t *settings) head(e *resource.Entry) (*message.Block, *trace.Reason) {
	all, _ := e.Aux.Load().(*heads)
	if all == nil {
		return nil, nil
	}
	for i := range *all {
		if h := &(*all)[i]; h.settings == t {
			return h.block, h.why
		}
	}
	return nil, nil
}

// attach gives a file the head that was made for it. When two do at once, one of them will do it again.
func (t *settings) attach(e *resource.Entry, block *message.Block, why *trace.Reason) {
	next := heads{{t, block, why}}
	if all, _ := e.Aux.Load().(*heads); all != nil {
		for _, h := range *all {
			if h.settings != t && len(next) < mostHeads {
				next = append(next, h)
			}
		}
	}
	e.Aux.Store(&next)
}

// recall answers a plain request from memory, or returns false.
func (h *Handler) recall(x *exchange.Exchange) bool {
	l := h.listener(x.Peer)
	if l == nil {
		return false
	}
	s, _, _ := l.choose(x.Request, x.Peer)
	if s == nil {
		return false
	}
	a := s.memory.find(x.Request.Path(), x.Request.Method)
	if a == nil || x.Trace != nil && a.told == nil { // whoever looks first takes the walk, and the next ones share it
		return false
	}
	block := a.block
	if block != nil {
		x.AddBytes(a.body, nil)
	} else {
		e := a.settings.root.Hot(a.below, x.Start)
		if e == nil {
			return false
		}
		if block, _ = a.settings.head(e); block == nil || x.Trace != nil && block != a.head {
			e.Release()
			return false
		}
		addWhole(x, e)
	}
	x.Pinned = a
	x.Because(Remembered.Reach(), nil)
	for i, why := range a.reasons {
		x.Because(why, a.lines[i])
	}
	x.Respond(block)
	return true
}

// addWhole makes a whole file the response's body. The entry's reference goes to the response.
func addWhole(x *exchange.Exchange, e *resource.Entry) {
	switch {
	case x.Request.Method == message.HEAD || e.Size == 0:
		e.Release()
	case e.File != nil:
		x.AddFile(e.File, 0, e.Size, e)
	default:
		x.AddBytes(e.Bytes, e)
	}
}

// remember keeps the answer that is about to be delivered, when the next plain request for the path gets the same.
func (v *visit) remember() {
	t, path := v.settings, v.x.Request.Path()
	if !v.memorize || v.inner != nil || v.away || t.dynamic || !plain(v.x) || len(path) > longestPath {
		return
	}
	a := &answer{path: string(path), method: v.x.Request.Method, settings: t, tail: v.tail, file: v.file}
	reasons, lines := v.x.Why()
	a.reasons, a.lines = append(a.reasons, reasons...), append(a.lines, lines...)
	if v.looking() {
		v.told = trace.NewDecisions(v.x.Journey, v.x.Trace.Events)
		if size := int64(v.told.Size); size <= mostTold {
			if v.h.told.Add(size) <= mostToldAll {
				a.told = v.told
			} else {
				v.h.told.Add(-size)
			}
		}
	}
	if v.entry != nil {
		a.below, a.head = []byte(v.entry.Path), v.block
		if !v.kept {
			t.attach(v.entry, v.block, reasons[len(reasons)-1])
		}
	} else {
		a.block, a.body = v.block, v.body
	}
	if old := t.site.memory.keep(a); old != nil && old.told != nil {
		v.h.told.Add(-int64(old.told.Size))
	}
}

// describe fills in what the log wants to know.
func (a *answer) describe(vals *variables.Values) {
	a.settings.describe(vals, a.tail)
	vals.File = a.file
	if block, _ := vals.Exchange.Answer(); block != nil {
		vals.Fields = block.Fields()
	}
}
