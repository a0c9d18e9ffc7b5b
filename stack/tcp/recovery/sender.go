package recovery

import (
	"vitrine/stack/tcp/segment"
	"vitrine/trace"
)

// Timestamp is the clock of the timestamp option, in milliseconds (RFC 7323 §5.4). The connection sends
// Timestamp(now) plus an offset of its own, and takes the offset away from what the peer echoes before Acked sees it.
func Timestamp(now int64) uint32 { return uint32(now / 1e6) }

// Pool lends the memory of what is in flight. One belongs to each shard. The zero value is ready.
type Pool struct{}

// Ack is what a segment with an acknowledgement says, as far as it is about what we sent.
type Ack struct {
	Una    segment.Number  // the acknowledgement number, checked by the connection: not beyond Nxt, perhaps before Una
	SACK   []segment.Range // in the order of the option, a duplicate report first (RFC 2883); not retained
	Dup    bool            // a duplicate acknowledgement in the sense of RFC 5681 §2
	HasTS  bool            // the segment has a timestamp option
	TSEcr  uint32          // the echoed timestamp without the connection's offset: Timestamp of when that was sent
	Window int             // the peer's window in bytes
}

// Result is what an acknowledgement changed.
type Result struct {
	Acked   int           // bytes newly acknowledged, cumulatively; SYN and FIN count one
	Sacked  int           // bytes newly acknowledged by SACK
	RTT     int64         // nanoseconds of the round trip that this acknowledgement measured; 0: none
	Entered bool          // a loss recovery began
	Left    bool          // a loss recovery ended
	Undone  bool          // a reduction of the window was taken back: nothing had been lost
	Reneged bool          // the peer threw away what it had acknowledged by SACK
	Reason  *trace.Reason // the most telling decision; nil: nothing out of the ordinary
}

// Sender is the sending side of one connection. It is used by value; Init makes it ready, Release gives its memory back.
type Sender struct {
	cfg      *Config
	pool     *Pool
	una, nxt segment.Number
}

// Init makes the Sender ready: iss is the sequence number of the SYN. mss is the payload of a full segment, without the
// options that every segment carries. sack and timestamps say what was negotiated, as far as it is known: see Negotiated.
func (s *Sender) Init(cfg *Config, pool *Pool, now int64, iss segment.Number, mss int, sack, timestamps bool) {
	*s = Sender{cfg: cfg, pool: pool, una: iss, nxt: iss}
}

// Negotiated says what the peer's SYN settled, when Init was called before that was known: the segment's payload and
// which options both ends use. It is called before data is sent.
func (s *Sender) Negotiated(mss int, sack, timestamps bool) {}

// Release gives the memory of what is in flight back to the pool. The Sender is not used afterwards.
func (s *Sender) Release() {}

// SetMSS says that the path carries segments of another size from now on. The window stays the same in segments' worth.
func (s *Sender) SetMSS(mss int) {}

// Una is the first sequence number that is not acknowledged.
func (s *Sender) Una() segment.Number { return s.una }

// Nxt is the first sequence number that was never sent.
func (s *Sender) Nxt() segment.Number { return s.nxt }

// Sent says that [start,end) was transmitted; SYN and FIN count one each. A super-segment is one call. again says that
// it is a retransmission, which never reaches beyond Nxt.
func (s *Sender) Sent(now int64, start, end segment.Number, again bool) {
	if s.nxt.Less(end) {
		s.nxt = end
	}
}

// Acked takes an acknowledgement in.
func (s *Sender) Acked(now int64, a *Ack) Result { return Result{} }

// Deadline is when Expire is to be called: the earliest of retransmission timer, loss probe and reordering timer. 0: never.
func (s *Sender) Deadline() int64 { return 0 }

// Expire runs the timer that is due. Nil: none was, or it only confirmed what was known.
func (s *Sender) Expire(now int64) *trace.Reason { return nil }

// Again is what must be transmitted again now, at most limit bytes: what was lost first, as far as the window allows,
// or the last segment as a loss probe. The caller transmits it, calls Sent and asks again.
func (s *Sender) Again(limit int) (r segment.Range, ok bool) { return segment.Range{}, false }

// Probe reports whether a tail loss probe is due (RFC 8985 §7.3): one segment of new data when there is some and the
// peer's window has room, whatever the congestion window says, else what Again returns.
func (s *Sender) Probe() bool { return false }

// Allowance is how many bytes of new data may be sent now; the peer's window is not considered here.
func (s *Sender) Allowance() int { return 0 }

// Backoff is how often in a row the retransmission timer has fired without progress.
func (s *Sender) Backoff() int { return 0 }

// RTO is the present retransmission time-out in nanoseconds, with its back-off.
func (s *Sender) RTO() int64 { return 0 }

// Idle is called before new data is sent when nothing is in flight: a window that was not used for longer than the
// retransmission time-out says nothing about the path any more (RFC 5681 §4.1).
func (s *Sender) Idle(now int64) {}

// AppLimited says whether the connection has less to send than it might: the window does not grow unused.
func (s *Sender) AppLimited(limited bool) {}

// Info is what the Sender knows, for people.
func (s *Sender) Info() Info { return Info{} }
