package access

import (
	"net/netip"
	"sync"
)

// hashing runs what takes long on a few goroutines, so that many passwords at once leave the processor to others. Clients take
// turns, so that none of them waits for all that another one sends.
type hashing struct {
	most int // at once

	mu      sync.Mutex
	running int
	queued  int              // in all
	waiting map[Key][]func() // by client; never empty ones
	turns   []Key            // the clients of waiting, the one whose turn is next in front
}

// Bounds of the passwords that wait to be checked: of all, and of one client.
const (
	mostQueued         = 1024
	mostQueuedOfClient = 128
)

// Hash runs a job for a client soon, on a goroutine of a few. It returns false, and does not run it, when too many wait already.
func (s *State) Hash(client netip.Addr, job func()) bool {
	h, k := &s.hashing, clientKey(client)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.running < h.most {
		h.running++
		go h.run(job)
		return true
	}
	of := h.waiting[k]
	if h.queued >= mostQueued || len(of) >= mostQueuedOfClient {
		return false
	}
	if len(of) == 0 {
		h.turns = append(h.turns, k)
	}
	h.waiting[k] = append(of, job)
	h.queued++
	return true
}

func (h *hashing) run(job func()) {
	for job != nil {
		job()
		job = h.next()
	}
}

// next takes the job whose turn it is; nil, and one runs less, when none waits.
func (h *hashing) next() func() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.queued == 0 {
		h.running--
		h.turns = nil
		return nil
	}
	k := h.turns[0]
	h.turns = h.turns[1:]
	of := h.waiting[k]
	job := of[0]
	of[0] = nil
	if of = of[1:]; len(of) > 0 {
		h.waiting[k] = of
		h.turns = append(h.turns, k)
	} else {
		delete(h.waiting, k)
	}
	h.queued--
	return job
}
