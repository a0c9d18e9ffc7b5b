package metrics

import (
	"cmp"
	"slices"
	"time"
)

// Totals are all counters at a moment, of all loops together.
type Totals struct {
	Requests  uint64
	Statuses  [6]uint64 // by class, 1xx to 5xx; [0]: none was sent
	BytesIn   uint64
	BytesOut  uint64
	Durations []Bucket
	Sites     []SiteTotals // sorted by name; those that have counted something
}

// Bucket is how many requests took at most so long, and longer than the bucket before says.
type Bucket struct {
	UpTo  time.Duration // 0: without a bound
	Count uint64
}

// SiteTotals is what one site did.
type SiteTotals struct {
	Site     string
	Requests uint64
	Statuses [6]uint64
	BytesIn  uint64
	BytesOut uint64
}

// Totals are the counters at the moment. It may be called from any goroutine; no loop waits for it.
func (c *Counters) Totals() Totals {
	t := Totals{Durations: make([]Bucket, buckets)}
	for i, b := range bounds {
		t.Durations[i].UpTo = b
	}
	for _, s := range c.sum() {
		one := SiteTotals{Site: s.name, BytesIn: s.in, BytesOut: s.out}
		for m := range s.requests {
			for i, n := range s.requests[m] {
				one.Requests += n
				one.Statuses[statusClass[i]] += n
			}
		}
		t.Requests += one.Requests
		t.BytesIn += one.BytesIn
		t.BytesOut += one.BytesOut
		for i, n := range one.Statuses {
			t.Statuses[i] += n
		}
		for i, n := range s.buckets {
			t.Durations[i].Count += n
		}
		t.Sites = append(t.Sites, one)
	}
	return t
}

// sum is the numbers of one site, all loops together.
type sum struct {
	name     string
	requests [methods][statuses]uint64
	buckets  [buckets]uint64
	took     uint64 // nanoseconds
	in, out  uint64
}

// sum adds up all sites that have counted something, sorted by name.
func (c *Counters) sum() []*sum {
	c.read.Lock()
	defer c.read.Unlock()
	var all []*sum
	for _, s := range *c.sites.Load() {
		one := &sum{name: s.name}
		one.add(s)
		if s == c.other {
			for _, gone := range c.leaving {
				one.add(gone)
			}
		}
		if one.any() {
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b *sum) int { return cmp.Compare(a.name, b.name) })
	return all
}

// add adds what a site has counted.
func (to *sum) add(s *site) {
	for i := range s.tables {
		s.tables[i].each(func(method, status int, at *cell) {
			for b := range at.buckets {
				n := at.buckets[b].Load()
				to.buckets[b] += n
				to.requests[method][status] += n
			}
			to.took += at.took.Load()
			to.in += at.in.Load()
			to.out += at.out.Load()
		})
	}
}

// any reports whether something was counted.
func (to *sum) any() bool { return to.buckets != [buckets]uint64{} }
