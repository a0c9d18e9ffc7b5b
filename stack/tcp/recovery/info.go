package recovery

// Info is a Sender's state for people and programs that show it. Sizes are bytes, times nanoseconds.
type Info struct {
	Algorithm        string // of congestion control
	State            string // open, disorder, recovery or loss
	Window           int    // congestion window
	Threshold        int    // slow-start threshold
	MSS              int
	SRTT             int64
	RTTVar           int64
	MinRTT           int64
	RTO              int64
	Backoff          int
	Outstanding      int // sent and not cumulatively acknowledged
	InFlight         int // what is thought to be in the network
	Sacked           int
	Lost             int    // thought lost and not sent again yet
	Retransmitted    uint64 // bytes, in all
	Retransmits      uint64 // transmissions of them
	Timeouts         uint64
	Undone           uint64 // reductions of the window that were taken back
	Reordering       bool   // the path was seen to reorder
	ReorderingWindow int64
	Timer            string // what Deadline is for: retransmission, probe, reordering, or none
	Deadline         int64
	AppLimited       bool
}

// Info is what the Sender knows, for people.
func (s *Sender) Info() Info {
	i := Info{
		Algorithm: Cubic, State: "open",
		Window: int(s.cwnd), Threshold: int(s.ssthresh), MSS: int(s.mss),
		SRTT: s.srtt, RTTVar: s.rttvar, MinRTT: s.minRTT, RTO: s.RTO(), Backoff: int(s.retries),
		Outstanding: int(s.outstanding()), InFlight: int(s.inFlight()),
		Retransmitted: s.retransmitted, Retransmits: uint64(s.retransmits),
		Timeouts: uint64(s.timeouts), Undone: uint64(s.undone),
		Reordering: s.reordering, AppLimited: s.appLimited,
	}
	if s.reno {
		i.Algorithm = Reno
	}
	if b := s.board; b != nil {
		i.Sacked, i.Lost = int(b.score.sacked), int(b.score.pending)
		i.ReorderingWindow = s.reorderingWindow()
		if b.score.sacked > 0 || b.dups > 0 {
			i.State = "disorder"
		}
	}
	switch s.state {
	case recovery:
		i.State = "recovery"
	case loss:
		i.State = "loss"
	}
	i.Deadline, i.Timer = s.timer()
	return i
}
