package link_test

import (
	"fmt"

	"vitrine/stack/link"
)

// Two cards on a cable in memory, used step by step.
func ExampleNewWire() {
	a, b := link.NewWire(link.WireOptions{})
	left := link.NewCard(a.Queue(0), a.Info(), link.CardOptions{})
	right := link.NewCard(b.Queue(0), b.Info(), link.CardOptions{})

	frame := left.Reserve(42) // too short for a cable: the card pads it
	copy(frame, link.Broadcast[:])
	mac := left.MAC()
	copy(frame[6:], mac[:])
	left.Commit(len(frame), link.Meta{})
	left.Flush()

	frames := make([]link.Frame, 16)
	n, more, err := right.Receive(frames)
	fmt.Println(n, len(frames[0].Data), more, err)
	// Output: 1 60 false <nil>
}
