package tcp

import (
	"vitrine/stack/tcp/segment"
	"vitrine/trace"
)

// receiveData is the seventh and eighth step of RFC 9293 §3.10.7.4: the segment's data, from start on, and its FIN.
func (c *Conn) receiveData(now int64, start segment.Number, s *segment.Segment) (why *trace.Reason) {
	data, fin := s.Payload, s.Flags&segment.FIN != 0
	c.h.pruned = false
	end := start.Add(len(data))
	if !c.state.mayReceive() { // the peer's FIN was taken in: this is a duplicate, or nonsense
		c.owe()
		if c.nxt.Less(end) {
			return reasonAfterFin.Reach()
		}
		c.duplicate(start, end)
		return reasonDuplicate.Reach()
	}
	if c.has(flagOrphan) && len(data) > 0 && c.nxt.Less(end) {
		// RFC 9293 §3.6.1: data that nobody will read is lost, and the peer is to know.
		c.events |= EventReset
		c.rst = s.Ack
		c.flags |= flagReset
		return c.setState(now, StateClosed, reasonDataAfterClose)
	}
	if c.has(flagPeerFin) && c.fin.Less(end) {
		why = reasonAfterFin.Reach()
		end = c.fin.Max(start)
		data, fin = data[:end.Sub(start)], false
	}

	// Left: what is there already.
	if start.Less(c.nxt) {
		c.duplicate(start, end.Min(c.nxt))
		if end.Less(c.nxt) || end == c.nxt && !fin {
			c.owe()
			return reasonDuplicate.Reach()
		}
		data = data[c.nxt.Sub(start):]
		start = c.nxt
	}
	// Right: what was never asked for. A bare FIN needs no buffer and is welcome at a closed window.
	if c.adv.Less(end) {
		if c.adv.LessEq(start) {
			c.owe()
			return reasonZeroWindow.Reach()
		}
		why = reasonTrimmed.Reach()
		data, fin = data[:c.adv.Sub(start)], false
		end = c.adv
	}
	if fin {
		if c.contradicts(end) {
			why = reasonFinInside.Reach()
		} else {
			c.fin = end
			c.flags |= flagPeerFin
		}
	}
	if start == c.nxt {
		if len(data) > 0 {
			trimmed := why != nil
			if w := c.takeInOrder(now, data); w != nil {
				why = w
			}
			if trimmed {
				c.oweOne() // the sender believes in another window
			}
		}
	} else if len(data) > 0 {
		why = c.keep(now, start, data)
	} else {
		c.owe() // a FIN before missing data: what is missing is asked for
		if why == nil {
			why = reasonOutOfOrder.Reach()
		}
	}
	if c.h.pruned {
		why = reasonPruned
	}
	if c.has(flagPeerFin) && c.nxt == c.fin {
		c.peerClosed(now)
	}
	return why
}

// takeInOrder takes data at nxt, and whatever it makes contiguous.
func (c *Conn) takeInOrder(now int64, data []byte) (why *trace.Reason) {
	if !c.queue.push(c.h, data) {
		return reasonMemory.Reach()
	}
	from := c.nxt
	c.nxt = c.nxt.Add(len(data))
	hole := c.ooo != nil && len(c.ooo.pieces) > 0
	if hole {
		why = reasonHoleFilled.Reach()
		c.nxt = c.ooo.pull(c.h, c.nxt, &c.queue)
	}
	if c.ooo != nil && len(c.ooo.pieces) == 0 {
		c.dropOutOfOrder()
	}
	c.taken += uint64(c.nxt.Sub(from))
	c.events |= EventReadable
	c.took(now, len(data), hole)
	return why
}

// keep takes data beyond a gap.
func (c *Conn) keep(now int64, start segment.Number, data []byte) *trace.Reason {
	if c.ooo == nil {
		c.ooo = c.h.borrow()
	}
	// RFC 5681 §4.2: each such segment gets its own acknowledgement at once, and the sender needs quick ones for a while.
	c.owe()
	c.flags &^= flagInteractive
	c.quick = uint8(min(c.h.Config.QuickACKs, 255))
	r := c.ooo.insert(c.h, start, data)
	if r.fresh > 0 || !r.duplicate.Empty() {
		c.ooo.noted(start)
	}
	if !r.duplicate.Empty() {
		c.duplicate(r.duplicate.Start, r.duplicate.End)
	}
	if len(c.ooo.pieces) == 0 {
		c.dropOutOfOrder()
	}
	switch {
	case r.why != nil:
		return r.why
	case r.fresh == 0:
		return reasonDuplicate.Reach()
	}
	return reasonOutOfOrder.Reach()
}

// contradicts reports whether a FIN at n cannot be true: the stream is known to go on there, or to end elsewhere.
func (c *Conn) contradicts(n segment.Number) bool {
	if c.has(flagPeerFin) {
		return n != c.fin
	}
	return c.ooo != nil && len(c.ooo.pieces) > 0 && n.Less(c.ooo.pieces[len(c.ooo.pieces)-1].end)
}

// duplicate notes a range that came twice, for the next acknowledgement (RFC 2883 §4).
func (c *Conn) duplicate(start, end segment.Number) {
	if c.has(flagSACK) && start.Less(end) {
		c.dsack = segment.Range{Start: start, End: end}
	}
}

// peerClosed takes the peer's FIN in, its order having come (RFC 9293 §3.10.7.4, eighth).
func (c *Conn) peerClosed(now int64) {
	c.nxt++
	c.adv = c.adv.Max(c.nxt)
	c.flags |= flagPeerClosed
	c.events |= EventPeerClosed
	c.dropOutOfOrder()
	c.oweOne()
	switch c.state {
	case StateEstablished:
		c.setState(now, StateCloseWait, reasonPeerClosed)
	case StateFinWait1: // our FIN is not acknowledged, else it would be FIN_WAIT_2
		c.setState(now, StateClosing, reasonPeerClosed)
	case StateFinWait2:
		c.setState(now, StateTimeWait, reasonPeerClosed)
	}
}
