package names

import (
	"container/list"
	"sync"
	"time"
)

// cache keeps answers until they are too old, at most so many; the one that was used least lately goes first. It is safe for
// concurrent use.
type cache[K comparable, V any] struct {
	most int
	mu   sync.Mutex
	all  map[K]*list.Element
	used list.List // of *kept[K, V], the one used last in front
}

type kept[K comparable, V any] struct {
	key   K
	value V
	until time.Time
}

func newCache[K comparable, V any](most int) *cache[K, V] {
	return &cache[K, V]{most: most, all: make(map[K]*list.Element)}
}

func (c *cache[K, V]) get(key K, now time.Time) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.all[key]
	if e == nil {
		return value, false
	}
	k := e.Value.(*kept[K, V])
	if now.After(k.until) {
		c.used.Remove(e)
		delete(c.all, key)
		return value, false
	}
	c.used.MoveToFront(e)
	return k.value, true
}

func (c *cache[K, V]) put(key K, value V, until time.Time) {
	if c.most <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.all[key]; e != nil {
		k := e.Value.(*kept[K, V])
		k.value, k.until = value, until
		c.used.MoveToFront(e)
		return
	}
	c.all[key] = c.used.PushFront(&kept[K, V]{key, value, until})
	for len(c.all) > c.most {
		last := c.used.Back()
		delete(c.all, last.Value.(*kept[K, V]).key)
		c.used.Remove(last)
	}
}
