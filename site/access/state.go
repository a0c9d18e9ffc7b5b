package access

import (
	"crypto/rand"
)

// State is what outlives a configuration: keys that were drawn at the start, and what clients have done. It is shared by all
// Handlers of a process and safe for concurrent use. Everything in it is bounded.
type State struct {
	key [32]byte // of nonces and of the names under which verdicts are kept
}

// NewState draws new keys.
func NewState() *State {
	s := &State{}
	rand.Read(s.key[:])
	return s
}
