//go:build unix

package socket

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// peerOf is an address with its family, as the system's calls want them.
func peerOf(to Address) (family int, sa unix.Sockaddr) {
	switch {
	case to.Path != "":
		return unix.AF_UNIX, &unix.SockaddrUnix{Name: to.Path}
	case to.Addr.Addr().Is4() || to.Addr.Addr().Is4In6():
		return unix.AF_INET, &unix.SockaddrInet4{Port: int(to.Addr.Port()), Addr: to.Addr.Addr().Unmap().As4()}
	}
	return unix.AF_INET6, sockaddr(to.Addr)
}

// connect begins a connection of a socket of the kernel's that does not block, and closes it when that fails at once.
func connect(fd int, sa unix.Sockaddr, family int) error {
	if family != unix.AF_UNIX {
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	err := unix.Connect(fd, sa)
	switch {
	case err == nil || err == unix.EINPROGRESS || err == unix.EINTR:
		return nil
	case err == unix.EAGAIN && family == unix.AF_UNIX: // its backlog is full
		err = ErrWouldBlock
	default:
		err = os.NewSyscallError("connect", err)
	}
	unix.Close(fd)
	return err
}

// connected asks the kernel how far a connection is.
func connected(fd int) error {
	code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 {
		err = unix.Errno(code)
	}
	if err == nil {
		_, err = unix.Getpeername(fd)
		if errors.Is(err, unix.ENOTCONN) {
			return ErrWouldBlock
		}
	}
	if err != nil {
		return os.NewSyscallError("connect", err)
	}
	return nil
}

// Dial begins a connection, to a Unix socket as well.
func (p *portablePoller) Dial(to Address, _ bool) (Endpoint, error) {
	family, sa := peerOf(to)
	fd, err := openPortable(family)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := connect(fd, sa, family); err != nil {
		return nil, err
	}
	d, err := newDescriptor(fd)
	if err != nil {
		return nil, err
	}
	return &portableEndpoint{descriptor: d}, nil
}

// Connected tells how far a connection that was dialled is.
func (e *portableEndpoint) Connected() error {
	err := connected(e.fd)
	if code := e.failure.Load(); code != 0 && err == ErrWouldBlock { // the system has told it to who looked
		return os.NewSyscallError("connect", unix.Errno(code))
	}
	if err == ErrWouldBlock {
		e.spent(Writable)
	}
	return err
}
