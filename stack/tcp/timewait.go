package tcp

import (
	"vitrine/stack/tcp/recovery"
	"vitrine/stack/tcp/segment"
	"vitrine/trace"
)

// TimeWait is what is left of a connection in TIME_WAIT: enough to acknowledge a FIN that comes again and to tell a new
// SYN from an old one. It is small, since a busy server holds many.
type TimeWait struct {
	expires    int64
	tsRecentAt int64
	patience   int64 // 2 MSL
	snd, rcv   segment.Number
	tsRecent   uint32
	tsOffset   uint32
	window     uint16
	timestamps bool
}

// Verdict is what is to be done with a segment that came for a TIME_WAIT record.
type Verdict uint8

// The verdicts.
const (
	Drop   Verdict = iota // nothing
	Answer                // send what TimeWait.Answer fills in; Expires may have moved
	Reopen                // a SYN for a new connection: forget the record and offer the SYN to the listener
	Forget                // forget the record
)

// TimeWait gives the record when Events had EventTimeWait. Whoever keeps the record forgets the Conn, once the application
// has read what is left in it and Next has given its last segments.
func (c *Conn) TimeWait(now int64) TimeWait {
	window := c.window(c.rcvScale)
	return TimeWait{
		expires: now + c.h.Config.TimeWait, patience: c.h.Config.TimeWait,
		snd: c.snd.Nxt(), rcv: c.nxt, window: window,
		timestamps: c.has(flagTimestamps), tsRecent: c.tsRecent, tsRecentAt: c.tsRecentAt, tsOffset: c.tsOffset,
	}
}

// Receive takes a segment for the record in (RFC 9293 §3.10.7.4, RFC 1337, RFC 6191).
func (t *TimeWait) Receive(now int64, s *segment.Segment) (Verdict, *trace.Reason) {
	if s.Flags&segment.RST != 0 {
		return Drop, reasonTimeWaitReset.Reach() // RFC 1337 §3, first fix
	}
	if s.Flags&segment.SYN != 0 {
		if s.Flags&segment.ACK == 0 && t.reopens(s) {
			return Reopen, reasonTimeWaitReopen.Reach()
		}
		return Answer, reasonTimeWaitSyn.Reach()
	}
	stale := t.timestamps && s.Timestamps && int32(s.TSVal-t.tsRecent) < 0
	if s.Flags&segment.FIN != 0 && s.End() == t.rcv && !stale {
		t.expires = now + t.patience
		return Answer, reasonTimeWaitFin.Reach()
	}
	if len(s.Payload) == 0 && s.Flags&segment.FIN == 0 {
		return Drop, reasonTimeWaitOld.Reach() // nobody waits for an answer, and two ends must not answer each other for ever
	}
	return Answer, reasonTimeWaitOld.Reach()
}

// reopens reports whether a SYN is later than everything of the old connection (RFC 6191 §2).
func (t *TimeWait) reopens(s *segment.Segment) bool {
	switch {
	case t.timestamps && s.Timestamps && s.TSVal != t.tsRecent:
		return int32(s.TSVal-t.tsRecent) > 0
	case !t.timestamps && s.Timestamps:
		return true
	}
	return t.rcv.Less(s.Seq)
}

// Answer fills in the acknowledgement that the verdict Answer asks for.
func (t *TimeWait) Answer(now int64, out *segment.Out) {
	*out = segment.Out{Seq: t.snd, Ack: t.rcv, Flags: segment.ACK, Window: t.window, Scale: -1}
	if t.timestamps {
		out.Timestamps = true
		out.TSVal, out.TSEcr = recovery.Timestamp(now)+t.tsOffset, t.tsRecent
	}
}

// TimeWaitOver is why a record is forgotten when its time has come.
var TimeWaitOver = reasonTimeWaitOver

// Expires is when the record may be forgotten.
func (t *TimeWait) Expires() int64 { return t.expires }

// ISN is the initial sequence number for a connection that reopens this one, given what Host.ISN chose: beyond everything
// of the old connection (RFC 9293 §3.6.1).
func (t *TimeWait) ISN(chosen segment.Number) segment.Number {
	if t.snd.Less(chosen) {
		return chosen
	}
	return t.snd.Add(65535 + 2)
}

// receiveTimeWait serves an owner that keeps the Conn instead of the record.
func (c *Conn) receiveTimeWait(now int64, s *segment.Segment) *trace.Reason {
	t := c.TimeWait(now)
	t.expires = c.closeAt
	verdict, why := t.Receive(now, s)
	c.closeAt = t.expires
	switch verdict {
	case Answer:
		c.owe()
	case Reopen: // the owner that can open a new connection keeps records
		c.owe()
	}
	return why
}

// Reject fills in the RST for a segment that belongs to no connection (RFC 9293 §3.10.7.1); false when none may be sent,
// since it is a reset itself.
func Reject(s *segment.Segment, out *segment.Out) bool {
	if s.Flags&segment.RST != 0 {
		return false
	}
	*out = segment.Out{Flags: segment.RST, Scale: -1}
	if s.Flags&segment.ACK != 0 {
		out.Seq = s.Ack
	} else {
		out.Flags |= segment.ACK
		out.Ack = s.End()
	}
	return true
}
