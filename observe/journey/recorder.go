package journey

import (
	"context"
	"net/netip"
	"time"

	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/variables"
)

// Recorder remembers exchanges. Begin, End and ConnectionEnded are called on the loops; the others from any goroutine.
type Recorder struct {
	// TODO(journey): the rings
}

// New makes a recorder for so many loops. Close ends it.
func New(loops int, s Settings) *Recorder { return &Recorder{} }

// Configure changes what is recorded from now on.
func (r *Recorder) Configure(s Settings) {}

// Begin is told of each exchange before it is answered, and decides whether its decisions are recorded (Exchange.Trace).
func (r *Recorder) Begin(x *exchange.Exchange) {}

// End is told of each exchange when it has ended, with its decisions: its own, those of the exchange whose answer was
// remembered, or nil. The decisions are immutable, and kept.
func (r *Recorder) End(v *variables.Values, told *trace.Decisions) {}

// ConnectionEnded is told of each connection's end. The Peer is the one that its exchanges had.
func (r *Recorder) ConnectionEnded(p *exchange.Peer, why *trace.Reason) {}

// Force has every exchange of a client recorded, whatever the settings, until the returned function is called.
func (r *Recorder) Force(client netip.AddrPort) (release func()) { return func() {} }

// Find is a journey by its id.
func (r *Recorder) Find(id trace.ID) (*Journey, bool) { return nil, false }

// Last are at most n journeys that match, the youngest first: those that began before a mark (the zero Mark: all), and
// whether there are more, which a call with the last one's Mark gives.
func (r *Recorder) Last(f *Filter, n int, before Mark) (all []*Journey, more bool) {
	return nil, false
}

// Follow sends the journeys that match as they end, in batches, until the context ends. A reader that is too slow misses
// some, and is told how many.
func (r *Recorder) Follow(ctx context.Context, f *Filter) <-chan Batch { return nil }

// Batch is journeys that ended since the last batch, the oldest first.
type Batch struct {
	Journeys []*Journey
	LeftOut  uint64 // that matched, since the last batch, and were not sent because the reader was too slow
}

// Stats is how much is recorded.
type Stats struct {
	Settings Settings
	Journeys int
	Bytes    int64     // of memory, with what is kept for longer
	Limit    int64     // of Bytes
	Oldest   time.Time // the beginning of the oldest of the last journeys
	Recorded uint64    // since the recorder was made
	LeftOut  uint64    // by sampling, conditions and the bound a second
	Mode     string // what is recorded, in words
}

// Stats is how much is recorded at the moment.
func (r *Recorder) Stats() Stats { return Stats{} }

// Close ends what the recorder does by itself, and every Follow.
func (r *Recorder) Close() {}
