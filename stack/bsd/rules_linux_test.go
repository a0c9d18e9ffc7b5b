package bsd_test

import (
	"flag"
	"net/netip"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

var update = flag.Bool("update", false, "write the table of rules anew, from what the kernel does")

// kernels is Linux.
type kernels struct{ t *testing.T }

func (k kernels) socket() int {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		k.t.Fatal(err)
	}
	return fd
}
func sockaddr(a netip.AddrPort) unix.Sockaddr {
	return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
}
func fromSockaddr(sa unix.Sockaddr, err error) (netip.AddrPort, error) {
	if err != nil {
		return netip.AddrPort{}, err
	}
	in := sa.(*unix.SockaddrInet4)
	return netip.AddrPortFrom(netip.AddrFrom4(in.Addr), uint16(in.Port)), nil
}
func (k kernels) bind(fd int, a netip.AddrPort) error { return unix.Bind(fd, sockaddr(a)) }
func (k kernels) listen(fd, backlog int) error        { return unix.Listen(fd, backlog) }
func (k kernels) accept(fd int) (int, error) {
	n, _, err := unix.Accept4(fd, unix.SOCK_NONBLOCK)
	return n, err
}
func (k kernels) connect(fd int, a netip.AddrPort) error { return unix.Connect(fd, sockaddr(a)) }
func (k kernels) read(fd int, p []byte) (int, error)     { return unix.Read(fd, p) }
func (k kernels) write(fd int, p []byte) (int, error) {
	if err := unix.Sendto(fd, p, unix.MSG_NOSIGNAL, nil); err != nil {
		return 0, err
	}
	return len(p), nil
}
func (k kernels) shutdown(fd, how int) error { return unix.Shutdown(fd, how) }
func (k kernels) reset(fd int) {
	unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	unix.Close(fd)
}
func (k kernels) close(fd int) error                  { return unix.Close(fd) }
func (k kernels) name(fd int) (netip.AddrPort, error) { return fromSockaddr(unix.Getsockname(fd)) }
func (k kernels) peer(fd int) (netip.AddrPort, error) { return fromSockaddr(unix.Getpeername(fd)) }
func (k kernels) failure(fd int) (int, error) {
	return unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
}
func (k kernels) poll(fd int) int {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLOUT | unix.POLLRDHUP}}
	unix.Poll(fds, 0)
	return int(fds[0].Revents)
}

// The table is what Linux does: the same calls in the same states on the kernel's sockets say the same.
func TestRulesAreLinuxs(t *testing.T) {
	loopback := netip.MustParseAddr("127.0.0.1")
	got := tryRules(t, func(t *testing.T) *world {
		k := kernels{t}
		w := &world{t: t, here: k, there: k, host: loopback, peer: loopback}
		// A listener whose queue is full does not answer.
		w.silent = func() netip.AddrPort {
			l := w.closeLater(k, k.socket())
			k.bind(l, netip.AddrPortFrom(loopback, 0))
			if err := k.listen(l, 0); err != nil {
				t.Fatal(err)
			}
			a, _ := k.name(l)
			for range 10 {
				fd := w.closeLater(k, k.socket())
				if err := k.connect(fd, a); err != nil && err != syscall.EINPROGRESS {
					t.Fatal(err)
				}
				fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
				if n, _ := unix.Poll(fds, 20); n == 0 {
					break
				}
			}
			return a
		}
		return w
	})
	if *update {
		os.MkdirAll("testdata", 0o755)
		if err := os.WriteFile(rules, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	compareRules(t, got)
}
