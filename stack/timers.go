package stack

import "math/bits"

// wheel holds the connections that wait for a time: a hierarchical timing wheel with lists through the connections.
//
// It is lazy. A connection is moved only when its deadline becomes earlier than what it is entered for, or when its slot
// comes up; a deadline that moves away, as that of a retransmission timer does with every answer, costs nothing.
type wheel struct {
	now   int64 // the tick up to which everything was looked at
	heads [wheelLevels][64]*Conn
	set   [wheelLevels]uint64 // which heads are not nil
	used  int
}

const (
	tickBits    = 20 // a tick is 2^20 ns, about a millisecond
	wheelLevels = 4  // 64 ticks, 4 s, 4.6 min, 4.9 h
)

// tickAfter is the first tick that does not come before the time.
func tickAfter(at int64) int64 { return (at + 1<<tickBits - 1) >> tickBits }

// arm enters the connection for a time, unless it is entered for an earlier one.
func (w *wheel) arm(c *Conn, at int64) {
	tick := max(tickAfter(at), w.now+1)
	if c.armed != 0 {
		if c.armed <= tick {
			return
		}
		w.remove(c)
	}
	delta, level := tick-w.now, 0
	for delta >= 64 && level < wheelLevels-1 {
		delta >>= 6
		level++
	}
	if delta >= 64 { // further than the wheel reaches: looked at on the way
		tick = w.now + 63<<(6*(wheelLevels-1))
	}
	slot := tick >> (6 * level) & 63
	c.armed = tick
	c.slot = uint8(level<<6 | int(slot))
	head := &w.heads[level][slot]
	c.before, c.after = nil, *head
	if *head != nil {
		(*head).before = c
	}
	*head = c
	w.set[level] |= 1 << slot
	w.used++
}

func (w *wheel) remove(c *Conn) {
	if c.armed == 0 {
		return
	}
	if c.before != nil {
		c.before.after = c.after
	} else {
		level, slot := c.slot>>6, c.slot&63
		w.heads[level][slot] = c.after
		if c.after == nil {
			w.set[level] &^= 1 << slot
		}
	}
	if c.after != nil {
		c.after.before = c.before
	}
	c.before, c.after, c.armed = nil, nil, 0
	w.used--
}

// next is the tick at which something comes up.
func (w *wheel) next() (tick int64) {
	for l := range wheelLevels {
		if w.set[l] == 0 {
			continue
		}
		block := w.now >> (6 * l)
		// No entry lies in the present block of its level; one in the present slot is a whole turn away.
		ahead := bits.TrailingZeros64(bits.RotateLeft64(w.set[l], -int(block+1)&63)) + 1
		if at := (block + int64(ahead)) << (6 * l); tick == 0 || at < tick {
			tick = at
		}
	}
	return tick
}

// deadline is when the wheel must be advanced; 0: never.
func (w *wheel) deadline() int64 {
	if w.used == 0 {
		return 0
	}
	return w.next() << tickBits
}

// advance takes out every connection that comes up by now and gives it to f, which may enter it anew.
func (w *wheel) advance(now int64, f func(*Conn)) {
	target := now >> tickBits
	for w.used > 0 {
		tick := w.next()
		if tick > target {
			break
		}
		w.now = tick
		// Blocks of several levels may begin at this tick. What f enters anew never falls into one of them.
		for l := wheelLevels - 1; l >= 0; l-- {
			if tick&(1<<(6*l)-1) != 0 {
				continue
			}
			slot := tick >> (6 * l) & 63
			for c := w.heads[l][slot]; c != nil; c = w.heads[l][slot] {
				w.remove(c)
				f(c)
			}
		}
	}
	w.now = max(w.now, target)
}
