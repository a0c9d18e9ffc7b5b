package link

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// inNamespace runs a test in a network namespace of its own. The thread is in it for good, so it ends with the goroutine.
func inNamespace(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, for a network namespace with interfaces in it")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs the program ip (iproute2)")
	}
	done := make(chan string)
	go func() {
		skip := "the test ended early"
		defer func() { done <- skip }()
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			skip = "needs a network namespace: " + err.Error()
			return
		}
		skip = ""
		ip(t, "link set lo up")
		f(t)
	}()
	if skip := <-done; skip != "" {
		t.Skip(skip)
	}
}

// ip runs the program of this name, with arguments separated by spaces.
func ip(t *testing.T, args string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", args, err, out)
	}
}

// pair makes a veth pair, with an address at the kernel's end, and a neighbour of the kernel's that is us.
func pair(t *testing.T) {
	t.Helper()
	ip(t, "link add veth0 type veth peer name veth1")
	ip(t, "link set veth0 up")
	ip(t, "link set veth1 up")
	ip(t, "addr add 198.18.0.1/24 dev veth1")
}

// feature switches an offload of an interface, as ethtool -K does.
func feature(t *testing.T, name string, command, value uint32) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	set := struct{ command, value uint32 }{command, value}
	var req struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}
	copy(req.name[:], name)
	req.data = unsafe.Pointer(&set)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req))); errno != 0 {
		t.Fatalf("ethtool command %#x on %s: %v", command, name, errno)
	}
}

// neighbour tells the kernel which MAC address has 198.18.0.2.
func neighbour(t *testing.T, dev string, m MAC) {
	t.Helper()
	ip(t, fmt.Sprintf("neigh replace 198.18.0.2 lladdr %s dev %s nud permanent", m, dev))
}

// await receives until a frame satisfies want, for at most five seconds.
func await(t *testing.T, q Queue, what string, want func(Frame) bool) Frame {
	t.Helper()
	start := time.Now()
	frames := make([]Frame, 64)
	for {
		now := int64(time.Since(start)) + 1
		if now > int64(5*time.Second) {
			t.Fatalf("no frame came that is %s", what)
		}
		n, err := q.Receive(frames)
		if err != nil && err != ErrMore {
			t.Fatalf("waiting for %s: %v", what, err)
		}
		for _, f := range frames[:n] {
			if want(f) {
				f.Data = bytes.Clone(f.Data)
				return f
			}
		}
		if n == 0 {
			if err := q.Wait(int64(5*time.Second)+2, now); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// transmit sends one frame.
func transmit(t *testing.T, q Queue, frame []byte, m Meta) {
	t.Helper()
	b := q.Reserve(len(frame))
	if b == nil {
		t.Fatal("the transmit ring is full")
	}
	q.Commit(copy(b, frame), m)
	if err := q.Flush(); err != nil {
		t.Fatal(err)
	}
}

// tcpPeer speaks just as much TCP as is needed to let the kernel send and receive data.
type tcpPeer struct {
	t             *testing.T
	q             Queue
	us, its       MAC
	port, itsPort uint16
	seq, ack      uint32
}

func (p *tcpPeer) segment(flags byte, options, payload []byte) []byte {
	b := make([]byte, 20, 20+len(options)+len(payload))
	binary.BigEndian.PutUint16(b, p.port)
	binary.BigEndian.PutUint16(b[2:], p.itsPort)
	binary.BigEndian.PutUint32(b[4:], p.seq)
	binary.BigEndian.PutUint32(b[8:], p.ack)
	b[12] = byte((20+len(options))/4) << 4
	b[13] = flags
	binary.BigEndian.PutUint16(b[14:], 65535)
	return append(append(b, options...), payload...)
}

// accept answers the kernel's SYN, and waits for the handshake's end.
func (p *tcpPeer) accept() {
	p.t.Helper()
	syn := await(p.t, p.q, "a SYN", func(f Frame) bool { b := l4(f, 6); return len(b) >= 20 && b[13] == 2 })
	b := l4(syn, 6)
	p.itsPort = binary.BigEndian.Uint16(b)
	p.ack = binary.BigEndian.Uint32(b[4:]) + 1
	options := []byte{2, 4, 0x05, 0xb4, 1, 3, 3, 7} // MSS 1460, window scale 7
	transmit(p.t, p.q, toKernel(p.its, p.us, 6, p.segment(0x12, options, nil), 16, false), Meta{})
	p.seq++
	await(p.t, p.q, "an ACK", func(f Frame) bool { b := l4(f, 6); return len(b) >= 20 && b[13]&0x10 != 0 })
}
