package cgi

import (
	"context"
	"math"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// zombie reports whether a process has ended, and leaves it to be waited for.
func zombie(kind, id, options int) bool {
	var info unix.Siginfo
	for {
		err := unix.Waitid(kind, id, &info, unix.WEXITED|unix.WNOWAIT|options, nil)
		if err == unix.EINTR {
			continue
		}
		return err != nil || info.Signo != 0
	}
}

// Finish waits for the script's end, kills what it left running, and gives everything back. A script that closed its
// standard output and goes on is killed when its time is over.
func (p *Process) Finish() Exit {
	p.out.Close()
	var e Exit
	if !zombie(unix.P_PID, p.PID, unix.WNOHANG) {
		// Mostly it is on its way: its descriptors are closed before it is over.
		if !p.attended {
			runtime.Gosched()
		}
		e.Lost = !zombie(unix.P_PID, p.PID, unix.WNOHANG) && !p.outlast()
	}
	p.mu.Lock()
	e.Left = p.left && p.why == nil
	e.Stopped = p.why != nil
	if !p.watch.Background || p.why != nil {
		syscall.Kill(-p.PID, syscall.SIGKILL) // the group is there as long as its leader was not waited for
	}
	if !e.Lost {
		var usage syscall.Rusage
		for {
			_, err := syscall.Wait4(p.PID, &e.Status, 0, &usage)
			if err != syscall.EINTR {
				break
			}
		}
		e.User, e.System, e.Memory = time.Duration(usage.Utime.Nano()), time.Duration(usage.Stime.Nano()), usage.Maxrss<<10
		// A process begins with what the one had that started it: the kernel takes the larger of both (exec_mmap).
		var own syscall.Rusage
		e.AtMost = syscall.Getrusage(syscall.RUSAGE_SELF, &own) == nil && usage.Maxrss <= own.Maxrss
	}
	p.reaped = true
	if p.kill != nil {
		p.kill.Stop()
	}
	p.mu.Unlock()
	e.Elapsed = time.Since(p.started)
	if p.whole != nil {
		p.whole.Stop()
	}
	if p.cancel != nil {
		p.cancel()
	}
	p.lastWords()
	p.scripts.forget(p)
	return e
}

// outlast waits for a script that goes on although nobody reads it any more. It returns false when it could not be killed.
func (p *Process) outlast() bool {
	done := make(chan struct{})
	go func() {
		zombie(unix.P_PID, p.PID, 0)
		close(done)
	}()
	// What is left of its time, as far as anybody has bounded it.
	rest := p.watch.Whole - time.Since(p.started)
	if p.watch.Whole <= 0 {
		rest = math.MaxInt64
	}
	var gone <-chan struct{}
	if p.watch.Context != nil {
		gone = p.watch.Context().Done()
	}
	timer := time.NewTimer(rest)
	defer timer.Stop()
	if p.Why() == nil {
		select {
		case <-done:
			return true
		case <-gone:
			p.Kill(context.Cause(p.watch.Context()))
		case <-timer.C:
			p.Kill(ErrWhole)
		}
	}
	timer.Reset(p.watch.Grace + unkillable)
	select {
	case <-done:
		return true
	case <-timer.C:
		go func() { // it is waited for all the same, so that it does not stay for ever
			<-done
			syscall.Wait4(p.PID, nil, 0, nil)
		}()
		return false
	}
}

// unkillable is how long a process that was sent SIGKILL is waited for: one in the middle of a system call that cannot be
// interrupted, as on a disk that does not answer, does not end.
const unkillable = 2 * time.Second

// lastWords reads what is left of standard error, and no more than is there: others may hold it open.
func (p *Process) lastWords() {
	if p.attended {
		p.stderr.SetReadDeadline(time.Now().Add(time.Millisecond))
		<-p.drained
		p.stderr.Close()
		return
	}
	defer syscall.Close(p.errors)
	buf := buffers.Get().(*[4 << 10]byte)
	defer buffers.Put(buf)
	for range 1 << 10 {
		n, err := syscall.Read(p.errors, buf[:])
		if err == syscall.EINTR {
			continue
		}
		if n <= 0 || err != nil {
			return
		}
		if p.watch.Errors != nil {
			p.watch.Errors(buf[:n])
		}
	}
}
