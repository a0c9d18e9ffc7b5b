package stack

import (
	"encoding/binary"
	"net/netip"

	"vitrine/stack/ip"
	"vitrine/stack/ipv4"
	"vitrine/stack/ipv6"
	"vitrine/stack/link"
	"vitrine/stack/tcp"
	"vitrine/stack/tcp/segment"
)

// inputTCP finds whom a segment is for: a connection of this shard or of another one, a TIME_WAIT record, a listener, or
// nobody.
func (h *Shard) inputTCP(src, dst netip.Addr, b []byte, class ip.Class, p *handed) {
	if class != ip.Own {
		reasonTCPGroup.Reach()
		return
	}
	s := &h.segment
	if segment.Parse(b, s) != nil {
		return
	}
	t := incoming(src, dst, b)
	c := h.last
	if c == nil || c.tuple != t {
		hash := t.hash(h.stack.seed)
		if c = h.conns.find(&t, hash); c == nil {
			h.stranger(&t, hash, b, p)
			return
		}
		h.last = c
	}
	if !p.trusted && !ip.Valid(b, c.pseudo+uint32(len(b))) {
		reasonChecksum.Reach()
		h.counters.ChecksumErrors++
		return
	}
	h.deliver(c, s)
}

// stranger takes a segment for which this shard has no connection.
func (h *Shard) stranger(t *tuple, hash uint32, b []byte, p *handed) {
	if e, ok := h.stack.directory.find(t); ok && e.shard() != h.index {
		reasonHanded.Reach()
		h.send(e.shard(), *p)
		return
	}
	if !p.trusted && !ip.Valid(b, ip.PseudoHeader(t.remoteAddr(), t.localAddr(), ip.TCP, len(b))) {
		reasonChecksum.Reach()
		h.counters.ChecksumErrors++
		return
	}
	s := &h.segment
	n := h.waits.find(t, hash)
	if n != 0 {
		w := h.waits.at(n)
		before := w.wait.Expires()
		verdict, why := w.wait.Receive(h.now, s)
		if w.wait.Expires() != before {
			h.waits.renew(n)
		}
		switch verdict {
		case tcp.Drop:
			return
		case tcp.Answer:
			w.wait.Answer(h.now, &h.out)
			h.reply(t, &h.out)
			return
		case tcp.Forget:
			h.waits.remove(n)
			h.erased(t, why)
			n = 0
		}
	}
	switch s.Flags & (segment.SYN | segment.ACK | segment.RST) {
	case segment.SYN:
		h.syn(t, hash, s, p, n)
	case segment.ACK:
		if !h.cookie(t, hash, s, p) {
			h.lost(t, s)
		}
	default:
		h.lost(t, s)
	}
}

// lost answers a segment that belongs to nothing.
func (h *Shard) lost(t *tuple, s *segment.Segment) {
	if s.Flags&segment.RST != 0 {
		reasonStrayReset.Reach()
		return
	}
	reasonStray.Reach()
	h.reject(t, s)
}

// reject sends the reset for a segment without a connection (RFC 9293 §3.10.7.1), within limits.
func (h *Shard) reject(t *tuple, s *segment.Segment) {
	if !tcp.Reject(s, &h.out) {
		return
	}
	if h.resets.Allow(h.now, t.remoteAddr()) != nil {
		reasonResetLimit.Reach()
		return
	}
	h.counters.ResetsOut++
	h.reply(t, &h.out)
}

// reply sends a segment without payload that belongs to no connection.
func (h *Shard) reply(t *tuple, out *segment.Out) {
	remote := t.remoteAddr()
	via, err := h.nextHop(remote)
	if err != nil {
		return
	}
	hop := h.hopTo(via)
	head := ipv4.HeaderLen
	if !t.is4() {
		head = ipv6.HeaderLen
	}
	at := link.HeaderLen + head
	n := at + out.HeaderLen()
	b, held := h.frame(hop, n)
	if b == nil {
		reasonTransmitFull.Reach()
		return
	}
	segment.Put(b[at:], t.localPort(), t.remotePort(), out)
	local := t.localAddr()
	h.putIP(b, hop, local, remote, n-link.HeaderLen)
	sum := ip.PseudoHeader(local, remote, ip.TCP, n-at)
	binary.BigEndian.PutUint16(b[at+16:], ip.Checksum(b[at:n], sum))
	h.commit(hop, b, n, link.Meta{}, held)
	h.counters.SegmentsOut++
}
