// Package frames remembers what passes an adapter, in rings that are bounded in bytes, and finds what belonged to a
// connection: its frames, its segments by their place in the streams of bytes, and the changes of its state.
package frames

import (
	"net/netip"
	"time"

	"vitrine/stack/link"
	"vitrine/trace"
)

// Settings say what is kept.
type Settings struct {
	Bytes int64 // of memory, of all queues together; 0: nothing is kept
	Snap  int   // bytes of each frame; 0: 128; at most 16384
	Most  int   // frames a second on a queue; 0: no bound

	chunk int   // bytes of a piece of memory
	share int64 // of each queue
}

// complete fills in what follows from what was asked.
func (s *Settings) complete(queues int) {
	if s.Snap <= 0 {
		s.Snap = 128
	}
	s.Snap = min(s.Snap, longestSnap)
	s.share = s.Bytes / int64(queues)
	// At least four pieces, so that three quarters are kept at any time, each with room for a record of any length.
	s.chunk = int(max(min(s.share/4, chunkSize), int64(2*(headLen+max(s.Snap, changeLen)+7)))) &^ 7
	s.share = max(s.share, 2*int64(s.chunk))
}

// Query is whose frames are wanted.
type Query struct {
	Local, Remote netip.AddrPort
	// When a program had the connection; zero To: it still has. What the connection began with before, and what it left behind
	// after, is found too, but not what is of another connection between the same ends.
	From, To                time.Time
	ISS, IRS                uint32
	Sequences               bool  // ISS and IRS are known; otherwise they are taken from the SYNs, when those were recorded
	RequestAt, RequestEnd   int64 // the range of the stream that the client sent
	ResponseAt, ResponseEnd int64
	Limit                   int // frames; 0: 1000
}

// Sequence is what was found, in the order of time.
type Sequence struct {
	Adapter link.Info // which one they passed
	Frames  []Frame
	LeftOut uint64 // frames, of whomever, that were not recorded in this time
	More    int    // of the connection, beyond the limit
}

// Frame is one frame or one change of state.
type Frame struct {
	At       time.Time
	Out      bool
	Queue    int
	Serial   uint64        // with Queue it names the frame
	Data     []byte        // its beginning; it may have secrets in it
	Head     int           // bytes of Data before what the transport carries
	Bytes    int           // of the whole frame
	Pieces   int           // segments of a super-segment; 0 and 1: it is none
	Piece    int           // payload of each
	From, To string        // a change of state; Data is nil then
	Why      *trace.Reason // of the change

	// Decoded.
	Kind     string // "tcp", "arp", "icmp", "icmpv6", "udp", "ip", "state", "other"
	Own      bool   // it carries bytes of the asked ranges, or is of the connection's beginning or end
	Text     string // for people
	Flags    string // "SYN ACK"
	Seq, Ack int64  // relative to the initial sequence numbers; -1: not known
	Len      int    // payload
	Window   int    // scaled where the shift is known
	Options  string
	Again    bool // its bytes were sent before
}
