// Package neighbor knows which hardware address a neighbour on the link has: the states of RFC 4861 §7.3.2, used for IPv4
// (RFC 826) and IPv6 alike, with the packets that wait for an answer, and the test of an address for duplicates.
//
// Everything here is pure: the time is an argument (nanoseconds, arbitrary origin above 0), what is to be sent is
// returned, and an object belongs to one goroutine. What is not done: proxying, RFC 5227's probing before an IPv4 address
// is used (conflicts are seen and defended against), and RFC 7527's nonces.
package neighbor

import (
	"net/netip"
	"slices"

	"vitrine/trace"
)

// MAC is a hardware address; an alias, so that a named array of another package can be assigned to it.
type MAC = [6]byte

// State is how sure we are of a neighbour's hardware address (RFC 4861 §7.3.2).
type State uint8

const (
	Incomplete State = iota // asked for, no answer yet
	Reachable               // it answered or moved forward a short time ago
	Stale                   // known, but not confirmed for a while; nothing is done until it is used
	Delay                   // used while stale: what is sent may bring a confirmation by itself
	Probe                   // asked again, at the address that is known
	Failed                  // nobody answered; remembered for a short time, so that not every packet asks
	Permanent               // set by hand
)

var stateNames = [...]string{"incomplete", "reachable", "stale", "delay", "probe", "failed", "permanent"}

func (s State) String() string { return stateNames[s] }

// known reports whether the state comes with a hardware address.
func (s State) known() bool { return s != Incomplete && s != Failed }

// Config holds bounds and times. Zero values mean the defaults, which are those of RFC 4861 §10 where it has one. Times
// are nanoseconds.
type Config struct {
	Entries     int // neighbours that are remembered: 1024
	HoldPackets int // packets that wait for one neighbour: 64
	HoldBytes   int // their bytes: 128 KiB
	HoldTotal   int // bytes that wait for all: 1 MiB

	Multicast  int   // questions to everybody before giving up: 3 (MAX_MULTICAST_SOLICIT)
	Unicast    int   // questions to the known address before forgetting it: 3 (MAX_UNICAST_SOLICIT)
	Retransmit int64 // between questions: 1 s (RETRANS_TIMER; RFC 1122 §2.3.2.1 wants no more than one a second)
	Reachable  int64 // that a confirmation counts: 30 s (REACHABLE_TIME)
	Delay      int64 // between the use of a stale address and the question: 5 s (DELAY_FIRST_PROBE_TIME)
	Failed     int64 // that a failure is remembered: 3 s

	// Lock is how long an IPv4 neighbour keeps a new hardware address at least, since anybody can claim another: 1 s, as
	// Linux's locktime.
	Lock int64
}

func (c Config) defaults() Config {
	set(&c.Entries, 1024)
	set(&c.HoldPackets, 64)
	set(&c.HoldBytes, 128<<10)
	set(&c.HoldTotal, 1<<20)
	set(&c.Multicast, 3)
	set(&c.Unicast, 3)
	set(&c.Retransmit, 1e9)
	set(&c.Reachable, 30e9)
	set(&c.Delay, 5e9)
	set(&c.Failed, 3e9)
	set(&c.Lock, 1e9)
	return c
}

func set[T int | int64](v *T, standard T) {
	if *v <= 0 {
		*v = standard
	}
}

// Table is the neighbours of one interface.
type Table struct {
	config  Config
	index   map[netip.Addr]*entry
	list    []*entry // the same ones, so that what happens does not depend on a map's order
	next    int64    // no entry is due before this; 0: none is
	held    int      // bytes in all
	version uint64
	hand    int   // where in the list the last search for who has to go ended
	defense int64 // when we last defended an address of ours
}

type entry struct {
	addr      netip.Addr
	place     int // in the list
	mac       MAC
	state     State
	probes    int
	since     int64 // of the state
	used      int64 // by Lookup or Hold; 0: never
	confirmed int64
	moved     int64 // when the hardware address last changed
	told      int64 // when that was last given as a Reason; 0: never
	due       int64 // 0: nothing is
	packets   [][]byte
	bytes     int
}

// New makes an empty table.
func New(c Config) *Table {
	return &Table{config: c.defaults(), index: make(map[netip.Addr]*entry)}
}

// Version changes whenever Lookup may answer otherwise than before, so that an answer can be kept as long as it does not.
// But an answer that is kept for longer than a few seconds must be looked up again: a use is what makes a stale
// neighbour be asked.
func (t *Table) Version() uint64 { return t.version }

// Lookup is the hardware address to which packets for addr are sent now. false: it is not known; then call Hold.
func (t *Table) Lookup(now int64, addr netip.Addr) (mac MAC, ok bool) {
	e := t.index[addr]
	if e == nil || !e.state.known() {
		return mac, false
	}
	e.used = now
	if e.state == Reachable && now-e.confirmed > t.config.Reachable {
		t.enter(e, Stale, now)
	}
	if e.state == Stale {
		// RFC 4861 §7.3.3: the first packet to a stale neighbour starts the delay.
		t.enter(e, Delay, now)
		t.schedule(e, now+t.config.Delay)
	}
	return e.mac, true
}

// enter changes the state; whoever needs to be asked again later calls schedule.
func (t *Table) enter(e *entry, s State, now int64) {
	if s.known() != e.state.known() {
		t.version++
	}
	e.state, e.since, e.due, e.probes = s, now, 0, 0
	if s == Reachable {
		e.confirmed = now
	}
}

func (t *Table) schedule(e *entry, at int64) {
	e.due = at
	if t.next == 0 || at < t.next {
		t.next = at
	}
}

// evictionScan is how many neighbours are looked at to find the one that has to go.
const evictionScan = 256

// create makes room for a neighbour. A full table forgets first what failed, then what we never used ourselves, then what
// nobody has answered for yet: that is all that others can fill it with (RFC 6583 §4). Last comes what we have not used
// for longest. In a large table it is the first of a part of it, a different one each time, so that a flood of new
// neighbours is not as costly as the table is large.
func (t *Table) create(now int64, addr netip.Addr, s State) *entry {
	if len(t.index) >= t.config.Entries {
		var victim *entry
		for range min(len(t.list), evictionScan) {
			t.hand = (t.hand + 1) % len(t.list)
			e := t.list[t.hand]
			if victim == nil || e.rank() < victim.rank() || e.rank() == victim.rank() && e.older(victim) {
				victim = e
			}
		}
		reasonFull.Reach()
		t.remove(victim)
	}
	e := &entry{addr: addr, place: len(t.list), state: s, since: now}
	t.index[addr] = e
	t.list = append(t.list, e)
	t.version++
	return e
}

func (e *entry) rank() int {
	switch {
	case e.state == Permanent:
		return 4
	case e.state == Failed:
		return 0
	case e.used == 0:
		return 1
	case e.state == Incomplete:
		return 2
	}
	return 3
}

func (e *entry) older(o *entry) bool {
	if a, b := max(e.used, e.since), max(o.used, o.since); a != b {
		return a < b
	}
	return e.addr.Less(o.addr)
}

func (t *Table) remove(e *entry) {
	t.release(e)
	delete(t.index, e.addr)
	last := len(t.list) - 1
	t.list[e.place] = t.list[last]
	t.list[e.place].place = e.place
	t.list[last] = nil
	t.list = t.list[:last]
	t.version++
}

// Confirm says that the neighbour answers, as far as a protocol above can tell: new data was acknowledged (RFC 4861
// §7.3.1). It costs a lookup in a map; once a second for each connection is often enough.
func (t *Table) Confirm(now int64, addr netip.Addr) {
	e := t.index[addr]
	switch {
	case e == nil || !e.state.known() || e.state == Permanent:
	case e.state == Reachable:
		e.confirmed = now
	default:
		t.enter(e, Reachable, now)
	}
}

// Set gives a neighbour a hardware address for ever.
func (t *Table) Set(now int64, addr netip.Addr, mac MAC) {
	e := t.index[addr]
	if e == nil {
		e = t.create(now, addr, Permanent)
	}
	t.enter(e, Permanent, now)
	e.mac = mac
	t.version++
	if len(e.packets) > 0 {
		t.schedule(e, now)
	}
}

// Entry is a neighbour as people see it.
type Entry struct {
	Addr  netip.Addr
	MAC   MAC // zero while it is not known
	State State
	Since int64 // when it came into this state
	Used  int64 // when a packet was last sent to it; 0: never
	Held  int   // packets that wait
	Due   int64 // when something happens by itself; 0: never
}

// Entries is the table, sorted by address.
func (t *Table) Entries() []Entry {
	all := make([]Entry, 0, len(t.index))
	for _, e := range t.list {
		all = append(all, Entry{e.addr, e.mac, e.state, e.since, e.used, len(e.packets), e.due})
	}
	slices.SortFunc(all, func(a, b Entry) int { return a.Addr.Compare(b.Addr) })
	return all
}

// EventKind is what Advance wants done.
type EventKind uint8

const (
	Solicit     EventKind = iota // ask for Addr: everybody, or MAC alone when Unicast
	Deliver                      // send Held to MAC
	Unreachable                  // nobody answered: Held cannot be sent, tell who waits
)

// Event is what Advance wants done. Held is the receiver's to keep.
type Event struct {
	Kind    EventKind
	Addr    netip.Addr
	MAC     MAC
	Unicast bool
	Held    [][]byte
	Why     *trace.Reason // of Unreachable
}

// Advance does what is due. emit is called for each event and must not call the table.
func (t *Table) Advance(now int64, emit func(Event)) {
	if t.next == 0 || now < t.next {
		return
	}
	t.next = 0
	for i := len(t.list) - 1; i >= 0; i-- { // from the end, since an entry that is removed is replaced by the last
		e := t.list[i]
		if e.due != 0 && e.due <= now {
			t.expire(now, e, emit)
		}
		if e.due != 0 && (t.next == 0 || e.due < t.next) {
			t.next = e.due
		}
	}
}

func (t *Table) expire(now int64, e *entry, emit func(Event)) {
	e.due = 0
	if e.state.known() && len(e.packets) > 0 {
		emit(Event{Kind: Deliver, Addr: e.addr, MAC: e.mac, Held: t.release(e)})
	}
	switch e.state {
	case Incomplete:
		if e.probes < t.config.Multicast {
			e.probes++
			e.due = now + t.config.Retransmit
			emit(Event{Kind: Solicit, Addr: e.addr})
			return
		}
		t.enter(e, Failed, now)
		e.due = now + t.config.Failed
		emit(Event{Kind: Unreachable, Addr: e.addr, Held: t.release(e), Why: ReasonUnreachable.Reach()})
	case Failed:
		t.remove(e)
	case Delay:
		t.enter(e, Probe, now)
		fallthrough
	case Probe:
		if e.probes < t.config.Unicast {
			e.probes++
			e.due = now + t.config.Retransmit
			emit(Event{Kind: Solicit, Addr: e.addr, MAC: e.mac, Unicast: true})
			return
		}
		// RFC 4861 §7.3.3: the next packet begins anew, with everybody: the host may have got another adapter.
		reasonLost.Reach()
		t.remove(e)
	}
}

// Deadline is when Advance may have something to do; 0: never. It can be early, never late.
func (t *Table) Deadline() int64 { return t.next }
