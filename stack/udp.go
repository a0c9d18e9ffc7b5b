package stack

import (
	"net/netip"
	"sync/atomic"
	"syscall"

	"vitrine/stack/ethernet"
	"vitrine/stack/icmp"
	"vitrine/stack/ip"
	"vitrine/stack/ipv4"
	"vitrine/stack/ipv6"
	"vitrine/stack/link"
	"vitrine/stack/udp"
)

// Datagram is a UDP endpoint. Once it is attached, its methods belong to the shard's owner.
type Datagram struct {
	stack *Stack
	addr  netip.AddrPort
	shard atomic.Pointer[Shard]
	ready func(Ready)

	queue  []datagram // wait to be read, from first on
	first  int
	bytes  int
	listed bool // in Shard.datagrams
	closed bool
	err    error // what an ICMP error told; given once

	received, sent, dropped uint64
}

// datagram waits to be read.
type datagram struct {
	from    netip.AddrPort
	buffer  *buffer
	payload []byte
}

// datagramCost is what a datagram that waits is taken to cost besides its bytes.
const datagramCost = 256

// BindUDP takes a UDP port; port 0 is a free one. It may be called from any goroutine. Until the endpoint is attached,
// datagrams for it are dropped.
func (s *Stack) BindUDP(addr netip.AddrPort) (*Datagram, error) {
	d := &Datagram{stack: s}
	addr, err := s.bindings.bind(s, addr, binding{datagram: d})
	if err != nil {
		return nil, err
	}
	d.addr = addr
	return d, nil
}

// Attach puts the endpoint on a shard, whose owner calls it. ready is called on the shard when datagrams wait that were not
// there before, or there is room again after WriteTo returned ErrWouldBlock.
func (d *Datagram) Attach(h *Shard, ready func(r Ready)) {
	d.ready = ready
	d.shard.Store(h)
}

// Addr is the address that the endpoint has.
func (d *Datagram) Addr() netip.AddrPort { return d.addr }

// ReadFrom yields the next datagram, cut to len(p), or ErrWouldBlock. It returns ECONNREFUSED once when an ICMP port
// unreachable answered a datagram that was sent, as Linux does for connected sockets; callers may go on.
func (d *Datagram) ReadFrom(p []byte) (int, netip.AddrPort, error) {
	if d.Waiting() == 0 {
		if err := d.err; err != nil {
			d.err = nil
			return 0, netip.AddrPort{}, err
		}
		return 0, netip.AddrPort{}, ErrWouldBlock
	}
	g := d.queue[d.first]
	n := copy(p, g.payload)
	d.queue[d.first] = datagram{}
	if d.first++; d.first == len(d.queue) {
		d.queue, d.first = d.queue[:0], 0
	}
	d.bytes -= len(g.payload) + datagramCost
	g.buffer.release()
	return n, g.from, nil
}

// Waiting is how many datagrams wait to be read.
func (d *Datagram) Waiting() int { return len(d.queue) - d.first }

// WriteTo sends one datagram; EMSGSIZE when it does not fit the path, since nothing is cut; ErrWouldBlock when the adapter
// has no room. Broadcasts and groups are sent to without being asked.
func (d *Datagram) WriteTo(p []byte, to netip.AddrPort) (int, error) {
	h := d.shard.Load()
	if h == nil || d.closed {
		return 0, syscall.EINVAL
	}
	dst := to.Addr().Unmap().WithZone("")
	if !dst.IsValid() || dst.IsUnspecified() || to.Port() == 0 {
		return 0, syscall.EINVAL
	}
	to = netip.AddrPortFrom(dst, to.Port())
	var err error
	via := dst
	if _, group := h.groupMAC(dst); !group {
		if via, err = h.nextHop(dst); err != nil {
			return 0, err
		}
	}
	src := d.addr.Addr()
	if src.IsUnspecified() {
		if src, err = h.sourceFor(dst); err != nil {
			return 0, err
		}
	}
	if src.Is4() != dst.Is4() {
		return 0, syscall.EAFNOSUPPORT
	}
	head := ipv4.HeaderLen
	if dst.Is6() {
		head = ipv6.HeaderLen
	}
	at := link.HeaderLen + head
	length := udp.HeaderLen + len(p)
	if head+length > h.pathMTU(dst) {
		reasonTooLarge.Reach()
		return 0, syscall.EMSGSIZE
	}
	if h.blocked != nil {
		d.wait(h)
		return 0, ErrWouldBlock // others are before us
	}
	hop := h.hopTo(via)
	b, held := h.frame(hop, at+length)
	if b == nil {
		d.wait(h)
		return 0, ErrWouldBlock
	}
	copy(b[at+udp.HeaderLen:], p)
	udp.Put(b[at:], netip.AddrPortFrom(src, d.addr.Port()), to, len(p))
	if dst.Is4() {
		ethernet.Put(b, hop.mac, h.mac, ethernet.TypeIPv4)
		ipv4.Put(b[link.HeaderLen:], &ipv4.Header{Src: src, Dst: dst, Protocol: ip.UDP, Length: length})
	} else {
		ethernet.Put(b, hop.mac, h.mac, ethernet.TypeIPv6)
		ipv6.Put(b[link.HeaderLen:], &ipv6.Header{Src: src, Dst: dst, Protocol: ip.UDP, Length: length})
	}
	h.commit(hop, b, at+length, link.Meta{}, held)
	d.sent++
	h.counters.DatagramsOut++
	return len(p), nil
}

func (d *Datagram) wait(h *Shard) {
	if !d.listed {
		d.listed = true
		h.datagrams = append(h.datagrams, d)
	}
}

// writable tells that there is room again.
func (d *Datagram) writable() {
	d.listed = false
	if d.ready != nil && !d.closed {
		d.ready(Writable)
	}
}

// Close gives the port up and drops what waits. A second Close does nothing.
func (d *Datagram) Close() error {
	if d.closed {
		return nil
	}
	d.closed = true
	d.ready = nil
	d.stack.bindings.unbind(d.addr.Port(), func(b *binding) bool { return b.datagram == d })
	for _, g := range d.queue[d.first:] {
		g.buffer.release()
	}
	d.queue, d.first, d.bytes = nil, 0, 0
	return nil
}

// inputUDP takes a datagram in. It is true when nobody has the port.
func (h *Shard) inputUDP(src, dst netip.Addr, b []byte, p *handed) (unreachable bool) {
	g, why := udp.Parse(b, src, dst, p.trusted)
	if why != nil {
		return false
	}
	h.counters.DatagramsIn++
	d := h.stack.bindings.datagram(dst, g.DstPort)
	if d == nil && (dst.IsMulticast() || h.isBroadcast(dst)) {
		d = h.stack.bindings.anyDatagram(dst, g.DstPort)
	}
	if d == nil {
		reasonNoPort.Reach()
		return true
	}
	home := d.shard.Load()
	switch {
	case home == nil:
		reasonUDPDetached.Reach()
	case home != h:
		reasonHanded.Reach()
		h.send(home.index, *p)
	case d.closed:
	case d.bytes+len(g.Payload)+datagramCost > h.limits.UDPQueue:
		d.dropped++
		reasonUDPFull.Reach()
	default:
		m, payload := copyPacket(g.Payload)
		if len(d.queue) == cap(d.queue) && d.first > 0 {
			n := copy(d.queue, d.queue[d.first:])
			clear(d.queue[n:])
			d.queue, d.first = d.queue[:n], 0
		}
		d.queue = append(d.queue, datagram{netip.AddrPortFrom(src, g.SrcPort), m, payload})
		d.bytes += len(payload) + datagramCost
		d.received++
		if d.ready != nil {
			d.ready(Readable)
		}
	}
	return false
}

// datagramError tells a UDP endpoint that what it sent did not arrive (RFC 1122 §4.1.3.3).
func (h *Shard) datagramError(m *icmp.Message, e *icmp.Embedded) {
	if e.Protocol != ip.UDP {
		reasonICMPIgnored.Reach()
		return
	}
	d := h.stack.bindings.datagram(e.Src, e.SrcPort)
	if d == nil {
		reasonICMPStranger.Reach()
		return
	}
	if m.Kind == icmp.PacketTooBig {
		if mtu, lower := m.PathMTU(h.pathMTU(e.Dst), e.Length); lower {
			// Nothing of a datagram can be checked but that we have its port: believed for this destination only.
			reasonPathMTU.Reach()
			h.narrowTo(e.Dst, mtu)
		}
		return
	}
	home := d.shard.Load()
	if home == nil || !m.Hard() {
		reasonICMPIgnored.Reach()
		return
	}
	tell := func() {
		if d.closed {
			return
		}
		d.err = syscall.ECONNREFUSED
		if d.ready != nil {
			d.ready(Readable)
		}
	}
	if home == h {
		tell()
	} else {
		home.post(tell, h.limits.Inbox)
	}
}
