package socket

import (
	"os"

	"golang.org/x/sys/unix"
)

// Dial begins a connection, to a Unix socket as well.
func (p *poller) Dial(to Address, _ bool) (Endpoint, error) {
	family, sa := peerOf(to)
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := connect(fd, sa, family); err != nil {
		return nil, err
	}
	return &kernelEndpoint{fd: fd}, nil
}

// Connected tells how far a connection that was dialled is.
func (e *kernelEndpoint) Connected() error { return connected(e.fd) }
