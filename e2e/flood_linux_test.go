package e2e

import (
	"bufio"
	order "encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// flooder sends frames of its own making to the server, from the kernel's end of the link.
type flooder struct {
	fd       int
	to, from [6]byte
	sent     int
}

// newFlooder opens a packet socket in the lab.
func newFlooder(t *testing.T, l *lab) *flooder {
	t.Helper()
	f := &flooder{fd: -1}
	neighbors, err := l.command("ip", "neigh", "show", ours4).Output()
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(neighbors)) // 198.18.0.2 dev tap0 lladdr 02:… REACHABLE
	var to net.HardwareAddr
	for i, word := range fields {
		if word == "lladdr" && i+1 < len(fields) {
			to, err = net.ParseMAC(fields[i+1])
		}
	}
	if err != nil || len(to) != 6 {
		t.Fatalf("the kernel does not know the server's hardware address: %s", neighbors)
	}
	copy(f.to[:], to)
	l.ns.do(func() {
		var device *net.Interface
		if device, err = net.InterfaceByName(l.network.device()); err != nil {
			return
		}
		copy(f.from[:], device.HardwareAddr)
		if f.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err == nil {
			err = unix.Bind(f.fd, &unix.SockaddrLinklayer{Ifindex: device.Index})
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(f.fd) })
	return f
}

// run sends a frame of each maker, in bursts, until stop is closed: 60,000 a second, more than thirty times what opens in
// honest earnest here.
func (f *flooder) run(stop <-chan struct{}, makers ...func() []byte) {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		for range 120 {
			if _, err := unix.Write(f.fd, makers[f.sent%len(makers)]()); err == nil || err != unix.ENOBUFS {
				f.sent++
			}
		}
	}
}

// packet is a frame with an IPv4 packet to the server.
func (f *flooder) packet(src netip.Addr, protocol byte, payload []byte) []byte {
	b := make([]byte, 34, 34+len(payload))
	copy(b, f.to[:])
	copy(b[6:], f.from[:])
	b[12] = 8
	b[14], b[22], b[23] = 0x45, 64, protocol
	order.BigEndian.PutUint16(b[16:], uint16(20+len(payload)))
	from, to := src.As4(), netip.MustParseAddr(ours4).As4()
	copy(b[26:], from[:])
	copy(b[30:], to[:])
	order.BigEndian.PutUint16(b[24:], checksum(b[14:34], 0))
	return append(b, payload...)
}

// syn opens a connection that nobody wants, from anywhere on the link or beyond it.
func (f *flooder) syn() []byte {
	r := rand.Uint32()
	src := netip.AddrFrom4([4]byte{198, 19, byte(r), byte(r >> 8)})
	if r>>16%8 == 0 {
		src = netip.AddrFrom4([4]byte{198, 18, 0, 3 + byte(r)%250})
	}
	b := make([]byte, 24)
	order.BigEndian.PutUint16(b, uint16(rand.Uint32())|1)
	order.BigEndian.PutUint16(b[2:], 8080)
	order.BigEndian.PutUint32(b[4:], rand.Uint32())
	b[12], b[13] = 6<<4, 2
	order.BigEndian.PutUint16(b[14:], 65535)
	copy(b[20:], []byte{2, 4, 5, 0xb4}) // MSS 1460
	from, to := src.As4(), netip.MustParseAddr(ours4).As4()
	pseudo := append(append(from[:], to[:]...), 0, 6, 0, byte(len(b)))
	order.BigEndian.PutUint16(b[16:], checksum(append(pseudo, b...), 0))
	return f.packet(src, 6, b)
}

// noise is a packet that makes no sense, or only a little.
func (f *flooder) noise() []byte {
	b := make([]byte, rand.IntN(80))
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	frame := f.packet(netip.MustParseAddr(kernels4), []byte{1, 2, 6, 17, 47}[rand.IntN(5)], b)
	switch rand.IntN(4) {
	case 0:
		frame[14+rand.IntN(20)] ^= byte(1 + rand.IntN(255)) // in the IP header
	case 1:
		order.BigEndian.PutUint16(frame[12:], []uint16{0x0806, 0x86dd, 0x8100, 64}[rand.IntN(4)])
	}
	return frame
}

// checksum is the Internet checksum, RFC 1071.
func checksum(b []byte, sum uint32) uint16 {
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(b[i])<<8 | uint32(b[i+1])
	}
	if len(b)%2 == 1 {
		sum += uint32(b[len(b)-1]) << 8
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}

// TestFlood: while somebody opens connections from addresses that are not theirs and sends whatever else comes to mind,
// others go on being served, on connections that they have and on new ones, and memory stays bounded.
func TestFlood(t *testing.T) {
	for _, base := range []*network{tapNetwork, packetNetwork} {
		n := *base
		n.flag += ",gateway=" + kernels4
		t.Run(n.name, func(t *testing.T) {
			c := crowd(t, &n, fmt.Sprintf(crowdConfig, "events-per-core"))
			old, err := c.dial()
			if err != nil {
				t.Fatal(err)
			}
			defer old.Close()
			reader := bufio.NewReader(old)
			if err := request(old, reader, ""); err != nil {
				t.Fatal(err)
			}
			memory := c.memory(t)
			f := newFlooder(t, c.lab)
			stop, stopped := make(chan struct{}), make(chan struct{})
			go func() {
				f.run(stop, f.syn, f.syn, f.syn, f.noise)
				close(stopped)
			}()
			var slowest time.Duration
			answered := 0
			for begin := time.Now(); time.Since(begin) < 2*time.Second; answered++ {
				start := time.Now()
				conn, err := c.dial()
				if err != nil {
					t.Fatalf("a new client after %d: %v\n%s", answered, err, c.errors())
				}
				if err := request(conn, bufio.NewReader(conn), ""); err != nil {
					t.Fatalf("a new client after %d: %v", answered, err)
				}
				conn.Close()
				if err := request(old, reader, ""); err != nil {
					t.Fatalf("an old client after %d: %v", answered, err)
				}
				slowest = max(slowest, time.Since(start))
			}
			close(stop)
			<-stopped
			counted, after := c.counters(t), c.memory(t)
			t.Logf("%d frames; %d cookies sent, %d brought back, %d half open; %d pairs of requests were answered, the slowest in %v; memory %d and %d KiB",
				f.sent, counted["cookies-sent"], counted["cookies-good"], counted["half-open"], answered, slowest, memory>>10, after>>10)
			if f.sent < 20000 || answered < 20 {
				t.Errorf("%d frames and %d answers are no test", f.sent, answered)
			}
			if counted["cookies-sent"] == 0 || counted["cookies-good"] == 0 {
				t.Error("no SYN cookie was needed")
			}
			if counted["half-open"] > 4096 {
				t.Errorf("%d connections are half open, more than the bound", counted["half-open"])
			}
			if slowest > 4*time.Second { // a SYN that the full ring lost is sent again after one second, and after two more
				t.Errorf("a client waited %v", slowest)
			}
			if after > memory+64<<20 {
				t.Errorf("memory grew from %d to %d bytes", memory, after)
			}
			c.stop(t)
		})
	}
}
