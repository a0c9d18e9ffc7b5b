// Package control is how other commands ask a running server: HTTP over a Unix socket that only the server's own user
// and root may use. It is both ends of it, and what they say to each other.
//
// The socket is named after the process, in a folder that nobody else may enter. What a server has left behind that ended
// in another way than by stopping is removed by whoever comes next.
package control

import (
	"context"
	"io"
	"time"
)

// Status is what a server tells about itself.
type Status struct {
	PID          int       `json:"pid"`
	Started      time.Time `json:"started"`
	Config       string    `json:"config,omitempty"`  // the configuration's first file; "": there is none
	Network      string    `json:"network,omitempty"` // the own stack's adapter, such as "tap:tap0"; "": the kernel's sockets
	Own          []string  `json:"own,omitempty"`     // the own stack's addresses with their networks
	Addresses    []string  `json:"addresses"`         // that are listened on
	Architecture string    `json:"io"`
	Connections  int       `json:"connections"`
}

// Socket is one row of the own stack's socket table. Sizes are bytes unless they say otherwise, times are seconds.
type Socket struct {
	Protocol  string  `json:"protocol"` // "tcp" or "udp"
	State     string  `json:"state"`    // as RFC 9293 names it, such as "ESTABLISHED"
	Local     string  `json:"local"`
	Remote    string  `json:"remote,omitempty"`
	Shard     int     `json:"shard"`
	RecvQueue int     `json:"recv_queue"` // not read yet; of a listener: connections that wait
	SendQueue int     `json:"send_queue"` // not acknowledged yet; of a listener: how many may wait
	Files     int     `json:"files,omitempty"`
	Timer     string  `json:"timer,omitempty"`
	TimerIn   float64 `json:"timer_in,omitempty"`
	Age       float64 `json:"age,omitempty"`
	HalfOpen  int     `json:"half_open,omitempty"` // of a listener
	Orphan    bool    `json:"orphan,omitempty"`    // no application holds it any more
	Journey   string  `json:"journey,omitempty"`
	Reason    *Reason `json:"reason,omitempty"` // the last unusual thing that happened to it
	TCP       *TCP    `json:"tcp,omitempty"`
}

// Reason is why something happened, with how often it has since the server started, where that is told.
type Reason struct {
	ID       string `json:"id"`
	Sentence string `json:"sentence"`
	Standard string `json:"standard,omitempty"`
}

// TCP is what a connection knows of its path and of its peer.
type TCP struct {
	Algorithm string `json:"congestion,omitempty"` // "cubic" or "reno"
	Phase     string `json:"phase,omitempty"`      // of congestion control, such as "slow-start" or "recovery"
	Wants     string `json:"waits_for,omitempty"`  // why nothing more is sent now; "": nothing is to be sent

	MSS        int `json:"mss"`         // payload of a segment, options counted
	Window     int `json:"cwnd"`        // bytes that may be in flight
	Threshold  int `json:"ssthresh"`    // bytes; 0: there was no loss yet
	SendWindow int `json:"send_window"` // what the peer lets us send
	RecvWindow int `json:"recv_window"` // what we let the peer send
	SendScale  int `json:"send_scale"`  // -1: no window scaling
	RecvScale  int `json:"recv_scale"`
	InFlight   int `json:"in_flight"`
	NotSent    int `json:"not_sent"`
	OutOfOrder int `json:"out_of_order,omitempty"`

	RTT     float64 `json:"rtt"`     // smoothed; 0: not measured
	RTTVar  float64 `json:"rttvar"`  // mean deviation
	MinRTT  float64 `json:"min_rtt"` // smallest seen
	RTO     float64 `json:"rto"`
	Backoff int     `json:"backoff,omitempty"` // how often the time-out was doubled

	Sent          uint64 `json:"bytes_sent"` // of payload, what was sent again included
	Acked         uint64 `json:"bytes_acked"`
	Received      uint64 `json:"bytes_received"`
	SegmentsOut   uint64 `json:"segments_out"`
	SegmentsIn    uint64 `json:"segments_in"`
	Retransmitted uint64 `json:"retransmitted"`      // segments
	Lost          int    `json:"lost,omitempty"`     // bytes that are held for lost now
	Spurious      uint64 `json:"spurious,omitempty"` // retransmissions that turned out needless
	Reordering    int    `json:"reordering,omitempty"`

	Options []string `json:"options,omitempty"` // that both ends agreed on: "ts", "sack", "wscale"; and "nodelay", "cork"
}

// Counter is one number that only grows, or a level that goes up and down.
type Counter struct {
	Layer    string `json:"layer"` // "adapter", "card", "ip", "tcp", …; "reason" for drops and other decisions
	Name     string `json:"name"`
	Value    uint64 `json:"value"`
	Level    bool   `json:"level,omitempty"` // it may fall
	Sentence string `json:"sentence,omitempty"`
	Standard string `json:"standard,omitempty"`
}

// CaptureOptions say what a capture is to hold.
type CaptureOptions struct {
	Snap int    // bytes kept of each frame; 0: all
	Host string // only frames from or to this address; "": all
	Port uint16 // only frames from or to this port; 0: all
}

// Server is what answers the questions. A nil function says that the server runs on the kernel's sockets.
type Server struct {
	Status   func() Status
	Sockets  func(ctx context.Context) ([]Socket, error)
	Counters func(ctx context.Context) ([]Counter, error)
	// Capture writes frames as pcapng to w until the context ends or w fails. flush is called after each batch.
	Capture func(ctx context.Context, w io.Writer, flush func(), o CaptureOptions) error
}
