package cgi

import (
	"math"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Available is why scripts cannot be run here, nil when they can.
func Available() error { return nil }

// Scripts are the scripts that run. They are safe for concurrent use.
type Scripts struct {
	mu      sync.Mutex
	running map[*Process]struct{}
	nothing *os.File // what a script without a body reads
	closed  bool
	empty   chan struct{} // after Close: closed when none runs any more
}

// NewScripts makes an empty set. From now on what this process was given by whoever started it, a log file of the shell's, say,
// is not passed on to programs that it starts.
func NewScripts() *Scripts {
	ownDescriptors()
	return &Scripts{running: make(map[*Process]struct{})}
}

// ownDescriptors closes in programs that are started all but the three that they are given. Go marks what it opens; this is
// for what was open before. Before Linux 5.11 it has to be done one by one.
func ownDescriptors() {
	const first = 3
	if unix.CloseRange(first, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC) == nil {
		return
	}
	all, _ := os.ReadDir("/proc/self/fd")
	for _, one := range all {
		if fd, err := strconv.Atoi(one.Name()); err == nil && fd >= first {
			unix.CloseOnExec(fd)
		}
	}
}

// Close ends all that still run: with SIGTERM, and after the grace of each with SIGKILL. It returns when they have ended, or
// cannot be. No script can be started afterwards.
func (s *Scripts) Close() {
	s.mu.Lock()
	s.closed = true
	var all []*Process
	var longest time.Duration
	for p := range s.running {
		all = append(all, p)
		longest = max(longest, p.watch.Grace)
	}
	s.empty = make(chan struct{})
	if len(s.running) == 0 {
		close(s.empty)
	}
	if s.nothing != nil {
		s.nothing.Close()
		s.nothing = nil
	}
	s.mu.Unlock()
	for _, p := range all {
		p.Kill(ErrStopping)
	}
	timer := time.NewTimer(longest + unkillable)
	defer timer.Stop()
	select {
	case <-s.empty:
	case <-timer.C:
	}
}

// Running is the process ids of those that run, in no order.
func (s *Scripts) Running() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []int
	for p := range s.running {
		all = append(all, p.PID)
	}
	return all
}

// forget takes a script out that has ended.
func (s *Scripts) forget(p *Process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, p)
	if s.empty != nil && len(s.running) == 0 {
		select {
		case <-s.empty:
		default:
			close(s.empty)
		}
	}
}

// input is what the script reads.
func (s *Scripts) input(c *Command) (*os.File, error) {
	if c.Stdin != nil {
		return c.Stdin, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrStopping
	}
	if s.nothing == nil {
		f, err := os.Open(os.DevNull)
		if err != nil {
			return nil, err
		}
		s.nothing = f
	}
	return s.nothing, nil
}
