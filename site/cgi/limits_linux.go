package cgi

import (
	"math"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// limit is a bound of one resource.
type limit struct {
	resource int
	to       unix.Rlimit
}

// all are the bounds that are set.
func (l *Limits) all() (all []limit) {
	add := func(resource int, soft, hard uint64) {
		all = append(all, limit{resource, unix.Rlimit{Cur: soft, Max: hard}})
	}
	if l.Memory > 0 {
		add(unix.RLIMIT_AS, uint64(l.Memory), uint64(l.Memory))
	}
	if l.CPU > 0 {
		seconds := uint64(math.Ceil(l.CPU.Seconds()))
		add(unix.RLIMIT_CPU, seconds, seconds+1) // SIGXCPU, then SIGKILL
	}
	if l.Files > 0 {
		add(unix.RLIMIT_NOFILE, uint64(l.Files), uint64(l.Files))
	}
	if l.Processes > 0 {
		add(unix.RLIMIT_NPROC, uint64(l.Processes), uint64(l.Processes))
	}
	return all
}

// apply bounds a process that was started just now, as somebody else unless user is nil: what it starts itself has the same
// bounds. One that is over already needs none. A bound above the server's own becomes that.
func (l *Limits) apply(pid int, user *User) error {
	all := l.all()
	err := set(pid, all)
	if err == unix.EPERM { // CAP_SYS_RESOURCE is not ours, as in most containers, be it root's
		err = bound(pid, all, user)
	}
	if err == unix.ESRCH {
		return nil
	}
	return os.NewSyscallError("prlimit", err)
}

func set(pid int, all []limit) error {
	for i := range all {
		if err := unix.Prlimit(pid, all[i].resource, &all[i].to, nil); err != nil {
			return err
		}
	}
	return nil
}

// bound sets limits without CAP_SYS_RESOURCE: no limit may be raised then, and a process may be bounded only by who has its
// user and group (prlimit(2)). The real ones suffice. So a thread takes them for as long as that takes, no longer: whoever is the
// real user of one thread may send it signals, and SIGKILL ends all of the server.
func bound(pid int, all []limit, user *User) error {
	for i := range all {
		var own unix.Rlimit
		if err := unix.Getrlimit(all[i].resource, &own); err != nil {
			return err
		}
		to := &all[i].to
		to.Cur, to.Max = min(to.Cur, own.Max), min(to.Max, own.Max)
	}
	if user == nil {
		return set(pid, all)
	}
	uid, gid := os.Getuid(), os.Getgid()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		err := become(int(user.UID), int(user.GID))
		if err == nil {
			err = set(pid, all)
		}
		if become(uid, gid) == nil { // else the thread ends with this goroutine, and nobody else runs on it
			runtime.UnlockOSThread()
		}
		done <- err
	}()
	return <-done
}

// become sets the real user and group of the calling thread alone.
func become(uid, gid int) error {
	const unchanged = ^uintptr(0)
	if _, _, e := unix.RawSyscall(unix.SYS_SETRESGID, uintptr(gid), unchanged, unchanged); e != 0 {
		return e
	}
	if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), unchanged, unchanged); e != 0 {
		return e
	}
	return nil
}
