package export

import (
	"context"
	"time"

	"vitrine/observe/journey"
)

// Settings say where spans are sent, and how.
type Settings struct {
	Endpoint string            // of an OTLP/HTTP collector, such as http://localhost:4318; "/v1/traces" is added unless it ends so
	Headers  map[string]string // of every request to it, such as Authorization
	Service  string            // service.name; "": vitrine
	Version  string            // service.version
	Interval time.Duration     // how long spans wait for others at most; 0: 5 s
	Timeout  time.Duration     // of one attempt to send; 0: 10 s
	Queue    int               // journeys that wait at most; 0: 2048
	// Filter chooses journeys; nil: all that are recorded.
	Filter *journey.Filter
	// Unsampled sends requests too whose traceparent says that their caller does not record the trace.
	Unsampled bool
	// Failed is told what was lost and why, at most once a minute, on a goroutine of the Pusher's. Nil: nobody is told.
	Failed func(error)
}

// Source is where journeys come from: a journey.Recorder.
type Source interface {
	Follow(ctx context.Context, f *journey.Filter) <-chan journey.Batch
}

// Pusher sends journeys as spans to an OpenTelemetry collector as they end, by OTLP over HTTP. It is safe for concurrent use.
type Pusher struct{}

// NewPusher begins to send. Close ends it. The error says what is wrong with the settings; nothing is sent to find out whether
// the collector is there.
func NewPusher(from Source, s Settings) (*Pusher, error) { return &Pusher{}, nil }

// PusherStats is what became of the journeys.
type PusherStats struct {
	Waiting   int
	Sent      uint64
	Lost      uint64 // the queue was full, the collector refused them or did not answer
	Unsampled uint64 // their callers do not record
}

// Stats is what became of the journeys until now.
func (p *Pusher) Stats() PusherStats { return PusherStats{} }

// Close sends what waits, until the context ends, and stops. What could not be sent is lost and told.
func (p *Pusher) Close(ctx context.Context) {}
