package stack

import (
	"net/netip"
	"syscall"
	"testing"

	"vitrine/stack/ethernet"
	"vitrine/stack/icmp"
	"vitrine/stack/ip"
	"vitrine/stack/link"
	"vitrine/stack/udp"
)

func udpPacket(src, dst string, payload string) []byte {
	s, d := addr(src), addr(dst)
	b := make([]byte, udp.HeaderLen+len(payload))
	copy(b[udp.HeaderLen:], payload)
	udp.Put(b, s, d, len(payload))
	return ipPacket(s.Addr(), d.Addr(), ip.UDP, b)
}

func TestDatagrams(t *testing.T) {
	p := newPair(t)
	for _, c := range []struct{ bind, to string }{
		{"0.0.0.0:5300", "198.18.203.1:5300"}, {"[fd00:198:18::1]:5301", "[fd00:198:18::1]:5301"}, {"[::]:5302", "[fd00:198:18::1]:5302"},
	} {
		server, err := p.a.BindUDP(addr(c.bind))
		if err != nil {
			t.Fatal(err)
		}
		var told Ready
		server.Attach(p.a.Shard(0), func(r Ready) { told |= r })
		bind := "0.0.0.0:0"
		if addr(c.to).Addr().Is6() {
			bind = "[::]:0"
		}
		client, err := p.b.BindUDP(addr(bind))
		if err != nil {
			t.Fatal(err)
		}
		client.Attach(p.b.Shard(0), func(Ready) {})
		p.b.Shard(0).now, p.a.Shard(0).now = p.now, p.now
		if n, err := client.WriteTo([]byte("question"), addr(c.to)); n != 8 || err != nil {
			t.Fatal(n, err)
		}
		p.settle()
		b := make([]byte, 100)
		n, from, err := server.ReadFrom(b)
		if err != nil || string(b[:n]) != "question" || from.Port() != client.Addr().Port() || told != Readable {
			t.Fatal(n, from, err, told)
		}
		if _, _, err := server.ReadFrom(b); err != ErrWouldBlock {
			t.Fatal(err)
		}
		server.WriteTo([]byte("answer"), from)
		p.settle()
		if n, _, err := client.ReadFrom(b[:3]); err != nil || string(b[:n]) != "ans" {
			t.Fatal(n, err)
		}
		server.Close()
		server.Close()
		client.Close()
	}
}

func TestDatagramsForNobody(t *testing.T) {
	r := newRaw(t)
	for _, c := range []struct {
		packet []byte
		code   uint8
	}{
		{udpPacket("198.18.203.2:9", "198.18.203.1:99", "hello"), 3}, {udpPacket("[fd00:198:18::2]:9", "[fd00:198:18::1]:99", "hello"), 4},
	} {
		reached(t, reasonNoPort, func() {
			r.packet(c.packet)
			if m := messages(r.run()); len(m) != 1 || m[0].Kind != icmp.Unreachable || m[0].Code != c.code {
				t.Fatalf("%v", m)
			}
		})
	}
	// Never to a broadcast (RFC 1122 §3.2.2).
	r.frame(link.Broadcast, ethernet.TypeIPv4, udpPacket("198.18.203.2:9", "198.18.203.255:99", "hello"))
	if got := r.run(); len(got) != 0 {
		t.Fatal("a broadcast was answered")
	}
	d, _ := r.s.BindUDP(addr("0.0.0.0:99"))
	reached(t, reasonUDPDetached, func() {
		r.packet(udpPacket("198.18.203.2:9", "198.18.203.1:99", "hello"))
		r.run()
	})
	d.Attach(r.h, func(Ready) {})
	r.frame(link.Broadcast, ethernet.TypeIPv4, udpPacket("198.18.203.2:9", "198.18.203.255:99", "hello"))
	r.run()
	if d.Waiting() != 1 {
		t.Fatal("a broadcast did not arrive")
	}
}

func TestLimitsOfDatagrams(t *testing.T) {
	r := newRaw(t, func(c *Config, _ *link.WireOptions) { c.Limits.UDPQueue = 3 * (datagramCost + 5) })
	d, _ := r.s.BindUDP(addr("198.18.203.1:99"))
	d.Attach(r.h, func(Ready) {})
	reached(t, reasonUDPFull, func() {
		for range 5 {
			r.packet(udpPacket("198.18.203.2:9", "198.18.203.1:99", "hello"))
		}
		r.run()
	})
	if d.Waiting() != 3 || d.dropped != 2 {
		t.Fatalf("%d wait", d.Waiting())
	}
	for _, c := range []struct {
		n    int
		to   string
		want error
	}{
		{1472, "198.18.203.2:9", nil},
		{1473, "198.18.203.2:9", syscall.EMSGSIZE},
		{1, "[fd00:198:18::2]:9", syscall.EAFNOSUPPORT},
		{1, "203.0.113.1:9", syscall.ENETUNREACH},
		{1, "0.0.0.0:9", syscall.EINVAL},
		{1, "198.18.203.2:0", syscall.EINVAL},
		{1, "224.0.0.251:5353", nil},
		{1, "198.18.203.255:9", nil},
	} {
		if _, err := d.WriteTo(make([]byte, c.n), addr(c.to)); err != c.want {
			t.Errorf("%d bytes to %s: %v, want %v", c.n, c.to, err, c.want)
		}
	}
	reached(t, reasonTooLarge, func() { d.WriteTo(make([]byte, 2000), addr("198.18.203.2:9")) })
	r.run()
	d.Close()
	if _, err := d.WriteTo([]byte("x"), addr("198.18.203.2:9")); err == nil {
		t.Fatal("written after Close")
	}
}

func TestErrorsAboutDatagrams(t *testing.T) {
	r := newRaw(t)
	d, _ := r.s.BindUDP(addr("198.18.203.1:99"))
	told := Ready(0)
	d.Attach(r.h, func(ready Ready) { told |= ready })
	r.unreachable(3, 3, 0, udpPacket("198.18.203.1:99", "198.18.203.2:9", "hello"))
	if _, _, err := d.ReadFrom(nil); err != syscall.ECONNREFUSED || told != Readable {
		t.Fatal(err, told)
	}
	if _, _, err := d.ReadFrom(nil); err != ErrWouldBlock {
		t.Fatal("the error was given twice", err)
	}
	r.unreachable(3, 4, 1000, udpPacket("198.18.203.1:99", "198.18.203.2:9", "hello hello hello"))
	if _, err := d.WriteTo(make([]byte, 1000), addr("198.18.203.2:9")); err != syscall.EMSGSIZE {
		t.Fatalf("more than the path carries: %v", err)
	}
	reached(t, reasonICMPStranger, func() { r.unreachable(3, 3, 0, udpPacket("198.18.203.1:98", "198.18.203.2:9", "hello")) })
	reached(t, reasonICMPIgnored, func() { r.unreachable(3, 1, 0, udpPacket("198.18.203.1:99", "198.18.203.2:9", "hello")) })
}

func TestDatagramsWaitForRoom(t *testing.T) {
	r := newRaw(t, func(_ *Config, o *link.WireOptions) { o.Ring = 2 })
	d, _ := r.s.BindUDP(addr("0.0.0.0:99"))
	told := Ready(0)
	d.Attach(r.h, func(ready Ready) { told |= ready })
	sent := 0
	for range 10 {
		if _, err := d.WriteTo([]byte("x"), netip.AddrPortFrom(peer4, 9)); err == ErrWouldBlock {
			break
		}
		sent++
	}
	if sent == 0 || sent == 10 || !r.h.Blocked() {
		t.Fatalf("%d were taken", sent)
	}
	r.run()
	if told != Writable {
		t.Fatal("not told that there is room")
	}
}
