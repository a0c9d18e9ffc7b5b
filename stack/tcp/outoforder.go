package tcp

import (
	"sort"

	"vitrine/stack/tcp/segment"
	"vitrine/trace"
)

// piece is received data with a gap before it.
type piece struct {
	start, end segment.Number
	data       chain
}

// outOfOrder is what a connection received beyond a gap. It is lent by the Host while there is such data.
type outOfOrder struct {
	pieces []piece           // sorted; neither overlapping nor touching
	recent [4]segment.Number // first bytes of what came last, the latest in front: the order of SACK blocks (RFC 2018 §4)
	nr     int               // how many of recent are there
	memory int               // bytes of chunks

	prev, next *outOfOrder // all that hold data, the oldest first, for pruning
}

// inserted is the outcome of insert.
type inserted struct {
	duplicate segment.Range // the first part that was there already; empty when there is none
	fresh     int           // bytes that were taken
	why       *trace.Reason // what refused the rest; nil when nothing did
}

// insert takes [start, start+len(p)) in. Bytes that are there already stay as they came first.
func (o *outOfOrder) insert(h *Host, start segment.Number, p []byte) (r inserted) {
	for at, end := start, start.Add(len(p)); at.Less(end); {
		i := o.find(at)
		if i < len(o.pieces) && o.pieces[i].start.LessEq(at) { // covered by piece i
			stop := o.pieces[i].end.Min(end)
			if r.duplicate.Empty() {
				r.duplicate = segment.Range{Start: at, End: stop}
			}
			at = stop
			continue
		}
		stop := end
		if i < len(o.pieces) {
			stop = o.pieces[i].start.Min(end)
		}
		if r.why = o.store(h, i, at, stop, p[at.Sub(start):stop.Sub(start)]); r.why != nil {
			return r
		}
		r.fresh += int(stop.Sub(at))
		at = stop
	}
	return r
}

// store puts p at [at, stop), which no piece covers; i is the first piece behind it. It extends the piece in front when
// that touches, and joins the one behind.
func (o *outOfOrder) store(h *Host, i int, at, stop segment.Number, p []byte) *trace.Reason {
	touches := i > 0 && o.pieces[i-1].end == at
	if !touches && len(o.pieces) >= h.Config.OutOfOrderPieces {
		return reasonPieces.Reach()
	}
	var data *chain
	var own chain
	if touches {
		data = &o.pieces[i-1].data
	} else {
		data = &own
	}
	need, _ := data.growth(len(p))
	if o.memory+need > h.Config.OutOfOrderBytes {
		return reasonOutOfOrderMemory.Reach()
	}
	h.filling = o // pruning must not empty the queue that is being filled
	took := data.push(h, p)
	h.filling = nil
	if !took {
		return reasonMemory.Reach()
	}
	o.memory += need
	if touches {
		i--
		o.pieces[i].end = stop
	} else {
		o.pieces = append(o.pieces, piece{})
		copy(o.pieces[i+1:], o.pieces[i:])
		o.pieces[i] = piece{start: at, end: stop, data: own}
	}
	if i+1 < len(o.pieces) && o.pieces[i+1].start == stop {
		o.pieces[i].end = o.pieces[i+1].end
		o.pieces[i].data.link(&o.pieces[i+1].data)
		o.remove(i + 1)
	}
	return nil
}

// find is the index of the first piece that ends after n.
func (o *outOfOrder) find(n segment.Number) int {
	if last := len(o.pieces) - 1; last < 0 || o.pieces[last].end.LessEq(n) { // the usual case: beyond everything
		return last + 1
	}
	return sort.Search(len(o.pieces), func(i int) bool { return n.Less(o.pieces[i].end) })
}

func (o *outOfOrder) remove(i int) {
	copy(o.pieces[i:], o.pieces[i+1:])
	o.pieces[len(o.pieces)-1] = piece{}
	o.pieces = o.pieces[:len(o.pieces)-1]
}

// pull moves what has become contiguous with nxt to q and returns the new nxt.
func (o *outOfOrder) pull(h *Host, nxt segment.Number, q *chain) segment.Number {
	for len(o.pieces) > 0 && o.pieces[0].start.LessEq(nxt) {
		p := &o.pieces[0]
		o.memory -= p.data.memory()
		if p.end.LessEq(nxt) {
			p.data.free(h)
		} else {
			p.data.pop(h, nil, int(nxt.Sub(p.start)))
			q.link(&p.data)
			nxt = p.end
		}
		o.remove(0)
	}
	return nxt
}

// noted remembers that data arrived at n, for the order of SACK blocks.
func (o *outOfOrder) noted(n segment.Number) {
	i := o.find(n)
	kept := 0
	var old [4]segment.Number
	for _, r := range o.recent[:o.nr] {
		// What lies in the same piece, or nowhere any more, is reported by n or not at all.
		if j := o.find(r); j != i && j < len(o.pieces) && o.pieces[j].start.LessEq(r) {
			old[kept] = r
			kept++
		}
	}
	o.recent[0] = n
	o.nr = 1 + copy(o.recent[1:], old[:kept])
}

// blocks fills in SACK blocks: first the piece that changed last, then those before it, then others (RFC 2018 §4).
// It returns how many there are.
func (o *outOfOrder) blocks(out []segment.Range) int {
	n := 0
	add := func(i int) {
		r := segment.Range{Start: o.pieces[i].start, End: o.pieces[i].end}
		for _, b := range out[:n] {
			if b == r {
				return
			}
		}
		out[n] = r
		n++
	}
	for _, r := range o.recent[:o.nr] {
		if i := o.find(r); n < len(out) && i < len(o.pieces) && o.pieces[i].start.LessEq(r) {
			add(i)
		}
	}
	for i := 0; i < len(o.pieces) && i < 8 && n < len(out); i++ {
		add(i)
	}
	return n
}

// clear forgets all pieces.
func (o *outOfOrder) clear(h *Host) {
	for i := range o.pieces {
		o.pieces[i].data.free(h)
	}
	clear(o.pieces)
	o.pieces, o.nr, o.memory = o.pieces[:0], 0, 0
}

// borrow lends an empty queue and enters it among those that may be pruned.
func (h *Host) borrow() *outOfOrder {
	o := h.spare
	if o != nil {
		h.spare, o.next = o.next, nil
	} else {
		o = &outOfOrder{}
	}
	if o.prev = h.newest; o.prev != nil {
		o.prev.next = o
	} else {
		h.oldest = o
	}
	h.newest = o
	return o
}

// giveBack takes a queue back, with whatever is in it.
func (h *Host) giveBack(o *outOfOrder) {
	o.clear(h)
	if o.prev != nil {
		o.prev.next = o.next
	} else {
		h.oldest = o.next
	}
	if o.next != nil {
		o.next.prev = o.prev
	} else {
		h.newest = o.prev
	}
	o.prev, o.next = nil, h.spare
	if cap(o.pieces) > 64 {
		o.pieces = nil // one bad moment of one connection is not kept for ever
	}
	h.spare = o
}

// prune empties the oldest out-of-order queue that has something. False: there is none.
func (h *Host) prune() bool {
	for o := h.oldest; o != nil; o = o.next {
		if len(o.pieces) > 0 && o != h.filling {
			o.clear(h)
			reasonPruned.Reach()
			h.pruned = true
			return true
		}
	}
	return false
}
