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
//
// It has two levels. The path and the method lead to a known place; where the answer depends on fields of the request as
// well, those of the place are compared with their values (see known).
type memory struct {
	seed   maphash.Seed
	slots  atomic.Pointer[[memorySlots]atomic.Pointer[known]] // nil until there is something to remember
	varied atomic.Int64                                       // answers that depend on fields, in all slots
}

const (
	memorySlots = 2048 // a power of two; for each site, 16 KiB once it is used
	longestPath = 512  // of those that are remembered
)

// answer is how one path was answered to one method, and to certain fields of the request where it depends on them. It is
// immutable but for its mark of use.
type answer struct {
	path     string
	method   message.Method
	varies   message.FieldSet // what it depends on besides path and method
	values   string           // of those fields, see fieldValues
	settings *settings
	tail     int
	root     *resource.Root // of a file
	home     *home          // whose folder root is; nil: nobody's

	// A file: what the root is asked for, as bytes and as a name for the log, which of its forms it was, and what else
	// must still be as it was.
	below []byte
	file  string
	form  form
	while []resource.Standing
	// A fixed answer, when below is nil.
	block *message.Block
	body  []byte

	provided bool // something besides the file must be as it was: see stands

	reasons []*trace.Reason
	lines   []*trace.Position
	told    *trace.Decisions // of the walk that came to it; nil: nobody looked
	head    *message.Block   // that the walk gave the file: the decisions are those of no other

	used atomic.Bool // since somebody looked for an answer to forget
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
	h := maphash.Bytes(m.seed, path) + uint64(method)*0x9e3779b97f4a7c15 // else GET and HEAD of a path would share a pair with a third
	return h >> 32 % memorySlots, h >> 48 % memorySlots
}

// find is the answer to a request for the path with the method and the fields, or nil.
func (m *memory) find(path []byte, method message.Method, f *message.Fields) *answer {
	slots := m.slots.Load()
	if slots == nil {
		return nil
	}
	i, j := m.pair(path, method)
	k := slots[i].Load()
	if k == nil || k.path != string(path) || k.method != method {
		if k = slots[j].Load(); k == nil || k.path != string(path) || k.method != method {
			return nil
		}
	}
	if !k.varied {
		return k.answers[0]
	}
	return k.find(f)
}

// keep puts an answer in the place of an older one for the path, into a free slot, or in the place of another. It returns
// those that are forgotten for it.
func (m *memory) keep(a *answer) (gone []*answer) {
	slots := m.slots.Load()
	if slots == nil {
		slots = new([memorySlots]atomic.Pointer[known])
		if !m.slots.CompareAndSwap(nil, slots) {
			slots = m.slots.Load()
		}
	}
	is := func(k *known) bool { return k != nil && k.path == a.path && k.method == a.method }
	i, j := m.pair([]byte(a.path), a.method)
	if k := slots[j].Load(); is(k) {
		i = j
	} else if other := slots[i].Load(); k == nil && other != nil && !is(other) {
		i = j
	}
	old := slots[i].Load()
	next, gone := &known{path: a.path, method: a.method, varied: a.varies != 0, answers: []*answer{a}}, []*answer(nil)
	switch {
	case is(old) && old.varied && a.varies != 0:
		next, gone = old.with(a, m.room())
	case old != nil:
		gone = old.answers
	}
	if !slots[i].CompareAndSwap(old, next) {
		return []*answer{a} // somebody was faster: it is remembered the next time
	}
	if next.varied {
		m.varied.Add(int64(len(next.answers)))
	}
	if old != nil && old.varied {
		m.varied.Add(-int64(len(old.answers)))
	}
	return gone
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
	a := s.memory.find(x.Request.Path(), x.Request.Method, &x.Request.Fields)
	if a == nil || x.Trace != nil && a.told == nil { // whoever looks first takes the walk, and the next ones share it
		return false
	}
	if a.provided && !a.stands(x) {
		return false
	}
	block := a.block
	if block != nil {
		if x.Request.Method != message.HEAD {
			x.AddBytes(a.body, nil)
		}
	} else {
		e := a.root.Hot(a.below, x.Start)
		if e == nil {
			return false
		}
		h := a.settings.head(e, a.form)
		if h == nil || x.Trace != nil && h.block != a.head {
			e.Release()
			return false
		}
		block = h.block
		addWhole(x, e, h.body)
	}
	x.Pinned = a
	if a.settings.enquiry != nil {
		h.enquire(a.settings.enquiry, x)
	}
	x.Because(Remembered.Reach(), nil)
	x.BecauseAll(a.reasons, a.lines)
	x.Respond(block)
	return true
}

// stands reports whether what the answer depends on besides its file is as it was. When it is not, the walk says why.
func (a *answer) stands(x *exchange.Exchange) bool {
	if g := a.settings.guard; g != nil && !g.remembers(x) {
		return false
	}
	for i := range a.while {
		if !a.while[i].Holds(x.Start) {
			return false
		}
	}
	return a.home == nil || a.home.good(x.Start)
}

// addWhole makes a whole file the response's body, or the bytes that stand for it, such as a coded form of it. The
// entry's reference goes to the response.
func addWhole(x *exchange.Exchange, e *resource.Entry, instead []byte) {
	switch {
	case x.Request.Method == message.HEAD || e.Size == 0 && instead == nil:
		e.Release()
	case instead != nil:
		x.AddBytes(instead, e)
	case e.File != nil:
		x.AddFile(e.File, 0, e.Size, e)
	default:
		x.AddBytes(e.Bytes, e)
	}
}

// remember keeps the answer that is about to be delivered, when the next plain request for the path gets the same.
func (v *visit) remember() {
	t, path := v.settings, v.x.Request.Path()
	if !v.memorize || v.inner != nil || v.away || t.dynamic || t.divert != nil || !plain(v.x) || len(path) > longestPath {
		return
	}
	values, ok := fieldValues(&v.x.Request.Fields, v.varies)
	if !ok {
		return
	}
	a := &answer{path: string(path), method: v.x.Request.Method, varies: v.varies, values: values,
		settings: t, tail: v.tail, file: v.file, form: v.form, while: v.while}
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
		a.below, a.head, a.root, a.home = []byte(v.entry.Path), v.block, v.root, v.home
		if !v.kept {
			t.attach(v.entry, headOf{settings: t, form: v.form, block: v.block, why: reasons[len(reasons)-1], body: v.coded})
		}
	} else {
		a.block, a.body = v.block, v.body
	}
	a.provided = t.guard != nil || len(a.while) > 0 || a.home != nil
	for _, old := range t.site.memory.keep(a) {
		if old.told != nil {
			v.h.told.Add(-int64(old.told.Size))
		}
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
