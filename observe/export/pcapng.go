package export

import (
	"errors"
	"io"

	"vitrine/observe/frames"
	"vitrine/observe/journey"
)

// PCAPNG writes a capture file with the frames of journeys, each with comments that say which journeys it was part of.
// find gives the frames that were recorded of a journey; nil: there are none, and frames are made up from the journey, on
// an interface of their own that says so.
func PCAPNG(w io.Writer, all []*journey.Journey, find func(*journey.Journey) *frames.Sequence, o Options) error {
	return errors.New("not yet")
}
