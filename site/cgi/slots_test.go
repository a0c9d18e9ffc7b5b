package cgi

import (
	"slices"
	"sync"
	"testing"
	"time"
)

func TestSlotsAreGivenInOrder(t *testing.T) {
	s := NewSlots(1, 3)
	var got []int
	wait := func(n int) *Ticket {
		return s.Wait(time.Hour, func(v Verdict) { got = append(got, n*10+int(v)) })
	}
	wait(1) // at once
	wait(2)
	third := wait(3)
	wait(4)
	if !s.Full() || s.Waiting() != 3 || s.Try() {
		t.Errorf("%d wait", s.Waiting())
	}
	wait(5) // there is no room
	third.Leave()
	third.Leave()
	for range 3 {
		s.Give()
	}
	third.Leave()
	if want := []int{10 + int(Taken), 50 + int(Full), 30 + int(Gone), 20 + int(Taken), 40 + int(Taken)}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if !s.Try() || s.Try() || s.Full() {
		t.Error("the slot was lost, or is there twice")
	}
}

func TestNobodyWaitsForASlotForEver(t *testing.T) {
	s := NewSlots(0, 1)
	done := make(chan Verdict, 1)
	s.Wait(time.Millisecond, func(v Verdict) { done <- v })
	if v := <-done; v != TooLate || s.Waiting() != 0 {
		t.Errorf("%d, %d wait", v, s.Waiting())
	}
}

// However many come, leave and are late at once, each is told once, and no slot is lost.
func TestSlotsUnderManyHands(t *testing.T) {
	const slots, all = 3, 500
	s := NewSlots(slots, all/2)
	var told sync.WaitGroup
	told.Add(all)
	for i := range all {
		go func() {
			ticket := s.Wait(time.Duration(i%5)*100*time.Microsecond, func(v Verdict) {
				go func() {
					if v == Taken {
						s.Give()
					}
					told.Done()
				}()
			})
			if i%7 == 0 {
				ticket.Leave()
			}
		}()
	}
	told.Wait()
	for range slots {
		if !s.Try() {
			t.Fatal("a slot was lost")
		}
	}
	if s.Try() || s.Waiting() != 0 {
		t.Error("there is one too many")
	}
}
