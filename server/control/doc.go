// Package control is how other commands ask a running server: HTTP over a Unix socket that only the server's own user
// and root may use. It is both ends of it, and what they say to each other.
//
// The socket is named after the process, in a folder that nobody else may enter. What a server has left behind that ended
// in another way than by stopping is removed by whoever comes next.
package control

import (
	"context"
	"io"
	"net/http"
	"net/netip"
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
	Admin        string    `json:"admin,omitempty"` // where a browser finds the page about the server; "": there is none
}

// Socket is one row of the own stack's socket table, or a connection of a server on the kernel's sockets as far as the server
// knows it. Sizes are bytes unless they say otherwise, times are seconds.
type Socket struct {
	Protocol   string  `json:"protocol"` // "tcp" or "udp"
	State      string  `json:"state"`    // as RFC 9293 names it, such as "ESTABLISHED"
	Local      string  `json:"local"`
	Remote     string  `json:"remote,omitempty"`
	Shard      int     `json:"shard"`
	RecvQueue  int     `json:"recv_queue"` // not read yet; of a listener: connections that wait
	SendQueue  int     `json:"send_queue"` // not acknowledged yet; of a listener: how many may wait
	Files      int     `json:"files,omitempty"`
	Timer      string  `json:"timer,omitempty"`
	TimerIn    float64 `json:"timer_in,omitempty"`
	Age        float64 `json:"age,omitempty"`
	HalfOpen   int     `json:"half_open,omitempty"`    // of a listener
	Orphan     bool    `json:"orphan,omitempty"`       // no application holds it any more
	Stalled    bool    `json:"stalled,omitempty"`      // it waits for a part of a file to be read
	NextHop    string  `json:"next_hop,omitempty"`     // the neighbor that its packets go to
	NextHopMAC string  `json:"next_hop_mac,omitempty"` // empty: not known
	Journey    string  `json:"journey,omitempty"`
	Reason     *Reason `json:"reason,omitempty"` // the last unusual thing that happened to it
	TCP        *TCP    `json:"tcp,omitempty"`

	Kernel     bool   `json:"kernel,omitempty"`     // it is the kernel's; Shard is the event loop then
	Connection uint64 `json:"connection,omitempty"` // its number, as in the journeys
	Requests   uint32 `json:"requests,omitempty"`   // that came on it so far
	Doing      string `json:"doing,omitempty"`      // what the server does with it
}

// Reason is why something happened, with how often it has since the server started, where that is told.
type Reason struct {
	ID       string `json:"id"`
	Sentence string `json:"sentence"`
	Standard string `json:"standard,omitempty"`
}

// TCP is what a connection knows of its path and of its peer.
type TCP struct {
	Congestion string  `json:"congestion"`          // "cubic" or "reno"
	Phase      string  `json:"phase"`               // "open", "disorder", "recovery" or "loss"
	Waits      *Reason `json:"waits_for,omitempty"` // why nothing more is sent now
	Network    *Reason `json:"network,omitempty"`   // what the network reported last (ICMP)
	Active     bool    `json:"active,omitempty"`    // we opened it

	MSS        int `json:"mss"`         // payload of a full segment
	PathMSS    int `json:"path_mss"`    // what the path carries, options included
	PeerMSS    int `json:"peer_mss"`    // what the peer said it takes
	Window     int `json:"cwnd"`        // what may be in flight
	Threshold  int `json:"ssthresh"`    // where slow start ends; 0: there was no loss yet
	SendWindow int `json:"send_window"` // what the peer lets us send
	RecvWindow int `json:"recv_window"` // what we let the peer send, and it has not used
	SendScale  int `json:"send_scale"`  // -1: no window scaling
	RecvScale  int `json:"recv_scale"`
	InFlight   int `json:"in_flight"`
	NotSent    int `json:"not_sent"`
	OutOfOrder int `json:"out_of_order,omitempty"` // memory for data beyond gaps

	RTT         float64 `json:"rtt"`     // smoothed; 0: not measured
	RTTVar      float64 `json:"rttvar"`  // mean deviation
	MinRTT      float64 `json:"min_rtt"` // the smallest seen
	RTO         float64 `json:"rto"`
	Backoff     int     `json:"backoff,omitempty"` // how often the time-out was doubled
	LastSend    float64 `json:"last_send"`         // ago
	LastReceive float64 `json:"last_receive"`      // ago

	Sent          uint64 `json:"bytes_sent"` // of the stream
	Acked         uint64 `json:"bytes_acked"`
	Received      uint64 `json:"bytes_received"`
	SegmentsOut   uint64 `json:"segments_out"`
	SegmentsIn    uint64 `json:"segments_in"`
	PureACKs      uint64 `json:"pure_acks"`   // segments out that carried nothing but an acknowledgement
	Retransmits   uint64 `json:"retransmits"` // segments sent again
	Retransmitted uint64 `json:"bytes_retransmitted"`
	Timeouts      uint64 `json:"timeouts,omitempty"`
	Lost          int    `json:"lost,omitempty"`       // held for lost, and not sent again yet
	Undone        uint64 `json:"undone,omitempty"`     // reductions of the window that turned out needless
	Reordering    bool   `json:"reordering,omitempty"` // the path was seen to reorder
	Probes        int    `json:"probes,omitempty"`     // unanswered ones

	// Options in force: "timestamps", "sack", "wscale", "nodelay", "cork", "keepalive".
	Options []string `json:"options,omitempty"`
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
	// API answers what the admin listener answers: everything below /api/, and /metrics. Nil: there is none.
	API http.Handler
	// Force has every exchange of a client recorded until release is called. Nil: nothing is recorded.
	Force func(client netip.AddrPort) (release func())
}
