package stack

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"syscall"
	"testing"

	"vitrine/stack/arp"
	"vitrine/stack/ethernet"
	"vitrine/stack/icmp"
	"vitrine/stack/ip"
	"vitrine/stack/ipv4"
	"vitrine/stack/ipv6"
	"vitrine/stack/link"
	"vitrine/stack/tcp/segment"
)

// alive is a sentence that every trap ends with: the stack still answers.
func (r *raw) alive() {
	r.t.Helper()
	r.got = nil
	b := make([]byte, 16)
	n := icmp.PutEchoRequest(b, 1, 2, []byte("ping"), peer4, stack4)
	r.packet(ipPacket(peer4, stack4, ip.ICMP, b[:n]))
	for _, m := range messages(r.run()) {
		if m.Kind == icmp.EchoReply && bytes.HasPrefix(m.Body, []byte("ping")) {
			return
		}
	}
	r.t.Fatal("the stack does not answer any more")
}

func echoRequest(src, dst netip.Addr) []byte {
	b := make([]byte, 64)
	return b[:icmp.PutEchoRequest(b, 1, 2, []byte("are you there?"), src, dst)]
}

func TestEchoIsAnswered(t *testing.T) {
	r := newRaw(t)
	for _, c := range [][2]netip.Addr{{peer4, stack4}, {peer6, stack6}} {
		protocol := uint8(ip.ICMP)
		if c[0].Is6() {
			protocol = ip.ICMPv6
		}
		r.packet(ipPacket(c[0], c[1], protocol, echoRequest(c[0], c[1])))
		m := messages(r.run())
		if len(m) != 1 || m[0].Kind != icmp.EchoReply {
			t.Fatalf("%v: %v", c[1], m)
		}
	}
	reached(t, reasonICMPIgnored, func() { // a reply that nobody asked for
		b := make([]byte, 64)
		m := icmp.Message{Kind: icmp.EchoRequest, Body: []byte("x")}
		n := icmp.PutEchoReply(b, &m, peer4, stack4)
		r.packet(ipPacket(peer4, stack4, ip.ICMP, b[:n]))
		r.run()
	})
}

func TestWhatIsNotForUs(t *testing.T) {
	ping := ipPacket(peer4, stack4, ip.ICMP, echoRequest(peer4, stack4))
	for _, c := range []struct {
		name string
		why  reason
		send func(r *raw)
	}{
		{"another protocol's frame", reasonEtherType, func(r *raw) { r.frame(r.yours, 0x88cc, []byte("LLDP")) }},
		{"a frame for everybody with a packet for one", reasonLinkGroup, func(r *raw) { r.frame(link.Broadcast, ethernet.TypeIPv4, ping) }},
		{"a packet to its own source", reasonLand, func(r *raw) {
			r.packet(tcpPacket(addr("198.18.203.1:80"), addr("198.18.203.1:80"), segment.Out{Flags: segment.SYN}, ""))
		}},
		{"the same with IPv6", reasonLand, func(r *raw) {
			r.packet(tcpPacket(addr("[fd00:198:18::1]:80"), addr("[fd00:198:18::1]:80"), segment.Out{Flags: segment.SYN}, ""))
		}},
		{"TCP to a broadcast address", reasonTCPGroup, func(r *raw) {
			r.frame(link.Broadcast, ethernet.TypeIPv4, tcpPacket(addr("198.18.203.2:9"), addr("198.18.203.255:80"), segment.Out{Flags: segment.SYN}, ""))
		}},
		{"a damaged segment for nobody", reasonChecksum, func(r *raw) {
			b := tcpPacket(addr("198.18.203.2:9"), addr("198.18.203.1:80"), segment.Out{Flags: segment.SYN}, "")
			b[len(b)-1] ^= 1
			r.packet(b)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRaw(t)
			r.listen("0.0.0.0:80", ListenOptions{})
			reached(t, c.why, func() {
				c.send(r)
				if got := r.run(); len(got) != 0 {
					t.Fatalf("it was answered: %x", got)
				}
			})
			r.alive()
		})
	}
}

// A frame for another station's MAC address is ignored, and must not stop the loop either.
func TestFramesForOthers(t *testing.T) {
	ping := ipPacket(peer4, stack4, ip.ICMP, echoRequest(peer4, stack4))
	other := link.MAC{2, 0, 0, 0, 0, 99}
	r := newRaw(t)
	for range 200 {
		r.frame(other, ethernet.TypeIPv4, ping)
		if len(r.run()) != 0 {
			t.Fatal("it was answered")
		}
	}
	if n := r.h.Counters().Card.Foreign; n != 200 {
		t.Fatalf("%d foreign frames counted", n)
	}
	r.alive()
	// A promiscuous card sees it, the stack still does not take it.
	r = newRaw(t, func(c *Config, _ *link.WireOptions) { c.Card.Promiscuous = true })
	reached(t, reasonNotMine, func() {
		r.frame(other, ethernet.TypeIPv4, ping)
		if len(r.run()) != 0 {
			t.Fatal("it was answered")
		}
	})
	r.alive()
}

// Frames shorter than a cable carries are padded on it; the padding is no data.
func TestPaddedFrames(t *testing.T) {
	r := newRaw(t)
	l := r.listen("0.0.0.0:80", ListenOptions{})
	c, _ := r.open("198.18.203.2:1025", "198.18.203.1:80", segment.Out{Scale: -1})
	server, ok := l.Accept()
	if !ok {
		t.Fatal("no connection")
	}
	b := tcpPacket(c.src, c.dst, segment.Out{Seq: c.seq, Ack: c.ack, Flags: segment.ACK, Window: 999}, "x")
	r.packet(append(b, "padding"...))
	r.run()
	mustRead(t, server, "x")
	if _, err := server.Read(make([]byte, 9)); err != ErrWouldBlock {
		t.Fatalf("behind it: %v", err)
	}
}

func TestUnknownProtocols(t *testing.T) {
	r := newRaw(t)
	reached(t, reasonProtocol, func() {
		r.packet(ipPacket(peer4, stack4, 132, []byte("SCTP, perhaps")))
		if m := messages(r.run()); len(m) != 1 || m[0].Kind != icmp.Unreachable || m[0].Code != 2 {
			t.Fatalf("IPv4: %v", m)
		}
	})
	r.packet(ipPacket(peer6, stack6, 132, []byte("SCTP, perhaps")))
	if m := messages(r.run()); len(m) != 1 || m[0].Kind != icmp.ParameterProblem || m[0].Code != 1 || m[0].Rest != 6 {
		t.Fatalf("IPv6: %v", m)
	}
	b := ipPacket(peer4, stack4, ip.UDP, make([]byte, 12))
	r.t.Helper()
	b[0] = 0x46 // an option that is longer than the header
	b = append(b[:20:20], append([]byte{7, 40, 4, 0}, b[20:]...)...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	ipv4.Seal(b[:24])
	r.packet(b)
	if m := messages(r.run()); len(m) != 1 || m[0].Kind != icmp.ParameterProblem {
		t.Fatalf("a wrong option: %v", m)
	}
	b = ipPacket(peer6, stack6, ip.DestinationOptions, []byte{ip.NoNextHeader, 0, 0x80, 2, 0, 0, 1, 0})
	r.packet(b)
	if m := messages(r.run()); len(m) != 1 || m[0].Kind != icmp.ParameterProblem || m[0].Code != 2 {
		t.Fatalf("a wrong IPv6 option: %v", m)
	}
	r.alive()
}

func TestSegmentsForNobody(t *testing.T) {
	r := newRaw(t, func(c *Config, _ *link.WireOptions) { c.Limits.ResetRate = 5 })
	from, to := addr("198.18.203.2:1025"), addr("198.18.203.1:80")
	reached(t, reasonStray, func() {
		r.tcp(from, to, segment.Out{Seq: 5, Ack: 77, Flags: segment.ACK}, "data")
		r.run()
		if s := r.one(); s.Flags != segment.RST || s.Seq != 77 {
			t.Fatalf("the answer is %v, %d", s.Flags, s.Seq)
		}
	})
	reached(t, reasonNoListener, func() {
		r.tcp(from, to, segment.Out{Seq: 5, Flags: segment.SYN}, "")
		r.run()
		if s := r.one(); s.Flags != segment.RST|segment.ACK || s.Ack != 6 {
			t.Fatalf("the answer is %v, %d", s.Flags, s.Ack)
		}
	})
	reached(t, reasonStrayReset, func() {
		r.tcp(from, to, segment.Out{Seq: 5, Flags: segment.RST}, "")
		if got := r.run(); len(got) != 0 {
			t.Fatal("a reset was answered")
		}
	})
	reached(t, reasonResetLimit, func() {
		for range 20 {
			r.tcp(from, to, segment.Out{Seq: 5, Flags: segment.SYN}, "")
		}
		if got := r.run(); len(got) > 5 {
			t.Fatalf("%d resets at once", len(got))
		}
	})
	r.pass(2 * second)
	r.tcp(from, to, segment.Out{Seq: 5, Flags: segment.SYN}, "")
	r.run()
	r.one()
	// A detached listener leaves the SYN to be sent again.
	if _, err := r.s.Listen(to, ListenOptions{}); err != nil {
		t.Fatal(err)
	}
	reached(t, reasonDetached, func() {
		r.tcp(from, to, segment.Out{Seq: 5, Flags: segment.SYN}, "")
		if got := r.run(); len(got) != 0 {
			t.Fatal("it was answered")
		}
	})
}

func TestARP(t *testing.T) {
	r := newRaw(t, func(c *Config, _ *link.WireOptions) { c.Quiet = false })
	if a := arps(r.run()); len(a) != 1 || !a[0].Gratuitous() || a[0].SenderIP != stack4 {
		t.Fatalf("the stack does not announce itself: %v", a)
	}
	send := func(p arp.Packet) {
		b := make([]byte, arp.Len)
		arp.Put(b, &p)
		r.frame(link.Broadcast, ethernet.TypeARP, b)
	}
	host := netip.MustParseAddr("198.18.203.77")
	send(arp.Ask(r.mine, host, stack4))
	a := arps(r.run())
	if len(a) != 1 || a[0].Operation != arp.Reply || a[0].SenderMAC != r.yours || a[0].TargetIP != host {
		t.Fatalf("the answer: %v", a)
	}
	// Who asked is known now.
	if mac, ok := r.h.neighbors.Lookup(r.now, host); !ok || mac != r.mine {
		t.Fatal("the asker was not learned")
	}
	// Somebody claims our address: it is defended.
	send(arp.Announcement(r.mine, stack4))
	if a := arps(r.run()); len(a) != 1 || !a[0].Gratuitous() || a[0].SenderMAC != r.yours {
		t.Fatalf("no defence: %v", a)
	}
	r.alive()
}

// What is sent to a neighbour waits until it has answered for its hardware address.
func TestPacketsWaitForTheNeighbour(t *testing.T) {
	r := newRaw(t)
	host := netip.MustParseAddr("198.18.203.77")
	r.packet(ipPacket(host, stack4, ip.ICMP, echoRequest(host, stack4)))
	r.run()
	if a := arps(r.got); len(a) != 1 || a[0].TargetIP != host || len(messages(r.got)) != 0 {
		t.Fatalf("first it has to ask: %v", a)
	}
	b := make([]byte, arp.Len)
	arp.Put(b, &arp.Packet{Operation: arp.Reply, SenderMAC: r.mine, SenderIP: host, TargetMAC: r.yours, TargetIP: stack4})
	r.frame(r.yours, ethernet.TypeARP, b)
	if m := messages(r.run()); len(m) != 1 || m[0].Kind != icmp.EchoReply {
		t.Fatalf("then it sends: %v", m)
	}
	// The same with IPv6.
	host = netip.MustParseAddr("fd00:198:18::77")
	r.packet(ipPacket(host, stack6, ip.ICMPv6, echoRequest(host, stack6)))
	m := messages(r.run())
	if len(m) != 1 || m[0].Kind != icmp.NeighborSolicitation {
		t.Fatalf("first it has to ask: %v", m)
	}
	b = make([]byte, icmp.AdvertisementLen)
	n := icmp.PutAdvertisement(b, host, stack6, host, r.mine, true, true)
	r.packet(ipPacket(host, stack6, ip.ICMPv6, b[:n]))
	if m := messages(r.run()); len(m) != 1 || m[0].Kind != icmp.EchoReply {
		t.Fatalf("then it sends: %v", m)
	}
}

func TestNeighbourDiscovery(t *testing.T) {
	r := newRaw(t)
	host := netip.MustParseAddr("fd00:198:18::77")
	group := ip.SolicitedNode(stack6)
	mac, _ := ip.GroupMAC(group)
	b := make([]byte, icmp.SolicitationLen)
	n := icmp.PutSolicitation(b, host, group, stack6, r.mine)
	r.frame(mac, ethernet.TypeIPv6, ipPacket(host, group, ip.ICMPv6, b[:n]))
	m := messages(r.run())
	if len(m) != 1 || m[0].Kind != icmp.NeighborAdvertisement {
		t.Fatalf("the answer: %v", m)
	}
	if mac, ok := r.h.neighbors.Lookup(r.now, host); !ok || mac != r.mine {
		t.Fatal("the asker was not learned")
	}
	// A router tells its hardware address.
	router := netip.MustParseAddr("fe80::99")
	b = make([]byte, 64)
	n = icmp.PutRouterSolicitation(b, router, ip.AllRouters, r.mine)
	r.packet(ipPacket(router, linkLocalOf(r.yours).Addr(), ip.ICMPv6, reseal(b[:n], router, linkLocalOf(r.yours).Addr())))
	r.run()
	if _, ok := r.h.neighbors.Lookup(r.now, router); !ok {
		t.Fatal("the router was not learned")
	}
	advertisement := make([]byte, 24)
	advertisement[0] = 134
	advertisement[16], advertisement[17] = 1, 1
	copy(advertisement[18:], r.mine[:])
	second := netip.MustParseAddr("fe80::98")
	r.packet(ipPacket(second, linkLocalOf(r.yours).Addr(), ip.ICMPv6, reseal(advertisement, second, linkLocalOf(r.yours).Addr())))
	r.run()
	if _, ok := r.h.neighbors.Lookup(r.now, second); !ok {
		t.Fatal("the advertising router was not learned")
	}
}

// reseal completes the checksum of an ICMPv6 message.
func reseal(b []byte, src, dst netip.Addr) []byte {
	b[2], b[3] = 0, 0
	binary.BigEndian.PutUint16(b[2:], ip.Checksum(b, ip.PseudoHeader(src, dst, ip.ICMPv6, len(b))))
	return b
}

func TestAddressesAreTestedForDuplicates(t *testing.T) {
	cable := func(c *Config, _ *link.WireOptions) { c.Quiet = false }
	r := newRaw(t, cable)
	probes, reports := 0, 0
	for _, m := range messages(r.run()) {
		switch {
		case m.Kind == icmp.NeighborSolicitation:
			probes++
		case m.Type == 143:
			reports++
		}
	}
	// The report is not told by messages, which does not know it.
	for _, f := range r.got {
		if e, _ := ethernet.Parse(f); e.EtherType == ethernet.TypeIPv6 {
			if k, why := ipv6.Parse(e.Payload); why == nil && k.RouterAlert && k.Dst == ip.MLDRouters && k.HopLimit == 1 {
				reports++
			}
		}
	}
	if probes != 2 || reports != 1 {
		t.Fatalf("%d probes and %d reports for two addresses", probes, reports)
	}
	r.pass(2 * second)
	if r.h.detection.testing(stack6) {
		t.Fatal("the test does not end")
	}
	// A router asks for the groups.
	query := make([]byte, 24)
	query[0] = 130
	binary.BigEndian.PutUint16(query[4:], 1000)
	src := netip.MustParseAddr("fe80::99")
	inner := make([]byte, 8+len(query))
	ipv6.PutRouterAlert(inner, ip.ICMPv6)
	copy(inner[8:], reseal(query, src, ip.AllNodes))
	b := ipPacket(src, ip.AllNodes, ip.HopByHop, inner)
	b[7] = 1
	allNodes, _ := ip.GroupMAC(ip.AllNodes)
	r.frame(allNodes, ethernet.TypeIPv6, b)
	if len(r.pass(2*second)) != 1 {
		t.Fatal("the query was not answered")
	}

	// Somebody has the address: it is given up.
	for _, answer := range []bool{true, false} {
		r = newRaw(t, cable)
		r.run()
		reached(t, reasonConflict, func() {
			b := make([]byte, 64)
			if answer {
				n := icmp.PutAdvertisement(b, stack6, ip.AllNodes, stack6, r.mine, false, true)
				r.frame(allNodes, ethernet.TypeIPv6, ipPacket(peer6, ip.AllNodes, ip.ICMPv6, reseal(b[:n], peer6, ip.AllNodes)))
			} else {
				group := ip.SolicitedNode(stack6)
				mac, _ := ip.GroupMAC(group)
				n := icmp.PutSolicitation(b, netip.IPv6Unspecified(), group, stack6, r.mine)
				r.frame(mac, ethernet.TypeIPv6, ipPacket(netip.IPv6Unspecified(), group, ip.ICMPv6, b[:n]))
			}
			r.run()
		})
		if r.h.isOwn(stack6) {
			t.Fatal("the address is still used")
		}
		r.alive()
	}
}

// An adapter that has no room for an answer loses it, and a Reason counts it; the stack goes on.
func TestAnswersThatFindNoRoom(t *testing.T) {
	r := newRaw(t, func(_ *Config, o *link.WireOptions) { o.Ring = 4 })
	reached(t, reasonTransmitFull, func() {
		b := echoRequest(peer4, stack4)
		for range 3 {
			for range 3 {
				r.packet(ipPacket(peer4, stack4, ip.ICMP, b))
			}
			r.card.Flush()
			r.h.Poll(r.now)
			r.h.Poll(r.now) // gives the frames' places back
		}
	})
	r.run()
	r.alive()
}

// down is an adapter whose interface is down for a moment.
type down struct {
	link.Adapter
	err error
}

type downQueue struct {
	link.Queue
	d *down
}

func (d *down) Queue(i int) link.Queue { return &downQueue{d.Adapter.Queue(i), d} }

func (q *downQueue) Receive(f []link.Frame) (int, error) {
	err := q.d.err
	q.d.err = nil
	n, _ := q.Queue.Receive(f)
	return n, err
}

func TestAnInterfaceThatIsDown(t *testing.T) {
	a, _ := link.NewWire(link.WireOptions{})
	d := &down{a, link.ErrDown}
	s, err := New(Config{Addresses: prefixes("198.18.203.1/24"), Quiet: true}, d)
	if err != nil {
		t.Fatal(err)
	}
	reached(t, reasonLinkDown, func() {
		if _, err := s.Shard(0).Poll(second); err != nil {
			t.Fatalf("the loop has to go on: %v", err)
		}
	})
	d.err = syscall.EIO
	if _, err := s.Shard(0).Poll(second); err != syscall.EIO {
		t.Fatalf("an adapter that is gone: %v", err)
	}
}
