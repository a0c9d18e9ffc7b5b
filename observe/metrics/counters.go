package metrics

import (
	"maps"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"vitrine/web/exchange"
	"vitrine/web/variables"
)

// MaxSites is how many sites have numbers of their own, when some of them are of former configurations. What the
// configuration in force names always has.
const MaxSites = 1000

// Counters count requests, on each loop apart.
type Counters struct {
	shards []shard
	sites  atomic.Pointer[map[string]*site] // replaced, never changed
	other  *site
	none   *site

	change sync.Mutex // held while sites is replaced

	read    sync.Mutex // held while numbers are added up or moved, never on a loop
	turn    uint64     // calls of Sites
	leaving []*site    // sites that have no numbers of their own any more, and may still be told of an exchange
}

// shard is what one loop has for itself, on cache lines of its own: of the sites that were observed last the tables, each at the
// place of its name.
type shard [16]atomic.Pointer[table]

// place is where the table of a site's name is remembered.
func place(name string) int {
	first := uint64(0)
	if len(name) >= 8 {
		first = uint64(name[0]) | uint64(name[1])<<8 | uint64(name[2])<<16 | uint64(name[3])<<24 |
			uint64(name[4])<<32 | uint64(name[5])<<40 | uint64(name[6])<<48 | uint64(name[7])<<56 // one load
	} else if name != "" {
		first = uint64(name[0])
	}
	return int((first + uint64(len(name))) * 0x9E3779B97F4A7C15 >> 60)
}

// site is the numbers of one site.
type site struct {
	name   string
	tables []table // one for each loop
	named  bool    // by the configuration in force
	gone   uint64  // in which call of Sites it was named no more
}

// table is one site's numbers on one loop.
type table struct {
	name    string
	methods [methods]atomic.Pointer[row]
	_       [32]byte
}

// row is those of one method.
type row [statuses]atomic.Pointer[cell]

// cell is those of one status. Requests are the sum of the buckets, so that an exchange costs four additions. Its size is a
// whole number of cache lines, and so is its place in memory: no two loops write to the same line.
type cell struct {
	buckets [buckets]atomic.Uint64
	took    atomic.Uint64 // nanoseconds
	in, out atomic.Uint64
	_       [192 - 8*(buckets+3)]byte
}

// NewCounters makes counters for so many loops.
func NewCounters(loops int) *Counters {
	c := &Counters{shards: make([]shard, max(loops, 1))}
	c.other, c.none = c.newSite(Other), c.newSite(None)
	c.sites.Store(&map[string]*site{Other: c.other, None: c.none})
	return c
}

func (c *Counters) newSite(name string) *site {
	s := &site{name: name, tables: make([]table, len(c.shards))}
	for i := range s.tables {
		s.tables[i].name = name
	}
	return s
}

// Observe counts an exchange that has ended: its outcome is complete. It is called on any loop, waits for nobody and does not
// allocate, but for the first request of its kind.
func (c *Counters) Observe(v *variables.Values) {
	x := v.Exchange
	o := &x.Outcome
	at := c.cell(c.loop(x), v.Site, int(x.Request.Method), statusOf(o.Status))
	elapsed := uint64(max(o.Elapsed, 0))
	at.buckets[bucketOf(elapsed)].Add(1)
	at.took.Add(elapsed)
	at.in.Add(uint64(max(o.Received, 0)))
	at.out.Add(uint64(max(o.Sent, 0)))
}

// loop is the number of the shard that an exchange is counted in.
func (c *Counters) loop(x *exchange.Exchange) int {
	if p := x.Peer; p != nil && uint(p.Loop) < uint(len(c.shards)) {
		return p.Loop
	}
	return 0
}

func statusOf(code int) int {
	if uint(code) < uint(len(statusIndex)) {
		return int(statusIndex[code])
	}
	return 0
}

// cell finds where to count. Method and status are indices.
func (c *Counters) cell(loop int, name string, method, status int) *cell {
	t := c.shards[loop][place(name)].Load()
	if t == nil || t.name != name {
		t = c.table(loop, name)
	}
	if method >= methods {
		method = 0
	}
	return t.cell(method, status)
}

// cell finds where to count within a site's table.
func (t *table) cell(method, status int) *cell {
	r := t.methods[method].Load()
	if r == nil {
		t.methods[method].CompareAndSwap(nil, new(row))
		r = t.methods[method].Load()
	}
	at := r[status].Load()
	if at == nil {
		r[status].CompareAndSwap(nil, new(cell))
		at = r[status].Load()
	}
	return at
}

// table is a site's numbers on a loop, which are looked for there first the next time.
func (c *Counters) table(loop int, name string) *table {
	sites := c.sites.Load()
	s := (*sites)[name]
	switch {
	case s != nil:
	case name == "":
		s = c.none
	case !utf8.ValidString(name): // it cannot be a label; no site of a configuration is called so
		s = c.other
	default:
		s = c.introduce(name)
	}
	t := &s.tables[loop]
	if t.name == name { // else it would not be found there
		last := &c.shards[loop][place(name)]
		last.Store(t)
		if c.sites.Load() != sites { // the site may have left, and Sites have forgotten it here before we remembered it
			last.Store(nil)
		}
	}
	return t
}

// introduce makes numbers for a site that Sites was not told of, as long as there is room.
func (c *Counters) introduce(name string) *site {
	if len(*c.sites.Load()) >= MaxSites {
		return c.other
	}
	c.change.Lock()
	defer c.change.Unlock()
	old := *c.sites.Load()
	if s := old[name]; s != nil {
		return s
	}
	if len(old) >= MaxSites {
		return c.other
	}
	all := maps.Clone(old)
	all[name] = c.newSite(name)
	c.sites.Store(&all)
	return all[name]
}
