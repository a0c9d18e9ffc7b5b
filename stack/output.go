package stack

import (
	"encoding/binary"
	"net/netip"

	"vitrine/stack/ethernet"
	"vitrine/stack/ip"
	"vitrine/stack/ipv4"
	"vitrine/stack/ipv6"
	"vitrine/stack/link"
	"vitrine/stack/tcp/segment"
)

// progress is how far pulling a connection came.
type progress uint8

const (
	pullDone    progress = iota // nothing is to be sent now
	pullMore                    // others get their turn first
	pullBlocked                 // the adapter is full
)

// pullBatch is how many segments a connection sends before others get their turn.
const pullBatch = 64

// pull sends what a connection has to send.
func (h *Shard) pull(c *Conn) progress {
	if c.gone {
		return pullDone
	}
	if c.stall != nil && !h.resume(c) {
		if h.blocked == c {
			return pullBlocked
		}
		return pullDone
	}
	for range pullBatch {
		if !c.tcp.Next(h.now, &h.out) {
			return pullDone
		}
		switch h.transmit(c, &h.out) {
		case sent:
		case full:
			h.blocked, h.blockedBy = c, h.out
			reasonBlocked.Reach()
			return pullBlocked
		case stalled:
			c.stall = h.stallOf(&h.out)
			return pullDone
		case failed:
			// The connection was aborted: its reset is what Next gives now.
		}
	}
	return pullMore
}

// unblock sends the segment that found no room, and reports whether there is room now.
func (h *Shard) unblock() bool {
	c := h.blocked
	if c == nil {
		return true
	}
	if !c.gone {
		switch h.transmit(c, &h.blockedBy) {
		case full:
			return false
		case stalled:
			c.stall = h.stallOf(&h.blockedBy)
		}
	}
	h.blocked = nil
	return true
}

// resume sends the segment that waited for a file, and reports whether the connection can be pulled.
func (h *Shard) resume(c *Conn) bool {
	out := c.stall
	if c.failed {
		h.dropStall(c) // a reset does not wait for the disk
		return true
	}
	switch h.transmit(c, out) {
	case full:
		h.blocked, h.blockedBy = c, *out
		reasonBlocked.Reach()
		h.dropStall(c)
		return false
	case stalled:
		return false
	}
	h.dropStall(c)
	return true
}

func (h *Shard) stallOf(out *segment.Out) *segment.Out {
	var s *segment.Out
	if n := len(h.stalls); n > 0 {
		s = h.stalls[n-1]
		h.stalls = h.stalls[:n-1]
	} else {
		s = new(segment.Out)
	}
	*s = *out
	return s
}

func (h *Shard) dropStall(c *Conn) {
	if c.stall != nil {
		if len(h.stalls) < 256 {
			h.stalls = append(h.stalls, c.stall)
		}
		c.stall = nil
	}
}

// outcome is what became of a segment.
type outcome uint8

const (
	sent    outcome = iota
	full            // the adapter has no room
	stalled         // a file has to be read first
	failed          // the bytes are not to be had, and the connection was aborted
)

// transmit builds a segment of a connection in the adapter's memory and sends it.
func (h *Shard) transmit(c *Conn, out *segment.Out) outcome {
	if out.Length > 0 && (c.queue == nil || out.Position < c.tcp.Acked()) {
		// It waited for room or for a file, and meanwhile the peer has acknowledged it: honestly when it was sent before,
		// or to find out what happens then.
		reasonOvertaken.Reach()
		return sent
	}
	hop := c.hop
	head := ipv4.HeaderLen
	v4 := c.tuple.is4()
	if !v4 {
		head = ipv6.HeaderLen
	}
	tcpAt := link.HeaderLen + head
	n := tcpAt + out.HeaderLen() + out.Length
	b, held := h.frame(hop, n)
	if b == nil {
		return full
	}
	ports := binary.BigEndian.Uint32(c.tuple[32:])
	at := tcpAt + segment.Put(b[tcpAt:], uint16(ports), uint16(ports>>16), out)
	if out.Length > 0 {
		if err := h.payload(c, out.Position, b[at:n]); err != nil {
			if err == errNoWait {
				return stalled
			}
			h.fileFailed(c, err)
			return failed
		}
	}
	h.putIP(b, hop, c.tuple.localAddr(), c.tuple.remoteAddr(), n-link.HeaderLen)
	sum := c.pseudo + uint32(n-tcpAt)
	var m link.Meta
	switch {
	case h.sums && !hop.local:
		m.Checksum, m.Start, m.Offset = link.ChecksumPartial, uint16(tcpAt), 16
		binary.BigEndian.PutUint16(b[tcpAt+16:], ip.Fold(sum))
		if out.SegmentSize > 0 && out.Length > out.SegmentSize {
			m.GSO, m.SegmentSize, m.HeaderLen = link.GSOTCP4, uint16(out.SegmentSize), uint16(at)
			if !v4 {
				m.GSO = link.GSOTCP6
			}
		}
	case hop.local:
		// It is never on a wire.
	default:
		binary.BigEndian.PutUint16(b[tcpAt+16:], ip.Checksum(b[tcpAt:n], sum))
	}
	h.commit(hop, b, n, m, held)
	h.counters.SegmentsOut++
	return sent
}

// payload copies a part of the stream to dst.
func (h *Shard) payload(c *Conn, position uint64, dst []byte) error {
	q := c.queue
	for len(dst) > 0 {
		p := q.find(position)
		off := int(position - p.start)
		n := min(p.n-off, len(dst))
		if p.chunk != nil {
			copy(dst, p.chunk.bytes[p.at+int64(off):][:n])
		} else if err := h.fileInto(c, p, p.at+int64(off), dst[:n]); err != nil {
			return err
		}
		position += uint64(n)
		dst = dst[n:]
	}
	return nil
}

// putIP writes the Ethernet and IP headers of a TCP packet of n bytes.
func (h *Shard) putIP(b []byte, hop *hop, src, dst netip.Addr, n int) {
	if src.Is4() {
		ethernet.Put(b, hop.mac, h.mac, ethernet.TypeIPv4)
		ipv4.Put(b[link.HeaderLen:], &ipv4.Header{Src: src, Dst: dst, Protocol: ip.TCP, Length: n - ipv4.HeaderLen})
		return
	}
	ethernet.Put(b, hop.mac, h.mac, ethernet.TypeIPv6)
	ipv6.Put(b[link.HeaderLen:], &ipv6.Header{Src: src, Dst: dst, Protocol: ip.TCP, Length: n - ipv6.HeaderLen})
}

// frame gives memory for a frame of n bytes to the next hop: the adapter's, or, when the hop's address is not known yet or
// it is ourselves, memory that is held. nil: the adapter has no room.
func (h *Shard) frame(p *hop, n int) (b []byte, held bool) {
	if !p.local && (p.known && p.check > h.now || h.resolve(p)) {
		return h.card.Reserve(n), false
	}
	return h.hold(n), true
}

// commit sends the frame of n bytes that frame has given memory for.
func (h *Shard) commit(p *hop, b []byte, n int, m link.Meta, held bool) {
	switch {
	case !held:
		h.card.Commit(n, m)
	case p.local:
		h.send(h.index, handed{packet: b[link.HeaderLen:n], local: true, trusted: true})
	default:
		h.await(p, b[:n], m)
	}
}
