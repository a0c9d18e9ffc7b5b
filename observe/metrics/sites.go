package metrics

import (
	"cmp"
	"maps"
	"slices"
	"unicode/utf8"
)

// Sites says which sites the configuration in force names. Numbers of sites that are gone are kept, up to MaxSites; beyond
// it those that went first become part of the site "other", so that no sum over all sites ever falls. It is called at the
// start and after each reload.
func (c *Counters) Sites(names []string) {
	c.read.Lock()
	defer c.read.Unlock()
	c.change.Lock()
	defer c.change.Unlock()
	c.turn++

	// An exchange that was being counted when its site left may have been written to it until now, not longer: it takes less
	// than a microsecond.
	for _, s := range c.leaving {
		c.fold(s)
	}
	c.leaving = nil

	all := maps.Clone(*c.sites.Load())
	for _, s := range all {
		if s.named {
			s.named, s.gone = false, c.turn
		}
	}
	for _, name := range names {
		if name == "" || !utf8.ValidString(name) {
			continue
		}
		if all[name] == nil {
			all[name] = c.newSite(name)
		}
		all[name].named = true
	}
	if len(all) > MaxSites {
		c.leave(all)
	}
	c.sites.Store(&all)
	for i := range c.shards {
		for j := range c.shards[i] {
			c.shards[i][j].Store(nil)
		}
	}
}

// leave takes those away that went first, until there is room or all that are left are named.
func (c *Counters) leave(all map[string]*site) {
	var gone []*site
	for _, s := range all {
		if !s.named && s != c.other && s != c.none {
			gone = append(gone, s)
		}
	}
	slices.SortFunc(gone, func(a, b *site) int { return cmp.Or(cmp.Compare(a.gone, b.gone), cmp.Compare(a.name, b.name)) })
	for _, s := range gone[:min(len(gone), len(all)-MaxSites)] {
		delete(all, s.name)
		c.leaving = append(c.leaving, s)
	}
}

// fold adds a site's numbers to those of "other". The lock read is held.
func (c *Counters) fold(s *site) {
	for i := range s.tables {
		to := &c.other.tables[i]
		s.tables[i].each(func(method, status int, from *cell) {
			at := to.cell(method, status)
			for b := range from.buckets {
				at.buckets[b].Add(from.buckets[b].Load())
			}
			at.took.Add(from.took.Load())
			at.in.Add(from.in.Load())
			at.out.Add(from.out.Load())
		})
	}
}

// each calls f with every cell that there is.
func (t *table) each(f func(method, status int, at *cell)) {
	for m := range t.methods {
		r := t.methods[m].Load()
		if r == nil {
			continue
		}
		for s := range r {
			if at := r[s].Load(); at != nil {
				f(m, s, at)
			}
		}
	}
}
