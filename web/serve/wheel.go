package serve

import "sync/atomic"

// The wheel keeps every connection's next deadline with a resolution of tick. A deadline that moves later costs
// nothing: the connection stays where it is and is put where it belongs when its slot comes round.
const (
	tick  = 100e6 // nanoseconds
	slots = 1 << 10
)

// timer is a connection's place in the wheel.
type timer struct {
	prev, next *Conn
	at         atomic.Int64 // the tick of its slot; 0: not in the wheel. Written by the loop only
	due        atomic.Int64 // engine time when the connection wants its turn; 0: never. Written at the end of turns
}

type wheel struct {
	heads [slots]*Conn
	count int
	last  int64 // the last tick that was looked at
	next  int64 // no slot before this tick has a connection; 0: the wheel is empty
}

// schedule sees to it that the connection's slot comes no later than its deadline.
func (w *wheel) schedule(c *Conn) {
	due := c.timer.due.Load()
	if due == 0 {
		return
	}
	at := max(due/tick+1, w.last+1)
	at = min(at, w.last+slots-1) // beyond the horizon: looked at when the wheel has gone round
	if now := c.timer.at.Load(); now != 0 {
		if now <= at {
			return
		}
		w.remove(c)
	}
	w.insert(c, at)
}

func (w *wheel) insert(c *Conn, at int64) {
	head := &w.heads[at%slots]
	c.timer.prev, c.timer.next = nil, *head
	if *head != nil {
		(*head).timer.prev = c
	}
	*head = c
	c.timer.at.Store(at)
	w.count++
	if w.next == 0 || at < w.next {
		w.next = at
	}
}

// remove takes the connection out of the wheel.
func (w *wheel) remove(c *Conn) {
	at := c.timer.at.Load()
	if at == 0 {
		return
	}
	if c.timer.prev != nil {
		c.timer.prev.timer.next = c.timer.next
	} else {
		w.heads[at%slots] = c.timer.next
	}
	if c.timer.next != nil {
		c.timer.next.timer.prev = c.timer.prev
	}
	c.timer.prev, c.timer.next = nil, nil
	c.timer.at.Store(0)
	w.count--
}

// advance calls expired for every connection whose deadline has passed at the engine time now.
func (w *wheel) advance(now int64, expired func(c *Conn)) {
	target := now / tick
	if w.count == 0 {
		w.last, w.next = target, 0
		return
	}
	if w.next != 0 && w.next > target { // nothing before next
		w.last = max(w.last, target)
		return
	}
	for at := max(w.last+1, w.next, target-slots+1); at <= target && w.count > 0; at++ {
		w.last = at
		for c := w.heads[at%slots]; c != nil; {
			next := c.timer.next
			w.remove(c)
			switch due := c.timer.due.Load(); {
			case due == 0:
			case due <= now:
				expired(c)
			default:
				w.schedule(c)
			}
			c = next
		}
	}
	w.last = max(w.last, target)
	w.next = 0
	if w.count > 0 {
		for at := w.last + 1; at < w.last+slots; at++ {
			if w.heads[at%slots] != nil {
				w.next = at
				break
			}
		}
	}
}

// deadline is the engine time at which advance is due, 0 for never.
func (w *wheel) deadline() int64 {
	if w.next == 0 {
		return 0
	}
	return w.next * tick
}
