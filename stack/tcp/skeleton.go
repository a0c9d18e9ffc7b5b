package tcp

import (
	"net/netip"

	"vitrine/stack/tcp/recovery"
	"vitrine/stack/tcp/segment"
	"vitrine/trace"
)

// Host is what all connections of a shard share.
type Host struct {
	Config Config
	// Changed, when not nil, is told every change of state.
	Changed func(c *Conn, from, to State, why *trace.Reason)
}

// NewHost makes a Host. secret keys the initial sequence numbers and SYN cookies.
func NewHost(cfg Config, secret [32]byte) *Host { return &Host{Config: cfg} }

// MemoryUsed is how many bytes of received data all connections hold.
func (h *Host) MemoryUsed() int { return 0 }

// ISN is the initial sequence number for a new connection (RFC 6528).
func (h *Host) ISN(now int64, local, remote netip.AddrPort) segment.Number { return 0 }

// TimestampOffset is what the connection adds to its timestamps (RFC 7323 §5.4).
func (h *Host) TimestampOffset(local, remote netip.AddrPort) uint32 { return 0 }

// Cookie is what a SYN cookie remembered.
type Cookie struct {
	ISS             segment.Number
	IRS             segment.Number
	MSS             uint16
	Scale           int8
	SACK            bool
	Timestamps      bool
	TimestampOffset uint32
}

// MakeCookie answers a SYN without keeping state: out is the SYN-ACK to send (RFC 4987 §3.6).
func (h *Host) MakeCookie(now int64, local, remote netip.AddrPort, syn *segment.Segment, p Path, out *segment.Out) {}

// CheckCookie reports whether an ACK answers one of our cookies, and what the cookie remembered.
func (h *Host) CheckCookie(now int64, local, remote netip.AddrPort, ack *segment.Segment) (Cookie, bool) {
	return Cookie{}, false
}

// Conn is one end of a connection.
type Conn struct {
	h     *Host
	snd   recovery.Sender
	state State
	why   *trace.Reason
}

// Accept makes the Conn ready for a SYN that came in: SYN_RECEIVED.
func (c *Conn) Accept(h *Host, now int64, iss segment.Number, syn *segment.Segment, p Path) {}

// Connect makes the Conn ready to open actively: SYN_SENT.
func (c *Conn) Connect(h *Host, now int64, iss segment.Number, p Path) {}

// Resume makes the Conn ready from a SYN cookie that came back; Receive(ack) follows.
func (c *Conn) Resume(h *Host, now int64, ack *segment.Segment, k Cookie, p Path) {}

// Receive takes a segment in. Nil: an ordinary one. The payload is not retained.
func (c *Conn) Receive(now int64, s *segment.Segment) *trace.Reason { return nil }

// Advance runs the timers that are due.
func (c *Conn) Advance(now int64) *trace.Reason { return nil }

// Deadline is when Advance is to be called; 0: never.
func (c *Conn) Deadline() int64 { return 0 }

// Next is the next segment to send now; pull until false.
func (c *Conn) Next(now int64, out *segment.Out) bool { return false }

// Pending reports whether Next might return true. It is cheap.
func (c *Conn) Pending() bool { return false }

// Wrote says that n bytes were appended to the send queue. more: others follow soon (MSG_MORE).
func (c *Conn) Wrote(now int64, n int, more bool) {}

// Room is how many bytes may be appended to the send queue.
func (c *Conn) Room() int { return 0 }

// Position is the stream position of the end of the send queue.
func (c *Conn) Position() uint64 { return 0 }

// Acked is the stream position of the first byte that is not acknowledged; what lies before may be forgotten.
func (c *Conn) Acked() uint64 { return 0 }

// Read takes received bytes out.
func (c *Conn) Read(now int64, p []byte) int { return 0 }

// Readable is how many bytes Read would give.
func (c *Conn) Readable() int { return 0 }

// PeerClosed reports whether the peer's FIN was taken in.
func (c *Conn) PeerClosed() bool { return false }

// CloseWrite ends our direction: FIN after what is queued.
func (c *Conn) CloseWrite(now int64) {}

// Close ends both directions; RST when unread data is thrown away.
func (c *Conn) Close(now int64) *trace.Reason { return nil }

// Abort destroys the connection with a RST.
func (c *Conn) Abort(now int64) *trace.Reason { return nil }

// SetNoDelay turns Nagle's algorithm off or on.
func (c *Conn) SetNoDelay(on bool) {}

// SetCork holds partial segments back, or lets them go.
func (c *Conn) SetCork(now int64, on bool) {}

// SetKeepAlive turns keep-alive on or off.
func (c *Conn) SetKeepAlive(now int64, on bool) {}

// SetUserTimeout sets for how long data may stay unacknowledged; 0: as configured.
func (c *Conn) SetUserTimeout(d int64) {}

// SetPathMTU says that the path carries segments of mss bytes (without options) from now on.
func (c *Conn) SetPathMTU(now int64, mss int) {}

// Unreachable takes a validated ICMP error in.
func (c *Conn) Unreachable(now int64, hard bool, why *trace.Reason) *trace.Reason { return nil }

// Events is what happened since it was last asked.
func (c *Conn) Events() Event { return 0 }

// State is the present state.
func (c *Conn) State() State { return c.state }

// Why is the Reason of the last change of state.
func (c *Conn) Why() *trace.Reason { return c.why }

// Info is everything about the connection, for people.
type Info struct{ State State }

// Info gives everything about the connection, for people.
func (c *Conn) Info(now int64) Info { return Info{State: c.state} }

// TimeWait is the compact record of a connection in TIME_WAIT.
type TimeWait struct{ expires int64 }

// TimeWait gives the record when Events had EventTimeWait. The Conn is then forgotten.
func (c *Conn) TimeWait(now int64) TimeWait { return TimeWait{} }

// Verdict is what is to be done with a segment for a TIME_WAIT record.
type Verdict uint8

// The verdicts.
const (
	Drop   Verdict = iota // nothing
	Answer                // send what Answer fills in
	Reopen                // the SYN opens a new connection: forget the record, offer the SYN to the listener
	Forget                // forget the record
)

// Receive takes a segment for the record in.
func (t *TimeWait) Receive(now int64, s *segment.Segment) (Verdict, *trace.Reason) { return Drop, nil }

// Answer fills in the acknowledgement that the verdict Answer asks for.
func (t *TimeWait) Answer(now int64, out *segment.Out) {}

// Expires is when the record may be forgotten.
func (t *TimeWait) Expires() int64 { return t.expires }

// Reject fills in the RST for a segment that belongs to no connection; false when none may be sent.
func Reject(s *segment.Segment, out *segment.Out) bool { return false }
