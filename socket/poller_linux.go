package socket

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// poller waits on an epoll descriptor through Go's own poller: the descriptor is itself pollable, so a goroutine
// waits for it as for any file and blocks no thread. A blocking epoll_wait would hold the only processor at
// GOMAXPROCS=1, or cost a thread's hand-off for each wait.
type poller struct {
	file  *os.File
	raw   syscall.RawConn
	epfd  int
	kev   []unix.EpollEvent
	armed time.Time // the deadline that the file has

	asleep  atomic.Bool // Wait has found nothing and waits or is about to; who changes it wakes
	pending atomic.Bool // a Wake that no Wait has seen
	ready   int
	try     func(fd uintptr) bool
}

// NewPoller makes a poller of the kernel's sockets.
func (Kernel) NewPoller() (Poller, error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(epfd, true); err != nil { // os.NewFile polls only what says it does not block
		unix.Close(epfd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	f := os.NewFile(uintptr(epfd), "epoll")
	raw, err := f.SyscallConn()
	if err == nil {
		err = f.SetReadDeadline(time.Time{}) // refuses when the descriptor did not get into the runtime's poller
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	p := &poller{file: f, raw: raw, epfd: epfd}
	p.try = p.poll
	return p, nil
}

const edges = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET

func (p *poller) Add(ep Endpoint, t Token) error {
	return p.add(ep.(*kernelEndpoint).fd, edges, t)
}

func (p *poller) AddListener(l Listener, t Token) error {
	// Level-triggered: an accept that is put off by a limit is announced again.
	return p.add(l.(*kernelListener).fd, unix.EPOLLIN, t)
}

func (p *poller) add(fd int, events uint32, t Token) error {
	ev := unix.EpollEvent{Events: events, Fd: int32(t), Pad: int32(t >> 32)}
	_, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(p.epfd), unix.EPOLL_CTL_ADD, uintptr(fd), uintptr(unsafe.Pointer(&ev)), 0, 0)
	if errno != 0 {
		return os.NewSyscallError("epoll_ctl", errno)
	}
	return nil
}

// modify changes what of a descriptor is watched.
func (p *poller) modify(fd int, events uint32, t Token) error {
	ev := unix.EpollEvent{Events: events, Fd: int32(t), Pad: int32(t >> 32)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(p.epfd, unix.EPOLL_CTL_MOD, fd, &ev))
}

func (p *poller) Remove(l Listener) error {
	return unix.EpollCtl(p.epfd, unix.EPOLL_CTL_DEL, l.(*kernelListener).fd, nil)
}

// poll asks the kernel. False sends the goroutine to sleep until the descriptor has events.
func (p *poller) poll(uintptr) bool {
	if p.look() {
		return true
	}
	p.asleep.Store(true)
	if p.pending.Load() { // a Wake that came before asleep was set did not interrupt us
		p.asleep.Store(false)
		return true
	}
	return false
}

// look fills kev with what is ready, without waiting.
func (p *poller) look() bool {
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_WAIT, uintptr(p.epfd), uintptr(unsafe.Pointer(unsafe.SliceData(p.kev))), uintptr(len(p.kev)), 0, 0, 0)
	if errno != 0 {
		n = 0
	}
	p.ready = int(n)
	return n > 0
}

func (p *poller) Wait(events []Event, deadline time.Time) (int, error) {
	p.room(len(events))
	if p.pending.Swap(false) { // somebody has work for the owner: look, and do not sleep
		p.look()
		return p.fill(events), nil
	}
	if !deadline.Equal(p.armed) {
		p.file.SetReadDeadline(deadline)
		p.armed = deadline
	}
	err := p.raw.Read(p.try)
	p.asleep.Store(false)
	if p.pending.Swap(false) || err != nil {
		// A Wake may have put the deadline into the past to interrupt us; the next Wait sets it anew.
		p.armed = time.Unix(0, 1)
	}
	if err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, nil
		}
		return 0, err
	}
	return p.fill(events), nil
}

// room makes kev as large as the events that are wanted.
func (p *poller) room(n int) {
	if n > cap(p.kev) {
		p.kev = make([]unix.EpollEvent, n)
	}
	p.kev = p.kev[:n]
}

// peek fills events with what is ready, without waiting and without answering a Wake.
func (p *poller) peek(events []Event) int {
	p.room(len(events))
	p.look()
	return p.fill(events)
}

func (p *poller) fill(events []Event) int {
	n := p.ready
	for i := range n {
		k := &p.kev[i]
		var r Ready
		if k.Events&unix.EPOLLIN != 0 {
			r |= Readable
		}
		if k.Events&unix.EPOLLOUT != 0 {
			r |= Writable
		}
		if k.Events&unix.EPOLLRDHUP != 0 {
			r |= HalfShut | Readable
		}
		if k.Events&(unix.EPOLLHUP|unix.EPOLLERR) != 0 {
			r |= Hangup | Readable | Writable
		}
		events[i] = Event{Token(uint32(k.Fd)) | Token(uint32(k.Pad))<<32, r}
	}
	p.ready = 0
	return n
}

// past is a deadline that has passed, which makes a parked read return.
var past = time.Unix(1, 0)

func (p *poller) Wake() {
	if p.pending.Swap(true) {
		return
	}
	if p.asleep.CompareAndSwap(true, false) {
		p.file.SetReadDeadline(past)
	}
}

func (p *poller) Close() error { return p.file.Close() }
