package link

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// parking lets a goroutine wait for a descriptor in Go's own poller, in which no thread is held. The descriptor itself
// gets into that poller only with the first wait, and as a duplicate: an owner that waits for it in an epoll set of its own
// would otherwise have the runtime woken for each frame too.
type parking struct {
	fd      int
	ready   func() bool // whether there is something to receive
	file    *os.File
	raw     syscall.RawConn
	try     func(uintptr) bool
	armed   int64       // the until that the file's deadline stands for; 0: none, -1: unknown
	asleep  atomic.Bool // the goroutine is parked or about to be
	pending atomic.Bool // an Interrupt that no wait has seen
}

// past is a deadline that has passed, which makes a parked read return.
var past = time.Unix(1, 0)

// halfway is how long a wait for room, or on a descriptor in error, holds a thread at most before its owner looks again.
const halfway = time.Millisecond

// wait returns when ready says so, at an interrupt, or when the time has come. room: it also returns when the descriptor
// takes more.
func (p *parking) wait(until, now int64, room bool) error {
	if p.pending.Swap(false) || until != 0 && until <= now {
		return nil
	}
	if room {
		return p.both(until, now)
	}
	if p.file == nil {
		if err := p.open(); err != nil {
			return err
		}
	}
	// A deadline that is too early ends one wait too early. That is cheaper than to move it for each wait, since most
	// deadlines are moved on by the next frame and never come.
	if p.armed < 0 || until != 0 && (p.armed == 0 || until < p.armed) {
		var deadline time.Time
		if until != 0 {
			deadline = time.Now().Add(time.Duration(until - now))
		}
		p.file.SetReadDeadline(deadline)
		p.armed = until
	}
	err := p.raw.Read(p.try)
	p.asleep.Store(false)
	if p.pending.Swap(false) || err != nil {
		p.armed = -1 // an interrupt may have put the deadline into the past
	}
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		// The runtime's poller refuses a descriptor on which only an error is announced. What the error is, Receive says.
		return p.both(until, now)
	}
	return nil
}

func (p *parking) open() error {
	fd, err := unix.FcntlInt(uintptr(p.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	p.file = os.NewFile(uintptr(fd), "link")
	if p.raw, err = p.file.SyscallConn(); err == nil {
		err = p.file.SetReadDeadline(time.Time{}) // refuses when the descriptor did not get into the poller
	}
	if err != nil {
		p.file.Close()
		p.file = nil
		return err
	}
	p.try = p.attempt
	return nil
}

// attempt is called by the runtime before it parks the goroutine and each time that the descriptor is ready.
func (p *parking) attempt(uintptr) bool {
	if p.ready() {
		return true
	}
	p.asleep.Store(true)
	if p.pending.Load() { // an interrupt that came before asleep was set did not move the deadline
		p.asleep.Store(false)
		return true
	}
	return false
}

// both waits for frames and for room, which the runtime's poller cannot do in one wait: for at most a millisecond in a
// thread, then the owner looks itself. This is rare: the ring is full.
func (p *parking) both(until, now int64) error {
	if p.ready() {
		return nil
	}
	d := halfway
	if until != 0 {
		d = min(d, time.Duration(until-now))
	}
	fds := [1]unix.PollFd{{Fd: int32(p.fd), Events: unix.POLLIN | unix.POLLOUT}}
	timeout := unix.NsecToTimespec(int64(d))
	_, err := unix.Ppoll(fds[:], &timeout, nil)
	if fds[0].Revents&(unix.POLLIN|unix.POLLOUT) == 0 && fds[0].Revents != 0 {
		time.Sleep(d) // in error: it would be announced again and again
	}
	if err != nil && !errors.Is(err, unix.EINTR) {
		return os.NewSyscallError("ppoll", err)
	}
	return nil
}

// interrupt may be called from any goroutine.
func (p *parking) interrupt() {
	if p.pending.Swap(true) {
		return
	}
	if p.asleep.CompareAndSwap(true, false) {
		p.file.SetReadDeadline(past)
	}
}

func (p *parking) close() {
	if p.file != nil {
		p.file.Close()
	}
}
