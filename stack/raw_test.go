package stack

import (
	"encoding/binary"
	"net/netip"
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

// raw is a stack with a tester at the other end of its wire, who sends whatever frames it likes and sees what comes back.
type raw struct {
	t     *testing.T
	s     *Stack
	h     *Shard
	card  *link.Card
	mine  link.MAC // the tester's
	yours link.MAC
	now   int64
	got   [][]byte
}

var (
	stack4 = netip.MustParseAddr("198.18.203.1")
	stack6 = netip.MustParseAddr("fd00:198:18::1")
	peer4  = netip.MustParseAddr("198.18.203.2")
	peer6  = netip.MustParseAddr("fd00:198:18::2")
)

func newRaw(t *testing.T, change ...func(*Config, *link.WireOptions)) *raw {
	t.Helper()
	cfg := Config{Addresses: prefixes("198.18.203.1/24", "fd00:198:18::1/64"), Quiet: true}
	var o link.WireOptions
	for _, f := range change {
		f(&cfg, &o)
	}
	a, b := link.NewWire(o)
	s, err := New(cfg, a)
	if err != nil {
		t.Fatal(err)
	}
	r := &raw{t: t, s: s, h: s.Shard(0), card: link.NewCard(b.Queue(0), b.Info(), link.CardOptions{Promiscuous: true}),
		mine: b.Info().MAC, yours: a.Info().MAC, now: 10 * second}
	r.h.now = r.now
	// The stack knows the tester.
	r.h.neighbors.Set(r.now, peer4, r.mine)
	r.h.neighbors.Set(r.now, peer6, r.mine)
	return r
}

// run lets the stack look at what was sent, and collects its answers.
func (r *raw) run() [][]byte {
	r.t.Helper()
	r.got = nil
	frames := make([]link.Frame, 64)
	for range 10000 {
		moved := false
		r.card.Flush()
		more := false
		for _, h := range r.s.shards {
			again, err := h.Poll(r.now)
			if err != nil {
				r.t.Fatal(err)
			}
			if err := h.Flush(r.now); err != nil {
				r.t.Fatal(err)
			}
			more = more || again
		}
		for _, h := range r.s.shards {
			more = more || unseen(h)
		}
		for {
			n, again, _ := r.card.Receive(frames)
			for _, f := range frames[:n] {
				r.got = append(r.got, append([]byte(nil), f.Data...))
				moved = true
			}
			if !again {
				break
			}
		}
		if !moved && !more {
			return r.got
		}
	}
	r.t.Fatal("the stack never comes to rest")
	return nil
}

// pass lets time pass.
func (r *raw) pass(d int64) (all [][]byte) {
	r.t.Helper()
	until := r.now + d
	all = append(all, r.run()...)
	for {
		at := r.h.Deadline()
		if at == 0 || at > until {
			break
		}
		r.now = max(at, r.now+1)
		all = append(all, r.run()...)
	}
	r.now = until
	r.got = append(all, r.run()...)
	return r.got
}

// frame sends a frame.
func (r *raw) frame(dst link.MAC, kind ethernet.Type, payload []byte) {
	r.t.Helper()
	b := r.card.Reserve(link.HeaderLen + len(payload))
	if b == nil {
		r.t.Fatal("the wire is full")
	}
	ethernet.Put(b, dst, r.mine, kind)
	copy(b[link.HeaderLen:], payload)
	r.card.Commit(len(b), link.Meta{})
}

// packet sends an IP packet.
func (r *raw) packet(b []byte) {
	r.t.Helper()
	kind := ethernet.TypeIPv4
	if b[0]>>4 == 6 {
		kind = ethernet.TypeIPv6
	}
	r.frame(r.yours, kind, b)
}

func ipPacket(src, dst netip.Addr, protocol uint8, payload []byte) []byte {
	if src.Is4() {
		b := make([]byte, ipv4.HeaderLen+len(payload))
		ipv4.Put(b, &ipv4.Header{Src: src, Dst: dst, Protocol: protocol, Length: len(payload)})
		copy(b[ipv4.HeaderLen:], payload)
		return b
	}
	b := make([]byte, ipv6.HeaderLen+len(payload))
	ipv6.Put(b, &ipv6.Header{Src: src, Dst: dst, Protocol: protocol, Length: len(payload), HopLimit: 255})
	copy(b[ipv6.HeaderLen:], payload)
	return b
}

func tcpPacket(src, dst netip.AddrPort, out segment.Out, payload string) []byte {
	if out.Flags&segment.SYN == 0 {
		out.Scale = -1
	}
	b := make([]byte, out.HeaderLen()+len(payload))
	n := segment.Put(b, src.Port(), dst.Port(), &out)
	copy(b[n:], payload)
	binary.BigEndian.PutUint16(b[16:], ip.Checksum(b, ip.PseudoHeader(src.Addr(), dst.Addr(), ip.TCP, len(b))))
	return ipPacket(src.Addr(), dst.Addr(), ip.TCP, b)
}

// tcp sends a segment.
func (r *raw) tcp(src, dst netip.AddrPort, out segment.Out, payload string) {
	r.t.Helper()
	r.packet(tcpPacket(src, dst, out, payload))
}

// segments are the TCP segments among the frames.
func segments(t *testing.T, frames [][]byte) (all []segment.Segment) {
	t.Helper()
	for _, f := range frames {
		e, _ := ethernet.Parse(f)
		var payload []byte
		var src, dst netip.Addr
		switch e.EtherType {
		case ethernet.TypeIPv4:
			k, why := ipv4.Parse(e.Payload)
			if why != nil || k.Protocol != ip.TCP {
				continue
			}
			payload, src, dst = k.Payload, k.Src, k.Dst
		case ethernet.TypeIPv6:
			k, why := ipv6.Parse(e.Payload)
			if why != nil || k.Protocol != ip.TCP {
				continue
			}
			payload, src, dst = k.Payload, k.Src, k.Dst
		default:
			continue
		}
		if !ip.Valid(payload, ip.PseudoHeader(src, dst, ip.TCP, len(payload))) {
			t.Fatal("the stack sent a wrong checksum")
		}
		var s segment.Segment
		if why := segment.Parse(payload, &s); why != nil {
			t.Fatal(why)
		}
		all = append(all, s)
	}
	return all
}

// one is the only segment among the answers.
func (r *raw) one() segment.Segment {
	r.t.Helper()
	all := segments(r.t, r.got)
	if len(all) != 1 {
		r.t.Fatalf("%d segments came back, want one", len(all))
	}
	return all[0]
}

// messages are the ICMP messages among the frames.
func messages(frames [][]byte) (all []icmp.Message) {
	for _, f := range frames {
		e, _ := ethernet.Parse(f)
		switch e.EtherType {
		case ethernet.TypeIPv4:
			if k, why := ipv4.Parse(e.Payload); why == nil && k.Protocol == ip.ICMP {
				if m, why := icmp.ParseV4(k.Payload, false); why == nil {
					all = append(all, m)
				}
			}
		case ethernet.TypeIPv6:
			if k, why := ipv6.Parse(e.Payload); why == nil && k.Protocol == ip.ICMPv6 {
				if m, why := icmp.ParseV6(k.Payload, k.Src, k.Dst, false); why == nil {
					all = append(all, m)
				}
			}
		}
	}
	return all
}

// arps are the ARP packets among the frames.
func arps(frames [][]byte) (all []arp.Packet) {
	for _, f := range frames {
		if e, _ := ethernet.Parse(f); e.EtherType == ethernet.TypeARP {
			if p, why := arp.Parse(e.Payload); why == nil {
				all = append(all, p)
			}
		}
	}
	return all
}

// client is one end of a connection that the tester plays.
type client struct {
	r        *raw
	src, dst netip.AddrPort
	seq, ack segment.Number
}

// open makes a connection to a listener of the stack.
func (r *raw) open(src, dst string, syn segment.Out) (*client, segment.Segment) {
	r.t.Helper()
	c := &client{r: r, src: addr(src), dst: addr(dst), seq: 1000}
	syn.Flags, syn.Seq = segment.SYN, c.seq
	if syn.Window == 0 {
		syn.Window = 65535
	}
	r.tcp(c.src, c.dst, syn, "")
	r.run()
	s := r.one()
	if s.Flags != segment.SYN|segment.ACK || s.Ack != c.seq+1 {
		r.t.Fatalf("the answer to the SYN is %v", s.Flags)
	}
	c.seq++
	c.ack = s.Seq + 1
	r.tcp(c.src, c.dst, segment.Out{Seq: c.seq, Ack: c.ack, Flags: segment.ACK, Window: 65535, Timestamps: s.Timestamps,
		TSVal: syn.TSVal + 1, TSEcr: s.TSVal}, "")
	r.run()
	return c, s
}

func (c *client) send(flags segment.Flags, payload string) {
	c.r.t.Helper()
	c.r.tcp(c.src, c.dst, segment.Out{Seq: c.seq, Ack: c.ack, Flags: flags, Window: 65535}, payload)
	c.seq = c.seq.Add(len(payload))
	if flags&segment.FIN != 0 {
		c.seq++
	}
	c.r.run()
}

func (r *raw) listen(at string, o ListenOptions) *Listener {
	r.t.Helper()
	l, err := r.s.Listen(addr(at), o)
	if err != nil {
		r.t.Fatal(err)
	}
	l.Attach(r.h, func() {})
	return l
}

// reached fails the test when f does not reach the Reason.
func reached(t *testing.T, why reason, f func()) {
	t.Helper()
	before := why.Reached()
	f()
	if why.Reached() == before {
		t.Fatalf("%v was not reached", why)
	}
}

type reason interface {
	Reached() uint64
	String() string
}

// unseen reports whether something waits in a shard's inbox. A goroutine that reads a file may be posting.
func unseen(h *Shard) bool {
	h.inbox.mu.Lock()
	defer h.inbox.mu.Unlock()
	return len(h.inbox.funcs)+len(h.inbox.packets) > 0
}
