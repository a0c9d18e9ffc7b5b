// Package glass is the door of the room in which everything becomes explainable: what a running server tells about itself
// over HTTP, as JSON for programs and as a page for people.
package glass

import (
	"context"
	"net/http"

	"vitrine/observe/frames"
	"vitrine/observe/glass/api"
	"vitrine/observe/journey"
)

// Sources are what a Handler shows. A nil function says that the server does not have it, and the answer is 404 with the
// reason. They are called from any goroutine.
type Sources struct {
	Status   func() api.Status
	Journeys *journey.Recorder
	// Frames are those that the journey's connection sent and received; nil with a sentence when there are none.
	Frames func(j *journey.Journey) (s *frames.Sequence, none string)
	House  func(ctx context.Context) (*api.House, error)
	// Sockets are the server's connections and listeners, on whichever network.
	Sockets func(ctx context.Context) ([]api.Socket, error)
	Files   func() []api.File
	// Counters are those of the own stack's layers, as control.Counter.
	Counters func(ctx context.Context) (any, error)
	// Explain answers a request without sending it.
	Explain func(q Query) (*api.Explanation, error)
	// Source is the text of a file of the configuration in force.
	Source func(file string) (lines []string, ok bool)
	// Metrics is what Prometheus reads.
	Metrics http.Handler
	// Network is the own stack's adapter; "": the kernel's sockets.
	Network string
	Version string
}

// Query is a request that is only asked about.
type Query struct {
	Method string
	URL    string
	Fields [][2]string
	From   string
	Old    bool // HTTP/1.0
}
