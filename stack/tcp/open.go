package tcp

import (
	"vitrine/stack/tcp/recovery"
	"vitrine/stack/tcp/segment"
)

// Accept makes the Conn ready for a SYN that came to a listener: SYN_RECEIVED. iss comes from Host.ISN. Data or a FIN
// on the SYN is not taken; the client sends it again.
func (c *Conn) Accept(h *Host, now int64, iss segment.Number, syn *segment.Segment, p Path) {
	c.prepare(h, now, iss, p)
	c.takeSyn(now, syn)
	c.snd.Init(&h.Config.Recovery, &h.pool, now, iss, int(c.mss), c.has(flagSACK), c.has(flagTimestamps))
	c.setState(now, StateSynReceived, reasonSyn)
}

// Connect makes the Conn ready to open actively: SYN_SENT. iss comes from Host.ISN.
func (c *Conn) Connect(h *Host, now int64, iss segment.Number, p Path) {
	c.prepare(h, now, iss, p)
	c.flags |= flagActive
	c.snd.Init(&h.Config.Recovery, &h.pool, now, iss, int(c.mss), false, false)
	c.setState(now, StateSynSent, reasonConnect)
}

// Resume makes the Conn ready from a SYN cookie that came back with ack: ESTABLISHED. Receive(ack) follows, since the
// segment may bring data.
func (c *Conn) Resume(h *Host, now int64, ack *segment.Segment, k Cookie, p Path) {
	p.TimestampOffset = k.TimestampOffset
	c.prepare(h, now, k.ISS, p)
	syn := segment.Segment{Seq: k.IRS, MSS: k.MSS, Scale: k.Scale, SACKPermitted: k.SACK, Timestamps: k.Timestamps,
		TSVal: ack.TSVal, Window: ack.Window}
	c.takeSyn(now, &syn)
	c.wnd = uint32(ack.Window) << c.sndScale
	c.wndMax = c.wnd
	c.wl2 = ack.Ack
	c.adv = c.nxt.Add(min(h.Config.ReceiveWindow, maxUnscale)) // what the cookie's SYN-ACK offered
	// This Sender never saw our SYN, which is acknowledged already: the first flight begins behind it, with nothing in it.
	c.snd.Init(&h.Config.Recovery, &h.pool, now, k.ISS, int(c.mss), c.has(flagSACK), c.has(flagTimestamps))
	c.snd.Sent(now, k.ISS+1, k.ISS+1, false)
	c.snd.Release()
	c.snd.Negotiated(int(c.mss), c.has(flagSACK), c.has(flagTimestamps))
	c.setState(now, StateEstablished, reasonCookie)
}

// prepare sets what every opening begins with.
func (c *Conn) prepare(h *Host, now int64, iss segment.Number, p Path) {
	cfg := &h.Config
	*c = Conn{
		h: h, iss: iss, small: iss,
		pathMSS: uint16(min(p.MSS, maxUnscale)), firstMSS: uint16(min(p.MSS, maxUnscale)), super: int32(p.Super),
		peerMSS: defaultMSS, rcvMSS: uint16(min(p.MSS, defaultMSS)),
		tsOffset:    p.TimestampOffset,
		limit:       uint32(cfg.ReceiveWindow),
		sendBuffer:  uint32(cfg.SendBuffer),
		quick:       uint8(min(cfg.QuickACKs, 255)),
		lastReceive: now, lastSend: now, progress: now, spaceAt: now,
		flags: flagPending,
	}
	if cfg.NoDelay {
		c.flags |= flagNoDelay
	}
	c.setMSS()
}

// takeSyn takes in what the peer's SYN says: its first sequence number, its window, and which options both ends use.
func (c *Conn) takeSyn(now int64, syn *segment.Segment) {
	cfg := &c.h.Config
	c.irs = syn.Seq
	c.nxt = syn.Seq.Add(1)
	c.adv, c.ackSent, c.rttSeq = c.nxt, c.nxt, c.nxt
	if syn.MSS != 0 {
		c.peerMSS = syn.MSS
	}
	if cfg.Timestamps && syn.Timestamps {
		c.flags |= flagTimestamps
		c.tsRecent, c.tsRecentAt = syn.TSVal, now
	}
	if cfg.SACK && syn.SACKPermitted {
		c.flags |= flagSACK
	}
	if cfg.WindowScale && syn.Scale >= 0 { // RFC 7323 §2.2: both or neither
		c.flags |= flagScale
		c.sndScale, c.rcvScale = uint8(syn.Scale), c.h.scale
	} else {
		c.limit = min(c.limit, maxUnscale)
	}
	c.wnd = uint32(syn.Window) // RFC 7323 §2.2: never scaled in a SYN
	c.wndMax = c.wnd
	c.wl1, c.wl2 = syn.Seq, c.iss
	c.setMSS()
}

// setMSS computes the payload of a full segment: what path and peer allow, less the options that every segment carries
// (RFC 9293 §3.7.1, RFC 6691).
func (c *Conn) setMSS() {
	mss := max(min(c.pathMSS, c.peerMSS), leastMSS)
	if c.has(flagTimestamps) {
		mss -= 12
	}
	c.mss = mss
}

// stamp is our timestamp clock.
func (c *Conn) stamp(now int64) uint32 { return recovery.Timestamp(now) + c.tsOffset }
