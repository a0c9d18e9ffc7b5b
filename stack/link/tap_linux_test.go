package link

import (
	"bytes"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// openedTAP is a TAP interface whose other end is the kernel's, 198.18.0.1.
func openedTAP(t *testing.T, o TAPOptions) (*tap, MAC) {
	t.Helper()
	a, err := OpenTAP("tap0", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	ip(t, "addr add 198.18.0.1/24 dev tap0")
	neighbour(t, "tap0", a.Info().MAC)
	s, err := a.(*tap).net.status("tap0")
	if err != nil {
		t.Fatal(err)
	}
	return a.(*tap), s.mac
}

// kernelUDP is a socket of the kernel's on 198.18.0.1 that is connected to us.
func kernelUDP(t *testing.T) *net.UDPConn {
	t.Helper()
	c, err := net.DialUDP("udp4", &net.UDPAddr{IP: kernelAddr.AsSlice(), Port: 7}, &net.UDPAddr{IP: ourAddr.AsSlice(), Port: 9})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// exchange sends datagrams in both directions and looks at the checksums.
func exchange(t *testing.T, q Queue, us, its MAC, c *net.UDPConn, received Checksum, offload bool) {
	t.Helper()
	if _, err := c.Write([]byte("to the stack")); err != nil {
		t.Fatal(err)
	}
	f := await(t, q, "a datagram of the kernel", func(f Frame) bool { return l4(f, 17) != nil })
	b := l4(f, 17)
	if string(b[8:]) != "to the stack" || MAC(f.Data[:6]) != us || MAC(f.Data[6:12]) != its {
		t.Errorf("the datagram came as %q from %s to %s", b[8:], MAC(f.Data[6:12]), MAC(f.Data[:6]))
	}
	if f.Meta.Checksum != received {
		t.Errorf("the state of the checksum is %d, want %d", f.Meta.Checksum, received)
	}
	whole := sum(b, pseudo(kernelAddr, ourAddr, 17, len(b))) == 0xffff
	if whole == (received == ChecksumPartial) {
		t.Errorf("the checksum is complete: %v, and its state says %d", whole, f.Meta.Checksum)
	}
	if received == ChecksumPartial && (f.Meta.Start != 34 || f.Meta.Offset != 6) {
		t.Errorf("the checksum starts at %d and goes to %d behind it, want 34 and 6", f.Meta.Start, f.Meta.Offset)
	}
	for _, partial := range []bool{false, true} {
		m := Meta{}
		if partial {
			if !offload {
				continue
			}
			m = Meta{Checksum: ChecksumPartial, Start: 34, Offset: 6}
		}
		transmit(t, q, toKernel(its, us, 17, datagram("to the kernel"), 6, partial), m)
		var buf [64]byte
		c.SetReadDeadline(time.Now().Add(time.Minute))
		n, err := c.Read(buf[:])
		if err != nil || string(buf[:n]) != "to the kernel" {
			t.Fatalf("with partial=%v the kernel read %q, %v", partial, buf[:n], err)
		}
	}
}

func TestTAPCarriesDatagramsBothWays(t *testing.T) {
	for _, wire := range []bool{false, true} {
		inNamespace(t, func(t *testing.T) {
			a, its := openedTAP(t, TAPOptions{Wire: wire})
			received := ChecksumPartial // never was on a wire, so nobody has summed it
			if wire {
				received = ChecksumNone
			}
			exchange(t, a.Queue(0), a.Info().MAC, its, kernelUDP(t), received, !wire)
			c := a.Queue(0).Counters()
			if c.ReceivedFrames == 0 || c.ReceivedBytes == 0 || c.SentFrames == 0 || c.SentBytes < c.SentFrames*40 || c.Malformed+c.Refused != 0 {
				t.Errorf("counters: %+v", c)
			}
		})
	}
}

// superSegments lets the kernel send a super-segment to us and us one to the kernel.
func superSegments(t *testing.T, q Queue, us, its MAC, wire bool) {
	t.Helper()
	p := &tcpPeer{t: t, q: q, us: us, its: its, port: 80, seq: 1000}
	connected := make(chan net.Conn, 1)
	c, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Connect(c, &unix.SockaddrInet4{Port: 80, Addr: ourAddr.As4()}); err != unix.EINPROGRESS {
		t.Fatal(err)
	}
	p.accept()
	file := os.NewFile(uintptr(c), "tcp")
	conn, err := net.FileConn(file)
	file.Close()
	if err != nil {
		t.Fatal(err)
	}
	connected <- conn
	defer conn.Close()

	// The kernel's first flight is ten segments of 1460 bytes.
	data := bytes.Repeat([]byte("0123456789"), 3200)
	if _, err := conn.Write(data); err != nil {
		t.Fatal(err)
	}
	f := await(t, q, "a segment with data", func(f Frame) bool { return len(l4(f, 6)) > 20 })
	if wire {
		if f.Meta.GSO != GSONone || len(f.Data) > 1514 {
			t.Errorf("in wire mode a frame came that no cable carries: %d bytes, %+v", len(f.Data), f.Meta)
		}
	} else if f.Meta.GSO != GSOTCP4 || f.Meta.SegmentSize != 1460 || f.Meta.HeaderLen != 54 || len(f.Data) < 54+2*1460 ||
		f.Meta.Checksum != ChecksumPartial || f.Meta.Start != 34 || f.Meta.Offset != 16 {
		t.Errorf("the kernel's flight did not come as a super-segment: %d bytes, %+v", len(f.Data), f.Meta)
	}
	if got := l4(f, 6)[20:]; !bytes.Equal(got, data[:len(got)]) {
		t.Error("the bytes of the segment are not those that were written")
	}
	if wire {
		return
	}
	p.ack += uint32(len(l4(f, 6)) - 20)
	ours := bytes.Repeat([]byte("abcdefghij"), 6000)
	super := toKernel(its, us, 6, p.segment(0x18, nil, ours), 16, true)
	transmit(t, q, super, Meta{Checksum: ChecksumPartial, Start: 34, Offset: 16, GSO: GSOTCP4, SegmentSize: 1460, HeaderLen: 54})
	conn.SetReadDeadline(time.Now().Add(time.Minute))
	got := make([]byte, len(ours))
	if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, ours) {
		t.Fatalf("the kernel did not get our super-segment: %v", err)
	}
}

func TestTAPCarriesSuperSegmentsWhole(t *testing.T) {
	for _, wire := range []bool{false, true} {
		inNamespace(t, func(t *testing.T) {
			a, its := openedTAP(t, TAPOptions{Wire: wire})
			superSegments(t, a.Queue(0), a.Info().MAC, its, wire)
		})
	}
}

func TestTAPSaysWhatIsMissing(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"", "needs a name"},
		{"an-interface-with-a-long-name", "too long: it has 29 bytes, and the system allows 15"},
		{"tap/0", "does not allow"},
		{"lo", "is no TAP interface"},
	} {
		inNamespace(t, func(t *testing.T) {
			if _, err := OpenTAP(c.name, TAPOptions{}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("OpenTAP(%q): %v, want something with %q", c.name, err, c.want)
			}
		})
	}
	inNamespace(t, func(t *testing.T) {
		a, its := openedTAP(t, TAPOptions{})
		if _, err := OpenTAP("tap0", TAPOptions{}); err == nil || !strings.Contains(err.Error(), "another program") {
			t.Errorf("opened twice: %v", err)
		}
		if a.Info().MAC == its || a.Info().MAC.IsMulticast() || a.Info().MTU != 1500 {
			t.Errorf("info: %+v", a.Info())
		}
		a.Close()
		ip(t, "tuntap add dev tap1 mode tap")
		if _, err := OpenTAP("tap1", TAPOptions{Queues: 2}); err == nil || !strings.Contains(err.Error(), "multi_queue") {
			t.Errorf("two queues of an interface for one: %v", err)
		}
		ip(t, "link add other type veth peer name end")
		if _, err := OpenTAP("other", TAPOptions{}); err == nil || !strings.Contains(err.Error(), "did you mean packet:other?") {
			t.Errorf("an interface of another kind: %v", err)
		}
		ip(t, "tuntap add dev tap2 mode tap multi_queue")
		b, err := OpenTAP("tap2", TAPOptions{})
		if err != nil {
			t.Fatalf("one queue of an interface for several: %v", err)
		}
		for _, queues := range []int{1, 2} {
			if _, err := OpenTAP("tap2", TAPOptions{Queues: queues}); err == nil || !strings.Contains(err.Error(), "another program") {
				t.Errorf("%d queues of an interface for several that is in use: %v", queues, err)
			}
		}
		b.Close()
		if _, err := OpenTAP("tap2", TAPOptions{MAC: Broadcast}); err == nil || !strings.Contains(err.Error(), "a group's") {
			t.Errorf("a group's address: %v", err)
		}
	})
}

func TestTAPWithoutPrivilegeSaysWhatToDo(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		// The thread's own capabilities, which end with it.
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		if err := unix.Capset(&header, &make([]unix.CapUserData, 2)[0]); err != nil {
			t.Skip("capset:", err)
		}
		_, err := OpenTAP("tap0", TAPOptions{})
		for _, want := range []string{"CAP_NET_ADMIN", "run as root", "ip tuntap add dev tap0 mode tap user $USER", "setcap"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("the error does not say %q: %v", want, err)
			}
		}
		_, err = OpenPacket("lo", PacketOptions{MAC: MAC{2}})
		if err == nil || !strings.Contains(err.Error(), "no Ethernet interface") {
			t.Errorf("a packet socket on lo: %v", err)
		}
	})
}

func TestTAPGoesOnWhenTheInterfaceIsUpAgain(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		a, its := openedTAP(t, TAPOptions{})
		q := a.queues[0]
		frame := toKernel(its, a.info.MAC, 17, datagram("lost"), 6, false)
		ip(t, "link set tap0 down")
		for range 3 {
			b := q.Reserve(len(frame))
			q.Commit(copy(b, frame), Meta{})
		}
		if err := q.Flush(); err != ErrDown {
			t.Errorf("sending on an interface that is down: %v", err)
		}
		if err := q.Flush(); err != nil {
			t.Errorf("it was reported twice: %v", err)
		}
		if c := q.Counters(); c.Refused != 3 || c.Downs != 1 {
			t.Errorf("counters: %+v, want 3 frames refused and down once", c)
		}
		ip(t, "link set tap0 up")
		neighbour(t, "tap0", a.info.MAC) // setting an interface down empties its table
		exchange(t, q, a.info.MAC, its, kernelUDP(t), ChecksumPartial, true)
		ip(t, "link del tap0")
		if _, err := q.Receive(make([]Frame, 1)); err != ErrGone {
			t.Errorf("receiving from an interface that was removed: %v", err)
		}
		q.Commit(copy(q.Reserve(len(frame)), frame), Meta{})
		if err := q.Flush(); err != ErrGone {
			t.Errorf("sending to an interface that was removed: %v", err)
		}
		if err := q.Wait(int64(time.Millisecond), 1); err != nil {
			t.Errorf("waiting for an interface that was removed: %v", err)
		}
	})
}

func TestTAPSpreadsFlowsOverItsQueues(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		a, its := openedTAP(t, TAPOptions{Queues: 2})
		if a.Info().Queues != 2 || a.Queue(0) == a.Queue(1) {
			t.Fatalf("info: %+v", a.Info())
		}
		// The kernel sends a flow to the queue from which its last frame came (tun_flow_update).
		c := kernelUDP(t)
		for i := range 2 {
			transmit(t, a.Queue(i), toKernel(its, a.info.MAC, 17, datagram("here"), 6, false), Meta{})
			if _, err := c.Read(make([]byte, 16)); err != nil {
				t.Fatal(err)
			}
		}
		seen := 0
		frames := make([]Frame, 8)
		for port := 1024; port < 1536 && seen != 3; port++ {
			unix.Sendto(udpSocket(t), []byte("x"), 0, &unix.SockaddrInet4{Port: port, Addr: ourAddr.As4()})
			for i := range 2 {
				if n, _ := a.Queue(i).Receive(frames); n > 0 {
					seen |= 1 << i
				}
			}
		}
		if seen != 3 {
			t.Errorf("five hundred flows all came to the same queue: %b", seen)
		}
	})
}

func udpSocket(t *testing.T) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

func TestTAPCountsWhatTheKernelHadNoRoomFor(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		a, _ := openedTAP(t, TAPOptions{})
		ip(t, "link set tap0 txqueuelen 4")
		fd := udpSocket(t)
		for range 600 {
			unix.Sendto(fd, []byte("more than fits"), unix.MSG_DONTWAIT, &unix.SockaddrInet4{Port: 9, Addr: ourAddr.As4()})
		}
		if c := a.Queue(0).Counters(); c.Overruns == 0 {
			t.Errorf("nobody has received, and no overrun was counted: %+v", c)
		}
	})
}
