package trace

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
	"unsafe"
)

// ID names one request's journey. It is unique within a run of the program and unlikely to repeat across runs.
// The zero ID means "none".
type ID uint64

var lastID atomic.Uint64

func init() { lastID.Store(rand.Uint64() >> 1) }

// step spreads consecutive ids over the whole range, so that neighbours look different to a person;
// an odd multiplier keeps them unique.
const step = 0x9E3779B97F4A7C15

// NewID draws the next id. It is safe for concurrent use and does not allocate.
func NewID() ID { return IDs(1) }

// IDs draws n consecutive ids at once and returns the first, for a loop that hands out its own with Next.
func IDs(n uint64) ID { return ID((lastID.Add(n) - n + 1) * step) }

// Next is the id drawn after this one.
func (id ID) Next() ID { return id + step }

// String is the id as sixteen hexadecimal digits.
func (id ID) String() string { return string(id.Append(make([]byte, 0, 16))) }

// Append appends the id's sixteen hexadecimal digits to b.
func (id ID) Append(b []byte) []byte {
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, digits[id>>uint(shift)&15])
	}
	return b
}

// ParseID reads what String wrote.
func ParseID(s string) (ID, error) {
	n, err := strconv.ParseUint(s, 16, 64)
	return ID(n), err
}

// Detail is one input of a decision: what was looked at and what it was.
type Detail struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// D is a short way to write a Detail.
func D(name, value string) Detail { return Detail{name, value} }

// Event is one decision of a journey.
type Event struct {
	At       time.Duration // since the journey began; 0 in a dry run
	Step     string        // the layer or step that decided: "listener", "site", "route", "resource", …
	Reason   *Reason
	Position Position // the configuration that is responsible; zero when none is
	Subject  string   // what was decided about: a route's pattern, a path, a header's name
	Taken    bool     // false for a candidate that was considered and passed over
	Depth    int      // of the request within the request that it was decided for: an include's is 1 or more
	Details  []Detail
}

// Journey collects the events of one request. A nil *Journey means that nobody looks; callers on the hot path test
// for nil before they build an event, and Add on a nil Journey does nothing. A Journey belongs to one request and
// is not safe for concurrent use.
type Journey struct {
	ID     ID
	Start  time.Time
	Events []Event
	// Live says that the journey is that of a real request: it is told what happens, and changes nothing about it. A
	// dry run's asks everything anew, from the disk.
	Live bool
	// Depth is that of the events that are added next: how many requests within the request are under way.
	Depth int
}

// Decisions are the events of a journey that has ended. They are immutable, so that requests which were answered from
// memory share those of the request whose answer was remembered.
type Decisions struct {
	Of     ID // the journey that they were taken on
	Events []Event
	Size   int // bytes of memory that they hold, about
}

// NewDecisions copies events into Decisions of a journey; nil when there are none. Their texts are shared, and nothing of them
// points into a configuration: they may outlive it by far.
func NewDecisions(of ID, events []Event) *Decisions {
	if len(events) == 0 {
		return nil
	}
	d := &Decisions{Of: of, Events: append(make([]Event, 0, len(events)), events...), Size: int(unsafe.Sizeof(Decisions{}))}
	for i := range d.Events {
		d.Events[i].Details = slices.Clip(d.Events[i].Details)
		d.Events[i].Position.Source = d.Events[i].Position.Source.Clone()
		d.Size += d.Events[i].size()
	}
	return d
}

// size is how many bytes an event holds, about: some of its texts are the program's own, or a configuration's.
func (e *Event) size() int {
	n := int(unsafe.Sizeof(*e)) + len(e.Subject)
	for p := e.Position.Source; p != nil; p = p.Source {
		n += int(unsafe.Sizeof(*p))
	}
	for i := range e.Details {
		n += int(unsafe.Sizeof(e.Details[i])) + len(e.Details[i].Value)
	}
	return n
}

// Add records an event. The event's At is filled in when the journey has a start time.
func (j *Journey) Add(e Event) {
	if j == nil {
		return
	}
	if !j.Start.IsZero() {
		e.At = time.Since(j.Start)
	}
	e.Depth = j.Depth
	j.Events = append(j.Events, e)
}
