//go:build unix

package logfile

import (
	"os"

	"golang.org/x/sys/unix"
)

// standard is standard output or error under a descriptor of its own. On 1 and 2 themselves, writing to a pipe that
// nobody reads would end the program (os/signal, "SIGPIPE"); and closing the log must not close them.
func standard(name string) (*os.File, error) {
	fd := 1
	if name == stderr {
		fd = 2
	}
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(own), name), nil
}
