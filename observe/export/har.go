package export

import (
	"io"

	"vitrine/observe/journey"
)

// Options are what an export says about the program that wrote it.
type Options struct {
	Version string // of vitrine
}

// HAR writes journeys as an HTTP Archive 1.2, in the order given.
func HAR(w io.Writer, journeys []*journey.Journey, o Options) error { return nil }
