package socket

import "time"

// Info is what a transport knows of a connection at one moment: TCP_INFO of the kernel's sockets, and the same of the own
// stack. What is not known is zero. Sizes are bytes.
type Info struct {
	State      string        // as RFC 9293 §3.3.2 names it, such as "ESTABLISHED"
	RTT        time.Duration // smoothed
	RTTVar     time.Duration
	MinRTT     time.Duration
	RTO        time.Duration
	Congestion string // the algorithm
	Phase      string // of the sender: "open", "disorder", "cwr", "recovery", "loss"
	Window     int    // congestion window
	Threshold  int    // slow start's; 0: there was no loss yet
	SendWindow int    // what the peer lets us send
	RecvWindow int    // what we let the peer send
	MSS        int    // of what is sent
	InFlight   int    // sent and not acknowledged
	NotSent    int    // written and not sent

	Acked         uint64 // of the stream, by the peer
	Received      uint64 // of the stream
	SegmentsOut   uint64
	SegmentsIn    uint64
	Retransmits   uint64 // segments sent again
	Retransmitted uint64 // bytes sent again
	Lost          int    // segments held for lost now

	// ISS and IRS are the initial sequence numbers of both directions, where Sequences says that they are known: the own
	// stack's.
	ISS, IRS  uint32
	Sequences bool
}

// unlimited is the slow-start threshold of a connection that had no loss yet, the kernel's (TCP_INFINITE_SSTHRESH) and the own
// stack's.
const unlimited = 0x7fffffff

// Informer is an endpoint that tells what its transport knows of the connection. It is asked on the goroutine that
// uses the endpoint, and returns false when nothing is known, such as after the connection's end. It does not allocate.
type Informer interface{ Info(into *Info) bool }
