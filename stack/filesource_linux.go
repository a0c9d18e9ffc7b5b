package stack

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// readCached reads from a file what lies in memory, without ever waiting for the disk: EAGAIN when nothing does. It does
// not tell Go's scheduler that a system call runs, because this one cannot wait.
func (h *Shard) readCached(fd int, dst []byte, at int64) (int, error) {
	h.iovec.Base = &dst[0]
	h.iovec.SetLen(len(dst))
	n, _, errno := unix.RawSyscall6(unix.SYS_PREADV2, uintptr(fd), uintptr(unsafe.Pointer(&h.iovec)), 1,
		uintptr(at), uintptr(at>>32), unix.RWF_NOWAIT)
	h.iovec.Base = nil
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// iovec is where readCached keeps what the kernel is told, so that nothing is allocated.
type iovec = unix.Iovec

func duplicate(fd int) (int, error) {
	d, err := unix.FcntlInt(uintptr(fd), syscall.F_DUPFD_CLOEXEC, 0)
	return d, err
}
