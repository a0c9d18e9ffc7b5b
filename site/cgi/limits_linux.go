package cgi

import (
	"math"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// apply bounds a process that was started just now, as somebody else unless user is nil: what it starts itself has the same
// bounds. One that is over already needs none. A bound above the server's own becomes that.
func (l *Limits) apply(pid int, user *User) error {
	set := func(resource int, soft, hard uint64) error {
		to := unix.Rlimit{Cur: soft, Max: hard}
		err := unix.Prlimit(pid, resource, &to, nil)
		if err == unix.EPERM { // CAP_SYS_RESOURCE is not ours, as in most containers, be it root's
			err = bound(pid, resource, to, user)
		}
		if err == unix.ESRCH {
			return nil
		}
		return os.NewSyscallError("prlimit", err)
	}
	if l.Memory > 0 {
		if err := set(unix.RLIMIT_AS, uint64(l.Memory), uint64(l.Memory)); err != nil {
			return err
		}
	}
	if l.CPU > 0 {
		seconds := uint64(math.Ceil(l.CPU.Seconds()))
		if err := set(unix.RLIMIT_CPU, seconds, seconds+1); err != nil { // SIGXCPU, then SIGKILL
			return err
		}
	}
	if l.Files > 0 {
		if err := set(unix.RLIMIT_NOFILE, uint64(l.Files), uint64(l.Files)); err != nil {
			return err
		}
	}
	if l.Processes > 0 {
		if err := set(unix.RLIMIT_NPROC, uint64(l.Processes), uint64(l.Processes)); err != nil {
			return err
		}
	}
	return nil
}

// bound sets a limit without CAP_SYS_RESOURCE: no limit may be raised then, and a process may be bounded only by who has its
// user and group (prlimit(2)). The real ones suffice. So a thread takes them, and dies of it.
func bound(pid, resource int, to unix.Rlimit, user *User) error {
	var own unix.Rlimit
	if err := unix.Getrlimit(resource, &own); err != nil {
		return err
	}
	to.Cur, to.Max = min(to.Cur, own.Max), min(to.Max, own.Max)
	if user == nil {
		return unix.Prlimit(pid, resource, &to, nil)
	}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // for ever: a thread whose goroutine ends locked is not used again
		done <- func() error {
			const unchanged = ^uintptr(0)
			if _, _, e := unix.RawSyscall(unix.SYS_SETRESGID, uintptr(user.GID), unchanged, unchanged); e != 0 {
				return e
			}
			if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(user.UID), unchanged, unchanged); e != 0 {
				return e
			}
			return unix.Prlimit(pid, resource, &to, nil)
		}()
	}()
	return <-done
}
