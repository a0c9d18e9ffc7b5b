package recovery

import (
	"vitrine/stack/tcp/segment"
	"vitrine/trace"
)

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
	Reneged bool          // the peer seems to have thrown away what it had acknowledged by SACK
	Reason  *trace.Reason // the most telling decision; nil: nothing out of the ordinary
}

// state is where in loss recovery the Sender is.
type state uint8

const (
	open     state = iota
	recovery       // fast recovery, paced by PRR
	loss           // after a retransmission time-out: slow start
)

// Acked takes an acknowledgement in.
func (s *Sender) Acked(now int64, a *Ack) Result {
	var r Result
	if s.nxt.Less(a.Una) {
		return r // the connection has refused it
	}
	dup := s.duplicateReport(a, &r)
	b := s.board
	if b == nil { // nothing is in flight: only news of the past are interesting
		s.judgeProbe(a, false, dup, &r)
		s.undoByDSACK(&r)
		s.adaptReordering(dup, &r)
		return r
	}

	// What arrived.
	was, flight := s.state, s.outstanding()
	undelivered := flight - b.score.sacked
	d := delivery{fack: b.fack, high: b.high, believe: min(now-s.minRTT, echoLimit(now, a))}
	advanced := s.una.Less(a.Una)
	if advanced {
		b.score.acknowledge(a.Una, &d)
		s.una = a.Una
		b.repeated = b.repeated.Max(s.una) // or it would lie ahead again when numbers have come round
		r.Acked = d.acked
	}
	if s.sack && len(a.SACK) > 0 {
		d.believe = now - s.minRTT
		cumulative := d.bytes
		s.selective(a, dup.ok, &d, &r)
		r.Sacked = d.bytes - cumulative
	}
	delivered := d.bytes
	if !s.sack {
		delivered = s.countDuplicates(a, advanced, r.Acked)
	}

	// What it teaches.
	s.measure(now, a, &d, dup, &r, flight, advanced)
	s.recent(now, &d, &r)
	opening := s.handshake && advanced
	if opening {
		s.established()
	}
	if advanced {
		b.restarted, b.floor = now, 0 // RFC 6298 §5.3
		s.retries = 0
	}
	s.judgeProbe(a, advanced || r.Sacked > 0, dup, &r)
	s.watchReneging(now, &r)

	// What follows.
	s.undoByDSACK(&r)
	s.undoByTimestamp(a, &d, &r)
	s.undoUnrepaired(&r)
	s.forwardAcked(now, &d, advanced, &r)
	s.adaptReordering(dup, &r)
	s.leave(&r)
	newly := false
	if s.una != s.nxt {
		newly = s.detect(now, advanced, &r)
		if b.score.pending > 0 && (s.state == open || s.state == loss && r.Reason == reasonRetransmissionLost) {
			s.enter(undelivered, &r)
		}
	}
	switch {
	case s.state == recovery:
		s.reduceProportionally(delivered, advanced && !newly)
	case delivered > 0 && was == s.state && !opening && (advanced || s.reordering):
		s.grow(now, delivered)
	}
	s.rest(now, delivered)
	return r
}

// rest gives back what is not needed when nothing is in flight, and otherwise sets the probe's timer anew.
func (s *Sender) rest(now int64, delivered int) {
	if s.una == s.nxt {
		s.pool.release(s.board)
		s.board, s.state, s.forward, s.probeDue = nil, open, forwardOff, false
		return
	}
	if delivered > 0 {
		s.probes = 0
		s.cancelProbe()
		s.scheduleProbe(now)
	}
}

// measure takes the round trip that the acknowledgement shows. By Karn's rule only ranges that were sent once count, and
// only if nothing came with them that was sent again: what lies behind a hole is acknowledged when that is filled, and
// what a lost report told is told anew, however long ago it arrived. For those the echoed timestamp serves (RFC 6298 §3),
// unless it is older than the retransmission: then the original arrived, and either it took long or its acknowledgement
// was lost. It was lost if the retransmission is reported to be a duplicate, and then that is what was answered.
func (s *Sender) measure(now int64, a *Ack, d *delivery, dup duplicates, r *Result, flight int32, advanced bool) {
	told := int64(0)
	switch {
	case !advanced:
	case d.resent != 0 && dup.ok && dup.Start == s.una.Add(-d.acked):
		if told = now - d.resent; told < s.minRTT {
			told = 0
		}
	case s.timestamps && d.resent <= echoLimit(now, a):
		told = echo(now, a)
	}
	switch {
	case d.repeated:
		r.RTT = told
	case d.first != 0:
		r.RTT = now - d.first
		if told != 0 && told+granule < r.RTT { // earlier acknowledgements were lost
			r.RTT = told
		}
	case d.selected != 0:
		r.RTT = now - d.selected
	}
	quick := r.RTT // without what the peer waited for a second segment
	if d.last != 0 {
		quick = now - d.last
		s.smallest(now, quick)
	}
	if r.RTT > 0 {
		s.sample(r.RTT, d.bytes, int(flight))
		s.backoff = 0
	}
	if s.hy.on && s.slowStart() && s.hy.sample(quick, s.una, s.nxt) {
		// RFC 9406 §4.2: the window is as large as the path carries.
		s.ssthresh = s.cwnd
		r.because(reasonSlowStartLeft.Reach())
	}
}

// established ends the handshake: sending begins with the initial window, and after a SYN that was lost with a time-out
// of its own, which is not backed off (RFC 6298 §5.7).
func (s *Sender) established() {
	s.handshake, s.backoff = false, 0
	s.slowHandshake = s.timeouts > 0 && s.srtt == 0
	s.freshWindow()
	s.hy = hystart{}
	if s.cfg.HyStart {
		s.hy.start(s.nxt)
	}
}

// because notes a decision, unless there was a more telling one: about what was lost or was not lost after all.
func (r *Result) because(why *trace.Reason) {
	if r.Reason == nil {
		r.Reason = why
	}
}
