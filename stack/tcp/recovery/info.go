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
