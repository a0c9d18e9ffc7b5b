package recovery

import "vitrine/stack/tcp/segment"

// Sender is the sending side of one connection. It is used by value; Init makes it ready, Release gives its memory back.
type Sender struct {
	cfg   *Config
	pool  *Pool
	board *board // nil: nothing is in flight

	una, nxt segment.Number
	mss      int32

	// The window.
	cwnd, ssthresh int32
	credit         int32 // Reno: bytes acknowledged since the window grew
	cubic          cubic
	hy             hystart
	useMost        int32          // the largest flight
	useSeq         segment.Number // until this is acknowledged, useMost and full are of this round trip

	// The round trip.
	srtt, rttvar  int64
	minRTT, minAt int64
	lastSent      int64

	// What a reduction that proves needless is taken back to.
	prior       prior
	undoFrom    segment.Number // una when the loss was noticed
	undoTo      segment.Number // nxt then: what is repaired lies between
	undoBytes   int32          // sent again since, less what the peer reports to have received twice
	repairStamp uint32         // Timestamp of the first retransmission of this episode

	squeeze    int32          // the peer's window when its reader is slow, else infinite
	probeEnd   segment.Number // nxt after the loss probe, while probing
	dsackRound segment.Number // RACK.dsack_round, while inDSACKRound

	retransmitted uint64 // bytes
	reported      uint64 // bytes of them that the peer says to have received twice
	retransmits   uint32
	timeouts      uint32
	undone        uint32

	state                       state
	backoff                     uint8 // doublings of the time-out (RFC 6298 §5.5), until a round trip is measured (Karn)
	retries                     uint8 // time-outs in a row without progress
	probes                      uint8 // loss probes in a row without progress
	reoSteps                    uint8 // RACK.reo_wnd_mult
	reoPersist                  uint8 // RACK.reo_wnd_persist
	forward                     forward
	sack                        bool
	timestamps                  bool
	reno                        bool
	handshake                   bool // the SYN is not acknowledged
	full                        bool // the window was filled in this round trip
	appLimited                  bool
	reordering                  bool // RACK.reordering_seen
	undo                        bool // prior is a reduction that can be taken back
	undoFast                    bool // it was for a fast retransmit
	repaired                    bool // repairStamp is set
	unrepaired                  bool // nothing in flight had been sent again when the loss was noticed
	probing                     bool // a loss probe was sent and its fate is not known
	probeAgain                  bool // it was a retransmission
	probeTwice                  bool // and was sent again
	probeDue                    bool // it is to be sent
	inDSACKRound, slowHandshake bool
}

// board is what a Sender needs only while something is in flight.
type board struct {
	score scoreboard

	// RACK (RFC 8985 §5.2).
	newest    int64 // RACK.xmit_ts and RACK.end_seq: the delivered transmission that was sent last
	newestEnd segment.Number
	rtt       int64          // RACK.rtt: what it took
	fack      segment.Number // RACK.fack: highest end delivered
	repeated  segment.Number // highest end that was sent again

	high segment.Number // recovery point, nxt when the loss was noticed
	hint segment.Number // nothing before this is pending
	dups int32          // duplicate acknowledgements, without SACK
	hold bool           // without SACK: those for high are echoes of the recovery that ended there

	// Moments; 0: never.
	restarted int64 // the retransmission timer runs from here
	floor     int64 // and is not due before
	reorderAt int64 // RACK's reordering timer
	probeAt   int64 // PTO
	renegeAt  int64 // the peer seems to have reneged; it may still correct itself
	forwardAt int64 // F-RTO: new data is not awaited any longer

	// PRR (RFC 9937 §5).
	prrDelivered, prrOut, prrFlight int64
}

// Init makes the Sender ready: iss is the sequence number of the SYN. mss is the payload of a full segment, without the
// options that every segment carries. sack and timestamps say what was negotiated, as far as it is known: see Negotiated.
func (s *Sender) Init(cfg *Config, pool *Pool, now int64, iss segment.Number, mss int, sack, timestamps bool) {
	*s = Sender{
		cfg: cfg, pool: pool, una: iss, nxt: iss, useSeq: iss,
		mss: int32(max(mss, 1)), sack: sack, timestamps: timestamps,
		reno: cfg.Congestion == Reno, handshake: true, reoSteps: 1, squeeze: infinite,
	}
	s.freshWindow()
}

// Negotiated says what the peer's SYN settled, when Init was called before that was known: the segment's payload and
// which options both ends use. It is called before data is sent.
func (s *Sender) Negotiated(mss int, sack, timestamps bool) {
	s.mss, s.sack, s.timestamps = int32(max(mss, 1)), sack, timestamps
	if s.board != nil {
		s.board.score.mss = s.mss
	}
	s.freshWindow()
	if s.cfg.HyStart {
		s.hy.start(s.nxt)
	}
}

// Release gives the memory of what is in flight back to the pool. It may be called again; sending goes on with an empty
// flight, if at all.
func (s *Sender) Release() {
	if s.board != nil {
		s.pool.release(s.board)
		s.board = nil
	}
	s.una = s.nxt
}

// SetMSS says that the path carries segments of another size from now on. The window stays the same in segments. What is
// in flight in larger segments than the path carries is lost, but not to congestion: it is sent again, and the window is
// not reduced (RFC 1191 §6.5).
func (s *Sender) SetMSS(mss int) {
	old := s.mss
	s.mss = int32(max(mss, 1))
	s.cwnd = int32(min(int64(s.cwnd)*int64(s.mss)/int64(old), int64(s.most())))
	if s.ssthresh != infinite {
		s.ssthresh = int32(min(max(int64(s.ssthresh)*int64(s.mss)/int64(old), 2*int64(s.mss)), infinite-1))
	}
	s.cwnd = max(s.cwnd, s.mss)
	b := s.board
	if b == nil {
		return
	}
	b.score.mss = s.mss
	if s.mss >= old {
		return
	}
	found := false
	for i := range b.score.all() {
		if r := b.score.at(i); r.flags&sacked == 0 && r.len() > s.mss {
			s.lose(i)
			found = true
		}
	}
	if !found {
		return
	}
	reasonSmaller.Reach()
	s.cancelProbe()
	if s.state == open {
		s.state, s.undo = loss, false // slow start at once from what the window is
		b.high = s.nxt
	}
}

// Una is the first sequence number that is not acknowledged.
func (s *Sender) Una() segment.Number { return s.una }

// Nxt is the first sequence number that was never sent.
func (s *Sender) Nxt() segment.Number { return s.nxt }

// Window is the congestion window in bytes.
func (s *Sender) Window() int { return int(s.cwnd) }

// SRTT is the smoothed round trip (RFC 6298 §2), in nanoseconds; 0: none was measured yet.
func (s *Sender) SRTT() int64 { return s.srtt }

// Offered says that the peer's window changed, and the largest that it ever offered. When it is clearly less than that, the
// peer's reader is slow, and then it acknowledges late too: see probeTimeout.
func (s *Sender) Offered(window, most int) {
	s.squeeze = infinite
	if window < most-most/8 {
		s.squeeze = int32(window)
	}
}

// InFlight is how many bytes are thought to be in the network.
func (s *Sender) InFlight() int { return int(s.inFlight()) }

// Backoff is how often in a row the retransmission timer has fired without progress.
func (s *Sender) Backoff() int { return int(s.retries) }

// AppLimited says whether the connection has less to send than it might. It is for people: whether the window was used,
// and so may grow, shows in what is in flight.
func (s *Sender) AppLimited(limited bool) { s.appLimited = limited }

func (s *Sender) outstanding() int32 { return s.nxt.Sub(s.una) }

// inFlight is how many bytes are thought to be in the network.
func (s *Sender) inFlight() int32 {
	b := s.board
	if b == nil {
		return 0
	}
	n := b.score.inFlight(s.outstanding())
	if b.dups > 0 { // each duplicate acknowledgement is a segment that arrived (RFC 5681 §3.2)
		n = max(n-b.dups*s.mss, b.score.doubled)
	}
	return n
}

// Sent says that [start,end) was transmitted; SYN and FIN count one each. A super-segment is one call. again says that
// it is a retransmission, which never reaches beyond Nxt.
func (s *Sender) Sent(now int64, start, end segment.Number, again bool) {
	if s.board == nil {
		if again && s.nxt != start {
			return // what was acknowledged meanwhile
		}
		s.begin(now, start)
	}
	if start.Less(s.nxt) {
		s.sentAgain(now, start.Max(s.una), end.Min(s.nxt))
	}
	if s.nxt.Less(end) {
		s.sentNew(now, end)
	}
	s.lastSent = now
	s.used()
	s.scheduleProbe(now)
}

// begin starts a flight at start.
func (s *Sender) begin(now int64, start segment.Number) {
	b := s.pool.board()
	b.score.mss, b.score.limit = s.mss, max(s.cfg.MaxRecords, 16)
	if start != s.nxt { // a connection that was resumed from a cookie never sent its SYN
		s.una, s.nxt, s.handshake = start, start, false
		s.useSeq = start
	}
	b.fack, b.hint, b.high, b.repeated = s.una, s.una, s.una, s.una
	b.restarted = now
	s.board = b
	if s.lastSent != 0 {
		s.cubic.freeze(s.lastSent)
	}
}

func (s *Sender) sentNew(now int64, end segment.Number) {
	b := s.board
	n := end.Sub(s.nxt)
	b.score.add(s.pool, now, s.nxt, end)
	s.nxt = end
	if s.state == recovery {
		b.prrOut += int64(n)
	}
	s.forwardSent()
	if s.probeDue {
		s.probeSent(now, false)
	}
}

func (s *Sender) sentAgain(now int64, start, end segment.Number) {
	if !start.Less(end) {
		return
	}
	b := s.board
	n := end.Sub(start)
	b.score.repeat(s.pool, now, start, end)
	b.repeated = b.repeated.Max(end)
	s.retransmitted += uint64(n)
	s.retransmits++
	if !s.repaired {
		s.repaired, s.repairStamp = true, Timestamp(now)
	}
	if s.undo {
		s.undoBytes += n
	}
	if s.state == recovery {
		b.prrOut += int64(n)
	}
	if start == s.una {
		b.restarted = now // RFC 6298 §5.1 for what was sent last; a lost retransmission is RACK's to find
	}
	if s.probeDue {
		s.probeSent(now, true)
	}
}

// Again is what must be transmitted again now, at most limit bytes: what was lost first, as far as the window allows,
// or the last segment as a loss probe. The caller transmits it, calls Sent and asks again.
func (s *Sender) Again(limit int) (r segment.Range, ok bool) {
	b := s.board
	if b == nil || limit <= 0 {
		return r, false
	}
	if b.score.pending > 0 && s.forward < forwardNew {
		return s.repair(limit)
	}
	if s.probeDue {
		return s.probeRange(limit), true
	}
	return r, false
}

// repair is the first range that is lost and was not sent again.
func (s *Sender) repair(limit int) (segment.Range, bool) {
	b := s.board
	all := b.score.all()
	i := b.score.find(b.hint)
	for i < len(all) && !all[i].pending() {
		i++
	}
	if i == len(all) {
		return segment.Range{}, false
	}
	first := &all[i]
	b.hint = first.start
	size := int(first.len())
	if room := int(s.cwnd - s.inFlight()); room < min(size, int(s.mss)) {
		if s.inFlight() > 0 && !s.probeDue {
			return segment.Range{}, false
		}
		limit = min(limit, int(s.mss)) // nothing that is under way brings permission: one segment always may
	} else if size > room {
		limit = min(limit, room/int(s.mss)*int(s.mss))
	} else {
		limit = min(limit, room)
	}
	if size > limit {
		size = limit
	} else {
		// What is lost together goes together: small segments that fit whole into one, or whole segments into a
		// super-segment.
		for i++; i < len(all) && all[i].pending(); i++ {
			n := size + int(all[i].len())
			if n > limit || n > int(s.mss) && size%int(s.mss) != 0 {
				break
			}
			size = n
		}
	}
	return segment.Range{Start: first.start, End: first.start.Add(size)}, true
}

// Allowance is how many bytes of new data may be sent now; the peer's window is not considered here. Less than a segment
// of it is for data that is no longer; a caller that has more keeps it back (RFC 1122 §4.2.3.4).
func (s *Sender) Allowance() int {
	b := s.board
	if b == nil {
		return int(max(s.cwnd, s.mss))
	}
	room := s.cwnd - s.inFlight()
	switch {
	case s.forward == forwardNew: // RFC 5682 §3.1 step 2b
		room = 2*s.mss - s.nxt.Sub(b.high)
	case s.forward == forwardWait || b.score.pending > 0: // what is lost goes first
		room = 0
	}
	if s.Probe() { // RFC 8985 §7.3
		room = max(room, s.mss)
	}
	return int(max(room, 0))
}

// Probe reports whether a tail loss probe is due (RFC 8985 §7.3): one segment of new data when there is some and the
// peer's window has room, whatever the congestion window says, else what Again returns. What is known to be lost is
// a better probe than new data.
func (s *Sender) Probe() bool { return s.probeDue && s.board.score.pending == 0 }
