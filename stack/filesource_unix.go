//go:build unix

package stack

import "syscall"

// descriptors reports whether files are read by their descriptors on this system.
const descriptors = true

func pread(fd int, b []byte, at int64) (int, error) { return syscall.Pread(fd, b, at) }

func closeDuplicate(fd int) { syscall.Close(fd) }
