package journey

import (
	"context"
	"net/netip"
	"time"

	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/variables"
)

// Settings say what is recorded. They may change while a Recorder runs.
type Settings struct {
	Off       bool
	Failures  bool          // only exchanges that failed or were slow
	Sample    int           // one in so many; 0 and 1: all
	Most      int           // a second; 0: no bound. Failures and slow ones are not counted
	Slow      time.Duration // a request that takes longer is kept as a failure is; 0: none is slow
	When      *Filter       // only those that match; nil: all
	Memory    int64         // bytes of the last journeys; 0: 32 MiB
	Kept      int64         // bytes of those that failed or were slow, when they leave the last ones; 0: 8 MiB
	HeadBytes int           // of each head; 0: 4 KiB
	Show      []string      // fields that are recorded although they are secret by type
	Hide      []string      // further fields that are secret
}

// Filter chooses journeys. Empty fields choose all.
type Filter struct {
	Sites, Hosts []string // exact, without regard to case
	Paths        []string // patterns of the request target's path, in which * is any text
	Methods      []string
	Statuses     []string // "404", or a class: "4xx"
	Clients      []netip.Prefix
	Reasons      []string      // ids, or what they begin with when they end in "."; of any decision that was noted
	Slower       time.Duration // it took at least as long
	Failed       bool          // only failures
	Slow         bool          // only slow ones, and failures when Failed is set too
	Connection   uint64
	Text         string // in host, target, client, id or a field that is no secret
}

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

// Last are at most n journeys that match, the youngest first, that began before a moment (zero: now), and whether there
// are more.
func (r *Recorder) Last(f *Filter, n int, before time.Time) (all []*Journey, more bool) {
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
	Bytes    int64
	Oldest   time.Time
	Recorded uint64
	LeftOut  uint64
}

// Stats is how much is recorded at the moment.
func (r *Recorder) Stats() Stats { return Stats{} }

// Close ends what the recorder does by itself, and every Follow.
func (r *Recorder) Close() {}
