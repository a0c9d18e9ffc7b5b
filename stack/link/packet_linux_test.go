package link

import (
	"bytes"
	"encoding/binary"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// openedPacket is a packet socket on veth0; the kernel is 198.18.0.1 on veth1.
func openedPacket(t *testing.T, o PacketOptions) (*packet, MAC) {
	t.Helper()
	pair(t)
	o.Ring = 30
	a, err := OpenPacket("veth0", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	p := a.(*packet)
	neighbour(t, "veth1", p.info.MAC)
	s, err := p.net.status("veth1")
	if err != nil {
		t.Fatal(err)
	}
	return p, s.mac
}

func TestPacketSocketCarriesDatagramsBothWays(t *testing.T) {
	for _, o := range []PacketOptions{{}, {Wire: true}, {MAC: MAC{2, 0, 0, 0, 0, 9}}} {
		inNamespace(t, func(t *testing.T) {
			p, its := openedPacket(t, o)
			if o.MAC != (MAC{}) && p.info.MAC != o.MAC {
				t.Errorf("our address is %s", p.info.MAC)
			}
			q := p.queues[0]
			exchange(t, q, p.info.MAC, its, kernelUDP(t), ChecksumPartial, !o.Wire)
			for _, f := range mustReceive(t, q) {
				if MAC(f.Data[6:12]) == p.info.MAC {
					t.Error("a frame of our own came back")
				}
			}
			c := q.Counters()
			if c.ReceivedFrames == 0 || c.ReceivedBytes == 0 || c.SentFrames == 0 || c.SentBytes < c.SentFrames*40 || c.Malformed+c.Refused+c.Overruns != 0 {
				t.Errorf("counters: %+v", c)
			}
		})
	}
}

func mustReceive(t *testing.T, q Queue) []Frame {
	t.Helper()
	frames := make([]Frame, 64)
	n, err := q.Receive(frames)
	if err != nil {
		t.Fatal(err)
	}
	return frames[:n]
}

func TestPacketSocketCarriesSuperSegmentsWhole(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		p, its := openedPacket(t, PacketOptions{})
		superSegments(t, p.queues[0], p.info.MAC, its, false)
	})
}

func TestKernelCutsSuperSegmentsForADeviceThatCannot(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		p, its := openedPacket(t, PacketOptions{})
		feature(t, "veth0", unix.ETHTOOL_STSO, 0)
		feature(t, "veth0", unix.ETHTOOL_SGSO, 0)
		feature(t, "veth0", unix.ETHTOOL_STXCSUM, 0)
		other, err := OpenPacket("veth1", PacketOptions{Ring: 30})
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		us := &tcpPeer{port: 80, itsPort: 1024}
		data := bytes.Repeat([]byte("0123456789"), 500)
		transmit(t, p.queues[0], toKernel(its, p.info.MAC, 6, us.segment(0x18, nil, data), 16, true),
			Meta{Checksum: ChecksumPartial, Start: 34, Offset: 16, GSO: GSOTCP4, SegmentSize: 1460, HeaderLen: 54})
		var got []byte
		await(t, other.Queue(0), "the last piece of our segment", func(f Frame) bool {
			if len(f.Data) <= 54 || f.Data[23] != 6 || MAC(f.Data[6:12]) != p.info.MAC || binary.BigEndian.Uint32(f.Data[38:]) != uint32(len(got)) {
				return false
			}
			b := f.Data[34:]
			if len(f.Data) > 1514 || f.Meta.GSO != GSONone || f.Meta.Checksum == ChecksumPartial || sum(b, pseudo(ourAddr, kernelAddr, 6, len(b))) != 0xffff {
				t.Errorf("a piece of %d bytes with %+v is not one for a cable", len(f.Data), f.Meta)
			}
			got = append(got, b[20:]...)
			return len(got) >= len(data)
		})
		if !bytes.Equal(got, data) {
			t.Error("the pieces are not what was sent")
		}
	})
}

func TestPacketSocketSaysWhatIsMissing(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		pair(t)
		for _, c := range []struct {
			name string
			o    PacketOptions
			want string
		}{
			{"veth7", PacketOptions{}, "there is no such interface"},
			{"veth-with-a-long-name", PacketOptions{}, "too long"},
			{"lo", PacketOptions{}, "no Ethernet interface"},
			{"veth0", PacketOptions{MAC: Broadcast}, "a group's"},
			{"veth0", PacketOptions{Ring: 1 << 24}, "a receive ring of"},
		} {
			if _, err := OpenPacket(c.name, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("OpenPacket(%q): %v, want something with %q", c.name, err, c.want)
			}
		}
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		if err := unix.Capset(&header, &make([]unix.CapUserData, 2)[0]); err != nil {
			t.Skip("capset:", err)
		}
		if _, err := OpenPacket("veth0", PacketOptions{}); err == nil || !strings.Contains(err.Error(), "needs CAP_NET_RAW: run as root") {
			t.Errorf("without privilege: %v", err)
		}
	})
}

func TestPacketSocketGoesOnWhenTheInterfaceIsUpAgain(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		p, its := openedPacket(t, PacketOptions{})
		q := p.queues[0]
		ip(t, "link set veth0 down")
		frame := toKernel(its, p.info.MAC, 17, datagram("lost"), 6, false)
		for range 3 {
			q.Commit(copy(q.Reserve(len(frame)), frame), Meta{})
		}
		if err := q.Flush(); err != ErrDown {
			t.Errorf("sending on an interface that is down: %v", err)
		}
		for range 3 {
			if _, err := q.Receive(make([]Frame, 1)); err != nil {
				t.Errorf("it was reported twice: %v", err)
			}
		}
		if c := q.Counters(); c.Refused != 3 || c.Downs != 1 {
			t.Errorf("counters: %+v, want 3 frames refused and down once", c)
		}
		ip(t, "link set veth0 up")
		for _, name := range []string{"veth0", "veth1"} { // the kernel drops what it sends before it has seen the carrier
			for end := time.Now().Add(time.Minute); ; {
				i, err := net.InterfaceByName(name)
				if err == nil && i.Flags&net.FlagRunning != 0 {
					break
				}
				if time.Now().After(end) {
					t.Fatalf("%s is not up again: %v", name, err)
				}
				runtime.Gosched()
			}
		}
		neighbour(t, "veth1", p.info.MAC)
		exchange(t, q, p.info.MAC, its, kernelUDP(t), ChecksumPartial, true)

		mustReceive(t, q)
		mustReceive(t, q)
		ip(t, "link set veth0 down")
		reported := false
		for range 100 { // behind what the kernel says on a link that has come up
			_, err := q.Receive(make([]Frame, 1))
			reported = reported || err == ErrDown
		}
		if !reported {
			t.Error("who only receives is not told that the interface is down")
		}
		ip(t, "link del veth0")
		transmitted := func() error {
			q.Commit(copy(q.Reserve(len(frame)), frame), Meta{})
			return q.Flush()
		}
		if err := transmitted(); err != ErrGone {
			t.Errorf("sending to an interface that was removed: %v", err)
		}
		if err := q.Wait(int64(time.Millisecond), 1); err != nil {
			t.Errorf("waiting for an interface that was removed: %v", err)
		}
	})
}

func TestPacketSocketsSpreadFlows(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		p, _ := openedPacket(t, PacketOptions{Queues: 2})
		fd := udpSocket(t)
		for port := 1024; port < 1034; port++ {
			unix.Sendto(fd, []byte("x"), 0, &unix.SockaddrInet4{Port: port, Addr: ourAddr.As4()})
		}
		count := func(q Queue) (n int) {
			for _, f := range mustReceive(t, q) {
				if l4(f, 17) != nil {
					n++
				}
			}
			return n
		}
		if a, b := count(p.Queue(0)), count(p.Queue(1)); a+b != 10 || a == 0 || b == 0 {
			t.Errorf("ten flows came as %d and %d", a, b)
		}
	})
}

func TestPacketSocketCountsWhatTheRingHadNoRoomFor(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		p, _ := openedPacket(t, PacketOptions{})
		fd := udpSocket(t)
		for range 100 {
			unix.Sendto(fd, []byte("more than fits"), 0, &unix.SockaddrInet4{Port: 9, Addr: ourAddr.As4()})
		}
		if c := p.queues[0].Counters(); c.Overruns < 60 {
			t.Errorf("a hundred frames for a ring of thirty, and %d overruns", c.Overruns)
		}
		n := 0
		for range 3 {
			n += len(mustReceive(t, p.queues[0]))
		}
		if n > 30 || n < 25 {
			t.Errorf("the ring of 30 held %d frames", n)
		}
		unix.Sendto(fd, []byte("fits again"), 0, &unix.SockaddrInet4{Port: 9, Addr: ourAddr.As4()})
		await(t, p.queues[0], "a frame after an overrun", func(f Frame) bool { return l4(f, 17) != nil })
	})
}

func TestTaggedFramesKeepTheirTag(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		p, its := openedPacket(t, PacketOptions{})
		other, err := OpenPacket("veth1", PacketOptions{Ring: 30})
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		tagged := make([]byte, 80)
		copy(tagged, p.info.MAC[:])
		copy(tagged[6:], its[:])
		copy(tagged[12:], []byte{0x81, 0, 0x60, 7, 0x08, 0, 0x45, 1, 2, 3})
		transmit(t, other.Queue(0), tagged, Meta{})
		f := await(t, p.queues[0], "tagged", func(f Frame) bool { return f.Data[12] == 0x81 })
		if !bytes.Equal(f.Data, tagged) {
			t.Errorf("the frame came as % x, want % x", f.Data, tagged)
		}
	})
}

func TestPacketSocketWaits(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		pair(t)
		ip(t, "link set veth1 down") // so that nothing comes that ends a wait
		a, err := OpenPacket("veth0", PacketOptions{Ring: 30})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		a.Queue(0).Receive(make([]Frame, 30))
		a.Queue(0).Receive(make([]Frame, 30))
		waits(t, a.Queue(0))
	})
}
