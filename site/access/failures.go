package access

import (
	"net/netip"
	"time"
)

// failures are the wrong passwords of a client for one user, or for all.
type failures struct {
	n    int
	last int64
}

// ofAll is how many more failures a client may have for all users together.
const ofAll = 5

// slowFrom is the failure from which on answers come later, and slowest how late they come at most.
const (
	slowFrom = 3
	slowest  = 4 * time.Second
)

func (s *State) failureKeys(client netip.Addr, user string) [2]Key {
	k := clientKey(client)
	b := [16]byte{}
	for i := range 8 {
		b[i], b[8+i] = byte(k.Hi>>(8*i)), byte(k.Lo>>(8*i))
	}
	return [2]Key{s.name('f', string(b[:]), user), s.name('F', string(b[:]))}
}

// Locked says how long a client must wait until another password for a user is looked at; 0: not at all.
func (s *State) Locked(client netip.Addr, user string, most int, forget time.Duration, now int64) time.Duration {
	if !s.failed.Load() {
		return 0
	}
	var wait time.Duration
	for i, k := range s.failureKeys(client, user) {
		bound := most
		if i == 1 {
			bound *= ofAll
		}
		f, _ := s.failing.lock(k, false)
		if f != nil && f.n >= bound {
			if left := f.last + int64(forget) - now; left > 0 {
				wait = max(wait, time.Duration(left))
			}
		}
		s.failing.unlock(k)
	}
	return wait
}

// Fail counts a wrong password and says how late the answer should be. Those that came longer ago than forget are
// forgotten.
func (s *State) Fail(client netip.Addr, user string, forget time.Duration, now int64) time.Duration {
	s.failed.Store(true)
	var delay time.Duration
	for i, k := range s.failureKeys(client, user) {
		f, _ := s.failing.lock(k, true)
		if now-f.last > int64(forget) {
			f.n = 0
		}
		f.n++
		f.last = now
		if i == 0 && f.n >= slowFrom {
			delay = min(100*time.Millisecond<<min(f.n-slowFrom, 10), slowest)
		}
		s.failing.unlock(k)
	}
	return delay
}

// Succeed forgets the failures of a client for a user.
func (s *State) Succeed(client netip.Addr, user string) {
	if !s.failed.Load() {
		return
	}
	k := s.failureKeys(client, user)[0]
	if f, _ := s.failing.lock(k, false); f != nil {
		f.n = 0
	}
	s.failing.unlock(k)
}
