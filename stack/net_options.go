package stack

// SetMaxSegment asks for segments of at most n bytes without options in both directions; before the first segment has
// left, the peer is told so (RFC 9293 §3.7.1), afterwards only what is sent follows. It never makes segments larger.
func (c *Conn) SetMaxSegment(n int) {
	c.tcp.SetMaxSegment(n)
	c.again()
}

// SetCongestion chooses the congestion control for what is sent from now on; see KnownCongestion.
func (c *Conn) SetCongestion(name string) { c.tcp.SetCongestion(name) }
