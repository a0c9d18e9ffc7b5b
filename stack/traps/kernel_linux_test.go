package traps

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// inside is set in the process that has a network namespace of its own.
const inside = "VITRINE_TRAPS_INSIDE"

// againstLinux runs a test against the kernel, in a process with a network namespace of its own.
func againstLinux(t *testing.T, f func(t *testing.T, w *world)) {
	if os.Getenv(inside) == "" {
		again(t)
		return
	}
	f(t, kernel(t))
}

// again runs this very test in a process with a namespace of its own.
func again(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to make a network namespace")
	}
	c := exec.Command("/proc/self/exe", "-test.run", "^"+t.Name()+"$", "-test.v")
	c.Env = append(os.Environ(), inside+"=1")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("in its namespace: %v\n%s", err, out)
	}
}

// tap is the tester's end of a TAP interface, whose other end is the kernel's.
type tap struct{ f *os.File }

func (c tap) send(b []byte) error { _, err := c.f.Write(b); return err }

func (c tap) receive(wait time.Duration) ([]byte, error) {
	c.f.SetReadDeadline(time.Now().Add(wait))
	b := make([]byte, 2048)
	n, err := c.f.Read(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, nil
	}
	return b[:n], err
}

func kernel(t *testing.T) *world {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skip("no TAP interfaces here: ", err)
	}
	request, err := unix.NewIfreq("trap0")
	if err != nil {
		t.Fatal(err)
	}
	request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, request); err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "tap")
	t.Cleanup(func() { f.Close() })
	for _, args := range [][]string{{"link", "set", "lo", "up"}, {"addr", "add", "198.18.0.1/24", "dev", "trap0"}, {"link", "set", "trap0", "up"}} {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			t.Fatalf("ip %v: %v %s", args, err, out)
		}
	}
	i, err := net.InterfaceByName("trap0")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "198.18.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return begin(&world{t: t, c: tap{f}, listener: l, hostMAC: [6]byte(i.HardwareAddr)})
}
