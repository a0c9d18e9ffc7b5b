//go:build unix && !linux

package stack

import "syscall"

// readCached cannot be kept from waiting on this system, so that files are read off the loop.
func (h *Shard) readCached(fd int, dst []byte, at int64) (int, error) { return 0, syscall.ENOSYS }

type iovec = struct{}

func duplicate(fd int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	d, err := syscall.Dup(fd)
	if err == nil {
		syscall.CloseOnExec(d)
	}
	return d, err
}
