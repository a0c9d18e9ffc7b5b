package link

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Run forwards until the context ends or an interface is gone, and holds a thread meanwhile. Both adapters need a descriptor.
func (f *Forwarder) Run(ctx context.Context) error {
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return os.NewSyscallError("eventfd", err)
	}
	defer unix.Close(wake)
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		unix.Write(wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
		close(ended)
	})
	defer func() {
		if !stop() {
			<-ended // it may still write
		}
	}()
	start := time.Now()
	for ctx.Err() == nil {
		now := int64(time.Since(start)) + 1
		next, more, err := f.Step(now)
		if err != nil {
			return err
		}
		if more {
			continue
		}
		fds := [3]unix.PollFd{{Fd: int32(wake), Events: unix.POLLIN}}
		for i, e := range [2]*forwarderEnd{&f.a, &f.b} {
			fds[1+i] = unix.PollFd{Fd: int32(e.q.Descriptor()), Events: unix.POLLIN}
			if e.waiting.Data != nil {
				fds[1+i].Events |= unix.POLLOUT
			}
		}
		var timeout *unix.Timespec
		if next != 0 {
			ts := unix.NsecToTimespec(max(next-int64(time.Since(start)), 0))
			timeout = &ts
		}
		if _, err := unix.Ppoll(fds[:], timeout, nil); err != nil && !errors.Is(err, unix.EINTR) {
			return os.NewSyscallError("ppoll", err)
		}
	}
	return ctx.Err()
}
