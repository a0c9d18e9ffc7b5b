package metrics

import (
	"context"
	"time"
)

// Sources are what is told to Prometheus. A nil function says that the server does not have it: its metrics are left out.
// They are called from any goroutine, by at most four scrapes at a time.
type Sources struct {
	Counters *Counters
	Build    Build
	Started  time.Time

	// Connections are those that are open now, and Accepted those since the start.
	Connections func() int
	Accepted    func() uint64
	Loops       func() []Loop
	Files       func() Files
	Journeys    func() Journeys
	Work        func() Work
	Frames      func() Frames
	Spans       func() Spans
	// Stack are the counters of the own stack's layers. It is given two seconds; an error leaves them out of this scrape.
	Stack func(ctx context.Context) ([]Number, error)
	// Failed is told what could not be gathered, from the goroutine of the scrape. Nil: nobody is told.
	Failed func(error)
}

// Build is which program this is, for vitrine_build_info.
type Build struct {
	Version  string
	Revision string // "": not known
	IO       string // the architecture in force: "loops", "threads" …
	Network  string // the own stack's adapter, "": the kernel's sockets
}

// Loop is an event loop. Its times are measured as far as the loop measures.
type Loop struct {
	Index       int
	Connections int
	Turns       uint64
	Wakes       uint64
	Busy        time.Duration // spent with work
	Measured    time.Duration // how much time that is of
}

// Files is what the store of files has in memory.
type Files struct {
	Count       int
	Bytes       int64
	Limit       int64
	Descriptors int
	Hits        uint64
	Misses      uint64
}

// Work is what other programs are asked and what is encoded, at the moment.
type Work struct {
	Scripts, ScriptsWaiting           int // that run; requests that wait for their turn
	Applications, ApplicationsWaiting int // requests that applications are being asked, or are to be
	Links, LinksIdle                  int // connections to other programs: open, and of those idle
	Encoders                          int // responses that are being encoded
	Suspended                         int // requests that wait for an answer from elsewhere, and hold no goroutine

	Lookups, LookupsWaiting, LookupsKnown int // questions for clients' names and users: asked, to be asked, answered and kept
	RateKeys                              int // clients and others whose requests are counted by rates
}

// Journeys is what is recorded of requests.
type Journeys struct {
	Count    int
	Bytes    int64
	Recorded uint64
	LeftOut  uint64 // by sampling, conditions and the bound a second
}

// Frames is what is recorded of the adapter's frames.
type Frames struct {
	Count   int
	Bytes   int64
	LeftOut uint64
}

// Spans is what became of the journeys that were to be sent to a collector of spans.
type Spans struct {
	Waiting int
	Sent    uint64
	Lost    uint64
}

// Number is one counter of a layer of the own stack.
type Number struct {
	Layer    string // such as "tcp"
	Name     string // such as "segments-in"
	Value    uint64
	Level    bool // it goes down too
	Sentence string
}
