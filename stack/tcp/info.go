package tcp

import (
	"vitrine/stack/tcp/recovery"
	"vitrine/stack/tcp/segment"
	"vitrine/trace"
)

// Info is everything about a connection, for people: what `ss -tino` shows, and why nothing is sent. Sizes are bytes,
// times nanoseconds.
type Info struct {
	State   State
	Why     string        // the Reason of the last change of state
	Waiting string        // why nothing (more) is sent now, in a word
	Waits   *trace.Reason // the same; nil: nothing waits to be sent
	Soft    string        // the Reason of what the network reported last; empty: nothing
	Orphan  bool
	Active  bool // we opened the connection
	Sender  recovery.Info

	// Options in force.
	Timestamps, SACK, WindowScale bool
	SendScale, ReceiveScale       int
	NoDelay, Cork, KeepAlive      bool

	MSS         int // payload of a full segment
	PathMSS     int
	PeerMSS     int
	ReceiveMSS  int // the largest segment that the peer was seen to send
	SendWindow  int // the peer's
	SendQueue   int // written and not acknowledged
	Unsent      int // written and not sent
	SendBuffer  int
	ReceiveNext int // readable
	OutOfOrder  int // bytes of memory for data beyond gaps
	Pieces      int // of it
	Window      int // what is left of the window that we offered
	Buffer      int // bytes that may wait to be read
	ReceiveRTT  int64
	Interactive bool // acknowledgements ride on our data

	// The initial sequence numbers of both directions. In SYN_SENT the peer's is not known yet, and Sequences says so.
	ISS, IRS  segment.Number
	Sequences bool

	Sent, Acked, Received uint64 // bytes of the stream
	SegmentsIn            uint32
	SegmentsOut           uint32
	PureACKs              uint32
	LastSend              int64 // ago
	LastReceive           int64 // ago
	Probes                int   // unanswered ones

	// The next timer: its name and in how long. Empty: none.
	Timer   string
	TimerIn int64
}

// Info gives everything about the connection, for people.
func (c *Conn) Info(now int64) Info {
	i := Info{
		State: c.state, Why: c.why.String(), Waiting: c.waiting.String(), Waits: c.waiting.reason(), Orphan: c.Orphan(), Active: c.has(flagActive),
		Sender:     c.snd.Info(),
		Timestamps: c.has(flagTimestamps), SACK: c.has(flagSACK), WindowScale: c.has(flagScale),
		SendScale: int(c.sndScale), ReceiveScale: int(c.rcvScale),
		NoDelay: c.has(flagNoDelay), Cork: c.has(flagCork), KeepAlive: c.has(flagKeepAlive),
		MSS: int(c.mss), PathMSS: int(c.pathMSS), PeerMSS: int(c.peerMSS), ReceiveMSS: int(c.rcvMSS),
		SendWindow: int(c.wnd), SendQueue: int(c.end - c.acked), SendBuffer: int(c.sendBuffer),
		ReceiveNext: c.queue.n, Window: c.offered(), Buffer: int(c.limit), ReceiveRTT: int64(c.rtt) * 1000,
		Interactive: c.has(flagInteractive), Acked: c.acked, Received: c.taken,
		SegmentsIn: c.segmentsIn, SegmentsOut: c.segmentsOut, PureACKs: c.acksOut,
		LastSend: now - c.lastSend, LastReceive: now - c.lastReceive, Probes: int(c.probes),
	}
	// Taking the peer's SYN in moves nxt past irs; only after 4 GiB it comes round again.
	if i.ISS = c.iss; c.nxt != c.irs || c.taken > 0 {
		i.IRS, i.Sequences = c.irs, true
	}
	i.Sent = c.positionOf(c.snd.Nxt())
	i.Unsent = int(c.end - i.Sent)
	if c.soft != nil {
		i.Soft = c.soft.String()
	}
	if c.ooo != nil {
		i.OutOfOrder, i.Pieces = c.ooo.memory, len(c.ooo.pieces)
	}
	if d := c.Deadline(); d != 0 {
		i.TimerIn = d - now
		switch d {
		case c.closeAt:
			i.Timer = "linger"
			if c.state == StateTimeWait {
				i.Timer = "time-wait"
			}
		case c.ackAt:
			i.Timer = "delayed-ack"
		case c.holdAt:
			i.Timer = "persist"
			if c.has(flagCorked) {
				i.Timer = "cork"
			}
		case c.keepAliveAt():
			i.Timer = "keep-alive"
		case c.userTimeoutAt():
			i.Timer = "user-timeout"
		default:
			i.Timer = i.Sender.Timer
		}
	}
	return i
}
