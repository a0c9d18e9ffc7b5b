package cgi

import (
	"context"
	"sync/atomic"
	"time"
)

// Slots bound how many scripts run at once, and how many requests wait for that. They are safe for concurrent use.
type Slots struct {
	free    chan struct{}
	waiting atomic.Int64
	queue   int64
}

// NewSlots makes as many slots, with a queue of as many places.
func NewSlots(concurrent, queue int) *Slots {
	return &Slots{free: make(chan struct{}, concurrent), queue: int64(queue)}
}

// Verdict is what became of who wanted a slot.
type Verdict uint8

const (
	Taken   Verdict = iota // it is to be given back with Give
	Full                   // too many wait already
	TooLate                // none was given back in time
	Gone                   // the context ended
)

// Try takes a slot when one is free.
func (s *Slots) Try() bool {
	select {
	case s.free <- struct{}{}:
		return true
	default:
		return false
	}
}

// Take waits for a slot, within the time and until the context ends.
func (s *Slots) Take(ctx context.Context, within time.Duration) Verdict {
	if s.Try() {
		return Taken
	}
	if s.waiting.Add(1) > s.queue {
		s.waiting.Add(-1)
		return Full
	}
	defer s.waiting.Add(-1)
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case s.free <- struct{}{}:
		return Taken
	case <-timer.C:
		return TooLate
	case <-ctx.Done():
		return Gone
	}
}

// Give gives a slot back.
func (s *Slots) Give() { <-s.free }
