package stack

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"vitrine/stack/arp"
	"vitrine/stack/ethernet"
	"vitrine/stack/icmp"
	"vitrine/stack/ip"
	"vitrine/stack/ipv6"
	"vitrine/stack/link"
	"vitrine/stack/tcp/segment"
)

// flood is what somebody may send as fast as the link carries it, with other addresses and numbers each time.
type flood struct {
	name string
	send func(r *raw, x *rand.Rand)
}

func anybody4(x *rand.Rand) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{byte(11 + x.IntN(80)), byte(x.Uint32()), byte(x.Uint32()), byte(1 + x.IntN(250))}), uint16(1+x.IntN(65535)))
}

// near4 and near6 are on the link, so that each is a neighbour.
func near4(x *rand.Rand) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 18, byte(x.Uint32()), byte(3 + x.IntN(250))}), uint16(1+x.IntN(65535)))
}

func near6(x *rand.Rand) netip.AddrPort {
	a := peer6.As16()
	binary.BigEndian.PutUint64(a[8:], x.Uint64()|1)
	return netip.AddrPortFrom(netip.AddrFrom16(a), uint16(1+x.IntN(65535)))
}

var floods = []flood{
	{"SYN", func(r *raw, x *rand.Rand) {
		r.tcp(anybody4(x), addr("198.18.203.1:80"), segment.Out{Flags: segment.SYN, Seq: segment.Number(x.Uint32()), Window: 1000, MSS: 1460, Scale: 7, Timestamps: true, TSVal: 5}, "")
	}},
	{"SYN, neighbours", func(r *raw, x *rand.Rand) {
		r.tcp(near4(x), addr("198.18.203.1:80"), segment.Out{Flags: segment.SYN, Seq: segment.Number(x.Uint32()), Window: 1000, Scale: -1}, "")
	}},
	{"SYN, neighbours of IPv6", func(r *raw, x *rand.Rand) {
		r.tcp(near6(x), addr("[fd00:198:18::1]:80"), segment.Out{Flags: segment.SYN, Seq: segment.Number(x.Uint32()), Window: 1000, Scale: -1}, "")
	}},
	{"SYN to a closed port", func(r *raw, x *rand.Rand) {
		r.tcp(anybody4(x), addr("198.18.203.1:81"), segment.Out{Flags: segment.SYN, Seq: segment.Number(x.Uint32()), Window: 1000, Scale: -1}, "")
	}},
	{"ACK", func(r *raw, x *rand.Rand) {
		r.tcp(anybody4(x), addr("198.18.203.1:80"), segment.Out{Flags: segment.ACK, Seq: segment.Number(x.Uint32()), Ack: segment.Number(x.Uint32()), Window: 1000}, "")
	}},
	{"RST", func(r *raw, x *rand.Rand) {
		r.tcp(anybody4(x), addr("198.18.203.1:80"), segment.Out{Flags: segment.RST, Seq: segment.Number(x.Uint32())}, "")
	}},
	{"UDP to an open port", func(r *raw, x *rand.Rand) { r.packet(udpPacket(anybody4(x).String(), "198.18.203.1:53", "x")) }},
	{"UDP to a closed port", func(r *raw, x *rand.Rand) { r.packet(udpPacket(anybody4(x).String(), "198.18.203.1:54", "x")) }},
	{"UDP to a closed port, neighbours of IPv6", func(r *raw, x *rand.Rand) { r.packet(udpPacket(near6(x).String(), "[fd00:198:18::1]:54", "x")) }},
	{"fragments", func(r *raw, x *rand.Rand) {
		p := fragments(udpPacket(anybody4(x).String(), "198.18.203.1:53", string(make([]byte, 64))), 40, uint16(x.Uint32()))
		r.packet(p[x.IntN(len(p))])
	}},
	{"fragments of one source", func(r *raw, x *rand.Rand) {
		p := fragments(udpPacket("198.18.203.2:7", "198.18.203.1:53", string(make([]byte, 64))), 40, uint16(x.Uint32()))
		r.packet(p[0])
	}},
	{"fragments of IPv6", func(r *raw, x *rand.Rand) {
		b := begun(near6(x).Addr(), stack6, ip.UDP, make([]byte, 64))
		binary.BigEndian.PutUint32(b[ipv6.HeaderLen+4:], x.Uint32())
		r.packet(b)
	}},
	{"ARP", func(r *raw, x *rand.Rand) {
		b := make([]byte, arp.Len)
		ask := arp.Ask(link.MAC{2, byte(x.Uint32()), byte(x.Uint32()), 1, 1, 1}, near4(x).Addr(), stack4)
		arp.Put(b, &ask)
		r.frame(link.Broadcast, ethernet.TypeARP, b)
	}},
	{"neighbour solicitations", func(r *raw, x *rand.Rand) {
		src := near6(x).Addr()
		b := make([]byte, icmp.SolicitationLen)
		b = b[:icmp.PutSolicitation(b, src, stack6, stack6, link.MAC{2, byte(x.Uint32()), byte(x.Uint32()), 1, 1, 1})]
		r.packet(ipPacket(src, stack6, ip.ICMPv6, b))
	}},
	{"echo requests", func(r *raw, x *rand.Rand) {
		src := anybody4(x).Addr()
		b := make([]byte, 64)
		r.packet(ipPacket(src, stack4, ip.ICMP, b[:icmp.PutEchoRequest(b, 1, 1, make([]byte, 32), src, stack4)]))
	}},
	{"ICMP errors", func(r *raw, x *rand.Rand) {
		quoted := tcpPacket(addr("198.18.203.1:80"), anybody4(x), segment.Out{Flags: segment.ACK, Seq: segment.Number(x.Uint32())}, "x")
		e := icmp.Error{Type: 3, Code: 4, Rest: 600}
		b := make([]byte, e.Len(quoted))
		e.Put(b, peer4, stack4, quoted)
		r.packet(ipPacket(peer4, stack4, ip.ICMP, b))
	}},
	{"connections aborted", func(r *raw, x *rand.Rand) {
		src, seq := anybody4(x), segment.Number(x.Uint32())
		r.tcp(src, addr("198.18.203.1:80"), segment.Out{Flags: segment.SYN, Seq: seq, Window: 1000, Scale: -1}, "")
		r.tcp(src, addr("198.18.203.1:80"), segment.Out{Flags: segment.RST, Seq: seq + 1}, "")
	}},
	{"unknown protocols", func(r *raw, x *rand.Rand) { r.packet(ipPacket(anybody4(x).Addr(), stack4, 132, []byte("SCTP"))) }},
}

// pour sends one batch of a flood and lets the stack look. It returns how long that took, and what came back.
func (r *raw) pour(f *flood, x *rand.Rand, frames []link.Frame) (took time.Duration, bytesIn, bytesOut int) {
	before := r.card.Counters().Queue.SentBytes
	for range 32 {
		f.send(r, x)
	}
	r.card.Flush()
	bytesIn = int(r.card.Counters().Queue.SentBytes - before)
	r.now += 32 * 1000 // a million frames a second
	began := time.Now()
	r.h.Poll(r.now)
	r.h.Flush(r.now)
	took = time.Since(began)
	for {
		n, more, _ := r.card.Receive(frames)
		for _, g := range frames[:n] {
			bytesOut += len(g.Data)
		}
		if !more {
			return took, bytesIn, bytesOut
		}
	}
}

// Whatever somebody sends without end: memory stays bounded, little comes back, and others are served meanwhile.
func TestFloods(t *testing.T) {
	for i := range floods {
		f := &floods[i]
		t.Run(f.name, func(t *testing.T) {
			r := newRaw(t, func(c *Config, _ *link.WireOptions) {
				c.Addresses = prefixes("198.18.203.1/16", "fd00:198:18::1/64")
				c.Gateways = []netip.Addr{peer4}
			})
			l := r.listen("0.0.0.0:80", ListenOptions{})
			r.listen("[::]:80", ListenOptions{})
			d, err := r.s.BindUDP(addr("0.0.0.0:53"))
			if err != nil {
				t.Fatal(err)
			}
			d.Attach(r.h, func(Ready) {})
			x := rand.New(rand.NewPCG(1, 2))
			frames := make([]link.Frame, 64)
			heap := func() uint64 {
				var m runtime.MemStats
				runtime.GC()
				runtime.GC()
				runtime.ReadMemStats(&m)
				return m.HeapAlloc
			}
			before := heap()
			const batches = 1000
			var took time.Duration
			in, out := 0, 0
			for range batches {
				d, i, o := r.pour(f, x, frames)
				took, in, out = took+d, in+i, out+o
			}
			grown := int64(heap()) - int64(before)
			t.Logf("%d ns a frame, %d KiB more, %.2f bytes come back for each", took.Nanoseconds()/(batches*32), grown/1024, float64(out)/float64(in))
			if grown > 24<<20 {
				t.Errorf("%d MiB are kept", grown>>20)
			}
			if out > 2*in {
				t.Errorf("%d bytes come back for %d", out, in)
			}
			// A client who means it is served, by a cookie if need be. What the flood is owed may come between.
			c := &client{r: r, src: addr("198.18.203.2:1025"), dst: addr("198.18.203.1:80"), seq: 1000}
			r.now += second
			r.tcp(c.src, c.dst, segment.Out{Flags: segment.SYN, Seq: c.seq, Window: 65535, MSS: 1460, Scale: -1}, "")
			for _, s := range segments(t, r.run()) {
				if s.DstPort == 1025 && s.Flags == segment.SYN|segment.ACK {
					c.seq, c.ack = c.seq+1, s.Seq+1
				}
			}
			c.send(segment.ACK, "hello")
			for {
				server, ok := l.Accept()
				if !ok {
					t.Fatal("a client is not served")
				}
				if server.Remote() == c.src {
					mustRead(t, server, "hello")
					break
				}
			}
		})
	}
}
