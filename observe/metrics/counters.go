package metrics

import (
	"time"

	"vitrine/web/variables"
)

// Counters count requests, on each loop apart.
type Counters struct{}

// NewCounters makes counters for so many loops.
func NewCounters(loops int) *Counters { return &Counters{} }

// Sites says which sites the configuration in force names. Numbers of sites that are gone are kept, up to MaxSites; beyond
// it those that went first become part of the site "other". It is called at the start and after each reload.
func (c *Counters) Sites(names []string) {}

// Observe counts an exchange that has ended: its outcome is complete. It is called on any loop, waits for nobody and does not
// allocate, but for the first request of its kind.
func (c *Counters) Observe(v *variables.Values) {}

// Totals are all counters at a moment, of all loops together.
type Totals struct {
	Requests  uint64
	Statuses  [6]uint64 // by class, 1xx to 5xx; [0]: none was sent
	BytesIn   uint64
	BytesOut  uint64
	Durations []Bucket
	Sites     []SiteTotals // sorted by name
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

// Totals are the counters at the moment.
func (c *Counters) Totals() Totals { return Totals{} }
