package socket

import (
	"io"
	"net/netip"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Kernel is the Network of the kernel's sockets.
type Kernel struct{}

// Listen opens a listening socket. dual makes a socket on the IPv6 unspecified address take IPv4 connections too.
// Options that connections inherit (TCP_NODELAY, SO_KEEPALIVE) are set here once, so that accepting costs no further call.
func (Kernel) Listen(addr netip.AddrPort, dual bool, o ListenOptions) (Listener, error) {
	fd, bound, err := listenTCP(addr, dual, o, func(family int) (int, error) {
		return unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	}, []option{
		{unix.IPPROTO_TCP, unix.TCP_NODELAY, 1},
		// A client that vanished without a word is noticed after two minutes, also where no time-out of ours runs.
		{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 60},
		{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 15},
		{unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 4},
	})
	if err != nil {
		return nil, err
	}
	return &kernelListener{fd: fd, addr: bound}, nil
}

type kernelListener struct {
	fd   int
	addr netip.AddrPort
}

func (l *kernelListener) Addr() netip.AddrPort { return l.addr }

func (l *kernelListener) Close() error {
	if l.fd < 0 {
		return nil
	}
	err := unix.Close(l.fd)
	l.fd = -1
	return err
}

// Accept takes one connection. accept4 is called raw because the socket never blocks: the scheduler need not know.
func (l *kernelListener) Accept() (Accepted, error) {
	var rsa syscall.RawSockaddrAny
	for {
		size := uint32(unsafe.Sizeof(rsa))
		fd, _, errno := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(l.fd), uintptr(unsafe.Pointer(&rsa)),
			uintptr(unsafe.Pointer(&size)), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
		switch errno {
		case 0:
			a := Accepted{Endpoint: &kernelEndpoint{fd: int(fd)}, Remote: fromRaw(&rsa), Local: l.addr}
			if l.addr.Addr().IsUnspecified() {
				size = uint32(unsafe.Sizeof(rsa))
				if _, _, e := syscall.RawSyscall(unix.SYS_GETSOCKNAME, fd, uintptr(unsafe.Pointer(&rsa)), uintptr(unsafe.Pointer(&size))); e == 0 {
					a.Local = fromRaw(&rsa)
				}
			}
			return a, nil
		case unix.EAGAIN:
			return Accepted{}, ErrWouldBlock
		case unix.EINTR, unix.ECONNABORTED: // the peer gave up while it waited; the next one may not have
			continue
		}
		return Accepted{}, os.NewSyscallError("accept4", errno)
	}
}

// kernelEndpoint is a non-blocking socket. Its calls are raw: a call that cannot block need not be announced to the
// scheduler, which saves a tenth of a microsecond each, and much more where the scheduler would take the processor away
// from a call that takes longer than it likes. SendFile may wait for the disk, and is announced until the file was read.
type kernelEndpoint struct{ fd int }

func (e *kernelEndpoint) Read(p []byte) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall(unix.SYS_READ, uintptr(e.fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		switch {
		case errno == unix.EINTR:
			continue
		case errno != 0:
			return 0, ioError(errno)
		case n == 0 && len(p) > 0:
			return 0, io.EOF
		}
		return int(n), nil
	}
}

func (e *kernelEndpoint) Write(p []byte, more bool) (int, error) {
	flags := uintptr(unix.MSG_NOSIGNAL)
	if more {
		flags |= unix.MSG_MORE
	}
	for {
		n, _, errno := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(e.fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), flags, 0, 0)
		switch {
		case errno == unix.EINTR:
			continue
		case errno != 0:
			return 0, ioError(errno)
		}
		return int(n), nil
	}
}

func (e *kernelEndpoint) Writev(a, b []byte) (int, error) {
	iov := [2]syscall.Iovec{{Base: unsafe.SliceData(a), Len: uint64(len(a))}, {Base: unsafe.SliceData(b), Len: uint64(len(b))}}
	for {
		n, _, errno := syscall.RawSyscall(unix.SYS_WRITEV, uintptr(e.fd), uintptr(unsafe.Pointer(&iov[0])), 2)
		switch {
		case errno == unix.EINTR:
			continue
		case errno != 0:
			return 0, ioError(errno)
		}
		return int(n), nil
	}
}

// warmStep is the longest section of a file that is taken to be in the system's memory because it was sent before. Of a
// longer one some may have left it, and the scheduler's part is lost in the transfer.
const warmStep = 256 << 10

func (e *kernelEndpoint) SendFile(f *File, off int64, n int) (int, error) {
	for {
		var sent uintptr
		var errno syscall.Errno
		cold := n > warmStep || f.sent.Load() <= f.Size
		if cold { // may wait for the disk: others get the processor meanwhile
			sent, _, errno = syscall.Syscall6(unix.SYS_SENDFILE, uintptr(e.fd), uintptr(f.FD), uintptr(unsafe.Pointer(&off)), uintptr(n), 0, 0)
		} else {
			sent, _, errno = syscall.RawSyscall6(unix.SYS_SENDFILE, uintptr(e.fd), uintptr(f.FD), uintptr(unsafe.Pointer(&off)), uintptr(n), 0, 0)
		}
		switch {
		case errno == unix.EINTR:
			continue
		case errno != 0:
			return 0, ioError(errno)
		case sent == 0 && n > 0:
			return 0, io.ErrUnexpectedEOF
		}
		if cold {
			f.sent.Add(int64(sent))
		}
		return int(sent), nil
	}
}

func (e *kernelEndpoint) CloseWrite() error {
	_, _, errno := syscall.RawSyscall(unix.SYS_SHUTDOWN, uintptr(e.fd), unix.SHUT_WR, 0)
	if errno != 0 {
		return ioError(errno)
	}
	return nil
}

func (e *kernelEndpoint) Close() error {
	if e.fd < 0 {
		return nil
	}
	_, _, errno := syscall.RawSyscall(unix.SYS_CLOSE, uintptr(e.fd), 0, 0)
	e.fd = -1
	if errno != 0 {
		return errno
	}
	return nil
}

func (e *kernelEndpoint) Abort() error {
	unix.SetsockoptLinger(e.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	return e.Close()
}

func (e *kernelEndpoint) Unread() bool {
	n, err := unix.IoctlGetInt(e.fd, unix.SIOCINQ)
	return err == nil && n > 0
}

func (e *kernelEndpoint) Unsent() int {
	n, err := unix.IoctlGetInt(e.fd, unix.SIOCOUTQ)
	if err != nil {
		return -1
	}
	return n
}

// ioError keeps the hot answer free of allocation.
func ioError(errno syscall.Errno) error {
	if errno == unix.EAGAIN {
		return ErrWouldBlock
	}
	return errno
}

// fromRaw reads an address as the kernel wrote it. An IPv4 address on a dual socket is given as IPv4.
func fromRaw(rsa *syscall.RawSockaddrAny) netip.AddrPort {
	port := func(p uint16) uint16 { b := (*[2]byte)(unsafe.Pointer(&p)); return uint16(b[0])<<8 | uint16(b[1]) }
	switch rsa.Addr.Family {
	case unix.AF_INET:
		sa := (*syscall.RawSockaddrInet4)(unsafe.Pointer(rsa))
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), port(sa.Port))
	case unix.AF_INET6:
		sa := (*syscall.RawSockaddrInet6)(unsafe.Pointer(rsa))
		addr := netip.AddrFrom16(sa.Addr)
		if sa.Scope_id != 0 && addr.IsLinkLocalUnicast() {
			addr = addr.WithZone(zoneName(sa.Scope_id))
		}
		return netip.AddrPortFrom(addr.Unmap(), port(sa.Port))
	}
	return netip.AddrPort{}
}
