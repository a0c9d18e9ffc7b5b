package stack

import (
	"encoding/binary"
	"net/netip"
	"syscall"
	"testing"

	"vitrine/stack/icmp"
	"vitrine/stack/ip"
	"vitrine/stack/tcp/segment"
)

// unreachable sends an ICMP error about a packet of the stack's.
func (r *raw) unreachable(kind, code uint8, rest uint32, quoted []byte) {
	r.t.Helper()
	e := icmp.Error{Type: kind, Code: code, Rest: rest}
	src, dst := netip.MustParseAddr("198.18.203.254"), stack4
	protocol := uint8(ip.ICMP)
	if quoted[0]>>4 == 6 {
		e.V6 = true
		src, dst, protocol = netip.MustParseAddr("fd00:198:18::fe"), stack6, ip.ICMPv6
	}
	b := make([]byte, e.Len(quoted))
	e.Put(b, src, dst, quoted)
	r.packet(ipPacket(src, dst, protocol, b))
	r.run()
}

// fragmentation needed (RFC 1191) and packet too big (RFC 8201) make segments smaller when they quote a segment that is in
// flight, and nothing else does.
func TestPathMTU(t *testing.T) {
	for _, family := range []struct {
		name, at, from string
		kind, code     uint8
		overhead       int
		least          int
	}{
		{"IPv4", "198.18.203.1:80", "198.18.203.2:1025", 3, 4, 40, 552},
		{"IPv6", "[fd00:198:18::1]:80", "[fd00:198:18::2]:1025", 2, 0, 60, 1280},
	} {
		t.Run(family.name, func(t *testing.T) {
			r := newRaw(t)
			l := r.listen(family.at, ListenOptions{})
			c, _ := r.open(family.from, family.at, segment.Out{MSS: 1440, Scale: -1})
			server, _ := l.Accept()
			quote := func(seq segment.Number) []byte {
				return tcpPacket(c.dst, c.src, segment.Out{Seq: seq, Flags: segment.ACK}, string(pattern(1200)))
			}
			mss := func() int { return server.Info().TCP.MSS }
			if mss() != 1440 {
				t.Fatalf("the MSS is %d", mss())
			}
			// Nothing is in flight: nobody can have seen such a segment.
			reached(t, reasonICMPSequence, func() { r.unreachable(family.kind, family.code, 1300, quote(c.ack)) })
			if mss() != 1440 {
				t.Fatal("a forged message was believed")
			}
			if _, err := server.Write(pattern(5000), false); err != nil {
				t.Fatal(err)
			}
			r.run()
			for _, seq := range []segment.Number{c.ack - 1, c.ack + 5000} {
				reached(t, reasonICMPSequence, func() { r.unreachable(family.kind, family.code, 1300, quote(seq)) })
			}
			if mss() != 1440 {
				t.Fatal("a forged message was believed")
			}
			reached(t, reasonPathMTU, func() { r.unreachable(family.kind, family.code, 1300, quote(c.ack)) })
			if mss() != 1300-family.overhead {
				t.Fatalf("the MSS is %d", mss())
			}
			// An absurd one is not believed beyond what any link carries.
			r.unreachable(family.kind, family.code, 68, quote(c.ack))
			if mss() != family.least-family.overhead {
				t.Fatalf("after a path MTU of 68, the MSS is %d", mss())
			}
			// It never grows by a message.
			reached(t, reasonICMPIgnored, func() { r.unreachable(family.kind, family.code, 1400, quote(c.ack)) })
			if mss() != family.least-family.overhead {
				t.Fatalf("the MSS grew to %d", mss())
			}
			// A new connection to the same destination begins with what is known, for ten minutes.
			other := addr(family.from)
			other = netip.AddrPortFrom(other.Addr(), 1026)
			r.open(other.String(), family.at, segment.Out{MSS: 1440, Scale: -1})
			second, _ := l.Accept()
			if n := second.Info().TCP.MSS; n != family.least-family.overhead {
				t.Fatalf("the next connection's MSS is %d", n)
			}
			// What was in flight arrives nevertheless: it is cut anew.
			got := 0
			for range 40 {
				for _, s := range segments(t, r.pass(second1)) {
					if s.SrcPort == c.dst.Port() && s.DstPort == c.src.Port() && c.ack.LessEq(s.End()) && s.Seq.LessEq(c.ack) && len(s.Payload) > 0 {
						if len(s.Payload) > family.least-family.overhead {
							continue // from before
						}
						got += int(s.End().Sub(c.ack))
						c.ack = s.End()
					}
				}
				c.send(segment.ACK, "")
			}
			if got != 5000 {
				t.Fatalf("%d bytes of 5000 arrived", got)
			}
		})
	}
}

const second1 = int64(1e9)

func TestErrorsAboutConnections(t *testing.T) {
	r := newRaw(t)
	w := new(watch)
	c, err := r.h.Connect(netip.AddrPort{}, addr("198.18.203.2:80"), ConnectOptions{}, w)
	if err != nil {
		t.Fatal(err)
	}
	r.run()
	syn := r.one()
	quoted := tcpPacket(c.Local(), c.Remote(), segment.Out{Seq: syn.Seq, Flags: segment.SYN, Scale: -1}, "")

	reached(t, reasonICMPStranger, func() {
		r.unreachable(3, 3, 0, tcpPacket(addr("198.18.203.1:9"), c.Remote(), segment.Out{Seq: syn.Seq}, ""))
	})
	reached(t, reasonICMPStranger, func() {
		r.unreachable(3, 3, 0, tcpPacket(addr("198.18.203.7:9"), c.Remote(), segment.Out{Seq: syn.Seq}, ""))
	})
	reached(t, reasonICMPIgnored, func() { r.unreachable(3, 1, 0, ipPacket(stack4, peer4, 132, make([]byte, 20))) })
	// Host unreachable is soft: it is only remembered (RFC 1122 §4.2.3.9).
	reached(t, reasonICMPUnreachable, func() { r.unreachable(3, 1, 0, quoted) })
	if w.take() != 0 {
		t.Fatal("a soft error ended the connection")
	}
	// Port unreachable is hard.
	r.unreachable(3, 3, 0, quoted)
	if w.take()&Hangup == 0 || c.Err() != syscall.ECONNREFUSED {
		t.Fatalf("%v", c.Err())
	}
	c.Close()

	// Established, a hard error is soft too (RFC 5927 §5.2).
	l := r.listen("0.0.0.0:81", ListenOptions{})
	peer, _ := r.open("198.18.203.2:1025", "198.18.203.1:81", segment.Out{Scale: -1})
	server, _ := l.Accept()
	server.Write([]byte("x"), false)
	r.run()
	r.unreachable(3, 3, 0, tcpPacket(peer.dst, peer.src, segment.Out{Seq: peer.ack, Flags: segment.ACK}, "x"))
	if server.Err() != nil {
		t.Fatalf("an established connection was ended by %v", server.Err())
	}
}

// Datagrams that stay incomplete are given up, and their sender is told.
func TestFragments(t *testing.T) {
	r := newRaw(t)
	d, err := r.s.BindUDP(addr("0.0.0.0:53"))
	if err != nil {
		t.Fatal(err)
	}
	d.Attach(r.h, func(Ready) {})
	payload := string(pattern(3000))
	for _, f := range fragments(udpPacket("198.18.203.2:9", "198.18.203.1:53", payload), 1480, 77) {
		r.packet(f)
	}
	r.run()
	b := make([]byte, 4000)
	if n, from, err := d.ReadFrom(b); err != nil || string(b[:n]) != payload || from != addr("198.18.203.2:9") {
		t.Fatalf("%d bytes from %v, %v", n, from, err)
	}
	r.packet(fragments(udpPacket("198.18.203.2:9", "198.18.203.1:53", payload), 1480, 78)[0])
	if len(r.run()) != 0 {
		t.Fatal("an answer too soon")
	}
	m := messages(r.pass(31 * second))
	if len(m) != 1 || m[0].Kind != icmp.TimeExceeded || m[0].Code != 1 {
		t.Fatalf("after half a minute: %v", m)
	}
	// The same with IPv6, where it takes a minute.
	p := udpPacket("[fd00:198:18::2]:9", "[fd00:198:18::1]:53", payload)
	inner := p[40:]
	first := append([]byte{ip.UDP, 0, 0, 1, 0, 0, 0, 9}, inner[:1200]...)
	r.packet(ipPacket(peer6, stack6, ip.FragmentHeader, first))
	rest := append([]byte{ip.UDP, 0, 1200 >> 8, 1200 & 0xf8, 0, 0, 0, 10}, inner[1200:2200]...)
	r.packet(ipPacket(peer6, stack6, ip.FragmentHeader, rest))
	if m := messages(r.pass(61 * second)); len(m) != 1 || m[0].Kind != icmp.TimeExceeded {
		t.Fatalf("after a minute: %v", m)
	}
	if c := r.h.Counters(); c.Reassembled != 1 || c.ReassemblyTimeouts != 3 {
		t.Fatalf("%d reassembled, %d given up", c.Reassembled, c.ReassemblyTimeouts)
	}
}

// fragments cuts an IPv4 packet.
func fragments(b []byte, size int, id uint16) (all [][]byte) {
	head, payload := b[:20], b[20:]
	for off := 0; off < len(payload); off += size {
		end := min(off+size, len(payload))
		f := append(append([]byte(nil), head...), payload[off:end]...)
		field := uint16(off / 8)
		if end < len(payload) {
			field |= 0x2000
		}
		binary.BigEndian.PutUint16(f[2:], uint16(len(f)))
		binary.BigEndian.PutUint16(f[4:], id)
		binary.BigEndian.PutUint16(f[6:], field)
		f[10], f[11] = 0, 0
		binary.BigEndian.PutUint16(f[10:], ip.Checksum(f[:20], 0))
		all = append(all, f)
	}
	return all
}
