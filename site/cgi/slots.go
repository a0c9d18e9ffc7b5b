package cgi

import (
	"container/list"
	"sync"
	"time"
)

// Slots bound how many scripts run at once, and how many requests wait for that, without a goroutine for any of them. They
// are safe for concurrent use.
type Slots struct {
	mu    sync.Mutex
	free  int
	queue int       // places
	line  list.List // of *Ticket, in the order in which they came
}

// NewSlots makes as many slots, with a queue of as many places.
func NewSlots(concurrent, queue int) *Slots { return &Slots{free: concurrent, queue: queue} }

// Verdict is what became of who wanted a slot.
type Verdict uint8

const (
	Taken   Verdict = iota // it is to be given back with Give
	Full                   // too many wait already
	TooLate                // none was given back in time
	Gone                   // who waited has left
)

// Try takes a slot when one is free.
func (s *Slots) Try() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free == 0 {
		return false
	}
	s.free--
	return true
}

// Full reports whether nobody else may wait at the moment.
func (s *Slots) Full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.line.Len() >= s.queue
}

// Waiting is how many wait.
func (s *Slots) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.line.Len()
}

// Ticket is a place in the queue.
type Ticket struct {
	slots *Slots
	place *list.Element // nil: it was called
	timer *time.Timer
	done  func(Verdict)
}

// Wait has done called once, with what became of it: at once, or later from any goroutine. It must not block. Who waited
// longest is the first to get a slot.
func (s *Slots) Wait(within time.Duration, done func(Verdict)) *Ticket {
	t := &Ticket{slots: s, done: done}
	s.mu.Lock()
	verdict := Taken
	switch {
	case s.free > 0:
		s.free--
	case s.line.Len() >= s.queue:
		verdict = Full
	default:
		t.place = s.line.PushBack(t)
		t.timer = time.AfterFunc(within, func() { t.call(TooLate) })
		s.mu.Unlock()
		return t
	}
	s.mu.Unlock()
	done(verdict)
	return t
}

// Leave gives the place up, if there still is one.
func (t *Ticket) Leave() { t.call(Gone) }

func (t *Ticket) call(v Verdict) {
	t.slots.mu.Lock()
	waits := t.place != nil
	t.remove()
	t.slots.mu.Unlock()
	if waits {
		t.done(v)
	}
}

// remove takes the ticket out of the queue. The lock is held.
func (t *Ticket) remove() {
	if t.place != nil {
		t.slots.line.Remove(t.place)
		t.timer.Stop()
		t.place = nil
	}
}

// Give gives a slot back, or to who waits for it.
func (s *Slots) Give() {
	s.mu.Lock()
	first := s.line.Front()
	if first == nil {
		s.free++
		s.mu.Unlock()
		return
	}
	t := first.Value.(*Ticket)
	t.remove()
	s.mu.Unlock()
	t.done(Taken)
}
