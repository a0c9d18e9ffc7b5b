package serve

import (
	"slices"
	"sync"
)

// links are those of one loop. Whoever dials may be on any goroutine, and under threads and pool the links' turns are.
type links struct {
	mu   sync.Mutex
	idle map[LinkKey][]*Conn // the one that was used last is used first, so that those too many come of age
	live map[LinkKey]int
}

// open counts a new link, unless as many are open as may be.
func (k *links) open(o *LinkOptions) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if o.Most > 0 && k.live[o.Key] >= o.Most {
		return false
	}
	if k.live == nil {
		k.live, k.idle = make(map[LinkKey]int), make(map[LinkKey][]*Conn)
	}
	k.live[o.Key]++
	return true
}

// closed undoes open.
func (k *links) closed(c *Conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.remove(c)
	key := c.link.o.Key
	if k.live[key]--; k.live[key] == 0 {
		delete(k.live, key)
		delete(k.idle, key)
	}
}

// remove takes a link from those that are idle, and reports whether it was. The lock is held.
func (k *links) remove(c *Conn) bool {
	if !c.link.idle {
		return false
	}
	c.link.idle = false
	key := c.link.o.Key
	all := k.idle[key]
	i := slices.Index(all, c)
	k.idle[key] = slices.Delete(all, i, i+1)
	return true
}

// Reuse hands an idle link of this connection's loop to somebody, or returns nil when there is none. The link gets a turn,
// in which Handed returns to. It may be called from any goroutine.
func (c *Conn) Reuse(key LinkKey, to any) *Conn {
	k := &c.loop.links
	k.mu.Lock()
	all := k.idle[key]
	if len(all) == 0 {
		k.mu.Unlock()
		return nil
	}
	l := all[len(all)-1]
	all[len(all)-1] = nil
	k.idle[key] = all[:len(all)-1]
	l.link.idle, l.link.to = false, to
	k.mu.Unlock()
	l.Wake()
	return l
}

// Handed is whom a link was handed to since it was put to rest, once; else nil. It is called within a turn of the link.
func (c *Conn) Handed() (to any) {
	k := &c.loop.links
	k.mu.Lock()
	to, c.link.to = c.link.to, nil
	k.mu.Unlock()
	return to
}

// Rest puts a link among those that are idle, for others to use, with the idle time as its deadline. It returns false, and
// nothing has changed, when it cannot be kept: something is on its way, or as many are idle as may be. Nothing may be done
// with the link in this turn any more.
func (c *Conn) Rest(w *Worker) bool {
	o := c.link.o
	if c.phase != open || c.eof || c.failed || c.shutting || c.shut || len(c.in) > 0 || len(w.Out) > 0 || !c.out.empty() ||
		c.loop.engine.draining.Load() || c.loop.engine.closing.Load() {
		return false
	}
	k := &c.loop.links
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.idle[o.Key]) >= o.Idle {
		return false
	}
	c.paused = false
	c.deadline = w.Now + int64(o.IdleTime)
	c.link.idle = true
	k.idle[o.Key] = append(k.idle[o.Key], c)
	return true
}

// Links is how many links are open on the engine's loops, and how many of them are idle.
func (e *Engine) Links() (open, idle int) {
	for _, l := range e.loops {
		k := &l.links
		k.mu.Lock()
		for _, n := range k.live {
			open += n
		}
		for _, all := range k.idle {
			idle += len(all)
		}
		k.mu.Unlock()
	}
	return open, idle
}
