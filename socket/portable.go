//go:build unix

package socket

import (
	"io"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// Portable is a Network of the kernel's sockets that needs nothing but poll(2) and the runtime's own poller, and so
// works on every Unix. It costs a goroutine for each direction that an endpoint waits in. On Linux it serves the tests
// only; Kernel is better there.
//
// Its readiness is edge-triggered as everybody's, with one difference: a reset is noticed together with unread bytes
// only when these are read.
type Portable struct{}

// Listen opens a listening socket. dual makes a socket on the IPv6 unspecified address take IPv4 connections too.
// Several sockets on one address need not share its connections evenly; some systems give all to one of them.
func (Portable) Listen(addr netip.AddrPort, dual bool, o ListenOptions) (Listener, error) {
	fd, bound, err := listenTCP(addr, dual, o, openPortable, nil)
	if err != nil {
		return nil, err
	}
	d, err := newDescriptor(fd)
	if err != nil {
		return nil, err
	}
	return &portableListener{descriptor: d, addr: bound}, nil
}

// openPortable makes a socket that does not block.
func openPortable(family int) (int, error) {
	syscall.ForkLock.RLock() // no child may inherit it before it is marked
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Socket(family, unix.SOCK_STREAM, 0)
	if err != nil {
		return -1, err
	}
	unix.CloseOnExec(fd)
	return fd, unix.SetNonblock(fd, true)
}

// descriptor is a non-blocking socket that the runtime's poller knows, so that goroutines can wait for it.
type descriptor struct {
	fd   int // -1: closed
	file *os.File
	raw  syscall.RawConn
}

func newDescriptor(fd int) (descriptor, error) {
	f := os.NewFile(uintptr(fd), "socket")
	raw, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return descriptor{}, err
	}
	return descriptor{fd, f, raw}, nil
}

// Close closes the socket; who waits for it returns.
func (d *descriptor) Close() error {
	if d.fd < 0 {
		return nil
	}
	d.fd = -1
	return d.file.Close()
}

type portableListener struct {
	descriptor
	addr    netip.AddrPort
	watched *listenerWatch
}

func (l *portableListener) Addr() netip.AddrPort { return l.addr }

func (l *portableListener) Accept() (Accepted, error) {
	for {
		syscall.ForkLock.RLock()
		fd, sa, err := unix.Accept(l.fd)
		if err == nil {
			unix.CloseOnExec(fd)
		}
		syscall.ForkLock.RUnlock()
		switch err {
		case nil:
			return l.accepted(fd, sa)
		case unix.EAGAIN:
			return Accepted{}, ErrWouldBlock
		case unix.EINTR, unix.ECONNABORTED: // the peer gave up while it waited; the next one may not have
			continue
		}
		return Accepted{}, os.NewSyscallError("accept", err)
	}
}

func (l *portableListener) accepted(fd int, sa unix.Sockaddr) (Accepted, error) {
	a := Accepted{Remote: fromSockaddr(sa), Local: l.addr}
	err := unix.SetNonblock(fd, true)
	if err != nil {
		unix.Close(fd)
		return Accepted{}, os.NewSyscallError("fcntl", err)
	}
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) // a connection that is gone already may refuse
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	if l.addr.Addr().IsUnspecified() {
		if sa, err := unix.Getsockname(fd); err == nil {
			a.Local = fromSockaddr(sa)
		}
	}
	d, err := newDescriptor(fd)
	a.Endpoint = &portableEndpoint{descriptor: d}
	return a, err
}

// portableEndpoint waits for a direction whenever an operation has used it up.
type portableEndpoint struct {
	descriptor
	watch *watch // nil: in no poller
	// failure is the error that a look at the connection has found, and the system tells once: reading tells it in place of the
	// end.
	failure atomic.Int32
}

// spent says that the direction is used up: the next event is worth telling.
func (e *portableEndpoint) spent(direction Ready) {
	if e.watch != nil {
		e.watch.arm(direction)
	}
}

func (e *portableEndpoint) Read(p []byte) (int, error) {
	for {
		n, err := unix.Read(e.fd, p)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			e.spent(Readable)
			return 0, ErrWouldBlock
		case err != nil:
			return 0, err
		case n == 0 && len(p) > 0:
			if code := e.failure.Load(); code != 0 {
				return 0, unix.Errno(code)
			}
			return 0, io.EOF
		}
		if n < len(p) { // callers take that for the same
			e.spent(Readable)
		}
		return n, nil
	}
}

func (e *portableEndpoint) Write(p []byte, _ bool) (int, error) {
	for {
		n, err := unix.Write(e.fd, p)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			e.spent(Writable)
			return 0, ErrWouldBlock
		case err != nil:
			return 0, err
		}
		if n < len(p) {
			e.spent(Writable)
		}
		return n, nil
	}
}

func (e *portableEndpoint) Writev(a, b []byte) (int, error) {
	n, err := e.Write(a, true)
	if err != nil || n < len(a) {
		return n, err
	}
	m, err := e.Write(b, false)
	if err == ErrWouldBlock && n > 0 {
		err = nil
	}
	return n + m, err
}

var copies = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// SendFile copies through the program: what the systems have for it differs too much.
func (e *portableEndpoint) SendFile(f *File, off int64, n int) (int, error) {
	buf := copies.Get().(*[64 << 10]byte)
	defer copies.Put(buf)
	m, err := f.F.ReadAt(buf[:min(n, len(buf))], off)
	if m == 0 && n > 0 {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return 0, err
	}
	return e.Write(buf[:m], false)
}

func (e *portableEndpoint) CloseWrite() error { return unix.Shutdown(e.fd, unix.SHUT_WR) }

func (e *portableEndpoint) Abort() error {
	if e.fd >= 0 {
		unix.SetsockoptLinger(e.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	}
	return e.Close()
}

func (e *portableEndpoint) Unread() bool {
	n, _, err := unix.Recvfrom(e.fd, make([]byte, 1), unix.MSG_PEEK)
	return err == nil && n > 0
}

// Unsent is not known: the systems' ways to ask differ.
func (e *portableEndpoint) Unsent() int { return -1 }
