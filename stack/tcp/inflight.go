package tcp

import "vitrine/stack/tcp/segment"

// InFlight reports whether a sequence number belongs to something that was sent and is not acknowledged: only then can an
// ICMP error that quotes it be about a segment of ours (RFC 5927 §4.1).
func (c *Conn) InFlight(n segment.Number) bool {
	return c.snd.Una().LessEq(n) && n.Less(c.snd.Nxt())
}
