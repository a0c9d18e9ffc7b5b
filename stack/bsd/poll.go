package bsd

import (
	"time"

	"vitrine/stack"
)

// PollFd is one descriptor that Poll looks at.
type PollFd struct {
	FD      int // negative: not looked at
	Events  int // what is waited for: POLLIN, POLLOUT, POLLRDHUP
	Revents int // what was found; POLLERR, POLLHUP and POLLNVAL always
}

// Poll waits until something is found for at least one of the descriptors, or the time is over (negative: there is no
// limit), and returns for how many. It is level-triggered: what is there is found again.
func (t *Table) Poll(fds []PollFd, timeout time.Duration) (int, error) {
	c := make(chan struct{}, 1)
	var late <-chan time.Time
	if timeout > 0 {
		timer := time.NewTimer(timeout)
		defer timer.Stop()
		late = timer.C
	}
	var socks []*sock
	if timeout != 0 {
		for _, p := range fds {
			if s, err := t.get(p.FD); err == nil {
				s.watch(c)
				socks = append(socks, s)
			}
		}
		defer func() {
			for _, s := range socks {
				s.unwatch(c)
			}
		}()
	}
	for {
		n := 0
		for i := range fds {
			p := &fds[i]
			p.Revents = 0
			if p.FD < 0 {
				continue
			}
			if s, err := t.get(p.FD); err != nil {
				p.Revents = POLLNVAL
			} else {
				p.Revents = s.conditions(p.Events) & (p.Events | POLLERR | POLLHUP)
			}
			if p.Revents != 0 {
				n++
			}
		}
		if n > 0 || timeout == 0 {
			return n, nil
		}
		select {
		case <-c:
		case <-late:
			timeout = 0 // a last look
		}
	}
}

// conditions is what holds of a socket now; what of wanted does not will wake those who watch.
func (s *sock) conditions(wanted int) (found int) {
	var want stack.Ready
	if wanted&(POLLIN|POLLRDHUP) != 0 {
		want |= stack.Readable
	}
	if wanted&POLLOUT != 0 {
		want |= stack.Writable
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.noRead {
		found |= POLLIN | POLLRDHUP
	}
	if s.noRead && s.noSend {
		found |= POLLHUP
	}
	switch {
	case s.datagram:
		if s.dgram == nil {
			return found | POLLOUT
		}
		ready := s.dgram.State(want)
		if ready&stack.Readable != 0 {
			found |= POLLIN
		}
		if ready&stack.Writable != 0 {
			found |= POLLOUT
		}
		return found
	case s.listener != nil:
		if s.listener.Waiting() {
			found |= POLLIN
		}
		return found
	case s.remote == nil: // Linux finds a stream writable that is not connected: writing does not block, it fails
		return found | POLLOUT | POLLHUP
	}
	ready := s.remote.State(want)
	if ready&stack.Readable != 0 {
		found |= POLLIN
	}
	if ready&stack.Writable != 0 || s.noSend && s.established() {
		found |= POLLOUT
	}
	if ready&stack.HalfShut != 0 {
		found |= POLLIN | POLLRDHUP
		if s.noSend {
			found |= POLLHUP
		}
	}
	if ready&stack.Hangup != 0 {
		found |= POLLIN | POLLOUT | POLLRDHUP | POLLHUP
		if !s.told && s.remote.Err() != nil {
			found |= POLLERR
		}
	}
	return found
}
