//go:build unix

package socket

import (
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// portablePoller gathers what the goroutines that wait for its endpoints have found.
type portablePoller struct {
	bell chan struct{} // one place: rung when there is something to look at

	mu     sync.Mutex
	queue  []Event
	woken  bool             // a Wake that no Wait has seen
	closed bool             // nobody looks any more
	told   []*listenerWatch // announced, and to be waited for again at the next Wait: listeners are level-triggered
}

// NewPoller makes a poller of Portable's sockets.
func (Portable) NewPoller() (Poller, error) {
	return &portablePoller{bell: make(chan struct{}, 1)}, nil
}

func (p *portablePoller) ring() {
	select {
	case p.bell <- struct{}{}:
	default: // it rings already
	}
}

// post announces an event.
func (p *portablePoller) post(e Event) {
	p.mu.Lock()
	p.queue = append(p.queue, e)
	p.mu.Unlock()
	p.ring()
}

func (p *portablePoller) Wake() {
	p.mu.Lock()
	p.woken = true
	p.mu.Unlock()
	p.ring()
}

func (p *portablePoller) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.ring()
	return nil
}

func (p *portablePoller) Wait(events []Event, deadline time.Time) (int, error) {
	p.mu.Lock()
	told := p.told
	p.told = nil
	p.mu.Unlock()
	for _, l := range told {
		go l.wait()
	}
	var late <-chan time.Time
	if !deadline.IsZero() {
		t := time.NewTimer(time.Until(deadline))
		defer t.Stop()
		late = t.C
	}
	for {
		n, done, err := p.take(events)
		if n > 0 || done || err != nil {
			return n, err
		}
		select {
		case <-p.bell:
		case <-late:
			n, _, err := p.take(events)
			return n, err
		}
	}
}

// take moves announced events to their reader. done says that a Wake was seen.
func (p *portablePoller) take(events []Event) (n int, done bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return 0, true, os.ErrClosed
	}
	n = copy(events, p.queue)
	p.queue = p.queue[:copy(p.queue, p.queue[n:])]
	done, p.woken = p.woken, false
	return n, done, nil
}

// watch is one endpoint in a poller.
type watch struct {
	p     *portablePoller
	ep    *portableEndpoint
	token Token

	mu      sync.Mutex
	waiting Ready // directions in which a goroutine waits
}

func (p *portablePoller) Add(ep Endpoint, t Token) error {
	e := ep.(*portableEndpoint)
	e.watch = &watch{p: p, ep: e, token: t}
	e.watch.arm(Readable)
	e.watch.arm(Writable)
	return nil
}

// arm has a goroutine wait for the direction, unless one does.
func (w *watch) arm(direction Ready) {
	w.mu.Lock()
	waits := w.waiting&direction != 0
	w.waiting |= direction
	w.mu.Unlock()
	if !waits {
		go w.wait(direction)
	}
}

// wait waits until the direction is ready and announces it. It ends without a word when the endpoint is closed.
func (w *watch) wait(direction Ready) {
	var found Ready
	look := func(fd uintptr) bool {
		var code unix.Errno
		if found, code = condition(int(fd), direction); code != 0 {
			w.ep.failure.Store(int32(code))
		}
		return found != 0
	}
	var err error
	if direction == Readable {
		err = w.ep.raw.Read(look)
	} else {
		err = w.ep.raw.Write(look)
	}
	w.mu.Lock()
	w.waiting &^= direction
	w.mu.Unlock()
	if err == nil {
		w.p.post(Event{w.token, found})
	}
}

// condition asks the kernel, without waiting, whether the direction is ready, and for what error the connection is gone.
func condition(fd int, direction Ready) (Ready, unix.Errno) {
	ask := unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	if direction == Writable {
		ask.Events = unix.POLLOUT
	}
	fds := []unix.PollFd{ask}
	if n, err := unix.Poll(fds, 0); err != nil || n == 0 {
		return 0, 0
	}
	got := fds[0].Revents
	if got&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) == 0 && direction == Writable {
		return Writable, 0
	}
	// What the systems mean by POLLHUP differs. What a read would say does not.
	n, _, err := unix.Recvfrom(fd, make([]byte, 1), unix.MSG_PEEK)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return direction, 0
	case err != nil:
		code, _ := err.(unix.Errno)
		return Hangup | Readable | Writable, code
	case n == 0:
		return HalfShut | Readable | direction, 0
	}
	return direction | Readable, 0
}

// listenerWatch is one listener in a poller.
type listenerWatch struct {
	p       *portablePoller
	l       *portableListener
	token   Token
	removed bool // guarded by p.mu
}

func (p *portablePoller) AddListener(l Listener, t Token) error {
	pl := l.(*portableListener)
	pl.watched = &listenerWatch{p: p, l: pl, token: t}
	if err := pl.file.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	go pl.watched.wait()
	return nil
}

func (p *portablePoller) Remove(l Listener) error {
	pl := l.(*portableListener)
	if pl.watched == nil {
		return nil
	}
	p.mu.Lock()
	pl.watched.removed = true
	p.mu.Unlock()
	pl.watched = nil
	return pl.file.SetReadDeadline(time.Unix(1, 0)) // who waits returns
}

// wait announces the listener once when a connection waits to be accepted.
func (w *listenerWatch) wait() {
	err := w.l.raw.Read(func(fd uintptr) bool {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, 0)
		return err == nil && n > 0
	})
	w.p.mu.Lock()
	gone := w.removed
	if err == nil && !gone {
		w.p.queue = append(w.p.queue, Event{w.token, Readable})
		w.p.told = append(w.p.told, w)
	}
	w.p.mu.Unlock()
	w.p.ring()
}
