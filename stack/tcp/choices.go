package tcp

import "vitrine/stack/tcp/recovery"

// SetMaxSegment asks for segments of at most mss bytes, without options, in both directions (TCP_MAXSEG). Before our SYN
// has left the peer is told so (RFC 9293 §3.7.1); afterwards only what we send follows. It never makes segments larger.
func (c *Conn) SetMaxSegment(mss int) {
	mss = max(mss, leastMSS)
	if c.state == StateClosed || mss >= int(c.pathMSS) {
		return
	}
	c.pathMSS = uint16(mss)
	if !c.state.synchronized() {
		c.firstMSS = c.pathMSS
	}
	c.setMSS()
	c.snd.SetMSS(int(c.mss))
	c.flags |= flagPending
}

// SetCongestion chooses the congestion control, recovery.Cubic or recovery.Reno, for what is sent from now on.
func (c *Conn) SetCongestion(name string) { c.snd.Choose(name == recovery.Reno) }
