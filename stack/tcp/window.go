package tcp

import (
	"vitrine/stack/tcp/recovery"
	"vitrine/stack/tcp/segment"
)

// The receive window, and when to acknowledge.

// took decides about the acknowledgement of n bytes that came in order (RFC 9293 §3.8.6.3, RFC 5681 §4.2). hole: data is
// or was kept beyond a gap.
func (c *Conn) took(now int64, n int, hole bool) {
	if size := uint16(min(n, int(c.firstMSS))); size > c.rcvMSS {
		c.rcvMSS = size
	}
	switch {
	case hole:
		c.owed = 1 // what was owed for earlier segments would look like duplicates of this one
	case c.nxt.Sub(c.ackSent) > int32(c.rcvMSS): // a second full segment, or a super-segment
		c.oweOne()
	case c.quick > 0 && !c.has(flagInteractive):
		c.oweOne()
	default:
		if c.ackAt == 0 {
			c.ackAt = now + c.h.Config.DelayedACK
		}
	}
	if c.quick > 0 {
		c.quick--
	}
}

// free is how many more bytes may wait to be read; negative when rounding has let more in than that. When the Host's
// memory runs short everybody gets little, so that what is offered can also be kept.
func (c *Conn) free() int {
	free := int(c.limit) - c.queue.n
	if c.h.used > c.h.Config.ReceiveMemory/4*3 {
		free = min(free, 4*int(c.firstMSS))
	}
	return free
}

// offered is what is left of the window that the peer knows.
func (c *Conn) offered() int { return int(c.adv.Sub(c.nxt)) }

// step is by how much the right edge must move for it to be worth telling (RFC 9293 §3.8.6.2.2: the receiver's part in
// avoiding silly windows).
func (c *Conn) step() int { return min(int(c.limit)/2, int(c.firstMSS)) }

// window chooses the window to announce and remembers its right edge, which never moves left: what was offered stays
// offered. A window that only shrinks because data fills it is rounded up to the next multiple of the scale, lest the edge
// move (RFC 7323 §2.4), unless that has already given away an eighth of the buffer.
func (c *Conn) window(scale uint8) uint16 {
	unit := 1 << scale
	free, w := c.free(), c.offered()
	if free-w >= c.step() && free&^(unit-1) >= w {
		w = free &^ (unit - 1)
	} else if up := (w + unit - 1) &^ (unit - 1); up <= free+int(c.limit)/8+unit {
		w = up
	} else {
		w &^= unit - 1
	}
	w = min(w, maxUnscale<<scale)
	c.adv = c.adv.Max(c.nxt.Add(w))
	return uint16(w >> scale)
}

// updateDue reports whether the reader has made so much room that the peer should hear of it without being asked: it
// sees less than half of what there is, and it would gain two segments, or one when it sees nothing.
func (c *Conn) updateDue() bool {
	if !c.state.mayReceive() {
		return false
	}
	free, w := c.free(), c.offered()
	gain := free - w
	if w == 0 {
		return gain >= c.step()
	}
	return gain >= min(int(c.limit)/2, 2*int(c.firstMSS)) && w <= free/2
}

// measure estimates the round-trip time of a connection that may never send: from the timestamps that the peer echoes,
// or from the time in which it fills a window. Only auto-tuning uses it.
func (c *Conn) measure(now int64, s *segment.Segment) {
	if len(s.Payload) == 0 || !c.h.Config.AutoTune {
		return
	}
	if c.has(flagTimestamps) && s.Timestamps {
		if s.TSEcr == 0 || len(s.Payload) < int(c.rcvMSS) {
			return
		}
		if d := int32(c.stamp(now) - s.TSEcr); d >= 0 && d < 60_000 {
			sample := max(int64(d)*1000, 1000)
			if c.rtt != 0 {
				sample = int64(c.rtt) + (sample-int64(c.rtt))/8
			}
			c.rtt = uint32(sample)
		}
		return
	}
	if c.rttAt == 0 || c.rttSeq.LessEq(c.nxt) {
		if c.rttAt != 0 {
			if d := uint32(min((now-c.rttAt)/1000, 60_000_000)); c.rtt == 0 || d < c.rtt {
				c.rtt = max(d, 1)
			}
		}
		c.rttSeq, c.rttAt = c.adv, now
	}
}

// tune grows the receive buffer to twice what the application reads in a round trip, and more while that still grows, so
// that the window is never what holds the sender back (dynamic right-sizing, as Linux does it).
func (c *Conn) tune(now int64, n int) {
	c.copied += uint32(n)
	if c.rtt == 0 || now-c.spaceAt < int64(c.rtt)*1000 {
		return
	}
	cfg := &c.h.Config
	if copied := int(c.copied); cfg.AutoTune && c.copied > c.space {
		want := 2*copied + 16*int(c.firstMSS)
		if c.space > 0 {
			want += 2 * int(int64(want)*int64(c.copied-c.space)/int64(c.space))
		}
		want = min(want, cfg.ReceiveWindowMax)
		if !c.has(flagScale) {
			want = min(want, maxUnscale)
		}
		if want > int(c.limit) && c.h.used < cfg.ReceiveMemory/2 {
			c.limit = uint32(want)
		}
		c.space = c.copied
	}
	c.copied, c.spaceAt = 0, now
}

// fill puts the acknowledgement into a segment that goes out: number, window, timestamps, SACK blocks.
func (c *Conn) fill(now int64, out *segment.Out) {
	out.Flags |= segment.ACK
	out.Ack = c.nxt
	scale := c.rcvScale
	if out.Flags&segment.SYN != 0 {
		scale = 0
	}
	out.Window = c.window(scale)
	c.stampOn(now, out)
	if (c.ooo != nil || !c.dsack.Empty()) && out.Flags&segment.SYN == 0 {
		c.putBlocks(out)
	}
	c.ackSent = c.nxt
	c.ackAt = 0
}

func (c *Conn) stampOn(now int64, out *segment.Out) {
	if c.has(flagTimestamps) {
		out.Timestamps = true
		out.TSVal, out.TSEcr = recovery.Timestamp(now)+c.tsOffset, c.tsRecent
	}
}

// blockRoom is how many SACK blocks fit beside the other options.
func (c *Conn) blockRoom() int {
	if c.has(flagTimestamps) {
		return 3
	}
	return 4
}

// putBlocks fills in the duplicate to report and the pieces beyond gaps (RFC 2018 §4, RFC 2883 §4).
func (c *Conn) putBlocks(out *segment.Out) {
	if !c.has(flagSACK) {
		return
	}
	n := 0
	if !c.dsack.Empty() {
		out.SACK[0] = c.dsack
		n, c.dsack = 1, segment.Range{}
	}
	if c.ooo != nil {
		n += c.ooo.blocks(out.SACK[n:c.blockRoom()])
	}
	out.NSACK = uint8(n)
}

// blocksLen is how many bytes of options putBlocks would add.
func (c *Conn) blocksLen() int {
	if !c.has(flagSACK) || c.ooo == nil && c.dsack.Empty() {
		return 0
	}
	n := 0
	if !c.dsack.Empty() {
		n = 1
	}
	if c.ooo != nil {
		n += len(c.ooo.pieces)
	}
	return 4 + 8*min(n, c.blockRoom())
}
